"""The stages between a decoded picture and its faces, as functions of data and settings.

Names and order are those of the ten stages (start-up, redaction and saving are
elsewhere): crop, image processing, inference, box decoding, score filtering, score
sorting, non-maximum suppression. No stage changes its input or knows that it is timed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect import nms
from recorder_core.detect.anchors import decode_boxes as decode_offsets
from recorder_core.detect.engines import Engine
from recorder_core.detect.raw_output import RawOutput
from recorder_core.detect.view_input import InputGeometry, view_to_input
from recorder_core.errors import DataError, ModelMismatch
from recorder_core.model import Planes, View
from recorder_core.model.values.carriers import carrier_repr

__all__ = [
    "BoxDecoding",
    "CroppedView",
    "InputSettings",
    "ScoredBoxes",
    "crop_view",
    "decode_boxes",
    "filter_by_score",
    "infer",
    "process_image",
    "sort_by_score",
    "suppress_overlaps",
]


@dataclass(frozen=True, slots=True)
class CroppedView:
    """A view cut out of a picture; still the picture's memory."""

    planes: Planes
    #: where the view lies in `planes`: at 0 or, where it starts at an odd pixel, at 1
    view: View


@dataclass(frozen=True, slots=True)
class InputSettings:
    """How a view becomes the network's input."""

    geometry: InputGeometry
    #: subtracted from the 0..255 input, blue, green, red
    mean_bgr: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class BoxDecoding:
    """What the network's offsets are relative to."""

    __repr__ = carrier_repr

    geometry: InputGeometry
    #: (P, 4) float32, centre x, centre y, width, height in input pixels; None when the
    #: engine gives boxes in input pixels already; Fortran order is faster
    anchors: NDArray[np.float32] | None
    #: scale of the centre offsets and of the size offsets
    variances: tuple[float, float]


@dataclass(frozen=True, slots=True)
class ScoredBoxes:
    """Boxes and how sure the model is of each."""

    __repr__ = carrier_repr

    #: (N, 4) float32, source-frame pixels, right and bottom exclusive
    xyxy_px: NDArray[np.float32]
    #: (N,) float32 in [0, 1]
    scores: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.xyxy_px.shape != (len(self.scores), 4):
            raise DataError(f"{self.xyxy_px.shape} boxes do not fit {len(self.scores)} scores")

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, indices: NDArray[np.intp]) -> ScoredBoxes:
        """Return the boxes at these indices, in their order."""
        return ScoredBoxes(self.xyxy_px[indices], self.scores[indices])


def crop_view(planes: Planes, view: View) -> CroppedView:
    """Stage 2: cut the view out of the picture without copying.

    Chroma samples cannot be cut in half, so a view that starts at an odd pixel keeps
    the pixel before it, and the rest of the cut is left to the image processing.

    Raises
    ------
    DataError
        If the view does not lie inside the picture.
    """
    if not view.fits(planes.width, planes.height):
        raise DataError(f"view {view} does not lie inside {planes.width}x{planes.height} planes")
    left, top = view.x - view.x % 2, view.y - view.y % 2
    right, bottom = view.x + view.width, view.y + view.height
    chroma = np.s_[top // 2 : (bottom + 1) // 2, left // 2 : (right + 1) // 2]
    cropped = Planes(
        planes.y[top:bottom, left:right],
        planes.u[chroma],
        planes.v[chroma],
        planes.full_range,
        planes.matrix,
    )
    return CroppedView(cropped, View(view.x - left, view.y - top, view.width, view.height))


def process_image(
    crop: CroppedView, settings: InputSettings, out: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Stage 3: scale, convert and normalise the view into the network's input.

    Parameters
    ----------
    crop : CroppedView
    settings : InputSettings
    out : ndarray of shape (1, 3, H, W), float32, optional
        Memory to fill and return.

    Returns
    -------
    ndarray of shape (1, 3, H, W), float32
        A batch of one: blue, green, red minus the mean.
    """
    single = None if out is None else out[0]
    return view_to_input(crop.planes, crop.view, settings.geometry, settings.mean_bgr, single)[None]


def infer(batch: NDArray[np.float32], engine: Engine) -> RawOutput:
    """Stage 4: run the network on pictures of shape (N, 3, H, W)."""
    return engine.infer(batch)


def decode_boxes(raw: RawOutput, settings: BoxDecoding, batch_index: int = 0) -> ScoredBoxes:
    """Stage 5: turn one picture's offsets into boxes of the source frame.

    Parameters
    ----------
    raw : RawOutput
    settings : BoxDecoding
    batch_index : int
        Which picture of the batch.

    Returns
    -------
    ScoredBoxes
        One box for each anchor, clipped to the view.

    Raises
    ------
    ModelMismatch
        If the numbers do not fit the anchors, or are not finite: a network that
        has broken down must not look like a picture without faces.
    """
    offsets, scores = raw.box_offsets[batch_index], raw.face_probability[batch_index]
    if not (np.isfinite(offsets).all() and np.isfinite(scores).all()):
        raise ModelMismatch("the network gives values that are not finite numbers")
    if settings.anchors is None:
        return ScoredBoxes(settings.geometry.to_source(offsets), scores)
    if offsets.shape != settings.anchors.shape:
        raise ModelMismatch(
            f"the network gives {len(offsets)} boxes where the anchors need {len(settings.anchors)}"
        )
    # coordinate by coordinate in memory: NumPy then works along P, not along 2 or 4
    by_coordinate = np.asfortranarray(offsets)
    boxes = decode_offsets(by_coordinate, settings.anchors, settings.variances)
    return ScoredBoxes(settings.geometry.to_source(boxes), scores)


def filter_by_score(boxes: ScoredBoxes, min_score: float) -> ScoredBoxes:
    """Stage 6: keep the boxes with at least this score that have an area inside the view."""
    candidates = boxes.take(np.flatnonzero(boxes.scores >= min_score))
    size = candidates.xyxy_px[:, 2:] - candidates.xyxy_px[:, :2]
    return candidates.take(np.flatnonzero((size > 0).all(axis=1)))


def sort_by_score(boxes: ScoredBoxes) -> ScoredBoxes:
    """Stage 7: best score first; equal scores keep their order."""
    return boxes.take(np.argsort(-boxes.scores, kind="stable"))


def suppress_overlaps(boxes: ScoredBoxes, max_iou: float) -> ScoredBoxes:
    """Stage 8: keep the best-scoring box of each overlapping group, best score first.

    Raises
    ------
    SettingsError
        If `max_iou` is outside [0, 1].
    """
    return boxes.take(nms.suppress_overlaps(boxes.xyxy_px, boxes.scores, max_iou))
