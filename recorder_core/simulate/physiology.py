"""The simulated patient: waves and numbers as functions of time.

Everything is closed-form, so that the monitor's picture and the monitor's sound
agree at any moment without a common state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Patient"]

_Wave = NDArray[np.float64]

#: parts of a heartbeat's ECG: (moment, width, height), beats and millivolts-like units
_ECG: Final = [
    (0.12, 0.025, 0.12), (0.185, 0.009, -0.10), (0.205, 0.011, 1.0), (0.228, 0.010, -0.22),
    (0.42, 0.045, 0.26),
]  # fmt: skip
#: the R wave: the moment of the beep, beats
_R_WAVE: Final = 0.205
_BREATHS_PER_MINUTE: Final = 12.0


@dataclass(frozen=True, slots=True)
class Patient:
    """An anaesthetised adult whose heart speeds up and slows down a little."""

    mean_rate_per_minute: float
    #: the rate swings by this much
    swing_per_minute: float
    #: with this period
    swing_seconds: float

    @classmethod
    def invent(cls, rng: np.random.Generator) -> Patient:
        """Make a patient."""
        return cls(float(rng.uniform(64, 82)), float(rng.uniform(3, 6)), float(rng.uniform(17, 31)))

    def beats(self, seconds: NDArray[np.floating] | float) -> _Wave:
        """Return how many heartbeats have begun, with fraction (integral of the rate)."""
        angular = 2 * np.pi / self.swing_seconds
        at = np.asarray(seconds, np.float64)
        swing = self.swing_per_minute / angular * (1 - np.cos(angular * at))
        return np.asarray((self.mean_rate_per_minute * at + swing) / 60)

    def seconds_since_beep(self, seconds: NDArray[np.floating]) -> _Wave:
        """Return the time since the last R wave."""
        phase = (self.beats(seconds) - _R_WAVE) % 1.0
        return np.asarray(phase * 60 / self.heart_rate(seconds))

    def heart_rate(self, seconds: NDArray[np.floating] | float) -> _Wave:
        """Return heartbeats per minute."""
        angle = 2 * np.pi / self.swing_seconds * np.asarray(seconds, np.float64)
        return np.asarray(self.mean_rate_per_minute + self.swing_per_minute * np.sin(angle))

    def oxygen(self, seconds: NDArray[np.floating] | float) -> _Wave:
        """Return oxygen saturation, percent."""
        return np.asarray(98.2 + 0.9 * np.sin(np.asarray(seconds, np.float64) / 19))

    def pressure(self, seconds: NDArray[np.floating] | float) -> tuple[_Wave, _Wave]:
        """Return systolic and diastolic arterial pressure, mmHg."""
        slow = np.sin(np.asarray(seconds, np.float64) / 23 + 1)
        return np.asarray(118 + 7 * slow), np.asarray(66 + 4 * slow)

    def depth(self, seconds: NDArray[np.floating] | float) -> _Wave:
        """Return the bispectral index, 0 (no activity) to 100 (awake)."""
        at = np.asarray(seconds, np.float64)
        return np.asarray(44 + 5 * np.sin(at / 37) + 2.5 * np.sin(at / 7.3 + 1))

    def ecg(self, seconds: NDArray[np.floating]) -> _Wave:
        """Return lead II, 1 at the R wave."""
        phase = self.beats(seconds) % 1.0
        wave = sum(height * np.exp(-(((phase - at) / width) ** 2)) for at, width, height in _ECG)
        return np.asarray(wave + 0.03 * np.sin(2 * np.pi * seconds * _BREATHS_PER_MINUTE / 60))

    def pleth(self, seconds: NDArray[np.floating]) -> _Wave:
        """Return the pulse at the finger, 0 to about 1."""
        phase = (self.beats(seconds) - 0.42) % 1.0
        rise = np.exp(-(((phase - 0.20) / 0.115) ** 2))
        return np.asarray(rise + 0.42 * np.exp(-(((phase - 0.50) / 0.16) ** 2)))

    def arterial(self, seconds: NDArray[np.floating]) -> _Wave:
        """Return arterial pressure, mmHg."""
        phase = (self.beats(seconds) - 0.33) % 1.0
        shape = np.exp(-(((phase - 0.16) / 0.10) ** 2)) + 0.42 * np.exp(
            -(((phase - 0.38) / 0.14) ** 2)
        )
        high, low = self.pressure(seconds)
        return np.asarray(low + (high - low) * shape / 1.06)

    def carbon_dioxide(self, seconds: NDArray[np.floating]) -> _Wave:
        """Return carbon dioxide in the breath, mmHg: plateaus while breathing out."""
        phase = (seconds * _BREATHS_PER_MINUTE / 60) % 1.0
        rise = 1 / (1 + np.exp(-(phase - 0.40) / 0.012))
        fall = 1 / (1 + np.exp((phase - 0.86) / 0.010))
        return np.asarray(36 * rise * fall * (0.90 + 0.20 * (phase - 0.4)))

    def brain_wave(self, seconds: NDArray[np.floating]) -> _Wave:
        """Return an electroencephalogram of about unit size."""
        wave = np.zeros_like(seconds, dtype=np.float64)
        for hertz, size in ((1.1, 0.5), (2.7, 0.35), (9.3, 0.30), (11.9, 0.22), (17.3, 0.12)):
            size_now = size * (0.7 + 0.3 * np.sin(seconds * hertz / 7.1 + hertz))
            wave += size_now * np.sin(2 * np.pi * hertz * seconds + 3 * hertz)
        return wave
