"""All measures of a set of labelled pictures: precision, recall, who is missed, false boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect import ScoredBoxes
from recorder_core.evaluation.attributes import AttributeClasses, attribute_classes
from recorder_core.evaluation.coco import (
    AveragePrecision,
    FramePrecision,
    coco_average_precision,
    frame_average_precision,
)
from recorder_core.evaluation.coverage import CoveragePoint, measure_coverage
from recorder_core.evaluation.matching import Matches
from recorder_core.evaluation.pictures import DetectedPicture, EvaluationSettings
from recorder_core.evaluation.precision import (
    OperatingPoint,
    average_precision,
    precision_recall,
)
from recorder_core.model.values.html import html_table

__all__ = [
    "ALL_SETS",
    "ATTRIBUTE_MIN_HEIGHT_PX",
    "HEIGHT_CLASSES_PX",
    "FalseBoxes",
    "MeasuredPoint",
    "SetMeasures",
    "measure_false_boxes",
    "measure_set",
    "measure_sets",
    "round_numbers",
    "voc_average_precision",
]

#: name of all sets together
ALL_SETS: Final = "all sets"
#: classes of face height in scaled pixels, lower edge included
HEIGHT_CLASSES_PX: Final[Mapping[str, tuple[float, float]]] = {
    "under 16": (0, 16),
    "16 to 32": (16, 32),
    "32 to 96": (32, 96),
    "over 96": (96, np.inf),
}
#: recall by mask state and by other attributes is that of faces higher than this, scaled pixels
ATTRIBUTE_MIN_HEIGHT_PX: Final = 16
_DECIMALS: Final = 4


@dataclass(frozen=True, slots=True)
class MeasuredPoint:
    """What is found, missed and mistaken when boxes below a score are dropped.

    A share is None where there is nothing to take a share of.
    """

    #: None: even the best box is dropped
    min_score: float | None
    recall: float | None
    precision: float | None
    false_boxes_per_picture: float
    #: of the pictures that show no face; None: every picture shows one
    false_boxes_per_picture_without_faces: float | None
    #: mask state -> recall of faces taller than `ATTRIBUTE_MIN_HEIGHT_PX`
    recall_by_mask: Mapping[str, float | None]
    #: attribute -> value -> recall of faces taller than `ATTRIBUTE_MIN_HEIGHT_PX`
    recall_by_attribute: Mapping[str, Mapping[str, float | None]]
    #: class of `HEIGHT_CLASSES_PX` -> recall
    recall_by_height_px: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, repr=False)
class SetMeasures:
    """How well detections fit the labels of one set of pictures."""

    pictures: int
    pictures_without_faces: int
    #: faces that count, and those that are too small or marked as difficult
    faces: int
    faces_left_out: int
    faces_by_mask: Mapping[str, int]
    faces_by_attribute: Mapping[str, Mapping[str, int]]
    faces_by_height_px: Mapping[str, int]
    #: PASCAL VOC, at the settings' overlap; None: no face counts
    voc: float | None
    coco: AveragePrecision
    #: each frame on its own, then averaged
    by_frame: FramePrecision
    #: one for each of the settings' scores
    by_score: tuple[MeasuredPoint, ...]
    #: one for each of the settings' numbers of false positives per image
    by_false_boxes: tuple[tuple[float, MeasuredPoint], ...]
    #: one for each score of the settings' coverage; none where it is not measured
    coverage: tuple[CoveragePoint, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the measures as JSON types, shares with four decimals."""
        content: dict[str, Any] = round_numbers(asdict(self))
        content["by_false_boxes"] = [
            {"at_most": limit, **point} for limit, point in content["by_false_boxes"]
        ]
        return content

    def __repr__(self) -> str:
        return (
            f"SetMeasures(pictures={self.pictures}, faces={self.faces}, "
            f"voc={_rounded(self.voc)}, coco={_rounded(self.coco.iou_50_95)})"
        )

    def _repr_html_(self) -> str:
        caption = (
            f"{self.faces} faces in {self.pictures} pictures; average precision "
            f"{_rounded(self.voc)} (PASCAL VOC), {_rounded(self.coco.iou_50_95)} (COCO)"
        )
        headings = ["min score", "recall", "precision", "false positives per image"]
        rows = [
            [
                point.min_score,
                _rounded(point.recall),
                _rounded(point.precision),
                _rounded(point.false_boxes_per_picture),
            ]
            for point in self.by_score
        ]
        parts = [html_table(headings, rows, caption=caption)]
        if self.faces_by_attribute:
            parts.append(self._attributes_html())
        if self.coverage:
            parts.append(self._coverage_html())
        return "".join(parts)

    def _attributes_html(self) -> str:
        """Return recall by what the labels say of faces, one row for each value."""
        rows = [
            [name, value, count]
            + [_rounded(point.recall_by_attribute[name][value]) for point in self.by_score]
            for name, counts in self.faces_by_attribute.items()
            for value, count in counts.items()
            if count
        ]
        scores = [f"score {point.min_score:g}" for point in self.by_score]
        caption = f"recall of faces taller than {ATTRIBUTE_MIN_HEIGHT_PX} px by attribute"
        return html_table(["attribute", "value", "faces", *scores], rows, caption=caption)

    def _coverage_html(self) -> str:
        """Return what redaction would hide, one row for each score."""
        headings = ["min score", "faces hidden", "mean hidden share", "eyes hidden"]
        rows = [
            [
                point.min_score,
                _rounded(point.all_faces.hidden),
                _rounded(point.all_faces.mean_share),
                _rounded(point.all_faces.eyes_hidden),
                _rounded(point.redacted_outside_faces),
            ]
            for point in self.coverage
        ]
        caption = "what redacting the boxes from a score would hide"
        return html_table([*headings, "redacted outside of faces"], rows, caption=caption)


