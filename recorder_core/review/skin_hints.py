"""Skin-like areas that move and are not redacted: what no inference saw as a face.

A frame is reduced to cells of some pixels, each with its mean luma and chroma. A cell is
skin-like by its chroma [1]_, and moves if its luma differs from that of the frames before
and after. Walls and wood of that colour do not move; hands and gloves do, so that the
evidence is weak and only ranks a moment higher.

References
----------
.. [1] D. Chai, K. N. Ngan, "Face segmentation using skin-color map in videophone
   applications", IEEE Trans. Circuits Syst. Video Technol. 9(4), 1999.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.model import Planes, View
from recorder_core.model.values.carriers import carrier_repr
from recorder_core.review.moments import Hint, Reason
from recorder_core.review.track_hints import Timeline
from recorder_core.tables import RedactionTable

__all__ = ["CellMeans", "cell_means", "skin_hints"]

#: side of a cell, luma pixels
CELL_PX: Final = 8
#: skin in the Cb, Cr plane, whatever its brightness
_SKIN_CB: Final = (77, 127)
_SKIN_CR: Final = (136, 173)
_MIN_LUMA: Final = 40
#: change of a cell's luma that is more than noise
_MOTION_LUMA: Final = 6.0
#: cells that a face has at least; and the time in which hints are collected
_MIN_CELLS: Final = 4
_WINDOW_SECONDS: Final = 3.0
#: a place that a person watches, in cells
_PLACE_CELLS: Final = 8


@dataclass(frozen=True, slots=True)
class CellMeans:
    """One frame's view, reduced to cells."""

    __repr__ = carrier_repr

    frame_index: int
    #: (rows, columns) float32
    luma: NDArray[np.float32]
    cb: NDArray[np.float32]
    cr: NDArray[np.float32]


def cell_means(frame_index: int, planes: Planes, view: View) -> CellMeans:
    """Return the means of the cells of a frame's view."""
    half = CELL_PX // 2
    x, y = view.x // 2, view.y // 2
    chroma = slice(y, y + view.height // 2), slice(x, x + view.width // 2)
    luma = planes.y[view.y : view.y + view.height, view.x : view.x + view.width]
    return CellMeans(
        frame_index,
        _means(luma, CELL_PX),
        _means(planes.u[chroma], half),
        _means(planes.v[chroma], half),
    )


def _means(plane: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    rows, columns = plane.shape[0] // side, plane.shape[1] // side
    cells = plane[: rows * side, : columns * side].reshape(rows, side, columns, side)
    return np.asarray(cells.mean(axis=(1, 3)), np.float32)


def skin_hints(
    cells: Sequence[CellMeans], table: RedactionTable, timeline: Timeline
) -> Iterator[Hint]:
    """Yield for each window of time the place where most skin-like cells move unredacted.

    Parameters
    ----------
    cells : sequence of CellMeans
        In order of frames, some a second.
    table : RedactionTable
        All that was planned.
    timeline : Timeline
    """
    if len(cells) < 2:
        return
    usual = np.median(np.stack([each.luma for each in cells]), axis=0)
    window: list[tuple[CellMeans, NDArray[np.float32]]] = []
    for before, means in pairwise(cells):
        moved = np.maximum(abs(means.luma - before.luma), abs(means.luma - usual))
        bare = _is_skin(means) & (moved > _MOTION_LUMA)
        bare &= ~_redacted_cells(means, table, timeline.view)
        window.append((means, bare.astype(np.float32)))
        start = timeline.seconds[window[0][0].frame_index]
        if timeline.seconds[means.frame_index] - start >= _WINDOW_SECONDS:
            yield from _place(window, timeline)
            window = []
    yield from _place(window, timeline)


def _is_skin(means: CellMeans) -> NDArray[np.bool_]:
    is_skin: NDArray[np.bool_] = (
        (means.cb >= _SKIN_CB[0])
        & (means.cb <= _SKIN_CB[1])
        & (means.cr >= _SKIN_CR[0])
        & (means.cr <= _SKIN_CR[1])
        & (means.luma >= _MIN_LUMA)
    )
    return is_skin


def _redacted_cells(means: CellMeans, table: RedactionTable, view: View) -> NDArray[np.bool_]:
    """Return the cells that redactions reach, with a cell around them."""
    cells = np.zeros(means.luma.shape, bool)
    low, high = np.searchsorted(table.frame_index, [means.frame_index, means.frame_index + 1])
    for box in table.boxes_xyxy_px[low:high][table.applied[low:high]]:
        width, height = (box[2:] - box[:2]) * 0.35
        left = int((box[0] - width - view.x) // CELL_PX)
        top = int((box[1] - height - view.y) // CELL_PX)
        right = int((box[2] + width - view.x) // CELL_PX) + 1
        bottom = int((box[3] + height - view.y) // CELL_PX) + 1
        cells[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = True
    return cells


def _place(
    window: Sequence[tuple[CellMeans, NDArray[np.float32]]], timeline: Timeline
) -> Iterator[Hint]:
    """Yield the place of a window with the most cells, if a face could be there."""
    if not window:
        return
    shares = np.mean([bare for _, bare in window], axis=0)
    sums = _box_sums(shares, _PLACE_CELLS)
    row, column = np.unravel_index(int(sums.argmax()), sums.shape)
    cells = float(sums[row, column])
    if cells < _MIN_CELLS:
        return
    view, size = timeline.view, _PLACE_CELLS * CELL_PX
    left, top = view.x + int(column) * CELL_PX, view.y + int(row) * CELL_PX
    region = timeline.clip([left - size / 4, top - size / 4, left + 1.25 * size, top + 1.25 * size])
    first, stop = window[0][0].frame_index, window[-1][0].frame_index + 1
    seconds = round(float(timeline.seconds[stop - 1] - timeline.seconds[first]), 3)
    risk = min(0.2, 0.006 * cells)
    yield Hint(first, stop, region, Reason("skin_moves", risk, seconds))


def _box_sums(values: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Return the sum of every square of cells, by its upper left cell."""
    side = min(side, *values.shape)
    total = np.pad(values.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    sums = total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]
    return np.asarray(sums, np.float32)
