"""A BIS monitor on a serial port, read in a thread of its own."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final

from recorder_core.capture.bis.ascii_parser import AsciiParser
from recorder_core.capture.bis.binary_messages import requests
from recorder_core.capture.bis.binary_parser import BinaryParser
from recorder_core.capture.bis.readings import BisReadings
from recorder_core.capture.bis.records import BisNotice, BisRecord, EegBlock, Reading
from recorder_core.capture.bis.source_settings import BisProtocol, BisSettings
from recorder_core.capture.reconnecting import ReconnectingSource
from recorder_core.capture.retrying import RETRY_SECONDS
from recorder_core.capture.serial_port import SerialPort, open_serial_port, shown_port
from recorder_core.model import EventClock
from recorder_core.tables import RawRow, SignalRow

__all__ = ["BisSource"]

#: readings that wait to be taken: ten minutes with raw samples
_MAX_WAITING: Final = 6000
#: bytes that wait to be taken: as long
_MAX_RAW_BYTES: Final = 4 << 20
#: what a monitor of the ASCII protocol is told, and when: stop, version, updates, header and data
_ASCII_REQUESTS: Final = ((0.0, b"C"), (0.1, b"V"), (0.1, b"U"), (0.2, b"D"))


@dataclass(frozen=True, slots=True)
class _Protocol:
    """What differs between the protocols."""

    baud_rate: int
    #: two periods and some: after these a monitor that said nothing is silent
    stale_seconds: float
    make_parser: Callable[[], AsciiParser | BinaryParser]
    #: what to set at the monitor
    setting: str


_PROTOCOLS: Final[Mapping[BisProtocol, _Protocol]] = {
    "ascii": _Protocol(9600, 10.0, AsciiParser, "ASCII, 9600 baud"),
    "binary": _Protocol(57600, 3.0, BinaryParser, "binary (A-2000 or legacy), 57600 baud"),
}


@dataclass
class _Heard:
    """When something happened on an open port, by `time.monotonic`."""

    asked: float
    record: float
    #: any bytes, and something else than a record that could be read
    byte: float
    answer: float


class BisSource(ReconnectingSource[SerialPort]):
    """A BIS monitor: requests its stream, reads it, and connects again when it is gone.

    What arrives waits until it is taken, up to ten minutes of it. The monitor is present while
    records arrive: without one for 10 s (binary protocol: 3 s) it is not, and is asked again.

    Parameters
    ----------
    name : str
        A code of the site's, such as `bis`.
    settings : BisSettings
        Where it is, and what it is asked for.
    clock : callable, optional
        Gives `time.monotonic`.
    retry_seconds : float, optional
        The first pause before an adapter that is absent is looked for again.
    """

    def __init__(
        self,
        name: str,
        settings: BisSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        super().__init__(name, clock=clock, retry_seconds=retry_seconds)
        self._settings = settings
        self._protocol = _PROTOCOLS[settings.protocol]
        self._parser = self._protocol.make_parser()
        self._waiting: deque[Reading] = deque()
        #: when bytes arrived, and they
        self._raw: deque[tuple[float, bytes]] = deque()
        self._raw_size = 0
        self._latest: BisRecord | None = None

    @property
    def latest(self) -> BisRecord | None:
        """The newest record, for a display; None while the monitor is not present."""
        with self._lock:
            return self._latest if self._state.is_present else None

    def take(self) -> BisReadings:
        """Return what arrived since the last call."""
        with self._lock:
            taken, self._waiting = self._waiting, deque()
        records = tuple(each for each in taken if isinstance(each, BisRecord))
        eeg = tuple(each for each in taken if isinstance(each, EegBlock))
        notices = tuple(each for each in taken if isinstance(each, BisNotice))
        self._count(used=len(records) + len(eeg))
        return BisReadings(records, eeg, notices)

    def take_rows(self, clock: EventClock) -> list[SignalRow]:
        """Return rows for the values and samples that arrived since the last call.

        Parameters
        ----------
        clock : EventClock
            Of the event; what arrived before its second 0 has no row.
        """
        readings = self.take()
        return [*readings.value_rows(clock), *readings.eeg_rows(clock)]

    def take_raw(self, clock: EventClock) -> list[RawRow]:
        """Return the bytes that arrived since the last call, whatever was read of them.

        Parameters
        ----------
        clock : EventClock
            Of the event; what arrived before its second 0 is left out.
        """
        with self._lock:
            taken, self._raw, self._raw_size = self._raw, deque(), 0
        rows = (RawRow(self.name, clock.seconds(seconds), data) for seconds, data in taken)
        return [row for row in rows if row.seconds >= 0]

    # -- in the thread ----------------------------------------------------------------------------

    def _open(self) -> AbstractContextManager[SerialPort]:
        return open_serial_port(self._settings.port, self._protocol.baud_rate)

    def _read(self, device: SerialPort, stopping: threading.Event) -> None:
        now = self._clock()
        heard = _Heard(asked=now, record=now, byte=-math.inf, answer=-math.inf)
        requests_left = self._requests(now)
        self._parser.restart()
        self._set_absent(f"no record has arrived yet from the BIS monitor at {device.name}")
        while not stopping.is_set():
            while requests_left and requests_left[0][0] <= self._clock():
                device.write(requests_left.popleft()[1])
            data = device.read()
            now = self._clock()
            if data:
                heard.byte = now
                arrived = now - self._settings.latency_seconds
                self._keep_raw(arrived, data)
                readings = self._parser.feed(data, arrived)
                if self._keep(readings):
                    heard.record = now
                    self._set_present()
                elif any(map(_is_answer, readings)):
                    heard.answer = now
            if self._is_stale(heard, now):
                requests_left, heard.asked = self._requests(now), now

    def _requests(self, now: float) -> deque[tuple[float, bytes]]:
        if self._settings.protocol == "ascii":
            return deque((now + delay, command) for delay, command in _ASCII_REQUESTS)
        asked = requests(
            with_spectra=self._settings.spectra,
            with_extra_variables=self._settings.extra_variables,
            with_raw_eeg=self._settings.raw_eeg,
        )
        return deque((now, packet) for packet in asked)

    def _keep_raw(self, seconds: float, data: bytes) -> None:
        with self._lock:
            self._raw.append((seconds, data))
            self._raw_size += len(data)
            while self._raw_size > _MAX_RAW_BYTES:
                self._raw_size -= len(self._raw.popleft()[1])

    def _keep(self, readings: Sequence[Reading]) -> bool:
        """Keep readings until they are taken; return whether one is a record."""
        records = [each for each in readings if isinstance(each, BisRecord)]
        blocks = sum(isinstance(each, EegBlock) for each in readings)
        invalid = sum(
            isinstance(each, BisNotice) and each.kind == "unreadable" for each in readings
        )
        dropped = 0
        with self._lock:
            self._latest = records[-1] if records else self._latest
            self._waiting += readings
            while len(self._waiting) > _MAX_WAITING:
                dropped += not isinstance(self._waiting.popleft(), BisNotice)
        self._count(received=len(records) + blocks, dropped=dropped, invalid=invalid)
        return bool(records)

    def _is_stale(self, heard: _Heard, now: float) -> bool:
        """Note that no record has come for two periods; return whether to ask again."""
        limit, port = self._protocol.stale_seconds, shown_port(self._settings.port)
        if now - heard.record <= limit:
            return False
        if now - heard.answer <= limit:
            self._set_absent(
                f"the BIS monitor at {port} answers, but sends no values: check that it is "
                "measuring, and that its serial port is set to send"
            )
        elif now - heard.byte <= limit:
            self._set_absent(
                f"what arrives at {port} cannot be read: set the serial port of the BIS monitor to "
                f"{self._protocol.setting}, or name the protocol that it is set to"
            )
        else:
            self._set_absent(
                f"nothing arrives from the BIS monitor at {port}: check that it is on, that its "
                f"cable is plugged in, and that its serial port is set to {self._protocol.setting}"
            )
        return now - heard.asked > limit


def _is_answer(reading: Reading) -> bool:
    """Return whether it shows that a monitor speaks the protocol."""
    return isinstance(reading, EegBlock) or (
        isinstance(reading, BisNotice) and reading.kind in ("version", "header")
    )
