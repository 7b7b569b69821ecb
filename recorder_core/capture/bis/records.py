"""What a BIS monitor gives."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from recorder_core.model.values.carriers import carrier_repr

__all__ = ["BisNotice", "BisRecord", "BisValues", "EegBlock", "NoticeKind", "Reading"]

#: the monitor's version; a header of columns; anything else that it says; the rest of a record that
#: began before the port was opened; and what cannot be read
NoticeKind = Literal["version", "header", "other", "fragment", "unreadable"]


@dataclass(frozen=True, slots=True)
class BisValues:
    """Values that a BIS monitor shows; NaN where there is no valid one.

    Attributes
    ----------
    bis : float
        Bispectral index, 0 to 100.
    sqi : float
        Signal quality index, percent.
    emg : float
        Power of muscle activity, dB.
    sr : float
        Suppression ratio, percent of the last 63 s.
    sef : float
        Spectral edge frequency (95 %), Hz.
    total_power : float
        From 0.5 to 30 Hz, dB.
    burst_rate : float
        Bursts per minute; binary protocol with extra variables only.
    """

    bis: float = math.nan
    sqi: float = math.nan
    emg: float = math.nan
    sr: float = math.nan
    sef: float = math.nan
    total_power: float = math.nan
    burst_rate: float = math.nan


@dataclass(frozen=True, slots=True)
class BisRecord:
    """What a monitor said at one moment.

    Attributes
    ----------
    seconds : float
        When its first byte arrived, by `time.monotonic`, less the latency of the source.
    values : BisValues
        Of the combined channel, which is the one on the monitor's screen.
    status_bits : int
        The monitor's BISBIT of that channel; 0x8000: no valid value.
    artefact_bits : int
        Kinds of artefacts in the last second; what the index makes of them is in the `sqi`.
    monitor_time : str
        As the monitor's own clock has it; empty in the binary protocol.
    spectra_db : numpy.ndarray or None
        (2, 60) float32, power of each channel per 0.5 Hz from 0.5 Hz, dB; NaN where invalid.
    raw : bytes
        As it arrived.
    """

    __repr__ = carrier_repr

    seconds: float
    values: BisValues
    status_bits: int
    artefact_bits: int
    monitor_time: str
    spectra_db: NDArray[np.float32] | None
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class EegBlock:
    """Samples of the electroencephalogram that follow one another.

    Attributes
    ----------
    seconds : float
        When the first sample was taken, by `time.monotonic`, less the latency of the source.
    sample_rate : int
        Samples per second.
    microvolts : numpy.ndarray
        (n, channels) float32; NaN where invalid.
    is_joined : bool
        Whether it follows the block before without a gap.
    raw : bytes
        As it arrived.
    """

    __repr__ = carrier_repr

    seconds: float
    sample_rate: int
    microvolts: NDArray[np.float32]
    is_joined: bool
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class BisNotice:
    """Something that arrived and is no record, as it arrived.

    Attributes
    ----------
    seconds : float
        When its first byte arrived, by `time.monotonic`, less the latency of the source.
    kind : str
        What it is.
    raw : bytes
        As it arrived.
    """

    seconds: float
    kind: NoticeKind
    raw: bytes = field(repr=False)


Reading: TypeAlias = BisRecord | EegBlock | BisNotice