@dataclass(frozen=True, slots=True)
class FalseBoxes:
    """What is found in pictures that show no face."""

    pictures: int
    #: minimum score -> boxes in a picture
    per_picture: Mapping[float, float]

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON types."""
        by_score = {f"{score:g}": number for score, number in self.per_picture.items()}
        return {"pictures": self.pictures, "false_boxes_per_picture": round_numbers(by_score)}


def measure_false_boxes(found: Sequence[ScoredBoxes], settings: EvaluationSettings) -> FalseBoxes:
    """Count the boxes in pictures that show no face, at each of the settings' scores.

    Parameters
    ----------
    found : sequence of ScoredBoxes
        One for each picture, at least one.
    settings : EvaluationSettings
    """
    scores = np.concatenate([boxes.scores for boxes in found])
    return FalseBoxes(
        len(found),
        {bound: float((scores >= bound).sum()) / len(found) for bound in settings.scores},
    )


def measure_sets(
    pictures: Sequence[DetectedPicture], settings: EvaluationSettings
) -> dict[str, SetMeasures]:
    """Measure each set, and all of them together if there are several.

    Parameters
    ----------
    pictures : sequence of DetectedPicture
    settings : EvaluationSettings

    Returns
    -------
    dict of str to SetMeasures
        By the pictures' `set_name`, sorted; `ALL_SETS` last.
    """
    names = sorted({picture.labelled.set_name for picture in pictures})
    measured = {
        name: measure_set([p for p in pictures if p.labelled.set_name == name], settings)
        for name in names
    }
    if len(names) == 1:
        return {names[0] or ALL_SETS: measured[names[0]]}
    return {**measured, ALL_SETS: measure_set(pictures, settings)} if names else {}


def voc_average_precision(
    pictures: Sequence[DetectedPicture], settings: EvaluationSettings
) -> dict[str, float | None]:
    """Return only the average precision of each set; see `average_precision`."""
    names = sorted({picture.labelled.set_name for picture in pictures})
    found: dict[str, float | None] = {}
    for name in names:
        own = [p for p in pictures if p.labelled.set_name == name]
        found[name] = _voc([p.match(settings.min_match_iou) for p in own])
    return found


def measure_set(pictures: Sequence[DetectedPicture], settings: EvaluationSettings) -> SetMeasures:
    """Measure the detections in pictures, all of them together.

    Parameters
    ----------
    pictures : sequence of DetectedPicture
        Pictures without a face included.
    settings : EvaluationSettings
    """
    matches = [picture.match(settings.min_match_iou) for picture in pictures]
    curve = precision_recall(matches)
    faces = _Faces.of(pictures, matches)
    masks, heights = faces.mask_classes(), faces.height_classes()
    attributes = faces.attribute_classes()
    empty = [m for p, m in zip(pictures, matches, strict=True) if not p.labelled.judged_faces]
    without = precision_recall(empty) if empty else None

    def measure(point: OperatingPoint) -> MeasuredPoint:
        return MeasuredPoint(
            point.min_score if np.isfinite(point.min_score) else None,
            point.recall,
            point.precision,
            point.false_boxes_per_picture,
            without.at_score(point.min_score).false_boxes_per_picture if without else None,
            faces.recall_by(masks, point.min_score),
            {name: faces.recall_by(own, point.min_score) for name, own in attributes.items()},
            faces.recall_by(heights, point.min_score),
        )

    return SetMeasures(
        pictures=len(pictures),
        pictures_without_faces=len(empty),
        faces=int(faces.counts.sum()),
        faces_left_out=int((~faces.counts).sum()),
        faces_by_mask=_count_each(masks),
        faces_by_attribute={name: _count_each(own) for name, own in attributes.items()},
        faces_by_height_px=_count_each(heights),
        voc=_voc(matches),
        coco=coco_average_precision(pictures),
        by_frame=frame_average_precision(pictures),
        by_score=tuple(measure(curve.at_score(score)) for score in settings.scores),
        by_false_boxes=tuple(
            (limit, measure(curve.at_false_boxes(limit)))
            for limit in settings.false_boxes_per_picture
        ),
        coverage=measure_coverage(pictures, settings.coverage) if settings.coverage else (),
    )


def _voc(matches: Sequence[Matches]) -> float | None:
    has_faces = any(m.face_counts.any() for m in matches)
    return average_precision(matches) if has_faces else None


@dataclass(frozen=True, slots=True)
class _Faces:
    """The M faces of all pictures of a set."""

    found_scores: NDArray[np.float32]
    counts: NDArray[np.bool_]
    heights_px: NDArray[np.float32]
    masks: NDArray[np.str_]
    attributes: AttributeClasses

    @classmethod
    def of(cls, pictures: Sequence[DetectedPicture], matches: Sequence[Matches]) -> _Faces:
        none = np.zeros(0, np.float32)
        return cls(
            np.concatenate([none, *(m.found_scores for m in matches)]),
            np.concatenate([none.astype(bool), *(m.face_counts for m in matches)]),
            np.concatenate([none, *(p.heights_px for p in pictures)]),
            np.array([state for p in pictures for state in p.labelled.masks], np.str_),
            attribute_classes(pictures),
        )

    def mask_classes(self) -> dict[str, NDArray[np.bool_]]:
        """Return which faces that count are in each mask state that occurs."""
        large = self._are_large()
        return {str(state): large & (self.masks == state) for state in np.unique(self.masks)}

    def attribute_classes(self) -> AttributeClasses:
        """Return which faces that count have which value of each attribute that occurs."""
        large = self._are_large()
        return {
            name: {value: large & chosen for value, chosen in own.items()}
            for name, own in self.attributes.items()
        }

    def _are_large(self) -> NDArray[np.bool_]:
        return self.counts & (self.heights_px > ATTRIBUTE_MIN_HEIGHT_PX)

    def height_classes(self) -> dict[str, NDArray[np.bool_]]:
        """Return which faces that count are in each class of height."""
        heights = self.heights_px
        return {
            name: self.counts & (heights >= low) & (heights < high)
            for name, (low, high) in HEIGHT_CLASSES_PX.items()
        }

    def recall_by(
        self, classes: Mapping[str, NDArray[np.bool_]], min_score: float
    ) -> dict[str, float | None]:
        """Return the share of each class that is found with at least a score."""
        found = self.found_scores >= min_score
        return {
            name: float(found[chosen].mean()) if chosen.any() else None
            for name, chosen in classes.items()
        }


def _count_each(classes: Mapping[str, NDArray[np.bool_]]) -> dict[str, int]:
    return {name: int(chosen.sum()) for name, chosen in classes.items()}


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, _DECIMALS)


def round_numbers(value: Any) -> Any:
    """Return JSON content with four decimals in every number."""
    if isinstance(value, float):
        return round(value, _DECIMALS)
    if isinstance(value, Mapping):
        return {key: round_numbers(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [round_numbers(inner) for inner in value]
    return value
