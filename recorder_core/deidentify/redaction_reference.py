"""NumPy version of the redaction kernel: slow, plain, and what the kernel is tested against."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recorder_core.deidentify.redaction import plane_jobs
from recorder_core.deidentify.redaction_shape import (
    FULL_WEIGHT,
    CellGrid,
    FaceShape,
    PixelBox,
    RedactionSettings,
    face_shapes,
)
from recorder_core.model import Planes, Redaction, View

__all__ = ["redact_reference", "shape_weights"]

Levels = tuple[int, int, int, int]
#: cells along one axis that hold a sample, first and stop
Filled = tuple[int, int]


def redact_reference(
    planes: Planes,
    redactions: Sequence[Redaction],
    settings: RedactionSettings,
    bounds: View,
) -> None:
    """Redact faces in place, as `recorder_core.deidentify.redaction.redact` does."""
    shapes = face_shapes(redactions, settings, bounds, planes.width, planes.height)
    for plane, sample_px, levels in plane_jobs(planes, settings):
        for shape in shapes:
            fill = _fill(plane, shape, settings, sample_px, levels)
            x0, y0, x1, y1 = shape.plane_clip(sample_px)
            weights = shape_weights(shape, (x0, y0, x1, y1), sample_px)
            part = plane[y0:y1, x0:x1]
            before = part.astype(np.int64)
            part[:] = (before * FULL_WEIGHT + weights * (fill - before) + 128) // FULL_WEIGHT


def shape_weights(shape: FaceShape, box: PixelBox, sample_px: int) -> NDArray[np.int64]:
    """Return the weight of a shape at the samples of `box`, 0 to `FULL_WEIGHT`.

    A chroma sample takes the largest weight of its four pixels.
    """
    x0, y0, x1, y1 = box
    square_x = _squares(x0, x1, sample_px, shape.centre_x, 1.0 / shape.radius_x)
    square_y = _squares(y0, y1, sample_px, shape.centre_y, 1.0 / shape.radius_y)
    outer_square, gain = shape.weight_ramp
    weights = np.float32(outer_square) - (square_x[None, :] + square_y[:, None])
    weights = np.clip(weights * np.float32(gain), 0, FULL_WEIGHT)
    return np.asarray(weights, np.int64)


def _squares(
    start: int, stop: int, sample_px: int, centre: float, inverse_radius: float
) -> NDArray[np.float32]:
    """Return squared distances from the centre, in radii, of samples on one axis."""
    pixels = np.arange(start * sample_px, stop * sample_px).reshape(-1, sample_px)
    nearest = np.abs(pixels + 0.5 - centre).min(axis=1)
    return np.asarray(nearest * nearest * (inverse_radius * inverse_radius), np.float32)


def _fill(
    plane: NDArray[np.uint8],
    shape: FaceShape,
    settings: RedactionSettings,
    sample_px: int,
    levels: Levels,
) -> NDArray[np.int64]:
    """Return what replaces the samples of a shape's clip."""
    grid = shape.grid(settings, sample_px)
    x0, y0, x1, y1 = shape.plane_source(grid, sample_px)
    across = _filled(x0 - grid.x0, x1 - grid.x0, grid.x1 - grid.x0, grid.columns)
    down = _filled(y0 - grid.y0, y1 - grid.y0, grid.y1 - grid.y0, grid.rows)
    cells = _average(plane, grid, (x0, y0, x1, y1), (across, down), levels)
    if grid.reach_x:
        cells = _running_mean(cells, grid.reach_x, axis=1)
        cells = _running_mean(cells, grid.reach_y, axis=0)
    x0, y0, x1, y1 = shape.plane_clip(sample_px)
    smooth = settings.method != "mosaic"
    columns = _positions(x0 - grid.x0, x1 - grid.x0, grid.x1 - grid.x0, grid.columns, smooth)
    rows = _positions(y0 - grid.y0, y1 - grid.y0, grid.y1 - grid.y0, grid.rows, smooth)
    return _interpolate(cells, columns, rows, across, down)


def _filled(start: int, stop: int, length: int, n: int) -> Filled:
    """Return the cells that hold at least one of the samples start to stop."""
    edges = np.arange(n + 1) * length // n
    held = np.flatnonzero((edges[1:] > start) & (edges[:-1] < stop))
    return int(held[0]), int(held[-1]) + 1


def _average(
    plane: NDArray[np.uint8],
    grid: CellGrid,
    source: PixelBox,
    filled: tuple[Filled, Filled],
    levels: Levels,
) -> NDArray[np.int64]:
    """Return the filled cells' means times 256, quantised if asked."""
    (across, down), (step, lowest, highest, fill) = filled, levels
    cells = np.full((down[1] - down[0], across[1] - across[0]), fill * 256, np.int64)
    if fill >= 0:
        return cells
    lines = grid.y0 + np.arange(grid.rows + 1) * (grid.y1 - grid.y0) // grid.rows
    edges = grid.x0 + np.arange(grid.columns + 1) * (grid.x1 - grid.x0) // grid.columns
    lines, edges = lines.clip(source[1], source[3]), edges.clip(source[0], source[2])
    for row, column in np.ndindex(cells.shape):
        r, c = row + down[0], column + across[0]
        cell = plane[lines[r] : lines[r + 1], edges[c] : edges[c + 1]]
        cells[row, column] = (int(cell.sum(dtype=np.int64)) * 256 + cell.size // 2) // cell.size
    if step:
        cells = np.clip((cells + step * 128) // (step * 256) * step, lowest, highest) * 256
    return cells


def _running_mean(cells: NDArray[np.int64], reach: int, axis: int) -> NDArray[np.int64]:
    """Return cells after three running means over neighbours that exist."""
    cells = np.moveaxis(cells, axis, 0)
    index = np.arange(len(cells))
    low, high = np.maximum(index - reach, 0), np.minimum(index + reach + 1, len(cells))
    size = (high - low)[:, None]
    for _ in range(3):
        sums = np.concatenate([np.zeros_like(cells[:1]), np.cumsum(cells, axis=0)])
        cells = (sums[high] - sums[low] + size // 2) // size
    return np.moveaxis(cells, 0, axis)


def _positions(start: int, stop: int, length: int, n: int, smooth: bool) -> NDArray[np.int64]:
    """Return the place of samples among the cells' centres, in 1/256 cells."""
    offset = np.arange(start, stop, dtype=np.int64)
    if smooth:
        return (2 * offset + 1) * n * 128 // length - 128
    return ((offset + 1) * n - 1) // length * 256


def _interpolate(
    cells: NDArray[np.int64],
    columns: NDArray[np.int64],
    rows: NDArray[np.int64],
    across: Filled,
    down: Filled,
) -> NDArray[np.int64]:
    """Return levels between the filled cells, first across and then down."""
    columns = (columns - across[0] * 256).clip(0, (cells.shape[1] - 1) * 256)
    left, share = columns >> 8, columns & 255
    right = np.minimum(left + 1, cells.shape[1] - 1)
    spread = (cells[:, left] * 256 + share * (cells[:, right] - cells[:, left]) + 128) >> 8
    rows = (rows - down[0] * 256).clip(0, (len(cells) - 1) * 256)
    above, share = rows >> 8, (rows & 255)[:, None]
    below = np.minimum(above + 1, len(cells) - 1)
    levels = spread[above] * 256 + share * (spread[below] - spread[above])
    return np.asarray((levels + 32768) >> 16, np.int64)
