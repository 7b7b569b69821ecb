"""Names of the signals that devices give: one vocabulary for recordings, imports and reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["SIGNAL_UNITS"]

#: code of a signal -> its unit, empty for an index
SIGNAL_UNITS: Final[Mapping[str, str]] = {
    # of a BIS monitor: index, signal quality, muscle activity, suppression ratio
    "bis": "", "sqi": "%", "emg": "dB", "sr": "%",
    # spectral edge frequency (95 %), power from 0.5 to 30 Hz, and bursts
    "sef": "Hz", "total-power": "dB", "burst-rate": "1/min",
    # the electroencephalogram itself, sample by sample
    "eeg-1": "µV", "eeg-2": "µV", "eeg-3": "µV", "eeg-4": "µV",
    # of a multiparameter monitor
    "heart-rate": "1/min", "spo2": "%",
}  # fmt: skip
