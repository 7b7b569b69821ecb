"""Smooth random fields: the raw material of tissue, cloth, hair and dirt."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from recorder_core.simulate.drawing.arrays import Field

__all__ = ["fractal_noise", "smooth_curve", "smoothstep", "value_noise"]


def value_noise(shape: tuple[int, int], cells: tuple[int, int], rng: np.random.Generator) -> Field:
    """Return random values on a coarse grid, smoothly interpolated.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the field, pixels.
    cells : (int, int)
        Number of grid cells down and across.
    rng : numpy.random.Generator
        Source of the values.

    Returns
    -------
    ndarray of float32
        Shape `shape`, about uniform in [0, 1].
    """
    grid = rng.random((max(2, cells[0] + 1), max(2, cells[1] + 1)), dtype=np.float32)
    height, width = shape
    field = cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(field, np.float32)


def fractal_noise(
    shape: tuple[int, int], cells: tuple[float, float], octaves: int, rng: np.random.Generator
) -> Field:
    """Return value noise summed over octaves, each of twice the detail and half the weight.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the field, pixels.
    cells : (float, float)
        Grid cells down and across in the first octave.
    octaves : int
        How many octaves are summed; those finer than a pixel are left out.
    rng : numpy.random.Generator
        Source of the values.

    Returns
    -------
    ndarray of float32
        Shape `shape`, stretched to [0, 1].
    """
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        down, across = (round(count * 2**octave) for count in cells)
        if octave and (down > shape[0] or across > shape[1]):
            break
        total += value_noise(shape, (down, across), rng) * np.float32(0.5**octave)
    low, high = float(total.min()), float(total.max())
    return np.asarray((total - low) / max(high - low, 1e-6), np.float32)


def smoothstep(low: float, high: float, value: Field | float) -> Field:
    """Rise smoothly from 0 at `low` to 1 at `high` (falls when `high` is below `low`)."""
    ratio = np.clip((np.asarray(value, np.float32) - low) / (high - low), 0.0, 1.0)
    return np.asarray(ratio * ratio * (3.0 - 2.0 * ratio), np.float32)


def smooth_curve(points: list[tuple[float, float]], at: Field) -> Field:
    """Join (position, value) points by smooth steps and read the curve at `at`."""
    curve = np.full(np.shape(at), points[0][1], np.float32)
    for (start, low), (stop, high) in pairwise(points):
        curve += np.float32(high - low) * smoothstep(start, stop, at)
    return curve
