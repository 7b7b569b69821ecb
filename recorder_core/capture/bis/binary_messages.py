"""Messages of the binary protocol: processed variables, spectra, raw samples; and the requests.

Little-endian. Processed variables: 24 bytes of the converter, two impedances, four words of
settings, then the channels 1, 2 and combined, 24 bytes each, 36 with the extra variables. Where
spectra come with them they follow.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.capture.bis.binary_packets import make_packet
from recorder_core.capture.bis.records import BisValues
from recorder_core.capture.bis.validity import Channel
from recorder_core.model.values.carriers import carrier_repr

__all__ = [
    "EEG_RATE",
    "Calibration",
    "MessageId",
    "Variables",
    "read_raw_eeg",
    "read_variables",
    "requests",
]

#: samples per second of each channel
EEG_RATE: Final = 128
#: 16-bit numbers down from here are no values
_INVALID: Final = -3277
_INVALID_SAMPLE: Final = -32768
_CONVERTER: Final = struct.Struct("<8xiiii")
_BEFORE_TRENDS: Final = 48
_TREND: Final = struct.Struct("<hhHhhhhhiI")
_EXTRA: Final = struct.Struct("<h10x")
_SPECTRA: Final = struct.Struct("<HH")
_SPECTRUM_CHANNELS: Final = 2
_SPECTRUM_SIZE: Final = 60
_SAMPLES: Final = struct.Struct("<HH")
_MAX_EEG_CHANNELS: Final = 4
#: tenths, or hundredths of a unit
_TENTH, _HUNDREDTH = 10.0, 100.0


class MessageId(IntEnum):
    """What the data of a packet are."""

    SEND_RAW_EEG = 111
    SEND_VARIABLES = 115
    SEND_REVISION = 1004
    SEND_EXTRA_VARIABLES = 1019
    RAW_EEG = 50
    VARIABLES = 52
    VARIABLES_SPECTRA = 53
    REVISION = 1102
    EXTRA_VARIABLES = 1120
    EXTRA_VARIABLES_SPECTRA = 1121


#: message of processed variables -> whether it has the extra ones, and spectra
_PARTS: Final[Mapping[int, tuple[bool, bool]]] = {
    MessageId.VARIABLES: (False, False),
    MessageId.VARIABLES_SPECTRA: (False, True),
    MessageId.EXTRA_VARIABLES: (True, False),
    MessageId.EXTRA_VARIABLES_SPECTRA: (True, True),
}


@dataclass(frozen=True, slots=True)
class Calibration:
    """What makes microvolts of the numbers of a converter."""

    gain: float = 0.05
    offset: float = -3234.0

    def microvolts(self, numbers: NDArray[np.int16]) -> NDArray[np.float32]:
        """Return microvolts, NaN for the lowest number, which stands for none."""
        scaled = self.gain * (numbers.astype(np.float64) - self.offset)
        return np.where(numbers == _INVALID_SAMPLE, np.nan, scaled).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Variables:
    """A message of processed variables."""

    #: None where the message does not make sense of it
    calibration: Calibration | None
    #: 1, 2 and combined
    channels: tuple[Channel, Channel, Channel]
    #: (2, 60) float32, dB
    spectra_db: NDArray[np.float32] | None

    __repr__ = carrier_repr


def requests(
    *, with_spectra: bool, with_extra_variables: bool, with_raw_eeg: bool
) -> Sequence[bytes]:
    """Return the packets that ask a monitor for its version and its streams."""
    asked = [
        make_packet(6, MessageId.SEND_REVISION),
        make_packet(4, MessageId.SEND_VARIABLES, struct.pack("<B", with_spectra)),
    ]
    if with_extra_variables:
        asked.append(make_packet(5, MessageId.SEND_EXTRA_VARIABLES))
    if with_raw_eeg:
        asked.append(make_packet(4, MessageId.SEND_RAW_EEG, struct.pack("<H", EEG_RATE)))
    return asked


def read_variables(message_id: int, data: bytes) -> Variables | None:
    """Return processed variables; None if the data are not of the message's size or shape."""
    has_extra, has_spectra = _PARTS[message_id]
    size = _TREND.size + _EXTRA.size * has_extra
    end = _BEFORE_TRENDS + 3 * size
    spectrum_bytes = _SPECTRA.size + 2 * _SPECTRUM_CHANNELS * _SPECTRUM_SIZE
    if len(data) != end + spectrum_bytes * has_spectra:
        return None
    spectra = _read_spectra(data[end:]) if has_spectra else None
    if has_spectra and spectra is None:
        return None
    first, second, combined = (
        _read_trend(data, _BEFORE_TRENDS + place * size, has_extra=has_extra) for place in range(3)
    )
    return Variables(_read_calibration(data), (first, second, combined), spectra)


def read_raw_eeg(data: bytes) -> tuple[int, NDArray[np.int16]] | None:
    """Return samples per second, and numbers of shape (n, channels); None if they are not those."""
    if len(data) < _SAMPLES.size:
        return None
    channels, rate = _SAMPLES.unpack_from(data)
    count, rest = divmod(len(data) - _SAMPLES.size, 2 * channels or 1)
    if not 0 < channels <= _MAX_EEG_CHANNELS or rate != EEG_RATE or rest or not count:
        return None
    return rate, np.frombuffer(data, "<i2", offset=_SAMPLES.size).reshape(count, channels)


def _read_calibration(data: bytes) -> Calibration | None:
    gain, gain_divisor, offset, offset_divisor = _CONVERTER.unpack_from(data)
    if gain <= 0 or gain_divisor <= 0 or offset_divisor <= 0:
        return None
    return Calibration(gain / gain_divisor, offset / offset_divisor)


def _read_trend(data: bytes, place: int, *, has_extra: bool) -> Channel:
    sr, sef, status, bis, _, _, power, emg, sqi, artefacts = _TREND.unpack_from(data, place)
    values = BisValues(
        bis=_scaled(bis, _TENTH),
        sqi=_scaled(sqi, _TENTH),
        emg=_scaled(emg, _HUNDREDTH),
        sr=_scaled(sr, _TENTH),
        sef=_scaled(sef, _HUNDREDTH),
        total_power=_scaled(power, _HUNDREDTH),
        burst_rate=_burst_rate(data, place + _TREND.size) if has_extra else math.nan,
    )
    return Channel(values, status, artefacts)


def _burst_rate(data: bytes, place: int) -> float:
    return _scaled(_EXTRA.unpack_from(data, place)[0], 1.0)


def _scaled(number: int, divisor: float) -> float:
    return math.nan if number <= _INVALID else number / divisor


def _read_spectra(data: bytes) -> NDArray[np.float32] | None:
    if _SPECTRA.unpack_from(data) != (_SPECTRUM_CHANNELS, _SPECTRUM_SIZE):
        return None
    numbers = np.frombuffer(data, "<i2", offset=_SPECTRA.size)
    power = np.where(numbers <= _INVALID, np.nan, numbers / _HUNDREDTH).astype(np.float32)
    return power.reshape(_SPECTRUM_CHANNELS, _SPECTRUM_SIZE)
