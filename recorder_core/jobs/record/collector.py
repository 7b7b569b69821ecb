"""Collect what comes seldom: numbers of monitors, and presses of foot switches."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from recorder_core.capture.source import Source
from recorder_core.capture.switch import SwitchPress
from recorder_core.errors import ArchiveError, DataError
from recorder_core.jobs.archive import EventRecording
from recorder_core.jobs.archive.place.roles import FileRole
from recorder_core.jobs.archive.recording.raw import RawStream
from recorder_core.jobs.archive.recording.signals import SignalStream
from recorder_core.jobs.record.event_time import EventTime
from recorder_core.jobs.record.gaps import Gap, GapWatch
from recorder_core.jobs.record.held_rows import HeldRows, moved_row
from recorder_core.jobs.record.pauses import Pauses
from recorder_core.jobs.record.room.sources import RoomSources
from recorder_core.model import EventClock
from recorder_core.tables import RawRow, SignalRow

__all__ = ["Collector"]

_PERIOD_SECONDS: Final = 0.05
#: bytes of monitors are written so seldom: a batch of a few takes as much space as one of many
_RAW_PERIOD_SECONDS: Final = 1.0
#: of those before a recording so many wait until it has begun
_MAX_PRESSES: Final = 100


class Collector:
    """Appends signals to an event and passes on presses, in a thread of its own.

    Parameters
    ----------
    sources : RoomSources
        Whose signals and switches.
    clock : EventClock
        Of the room.
    pauses : Pauses
        In which no signal is recorded.
    on_rows : callable
        Given the rows that were appended, by the room's clock.
    hold_seconds : float
        How much of the newest is held before the event has begun.
    """

    def __init__(
        self,
        sources: RoomSources,
        clock: EventClock,
        pauses: Pauses,
        on_rows: Callable[[list[SignalRow]], None],
        hold_seconds: float,
    ) -> None:
        self._sources, self._clock, self._pauses = sources, clock, pauses
        self._on_rows = on_rows
        #: that nobody was told of yet
        self._presses: deque[SwitchPress] = deque(maxlen=_MAX_PRESSES)
        self._on_press: Callable[[SwitchPress], None] | None = None
        self._faults: list[str] = []
        self._held = HeldRows[SignalRow](lambda row: row.seconds, moved_row, hold_seconds)
        self._held_raw = HeldRows[RawRow](lambda row: row.seconds, moved_row, hold_seconds)
        self._streams: tuple[SignalStream, RawStream] | None = None
        #: whether they can be written
        self._is_stored = self._is_raw_stored = True
        self._raw: list[RawRow] = []
        self._raw_written = -math.inf
        watched: list[tuple[str, Source]] = [(each.name, each) for each in sources.signals]
        if sources.audio is not None:
            watched.append(("sound", sources.audio))
        self._watches = [(source, GapWatch(name)) for name, source in watched]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="collector", daemon=True)
        self._stop_seconds, self._pressed_since = math.inf, -math.inf
        #: why it ended before it was asked to
        self.error: BaseException | None = None

    def start(self) -> None:
        """Begin to collect."""
        self._thread.start()

    @property
    def roles(self) -> tuple[FileRole, ...]:
        """The files of an event into which it appends."""
        return ("signals", "raw") if self._sources.signals else ()

    def open(self, recording: EventRecording) -> None:
        """Open the files of an event, into which nothing is written before `begin`."""
        if self._sources.signals:
            self._streams = recording.open_signals(), recording.open_raw()

    def begin(self, time: EventTime) -> None:
        """Append to the event that is open from now on, and first what is held of it."""
        for _, watch in self._watches:
            watch.forget_before(time.zero_seconds)
        if self._streams is not None:
            signals, raw = self._streams
            self._held.begin(signals, time)
            self._held_raw.begin(raw, time)

    def tell(
        self, on_press: Callable[[SwitchPress], None], faults: list[str], since_seconds: float
    ) -> None:
        """Report presses and faults from now on.

        Parameters
        ----------
        on_press : callable
            Given each press of a switch.
        faults : list of str
            Gets a sentence where signals are no longer recorded; that ends nothing else.
        since_seconds : float
            By `time.monotonic`; what was pressed before is ignored.
        """
        self._pressed_since, self._faults = since_seconds, faults
        self._on_press = on_press

    def end_at(self, room_seconds: float) -> None:
        """Collect nothing from a moment on; what came before is still collected."""
        self._stop_seconds = min(self._stop_seconds, room_seconds)

    def stop(self, room_seconds: float) -> None:
        """Collect what is there up to a moment, and end."""
        self.end_at(room_seconds)
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()

    def gaps(self) -> list[Gap]:
        """Return the gaps that have ended."""
        return [gap for _, watch in self._watches for gap in tuple(watch.gaps)]

    def finish(self, room_seconds: float) -> list[Gap]:
        """End the gaps that go on; return all."""
        for _, watch in self._watches:
            watch.finish(room_seconds)
        return self.gaps()

    def _run(self) -> None:
        try:
            while not self._has_ended():
                self._collect()
            self._collect()
            self._write_raw()
        except Exception as error:  # who supervises the recording says it
            self.error = error

    def _has_ended(self) -> bool:
        """Wait for the next time to collect, and note by how much it is late; return the end."""
        began = time.monotonic()
        has_ended = self._ended.wait(_PERIOD_SECONDS)
        self._sources.stalls.note(_PERIOD_SECONDS, time.monotonic() - began)
        return has_ended

    def _collect(self) -> None:
        for monitor in self._sources.signals:
            self._append(monitor.take_rows(self._clock))
            self._raw += [row for row in monitor.take_raw(self._clock) if self._is_wanted(row)]
        if time.monotonic() - self._raw_written >= _RAW_PERIOD_SECONDS:
            self._write_raw()
        self._report_presses()
        for source, watch in self._watches:
            state = source.state
            since = max(0.0, self._clock.seconds(state.since_seconds))
            watch.note_state(
                is_present=state.is_present, since_seconds=since, is_starved=state.is_starved
            )

    def _report_presses(self) -> None:
        """Report what was pressed; what nobody was told of yet waits."""
        for switch in self._sources.switches:
            self._presses.extend(switch.take())
        while self._presses and self._on_press is not None:
            press = self._presses.popleft()
            is_before_end = self._clock.seconds(press.seconds) < self._stop_seconds
            if is_before_end and press.seconds >= self._pressed_since:
                self._on_press(press)

    def _append(self, rows: Sequence[SignalRow]) -> None:
        kept = [row for row in rows if self._is_wanted(row)]
        if kept:
            self._on_rows(kept)
        if not self._is_stored:
            return
        try:
            self._held.append(kept)
        except (ArchiveError, DataError) as error:
            self._is_stored = False
            self._faults.append(f"signals are no longer recorded: {error}")

    def _is_wanted(self, row: SignalRow | RawRow) -> bool:
        is_inside = 0 <= row.seconds < self._stop_seconds
        return is_inside and not self._pauses.covers(row.seconds)

    def _write_raw(self) -> None:
        """Append the bytes that have arrived lately."""
        rows, self._raw = self._raw, []
        self._raw_written = time.monotonic()
        if not self._is_raw_stored:
            return
        try:
            self._held_raw.append(rows)
        except (ArchiveError, DataError) as error:
            self._is_raw_stored = False
            self._faults.append(f"bytes of the monitors are no longer recorded: {error}")
