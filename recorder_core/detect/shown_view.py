"""Look at frames the way a player shows them: faces must be upright to be found.

A file may say that its frames are to be mirrored and turned by quarter turns when shown.
Boxes stay in pixels of the stored frame everywhere; only what the network sees is moved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect.stages import CroppedView, ScoredBoxes
from recorder_core.errors import DataError
from recorder_core.model import Orientation, Planes, View

__all__ = ["ShownView"]


@dataclass(frozen=True, slots=True)
class ShownView:
    """How a view of the stored frame is mirrored and turned before the network sees it."""

    #: in the stored frame
    view: View
    orientation: Orientation

    @property
    def _region(self) -> tuple[int, int, int, int]:
        """Edges of the view, moved out to even pixels so that chroma moves with luma."""
        view = self.view
        right, bottom = view.x + view.width, view.y + view.height
        return view.x // 2 * 2, view.y // 2 * 2, (right + 1) // 2 * 2, (bottom + 1) // 2 * 2

    @property
    def upright_view(self) -> View:
        """The view in the region as it is shown."""
        left, top, right, bottom = self._region
        x, y = self.view.x - left, self.view.y - top
        box = np.array([[x, y, x + self.view.width, y + self.view.height]], np.float64)
        x0, y0, x1, y1 = self.orientation.show_boxes(box, right - left, bottom - top)[0]
        return View(int(x0), int(y0), int(x1 - x0), int(y1 - y0))

    def crop_view(self, planes: Planes) -> CroppedView:
        """Cut the view out of the stored frame and show it upright; copies its samples.

        Raises
        ------
        DataError
            If the view does not lie inside the frame.
        """
        left, top, right, bottom = self._region
        if right > planes.width + planes.width % 2 or bottom > planes.height + planes.height % 2:
            raise DataError(
                f"view {self.view} does not lie inside {planes.width}x{planes.height} planes"
            )
        chroma = np.s_[top // 2 : bottom // 2, left // 2 : right // 2]
        luma = planes.y[top:bottom, left:right]
        # an odd size has no pixels beside its last ones, whose chroma is moved as that of pairs
        beyond = (0, bottom - top - luma.shape[0]), (0, right - left - luma.shape[1])
        upright = Planes(
            self._show(np.pad(luma, beyond, "edge")),
            self._show(planes.u[chroma]),
            self._show(planes.v[chroma]),
            planes.full_range,
            planes.matrix,
        )
        return CroppedView(upright, self.upright_view)

    def _show(self, plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.ascontiguousarray(self.orientation.show(plane))

    def to_stored(self, boxes: ScoredBoxes) -> ScoredBoxes:
        """Return boxes of the shown region as boxes of the stored frame."""
        left, top, right, bottom = self._region
        shown = boxes.xyxy_px.astype(np.float64)
        stored = self.orientation.store_boxes(shown, right - left, bottom - top)
        moved = stored + np.array([left, top, left, top])
        return ScoredBoxes(moved.astype(np.float32), boxes.scores)
