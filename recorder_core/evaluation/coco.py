"""Average precision as COCO defines it, computed by faster-coco-eval.

Ten overlaps from 0.5 to 0.95, precision read at 101 recalls, and the 100 best
detections of a picture [1]_. What is ignored is a crowd region: a detection with enough
of its own area inside it does not count.

References
----------
.. [1] T.-Y. Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014;
   measures at https://cocodataset.org/#detection-eval
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.evaluation.pictures import DetectedPicture

__all__ = [
    "COCO_OVERLAPS",
    "AveragePrecision",
    "FramePrecision",
    "coco_average_precision",
    "frame_average_precision",
]

COCO_OVERLAPS: Final = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
MAX_DETECTIONS: Final = 100
#: pictures that are measured at a time when each one is measured alone: the library's
#: work grows with the square
_FRAMES_AT_ONCE: Final = 32


@dataclass(frozen=True, slots=True)
class AveragePrecision:
    """COCO's average precision; None where no face counts."""

    #: mean over the overlaps 0.5 to 0.95
    iou_50_95: float | None
    iou_50: float | None
    iou_75: float | None


@dataclass(frozen=True, slots=True)
class FramePrecision:
    """Average precision of each frame alone, then averaged over the frames with a face."""

    #: mean over overlaps 0.5 to 0.95, and over frames; None where no frame has a face
    iou_50_95: float | None
    iou_50: float | None
    #: frames with a face that counts
    frames: int


def coco_average_precision(pictures: Sequence[DetectedPicture]) -> AveragePrecision:
    """Return COCO's average precision over all pictures together.

    Parameters
    ----------
    pictures : sequence of DetectedPicture
        Pictures without a face included: what is detected there is wrong.
    """
    by_overlap = _evaluate(pictures, [1] * len(pictures))
    return AveragePrecision(
        _mean(by_overlap),
        _mean(by_overlap[COCO_OVERLAPS.index(0.5)]),
        _mean(by_overlap[COCO_OVERLAPS.index(0.75)]),
    )


def frame_average_precision(pictures: Sequence[DetectedPicture]) -> FramePrecision:
    """Return the mean of the average precisions of single frames.

    This is how E. Mobilon et al. (J. Health Inform. 16, 2024, Table 2) say they measured:
    for each frame of the test set on its own, then averaged. They do not say at which
    overlap, so both usual ones are given. A frame in which no face counts has no average
    precision and is left out, with its false boxes.
    """
    chunks = range(0, len(pictures), _FRAMES_AT_ONCE)
    found = [pictures[start : start + _FRAMES_AT_ONCE] for start in chunks]
    # a category for each frame: COCO measures categories one by one
    alone = [_evaluate(chunk, list(range(1, len(chunk) + 1))) for chunk in found]
    by_frame = np.concatenate([np.zeros((len(COCO_OVERLAPS), 0)), *alone], axis=1)
    return FramePrecision(
        _mean(by_frame),
        _mean(by_frame[COCO_OVERLAPS.index(0.5)]),
        int(np.isfinite(by_frame[0]).sum()),
    )


def _mean(values: NDArray[np.float64]) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None


def _evaluate(
    pictures: Sequence[DetectedPicture], categories: Sequence[int]
) -> NDArray[np.float64]:
    """Return average precision by overlap and category, NaN for one without a face.

    Parameters
    ----------
    pictures : sequence of DetectedPicture
    categories : sequence of int
        That of each picture.
    """
    from faster_coco_eval import COCO, COCOeval_faster

    images = [{"id": number} for number in range(1, len(pictures) + 1)]
    truth: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    for image, picture, category in zip(images, pictures, categories, strict=True):
        place = {"image_id": image["id"], "category_id": category}
        truth += [{**place, **entry} for entry in _truth_entries(picture)]
        found += [{**place, **entry} for entry in _found_entries(picture)]
    for rows in (truth, found):
        for number, row in enumerate(rows, start=1):
            row["id"] = number
    names = [{"id": number} for number in sorted(set(categories))]
    sides = []
    for rows in (truth, found):
        sides.append(COCO({"images": images, "annotations": rows, "categories": names}))
    evaluation = COCOeval_faster(*sides, iouType="bbox")
    evaluation.params.maxDets = [MAX_DETECTIONS]
    evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, 1e10]], ["all"]
    evaluation.evaluate()
    evaluation.accumulate()
    # overlap, recall, category, area, detections
    precision = np.asarray(evaluation.eval["precision"], np.float64)[:, :, :, 0, 0]
    return np.where(precision[:, 0] < 0, np.nan, precision.mean(axis=1))


def _truth_entries(picture: DetectedPicture) -> list[dict[str, Any]]:
    counts = picture.face_counts.tolist()
    entries = [_box_entry(box) for box in picture.faces_xyxy_px.tolist()]
    crowds = [_box_entry(box) for box in picture.ignored_xyxy_px.tolist()]
    judged = [{**e, "iscrowd": int(not c)} for e, c in zip(entries, counts, strict=True)]
    return judged + [{**entry, "iscrowd": 1} for entry in crowds]


def _found_entries(picture: DetectedPicture) -> list[dict[str, Any]]:
    rows = zip(picture.boxes_xyxy_px.tolist(), picture.scores.tolist(), strict=True)
    return [{**_box_entry(box), "score": score, "iscrowd": 0} for box, score in rows]


def _box_entry(box: list[float]) -> dict[str, Any]:
    x0, y0, x1, y1 = box
    return {"bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0)}
