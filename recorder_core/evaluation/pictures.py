"""A labelled picture together with what was detected in it, and what of it counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from recorder_core.datasets import LabelledPicture, read_size_px
from recorder_core.deidentify import RedactionSettings, SmoothingSettings
from recorder_core.detect import InputGeometry, ScoredBoxes
from recorder_core.errors import DataError, SettingsError
from recorder_core.evaluation.matching import Matches, match_detections
from recorder_core.model import View
from recorder_core.model.values.carriers import carrier_repr

__all__ = [
    "COVERAGE_SCORES",
    "REPORTED_FALSE_BOXES",
    "REPORTED_SCORES",
    "CoverageSettings",
    "DetectedPicture",
    "EvaluationSettings",
    "PictureScale",
    "join_predictions",
    "scaled_long_side_px",
]

#: length of a picture's longer side as the detector sees it; "original": its own;
#: "auto": as `InputGeometry.fit` chooses when videos are de-identified
PictureScale: TypeAlias = int | Literal["original", "auto"]

#: scores at which precision, recall and false positives per image are reported
REPORTED_SCORES: Final = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
#: false positives per image at which recall is reported
REPORTED_FALSE_BOXES: Final = (0.1, 0.3, 1.0)
_TRACKING: Final = SmoothingSettings()
#: scores at which coverage is reported: that of one box that is redacted in a video, that of one
#: in a still picture (0.6 of it), and that from which a box prolongs a track
COVERAGE_SCORES: Final = (_TRACKING.birth_score, 0.3, _TRACKING.min_score)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageSettings:
    """How faces are redacted where it is measured what that hides, and what counts as hidden."""

    #: method and margins; only the shape matters here, and of it only the core
    redaction: RedactionSettings = field(default_factory=RedactionSettings)
    #: boxes with at least this score are redacted; one measurement for each
    scores: tuple[float, ...] = COVERAGE_SCORES
    #: a face is hidden if at least this share of the ellipse in its labelled box is
    min_hidden_share: float = 0.9

    def __post_init__(self) -> None:
        if not all(0 <= value <= 1 for value in (*self.scores, self.min_hidden_share)):
            raise SettingsError("scores of coverage and the min hidden share must lie in 0 to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSettings:
    """How large pictures are when faces are measured, and what counts."""

    #: faces are measured in pictures of this size, in *scaled pixels*
    scale: PictureScale = 640
    #: min overlap (intersection over union) of a detection with its face
    min_match_iou: float = 0.5
    #: faces of a smaller height are neither found nor missed, scaled pixels
    min_face_px: float = 8.0
    #: the same for sets that need another limit: set name, limit
    min_face_px_by_set: tuple[tuple[str, float], ...] = ()
    #: minimum scores at which precision, recall and false positives per image are reported
    scores: tuple[float, ...] = REPORTED_SCORES
    #: false positives per image at which recall is reported
    false_boxes_per_picture: tuple[float, ...] = REPORTED_FALSE_BOXES
    #: None: what redaction would hide is not measured
    coverage: CoverageSettings | None = field(default_factory=CoverageSettings)

    def __post_init__(self) -> None:
        if not 0 < self.min_match_iou <= 1:
            raise SettingsError(f"an overlap of {self.min_match_iou} must lie above 0, at most 1")
        if isinstance(self.scale, int) and self.scale < 1:
            raise SettingsError(f"a long side of {self.scale} px is too small; give a larger scale")
        limits = (self.min_face_px, *(limit for _, limit in self.min_face_px_by_set))
        if not all(0 <= limit < np.inf for limit in (*limits, *self.false_boxes_per_picture)):
            raise SettingsError("face heights and false positives per image must be 0 or more")
        if not all(0 <= score <= 1 for score in self.scores):
            raise SettingsError(f"scores lie in 0 to 1, and {self.scores} do not")

    def min_face_px_of(self, set_name: str) -> float:
        """Return the min height of a face that counts in a set, scaled pixels."""
        return dict(self.min_face_px_by_set).get(set_name, self.min_face_px)


@dataclass(frozen=True, slots=True)
class DetectedPicture:
    """A labelled picture and what was detected in it; boxes in scaled pixels."""

    __repr__ = carrier_repr

    labelled: LabelledPicture
    #: what was detected, in pixels of the picture
    found: ScoredBoxes
    #: width, height; None: neither the labels nor a file say it
    size_px: tuple[int, int] | None
    #: scaled pixels for each pixel of the picture
    scale: float
    #: (M, 4) float32: the faces that a detector is expected to find
    faces_xyxy_px: NDArray[np.float32]
    #: (M,) bool: False for faces that are too small or marked as difficult
    face_counts: NDArray[np.bool_]
    #: (K, 4) float32: regions that nobody judged
    ignored_xyxy_px: NDArray[np.float32]

    @classmethod
    def judge(
        cls, labelled: LabelledPicture, boxes: ScoredBoxes, settings: EvaluationSettings
    ) -> DetectedPicture:
        """Join labels and detections.

        Parameters
        ----------
        labelled : LabelledPicture
        boxes : ScoredBoxes
            In pixels of the picture.
        settings : EvaluationSettings

        Raises
        ------
        DataError
            If the picture's size is needed, the labels do not give it, and the picture
            cannot be read.
        """
        size_px = _size_px(labelled, settings.scale)
        scale = scaled_long_side_px(settings.scale, size_px) / max(size_px) if size_px else 1.0
        faces = labelled.boxes_xyxy_px * np.float32(scale)
        counts = faces[:, 3] - faces[:, 1] >= settings.min_face_px_of(labelled.set_name)
        counts &= ~np.array([face.difficult for face in labelled.judged_faces], bool)
        return cls(
            labelled,
            boxes,
            size_px,
            scale,
            faces,
            counts,
            labelled.ignored_xyxy_px * np.float32(scale),
        )

    @property
    def boxes_xyxy_px(self) -> NDArray[np.float32]:
        """What was detected, (N, 4) float32, scaled pixels."""
        return self.found.xyxy_px * np.float32(self.scale)

    @property
    def scores(self) -> NDArray[np.float32]:
        """Scores of what was detected, (N,) float32."""
        return self.found.scores

    @property
    def heights_px(self) -> NDArray[np.float32]:
        """Heights of the M faces, scaled pixels."""
        return self.faces_xyxy_px[:, 3] - self.faces_xyxy_px[:, 1]

    def match(self, min_iou: float) -> Matches:
        """Match the detections to the faces; see `match_detections`."""
        return match_detections(
            self.boxes_xyxy_px,
            self.scores,
            self.faces_xyxy_px,
            face_counts=self.face_counts,
            ignored_xyxy_px=self.ignored_xyxy_px,
            min_iou=min_iou,
        )


def _size_px(labelled: LabelledPicture, scale: PictureScale) -> tuple[int, int] | None:
    """Return the size of a picture, None if it is not known and the scale does not need it."""
    if labelled.size_px is not None:
        return labelled.size_px
    has_file = labelled.folder is not None and labelled.path.is_file()
    return read_size_px(labelled.path) if has_file or scale != "original" else None


def scaled_long_side_px(scale: PictureScale, size_px: tuple[int, int]) -> int:
    """Return the longer side of a picture of this width and height once it is scaled."""
    if scale == "original":
        return max(size_px)
    if scale == "auto":
        geometry = InputGeometry.fit(View(0, 0, *size_px))
        return max(geometry.content_width, geometry.content_height)
    return scale


def join_predictions(
    pictures: Iterable[LabelledPicture],
    predictions: Mapping[str, ScoredBoxes],
    settings: EvaluationSettings,
) -> list[DetectedPicture]:
    """Join the labels of pictures with what was detected in each.

    Parameters
    ----------
    pictures : iterable of LabelledPicture
    predictions : mapping of str to ScoredBoxes
        By the pictures' `file_name`; boxes in pixels of the picture.
    settings : EvaluationSettings

    Raises
    ------
    DataError
        If a picture has no entry: one without a detection has an empty one.
    """
    listed = list(pictures)
    missing = [p.file_name for p in listed if p.file_name not in predictions]
    if missing:
        raise DataError(
            f"{len(missing)} of {len(listed)} pictures were not searched, {missing[0]} among "
            "them; a picture in which nothing was found needs an empty entry"
        )
    return [DetectedPicture.judge(p, predictions[p.file_name], settings) for p in listed]
