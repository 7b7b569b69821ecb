"""Samples between samples: what audio is at any position."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from recorder_core.capture.source import Samples

__all__ = ["Interpolator"]

#: zero crossings of the kernel on each side, at the rate of the input
_HALF_TAPS: Final = 16
#: positions between two samples at which the kernel is kept; between them it is a straight line
_PHASES: Final = 512
#: of the window of the kernel: side lobes below -90 dB
_KAISER_BETA: Final = 9.0
#: part of the highest frequency that passes
_PASS_BAND: Final = 0.95


class Interpolator:
    """Interpolates samples by a windowed sinc.

    Parameters
    ----------
    speed : float
        Samples of the input for each of the output; about, for the kernel alone.
    """

    def __init__(self, speed: float) -> None:
        cutoff = _PASS_BAND / max(speed, 1.0)
        #: samples on each side of a position that are needed
        self.half_taps = math.ceil(_HALF_TAPS * max(speed, 1.0))
        offsets = np.arange(1 - self.half_taps, self.half_taps + 1)
        phases = np.arange(_PHASES + 1)[:, None] / _PHASES
        distance = offsets[None] - phases
        inside = np.clip(1 - (distance / self.half_taps) ** 2, 0, None)
        kernel = cutoff * np.sinc(cutoff * distance) * np.i0(_KAISER_BETA * np.sqrt(inside))
        self._kernel = (kernel / kernel.sum(1, keepdims=True)).astype(np.float32)
        self._slope = np.diff(self._kernel, axis=0)

    def at(self, samples: Samples, positions: NDArray[np.float64]) -> Samples:
        """Return what audio is at some positions.

        Parameters
        ----------
        samples : ndarray of float32, shape (n, channels)
        positions : ndarray of float64, shape (m,)
            In samples, each at least `half_taps` away from the ends.

        Returns
        -------
        ndarray of float32, shape (m, channels)
        """
        whole = np.floor(positions).astype(np.intp)
        phase = (positions - whole) * _PHASES
        place = np.minimum(phase.astype(np.intp), _PHASES - 1)
        part = (phase - place).astype(np.float32)[:, None]
        weights = self._slope.take(place, axis=0)
        weights *= part
        weights += self._kernel.take(place, axis=0)
        first = int(whole.min()) - self.half_taps + 1
        # channel by channel: what is summed lies side by side in memory
        needed = samples[first : int(whole.max()) + self.half_taps + 1].T
        windows = sliding_window_view(np.ascontiguousarray(needed), 2 * self.half_taps, axis=1)
        near = windows[:, whole - first - self.half_taps + 1]
        audio: Samples = np.einsum("mt,cmt->mc", weights, near)
        return audio
