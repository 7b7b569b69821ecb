"""A BIS monitor without its wire: what it answers, and what it says when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

import numpy as np

from recorder_core.simulate.devices.bis_ascii import VERSION_LINE, ascii_header, ascii_line
from recorder_core.simulate.devices.bis_binary import (
    binary_packet,
    raw_eeg_data,
    read_requests,
    revision_data,
    variables_data,
)
from recorder_core.simulate.devices.bis_numbers import (
    DEAD_CHANNEL,
    UNKNOWN_CHANNEL,
    BisNumbers,
    eeg_of,
    numbers_of,
)
from recorder_core.simulate.devices.sent import SentRecord
from recorder_core.simulate.physiology import Patient

__all__ = ["BisMonitorModel", "Electrodes"]

#: how well they hold: well, not at all, so badly that numbers cannot be computed or believed
Electrodes = Literal["good", "off", "unknown", "poor"]
_ASCII_SECONDS: Final = 5.0
_PACKETS_PER_SECOND: Final = 8
_SAMPLES: Final = 16
#: signal quality of electrodes that hold badly, percent
_POOR_SQI: Final = 9.3
_BURSTS_PER_MINUTE: Final = 3
_STARTED: Final = datetime(2015, 7, 3, 13, 39, 45)
_RAW, _PLAIN, _SPECTRA, _EXTRA, _EXTRA_SPECTRA, _REVISION = 50, 52, 53, 1120, 1121, 1102


@dataclass
class _Binary:
    """What a host of the binary protocol has asked for."""

    variables: bool = False
    spectra: bool = False
    extra: bool = False
    raw: bool = False


class BisMonitorModel:
    """What a BIS monitor answers, and what it says when.

    Parameters
    ----------
    patient : Patient
        Whose numbers it has.
    protocol : {"ascii", "binary"}
        How it is set.
    speaks_unasked : bool, optional
        Whether it sends its stream before a host asks for it.
    with_digits : bool, optional
        Whether its firmware puts digits behind the names of columns; ASCII.
    is_bilateral : bool, optional
        Whether its sensor covers both sides of the head.

    Attributes
    ----------
    electrodes : {"good", "off", "unknown", "poor"}
        How they hold; may be set at any time.
    """

    def __init__(
        self,
        patient: Patient,
        protocol: Literal["ascii", "binary"] = "ascii",
        *,
        speaks_unasked: bool = False,
        with_digits: bool = True,
        is_bilateral: bool = False,
    ) -> None:
        self.electrodes: Electrodes = "good"
        self.protocol = protocol
        self._patient = patient
        self._with_digits = with_digits
        self._is_bilateral = is_bilateral
        self._speaks = speaks_unasked
        self._asked = _Binary(variables=speaks_unasked, raw=speaks_unasked)
        self._heard = bytearray()
        self._sequence = 0

    @property
    def period_seconds(self) -> float:
        """Time between two ticks."""
        return _ASCII_SECONDS if self.protocol == "ascii" else 1 / _PACKETS_PER_SECOND

    def hear(self, data: bytes) -> list[SentRecord]:
        """Return what is answered at once to bytes of the host."""
        if self.protocol == "ascii":
            return [answer for byte in data.decode("latin-1") for answer in self._obey(byte)]
        self._heard += data
        return [
            answer
            for message_id, content in read_requests(self._heard)
            for answer in self._obey_request(message_id, content)
        ]

    def tick(self, number: int) -> list[SentRecord]:
        """Return what is said at a tick of the monitor's clock, counted from 0."""
        seconds = number * self.period_seconds
        if self.protocol == "ascii":
            return [self._ascii_record(seconds)] if self._speaks else []
        found = [self._raw_record(seconds)] if self._asked.raw else []
        if self._asked.variables and number % _PACKETS_PER_SECOND == 0:
            found.append(self._variables_record(seconds))
        return found

    def numbers(self, seconds: float) -> BisNumbers:
        """Return what is measured at a moment, as the electrodes allow."""
        numbers = numbers_of(self._patient, seconds, is_bilateral=self._is_bilateral)
        if self.electrodes == "off":
            return BisNumbers(DEAD_CHANNEL, DEAD_CHANNEL, DEAD_CHANNEL)
        if self.electrodes == "unknown":
            return BisNumbers(UNKNOWN_CHANNEL, UNKNOWN_CHANNEL, UNKNOWN_CHANNEL)
        if self.electrodes == "poor":
            channels = (numbers.first, numbers.second, numbers.combined)
            return BisNumbers(*(replace(each, sqi=_POOR_SQI) for each in channels))
        return numbers

    # -- ASCII ------------------------------------------------------------------------------------

    def _obey(self, command: str) -> Sequence[SentRecord]:
        if command == "C":
            self._speaks = False
        if command == "V":
            return [SentRecord(VERSION_LINE)]
        if command in "DU":
            self._speaks = self._speaks or command == "D"
            return [SentRecord(ascii_header(with_digits=self._with_digits))]
        return []

    def _ascii_record(self, seconds: float) -> SentRecord:
        numbers = self.numbers(seconds)
        line = ascii_line(_STARTED + timedelta(seconds=seconds), numbers)
        return SentRecord(line, combined=numbers.combined)

    # -- binary -----------------------------------------------------------------------------------

    def _obey_request(self, message_id: int, content: bytes) -> Sequence[SentRecord]:
        asked = self._asked
        if message_id in (111, 112):
            asked.raw = message_id == 111
        elif message_id == 115:
            asked.variables, asked.spectra = True, content[:1] == b"\1"
        elif message_id == 116:
            asked.variables = False
        elif message_id in (1019, 1020):
            asked.extra = message_id == 1019
        elif message_id == 1004:
            return [SentRecord(self._packet(_REVISION, revision_data()))]
        return []

    def _variables_record(self, seconds: float) -> SentRecord:
        numbers, asked = self.numbers(seconds), self._asked
        extra = _BURSTS_PER_MINUTE if asked.extra else None
        data = variables_data(numbers, bursts_per_minute=extra, with_spectra=asked.spectra)
        kinds = (_EXTRA, _EXTRA_SPECTRA) if asked.extra else (_PLAIN, _SPECTRA)
        return SentRecord(self._packet(kinds[asked.spectra], data), combined=numbers.combined)

    def _raw_record(self, seconds: float) -> SentRecord:
        at = seconds - (_SAMPLES - np.arange(_SAMPLES)) / (_SAMPLES * _PACKETS_PER_SECOND)
        microvolts = eeg_of(self._patient, at)
        return SentRecord(self._packet(_RAW, raw_eeg_data(microvolts)), microvolts=microvolts)

    def _packet(self, message_id: int, data: bytes) -> bytes:
        self._sequence += 1
        return binary_packet(message_id, data, self._sequence)
