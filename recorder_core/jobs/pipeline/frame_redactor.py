"""Hide faces in frames, wherever they come from and go to, and check that they are hidden."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recorder_core.deidentify.redaction import redact
from recorder_core.deidentify.redaction_check import FLAT_LEVELS, changed_share, writable_copy
from recorder_core.deidentify.redaction_shape import RedactionSettings, face_shapes
from recorder_core.errors import RedactionIncomplete
from recorder_core.media import Frame
from recorder_core.model import Planes, Redaction, View

__all__ = ["FrameRedactor"]


@dataclass(frozen=True, slots=True)
class FrameRedactor:
    """Hides the faces of frames and of pictures, all in the same way."""

    settings: RedactionSettings
    #: nothing outside is changed but by corrections that leave it
    view: View

    def redact_frame(self, frame: Frame, redactions: Sequence[Redaction]) -> Planes:
        """Redact a frame in place: whoever takes it next gets what is returned.

        Parameters
        ----------
        frame : Frame
            As it was decoded or captured; one that shows nothing stays as it is.
        redactions : sequence of Redaction
            The faces of this frame.

        Returns
        -------
        Planes
            The frame's planes; those that it had before stay as they were.

        Raises
        ------
        RedactionIncomplete
            If a redaction is not in the frame.
        """
        before = frame.planes
        if not redactions or frame.is_gap:
            return before
        after = frame.writable()
        self._redact(before, after, redactions)
        shapes = face_shapes(redactions, self.settings, self.view, after.width, after.height)
        frame.commit(shape.clip for shape in shapes)
        return after

    def redact_copy(self, planes: Planes, redactions: Sequence[Redaction]) -> Planes:
        """Return a redacted copy of planes.

        Raises
        ------
        RedactionIncomplete
            If a redaction is not in it.
        """
        after = writable_copy(planes)
        self._redact(planes, after, redactions)
        return after

    def changed_share(
        self, before: Planes, after: Planes, redactions: Sequence[Redaction]
    ) -> NDArray[np.float64]:
        """Return what share of each redaction is in a frame that was encoded and decoded again.

        As `redaction_check.changed_share` does.
        """
        return changed_share(before, after, redactions, self.settings, self.view)

    def _redact(self, before: Planes, after: Planes, redactions: Sequence[Redaction]) -> None:
        redact(after, redactions, self.settings, self.view)
        for redaction in redactions:
            if _is_unchanged(before, after, redaction):
                raise RedactionIncomplete(
                    f"a {redaction.origin} redaction of frame {redaction.frame_index} changed no "
                    "pixel"
                )


def _is_unchanged(before: Planes, after: Planes, redaction: Redaction) -> bool:
    """Return whether a redaction left every pixel of a face as it was."""
    x0, y0, x1, y1 = redaction.box_xyxy_px
    area = np.s_[max(0, int(y0)) : math.ceil(y1), max(0, int(x0)) : math.ceil(x1)]
    face = before.y[area]
    return bool(face.size and np.array_equal(face, after.y[area]) and np.ptp(face) > FLAT_LEVELS)
