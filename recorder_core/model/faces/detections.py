"""Faces as data: what a model saw, what a person changed, what was redacted.

Conventions, everywhere in the program
--------------------------------------
- Boxes are ``boxes_xyxy_px``: float32, pixels of the source frame as stored
  (before any display rotation), right and bottom edges exclusive.
- Frames are named by ``frame_index``, their index in the order in which the
  decoder gives them (presentation order), and by ``pts``, an integer in the
  stream's time base.
- Frame spans are half-open: ``[first_frame, stop_frame)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from recorder_core.errors import DataError
from recorder_core.model.values.carriers import carrier_repr

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "FrameDetections",
    "Origin",
    "PlannedRedaction",
    "Redaction",
    "TruthFace",
    "TruthState",
    "empty_detections",
]

Origin = Literal["detected", "filled", "rescued", "padded", "corrected"]
TruthState = Literal["plain", "masked", "capped", "masked+capped", "turned", "covered"]


@dataclass(frozen=True, slots=True)
class FrameDetections:
    """The boxes a detector found in one frame, best score first."""

    __repr__ = carrier_repr

    frame_index: int
    #: int, in the stream's time base
    pts: int
    #: (N, 4) float32, source-frame pixels, right and bottom exclusive
    boxes_xyxy_px: NDArray[np.float32]
    #: (N,) float32 in [0, 1]
    scores: NDArray[np.float32]

    def __post_init__(self) -> None:
        n = len(self.scores)
        if self.boxes_xyxy_px.shape != (n, 4):
            raise DataError(f"{self.boxes_xyxy_px.shape} boxes do not fit {n} scores")

    def __len__(self) -> int:
        return len(self.scores)


def empty_detections(frame_index: int, pts: int) -> FrameDetections:
    """Return a frame without a face."""
    import numpy as np

    return FrameDetections(frame_index, pts, np.zeros((0, 4), np.float32), np.zeros(0, np.float32))


@dataclass(frozen=True, slots=True)
class Redaction:
    """One region of one frame that is made unrecognisable, and why."""

    frame_index: int
    #: (x0, y0, x1, y1) of the face (not of the enlarged shape), source-frame pixels
    box_xyxy_px: tuple[float, float, float, float]
    origin: Origin
    #: id of the track, -1 when there is none
    track: int
    #: detector's score, NaN where no detector saw a face
    score: float


@dataclass(frozen=True, slots=True)
class PlannedRedaction:
    """A redaction, and what a person's corrections did to it."""

    redaction: Redaction
    #: False: lifted, the pixels are untouched
    applied: bool = True
    #: the correction that added or lifted it
    correction_id: str | None = None


@dataclass(frozen=True, slots=True)
class TruthFace:
    """One face of a simulated video as it really is in one frame."""

    frame_index: int
    pts: int
    #: the same number for the same person in all frames
    face_id: int
    #: (x0, y0, x1, y1) of the whole face, also where it is hidden, source-frame pixels
    box_xyxy_px: tuple[float, float, float, float]
    #: share of the face that is seen, in [0, 1]
    visible: float
    state: TruthState

    def __post_init__(self) -> None:
        x0, y0, x1, y1 = self.box_xyxy_px
        if not (x0 < x1 and y0 < y1):
            raise DataError(f"face {self.face_id} has the box {self.box_xyxy_px}, which is empty")
