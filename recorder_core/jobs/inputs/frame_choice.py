"""On which frames the detector runs, chosen as they are decoded: time, and what they show.

Between two detection frames time fills in where faces are, because people move little in a tenth
of a second. Where the picture itself jumps, at a cut, in a time lapse, or where an input switch
shows another camera for an instant, nothing can be filled in: such a frame is searched, too, and
so is the last one before it. A small part of the picture may do so between two detection frames,
as a picture in picture that shows a face for an instant: people who move do not leave everything as
it was. The last frame that shows it is searched.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from recorder_core.media import Frame
from recorder_core.model import Planes, View

__all__ = ["FrameChoice", "block_means", "is_cut", "is_flash", "is_other_picture"]

#: blocks of a view, down and across
_BLOCKS: Final = (18, 32)
#: samples of a block, down and across: what a frame costs does not grow with its size
_SAMPLES: Final = 8
#: a block whose mean luma differs by more shows something else; noise changes it less
_OTHER_LEVELS: Final = 12.0
#: a frame of which a tenth of the blocks show something else does not continue the other
_OTHER_BLOCKS: Final = 56
#: at a cut half of the blocks differ by more: people who move do not change so much of a view
_CUT_LEVELS: Final = 24.0
_CUT_BLOCKS: Final = 288
#: a flash changes so many blocks of a square of three, which then are as they were. Measured on the
#: clips of persons in front of a camera, whose hands move fast: 1 % more frames are searched
_FLASH_SIDE: Final = 3
_FLASH_BLOCKS: Final = 5
_SAME_LEVELS: Final = 6.0


def block_means(planes: Planes, view: View) -> NDArray[np.float32]:
    """Return the mean luma of the blocks of a view, from some of their pixels.

    Parameters
    ----------
    planes : Planes
        The frame.
    view : View
        Lies inside it.

    Returns
    -------
    ndarray of shape (18, 32), float32
        In levels, 0..255.
    """
    down, across = (count * _SAMPLES for count in _BLOCKS)
    rows = view.y + np.arange(down) * view.height // down
    columns = view.x + np.arange(across) * view.width // across
    samples = planes.y[rows].take(columns, axis=1)
    blocks = samples.reshape(_BLOCKS[0], _SAMPLES, _BLOCKS[1], _SAMPLES)
    # whole numbers: the same on every machine
    sums = blocks.sum(axis=1, dtype=np.uint16).sum(axis=2, dtype=np.uint16)
    means: NDArray[np.float32] = sums.astype(np.float32) / _SAMPLES**2
    return means


def is_other_picture(means: NDArray[np.float32], earlier: NDArray[np.float32]) -> bool:
    """Return whether a frame does not continue an earlier one.

    Parameters
    ----------
    means, earlier : ndarray of shape (18, 32), float32
        Of both, from `block_means`.
    """
    return _changed_blocks(means, earlier, _OTHER_LEVELS) >= _OTHER_BLOCKS


def is_cut(means: NDArray[np.float32], before: NDArray[np.float32]) -> bool:
    """Return whether a frame shows an altogether other picture than the one before.

    Parameters
    ----------
    means, before : ndarray of shape (18, 32), float32
        Of both, from `block_means`.
    """
    return _changed_blocks(means, before, _CUT_LEVELS) >= _CUT_BLOCKS


def is_flash(
    means: NDArray[np.float32], earlier: NDArray[np.float32], later: NDArray[np.float32]
) -> bool:
    """Return whether a part of a frame shows what is neither in an earlier nor in a later one.

    Parameters
    ----------
    means, earlier, later : ndarray of shape (18, 32), float32
        Of the three, from `block_means`.
    """
    is_other = np.abs(means - earlier) > _OTHER_LEVELS
    if np.count_nonzero(is_other) < _FLASH_BLOCKS:
        return False
    is_over = (np.abs(means - later) > _OTHER_LEVELS) & (np.abs(later - earlier) < _SAME_LEVELS)
    squares = sliding_window_view(is_other & is_over, (_FLASH_SIDE, _FLASH_SIDE))
    return bool((squares.sum(axis=(2, 3)) >= _FLASH_BLOCKS).any())


def _changed_blocks(means: NDArray[np.float32], earlier: NDArray[np.float32], levels: float) -> int:
    return int(np.count_nonzero(np.abs(means - earlier) > levels))


class FrameChoice:
    """Chooses detection frames, one frame after another.

    Parameters
    ----------
    scheduled : ndarray of bool, shape (N,)
        For every frame of the video, whether the detector runs on it whatever it shows.
    view : View
        Part of the frames that is compared.
    is_sparse : bool
        Detection frames may be so far apart that people have moved meanwhile: a frame is compared
        with the one before alone.
    """

    def __init__(
        self, scheduled: NDArray[np.bool_], view: View, *, is_sparse: bool = False
    ) -> None:
        self._scheduled, self._view, self._is_sparse = scheduled, view, is_sparse
        #: of the last frame that is searched
        self._searched: NDArray[np.float32] | None = None
        #: of the frame before, and whether the detector runs on it
        self._before: NDArray[np.float32] | None = None
        self._was_due = False
        #: whether the detector runs on the frame before the last one after all, because the
        #: picture jumps between them, or a flash ends
        self.is_before_due = False
        #: whether the last frame shows an altogether other picture than the one before
        self.is_cut = False

    def is_due(self, frame: Frame) -> bool:
        """Return whether the detector runs on the next frame; see `is_before_due`, too.

        Parameters
        ----------
        frame : Frame
            The one after that which was asked about before.
        """
        means = block_means(frame.planes, self._view)
        earlier = self._before if self._is_sparse else self._searched
        is_other = earlier is None or is_other_picture(means, earlier)
        self._compare_with_before(means, is_other=is_other)
        is_due = is_other or bool(self._scheduled[frame.frame_index])
        if is_due:
            self._searched = means
        self._before, self._was_due = means, is_due
        return is_due

    def _compare_with_before(self, means: NDArray[np.float32], *, is_other: bool) -> None:
        """Note what lies between a frame and the one before."""
        before = self._before
        is_jump = is_other and before is not None and is_other_picture(means, before)
        self.is_before_due = not self._was_due and (is_jump or self._was_flash(means))
        if self.is_before_due:
            self._searched = before
        self.is_cut = is_jump and before is not None and is_cut(means, before)

    def _was_flash(self, means: NDArray[np.float32]) -> bool:
        """Return whether the frame before shows for an instant what a frame does not."""
        if self._is_sparse or self._before is None or self._searched is None:
            return False
        return is_flash(self._before, self._searched, means)
