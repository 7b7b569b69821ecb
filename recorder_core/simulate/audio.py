"""The sound of the simulated room: ventilation, the monitor's beeps, clatter of instruments."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.simulate.physiology import Patient

__all__ = ["SAMPLE_RATE_HZ", "RoomAudio"]

SAMPLE_RATE_HZ: Final = 48_000
#: a beep lasts this long
_BEEP_SECONDS: Final = 0.09
#: pitch of the beep at 100 % oxygen saturation; it falls by a part per percent
_BEEP_HZ: Final = 880.0
_BEEP_FALL: Final = 0.03
#: mean time between two clatters
_CLATTER_SECONDS: Final = 4.0
#: how long metal rings
_RING_SECONDS: Final = 0.35
#: the ventilation repeats after this time, which is too long to be heard as a rhythm
_HUM_SECONDS: Final = 3


class RoomAudio:
    """Gives the sound of any span of time.

    Parameters
    ----------
    patient : Patient
        Whose heart is heard.
    duration_seconds : float
        Clatter is planned for this long.
    rng : numpy.random.Generator
        Source of noise and clatter; the same state gives the same sound.
    """

    def __init__(self, patient: Patient, duration_seconds: float, rng: np.random.Generator) -> None:
        self._patient = patient
        self._hum = _hum(rng)
        count = rng.poisson(duration_seconds / _CLATTER_SECONDS) + 1
        self._clatter = np.sort(rng.uniform(0, max(duration_seconds - 0.2, 0.1), count))
        self._metal_hz = rng.uniform(1800, 6500, (count, 5))
        self._loud = rng.uniform(0.05, 0.22, count)

    def samples(self, first: int, stop: int) -> NDArray[np.float32]:
        """Return samples ``[first, stop)`` at `SAMPLE_RATE_HZ`, about -1 to 1."""
        index = np.arange(first, stop)
        at = index / SAMPLE_RATE_HZ
        sound = self._hum[index % len(self._hum)] + self._beeps(at) + self._clatters(at)
        return np.clip(sound, -1, 1).astype(np.float32)

    def _beeps(self, at: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sound a tone at each heartbeat whose pitch tells the oxygen saturation."""
        since = self._patient.seconds_since_beep(at)
        pitch = _BEEP_HZ * (1 - _BEEP_FALL * (100 - np.round(self._patient.oxygen(at))))
        envelope = np.clip(since / 0.004, 0, 1) * np.clip((_BEEP_SECONDS - since) / 0.01, 0, 1)
        return np.asarray(0.16 * envelope * np.sin(2 * np.pi * pitch * since))

    def _clatters(self, at: NDArray[np.float64]) -> NDArray[np.float64]:
        """Strike metal on metal: a few falling inharmonic tones."""
        sound = np.zeros_like(at)
        for start, tones, loud in zip(self._clatter, self._metal_hz, self._loud, strict=True):
            if start > at[-1] or start + _RING_SECONDS < at[0]:
                continue
            since = np.clip(at - start, 0, None)
            ring = sum(np.sin(2 * np.pi * hertz * since) for hertz in tones)
            sound += loud * ring * np.exp(-since / 0.06) * (at >= start) * (since < _RING_SECONDS)
        return sound


def _hum(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a loop of ventilation: soft low noise and mains hum, made in the frequency domain."""
    count = _HUM_SECONDS * SAMPLE_RATE_HZ
    hertz = np.fft.rfftfreq(count, 1 / SAMPLE_RATE_HZ)
    size = 1.0 / (1.0 + (hertz / 220.0) ** 1.5) * (hertz > 25)
    phase = rng.uniform(0, 2 * np.pi, len(hertz))
    noise = np.fft.irfft(size * np.exp(1j * phase), count)
    at = np.arange(count) / SAMPLE_RATE_HZ
    mains = 0.006 * np.sin(2 * np.pi * 50 * at) + 0.004 * np.sin(2 * np.pi * 100 * at)
    return np.asarray(0.02 * noise / noise.std() + mains)
