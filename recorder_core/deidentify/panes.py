"""Where the views of a composite lie, seen in its frames: a recursive X-Y cut.

Between two views the frame jumps from one pixel to the next, straight along the whole
border and in every frame; inside a view nothing does so for long. A frame is cut along
the clearest such line that crosses all of it, and each half again.

References
----------
.. [1] G. Nagy and S. Seth, Hierarchical representation of optically scanned documents,
   ICPR 1984: the recursive X-Y cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.model import View

__all__ = ["enclosing_view", "find_panes"]

#: a jump of so many levels, averaged over frames, is a border
_MIN_STEP: Final = 5.0
#: and it is so many times as large as what its neighbours jump by
_MIN_RATIO: Final = 2.5
#: share of a line that must be border where there is anything to see, and of the line at all
_MIN_SHARE, _MIN_WHOLE = 0.9, 0.4
#: pixels on each side of a line that are compared with it
_NEIGHBOURS_PX: Final = 4
#: no view is narrower than this share of the frame
_MIN_SIDE: Final = 0.08


def find_panes(frames: Sequence[NDArray[np.uint8]]) -> list[View]:
    """Cut a composite into its views.

    Parameters
    ----------
    frames : sequence of ndarray of shape (height, width), uint8
        Luma of some frames of one video, far apart in time.

    Returns
    -------
    list of View
        They fill the frame; the whole frame where no border is seen.
    """
    height, width = frames[0].shape
    steps = (_mean_steps(frames, 1), _mean_steps(frames, 0))
    smallest = max(2, round(min(width, height) * _MIN_SIDE))
    return _cut(View(0, 0, width, height), steps, smallest)


def enclosing_view(views: Sequence[View]) -> View:
    """Return the smallest view that holds some others; at least one."""
    left, top = min(view.x for view in views), min(view.y for view in views)
    right = max(view.x + view.width for view in views)
    bottom = max(view.y + view.height for view in views)
    return View(left, top, right - left, bottom - top)


def _mean_steps(frames: Sequence[NDArray[np.uint8]], axis: int) -> NDArray[np.float32]:
    """Return by how much each pixel differs from the one before it, the mean of all frames."""
    total = np.zeros(frames[0].shape, np.float32)
    for frame in frames:
        step = np.abs(np.diff(frame.astype(np.float32), axis=axis))
        if axis == 1:
            total[:, 1:] += step
        else:
            total[1:] += step
    return total / np.float32(len(frames))


def _cut(
    view: View, steps: tuple[NDArray[np.float32], NDArray[np.float32]], smallest_px: int
) -> list[View]:
    area = np.s_[view.y : view.y + view.height, view.x : view.x + view.width]
    column, column_share = _clearest(steps[0][area], smallest_px)
    row, row_share = _clearest(steps[1][area].T, smallest_px)
    if max(column_share, row_share) < _MIN_SHARE:
        return [view]
    if column_share >= row_share:
        parts = (
            View(view.x, view.y, column, view.height),
            View(view.x + column, view.y, view.width - column, view.height),
        )
    else:
        parts = (
            View(view.x, view.y, view.width, row),
            View(view.x, view.y + row, view.width, view.height - row),
        )
    return [pane for part in parts for pane in _cut(part, steps, smallest_px)]


def _clearest(step: NDArray[np.float32], smallest_px: int) -> tuple[int, float]:
    """Return the column that is most a border, and the share of it that is one."""
    width = step.shape[1]
    if width < 2 * smallest_px or width < 4 * _NEIGHBOURS_PX:
        return 0, 0.0
    around = np.zeros_like(step)
    for offset in range(2, _NEIGHBOURS_PX + 1):
        around += np.roll(step, offset, axis=1) + np.roll(step, -offset, axis=1)
    around /= 2 * (_NEIGHBOURS_PX - 1)
    is_border = (step >= _MIN_STEP) & (step >= _MIN_RATIO * around)
    # where both sides are one colour, as two black margins are, there is nothing to see
    is_flat = (step < 1) & (around < 1)
    seen = np.maximum((~is_flat).sum(axis=0), 1)
    border = is_border.sum(axis=0)
    share = np.where(border >= _MIN_WHOLE * len(step), border / seen, 0.0)
    share[:smallest_px] = share[width - smallest_px + 1 :] = 0.0
    best = int(share.argmax())
    return best, float(share[best])
