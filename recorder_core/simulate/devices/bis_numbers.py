"""What a simulated BIS monitor measures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.simulate.physiology import Patient

__all__ = [
    "DEAD_CHANNEL",
    "UNKNOWN_CHANNEL",
    "BisNumbers",
    "ChannelNumbers",
    "eeg_of",
    "numbers_of",
]

#: microvolts of the wave of unit size
_EEG_MICROVOLTS: Final = 25.0
#: below which parts of the electroencephalogram are flat
_SUPPRESSED_BIS: Final = 40.0


@dataclass(frozen=True, slots=True)
class ChannelNumbers:
    """Numbers of one channel, tenths at the finest, so that both protocols can say them."""

    sr: float
    sef: float
    status_bits: int
    bis: float
    total_power: float
    emg: float
    sqi: float
    #: kiloohms
    impedance: int = 0
    artefact_bits: int = 0


@dataclass(frozen=True, slots=True)
class BisNumbers:
    """Numbers of a monitor at one moment."""

    first: ChannelNumbers
    second: ChannelNumbers
    combined: ChannelNumbers


#: of a channel without electrodes, as monitors send it
DEAD_CHANNEL: Final = ChannelNumbers(0.0, 0.0, 0x8000, 0.0, 0.0, 0.0, 100.0, 13)
#: of a channel whose numbers cannot be computed: the lowest of 16 bits
UNKNOWN_CHANNEL: Final = ChannelNumbers(
    -3276.8, -327.68, 0x21B1, -3276.8, -327.68, -327.68, -3276.8, 3277
)


def numbers_of(patient: Patient, seconds: float, *, is_bilateral: bool = False) -> BisNumbers:
    """Return what a monitor shows of a patient.

    Parameters
    ----------
    patient : Patient
        The same as on the picture of the monitor.
    seconds : float
        Since the start.
    is_bilateral : bool, optional
        Whether the sensor covers both sides of the head: then the combined channel is none of
        the two.
    """
    bis = float(patient.depth(seconds))
    first = ChannelNumbers(
        sr=round(max(0.0, 1.5 * (_SUPPRESSED_BIS - bis)), 1),
        sef=round(8.0 + bis / 12 + 0.7 * float(np.sin(seconds / 13)), 1),
        status_bits=0x21B1,
        bis=round(bis, 1),
        total_power=round(61.0 + 2.3 * float(np.sin(seconds / 29)), 1),
        emg=round(27.0 + 1.9 * float(np.sin(seconds / 17)), 1),
        sqi=round(94.0 + 4.1 * float(np.sin(seconds / 11)), 1),
        impedance=11,
    )
    second = replace(first, bis=round(bis - 3.4, 1), emg=round(first.emg + 1.2, 1), impedance=7)
    if not is_bilateral:
        return BisNumbers(first, second, replace(first, impedance=0))
    mean = replace(first, bis=round(bis - 1.7, 1), emg=round(first.emg + 0.6, 1), impedance=0)
    return BisNumbers(first, second, mean)


def eeg_of(patient: Patient, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return microvolts of both channels, shape (n, 2)."""
    wave = _EEG_MICROVOLTS * patient.brain_wave(seconds)
    return np.stack([wave, 0.8 * wave], axis=1)
