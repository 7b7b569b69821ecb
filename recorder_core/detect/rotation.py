"""Look at pictures the way a player shows them: faces must be upright to be found.

A file may say that its pictures are to be turned by quarter turns when shown. Boxes
stay in pixels of the stored picture everywhere; only what the network sees is turned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect.stages import CroppedView, ScoredBoxes
from recorder_core.errors import DataError
from recorder_core.model import Planes, View

__all__ = ["QuarterTurns", "quarter_turns"]

_DEGREES_PER_TURN = 90


def quarter_turns(rotation_degrees: int) -> int:
    """Return the quarter turns, counter-clockwise, nearest to a rotation: 0 to 3."""
    return round(rotation_degrees / _DEGREES_PER_TURN) % 4


@dataclass(frozen=True, slots=True)
class QuarterTurns:
    """How a view of the stored picture is turned before the network sees it."""

    #: in the stored picture
    view: View
    #: counter-clockwise, 1 to 3
    turns: int

    @property
    def _region(self) -> tuple[int, int, int, int]:
        """Edges of the view, moved out to even pixels so that chroma turns with luma."""
        view = self.view
        right, bottom = view.x + view.width, view.y + view.height
        return view.x // 2 * 2, view.y // 2 * 2, (right + 1) // 2 * 2, (bottom + 1) // 2 * 2

    @property
    def upright_view(self) -> View:
        """The view in the turned region."""
        left, top, right, bottom = self._region
        x, y = self.view.x - left, self.view.y - top
        after_x = right - self.view.x - self.view.width
        after_y = bottom - self.view.y - self.view.height
        if self.turns == 1:
            return View(y, after_x, self.view.height, self.view.width)
        if self.turns == 2:
            return View(after_x, after_y, self.view.width, self.view.height)
        return View(after_y, x, self.view.height, self.view.width)

    def crop_view(self, planes: Planes) -> CroppedView:
        """Cut the view out of the stored picture and turn it; copies its samples.

        Raises
        ------
        DataError
            If the view does not lie inside the picture.
        """
        left, top, right, bottom = self._region
        if right > planes.width + planes.width % 2 or bottom > planes.height + planes.height % 2:
            raise DataError(
                f"view {self.view} does not lie inside {planes.width}x{planes.height} planes"
            )
        chroma = np.s_[top // 2 : bottom // 2, left // 2 : right // 2]
        turned = Planes(
            self._turn(planes.y[top:bottom, left:right]),
            self._turn(planes.u[chroma]),
            self._turn(planes.v[chroma]),
            planes.full_range,
            planes.matrix,
        )
        return CroppedView(turned, self.upright_view)

    def _turn(self, plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.ascontiguousarray(np.rot90(plane, self.turns))

    def to_stored(self, boxes: ScoredBoxes) -> ScoredBoxes:
        """Return boxes of the turned region as boxes of the stored picture."""
        left, top, right, bottom = self._region
        width, height = right - left, bottom - top
        x0, y0, x1, y1 = boxes.xyxy_px.T
        if self.turns == 1:
            edges = (width - y1, x0, width - y0, x1)
        elif self.turns == 2:
            edges = (width - x1, height - y1, width - x0, height - y0)
        else:
            edges = (y0, height - x1, y1, height - x0)
        turned = np.stack(edges, axis=1) + np.array([left, top, left, top], np.float32)
        return ScoredBoxes(turned.astype(np.float32), boxes.scores)
