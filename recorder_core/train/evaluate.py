"""Detect in whole pictures with a network and report how well it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from recorder_core.detect.anchors import decode_boxes, make_anchors
from recorder_core.detect.nms import suppress_overlaps
from recorder_core.detect.retinaface import build_retinaface
from recorder_core.detect.weights import Weights
from recorder_core.train.dataset import LabelledPicture, read_picture_bgr
from recorder_core.train.metrics import (
    Matches,
    average_precision,
    count_false_boxes,
    match_detections,
    recall_of,
)

__all__ = [
    "Detect",
    "DetectedPicture",
    "EvaluationSettings",
    "detect_in_faces",
    "evaluate_faces",
    "make_detect",
    "measure_false_boxes",
]

#: picture (height, width, 3) uint8, blue-green-red -> boxes (N, 4) and scores (N,),
#: best first, in the picture's pixels
Detect = Callable[[NDArray[np.uint8]], tuple[NDArray[np.float32], NDArray[np.float32]]]

#: scores at which recall and false boxes are reported
REPORTED_SCORES: Final = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
#: classes of face height in input pixels, lower edge included
HEIGHT_CLASSES_PX: Final = ((8, 16), (16, 32), (32, 64), (64, 10000))
#: the class of faces that recall is reported for by mask state
MASK_MIN_HEIGHT_PX: Final = 16


@dataclass(frozen=True, slots=True)
class EvaluationSettings:
    """How pictures are shown to the network, and what counts."""

    #: the picture is resized so that its longer side has this length
    long_side_px: int = 640
    #: detections below are dropped; low, because average precision needs the tail
    min_score: float = 0.02
    #: overlap above which the worse of two detections is dropped
    max_iou: float = 0.4
    #: least overlap of a detection with its face
    min_match_iou: float = 0.5
    #: faces less high than this in the resized picture are ignored
    min_face_px: float = 8.0
    #: the same for sets that need another limit: set name, limit
    min_face_px_by_set: tuple[tuple[str, float], ...] = (("w", 10.0),)


@dataclass(frozen=True, slots=True)
class DetectedPicture:
    """A labelled picture and what was detected in it, in pixels of the resized picture."""

    labelled: LabelledPicture
    #: (M, 4) float32
    faces_xyxy_px: NDArray[np.float32] = field(repr=False)
    #: (N, 4) float32, best first
    boxes_xyxy_px: NDArray[np.float32] = field(repr=False)
    #: (N,) float32
    scores: NDArray[np.float32] = field(repr=False)


def make_detect(weights: Weights, settings: EvaluationSettings) -> Detect:
    """Return a function that detects faces in a picture, in PyTorch.

    Parameters
    ----------
    weights : Weights
    settings : EvaluationSettings

    Returns
    -------
    callable
        See `Detect`.
    """
    import torch

    from recorder_core.detect._retinaface_torch import fold_batch_norm, put_channels_last

    network = put_channels_last(fold_batch_norm(build_retinaface(weights.tensors)))
    mean = np.asarray(weights.mean_bgr, np.float32)

    def detect(picture_bgr: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        resized = resize_to(picture_bgr, settings.long_side_px)
        height, width = resized.shape[:2]
        # (1, H, W, 3) seen as (1, 3, H, W): channels last, without a copy
        pixels = torch.from_numpy((resized - mean)[None]).permute(0, 3, 1, 2)
        with torch.inference_mode():
            offsets, scores = (v[0].numpy() for v in network(pixels))
        kept = np.flatnonzero(scores >= settings.min_score)
        anchors = make_anchors(height, width, weights.anchors)[kept]
        boxes = decode_boxes(offsets[kept], anchors, weights.anchors.variances)
        best = suppress_overlaps(boxes, scores[kept], settings.max_iou)
        back = np.array([picture_bgr.shape[1] / width, picture_bgr.shape[0] / height], np.float32)
        return boxes[best] * np.tile(back, 2), scores[kept][best]

    return detect


def resize_to(picture_bgr: NDArray[np.uint8], long_side_px: int) -> NDArray[np.uint8]:
    """Resize a picture so that its longer side has the given length."""
    height, width = picture_bgr.shape[:2]
    scale = long_side_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture_bgr, size, interpolation=way), np.uint8)


def detect_in_faces(
    detect: Detect, pictures: Iterable[LabelledPicture], settings: EvaluationSettings
) -> list[DetectedPicture]:
    """Detect in labelled pictures; reads one picture file at a time."""
    results = []
    for labelled in pictures:
        picture = read_picture_bgr(labelled.path)
        scale = np.float32(settings.long_side_px / max(picture.shape[:2]))
        boxes, scores = detect(picture)
        results.append(
            DetectedPicture(labelled, labelled.boxes_xyxy_px * scale, boxes * scale, scores)
        )
    return results


def evaluate_faces(
    detected: Sequence[DetectedPicture], settings: EvaluationSettings
) -> dict[str, Any]:
    """Report average precision, recall and false boxes of detections in labelled pictures.

    Parameters
    ----------
    detected : sequence of DetectedPicture
    settings : EvaluationSettings

    Returns
    -------
    dict
        ``settings``; ``average_precision`` by set; ``pictures`` and ``faces`` by set;
        ``by_score``: for each score threshold and set the recall by mask state (of
        faces over 16 px) and by face height, and the false boxes in a picture.
    """
    sets = sorted({d.labelled.set_name for d in detected})
    by_set = {name: [d for d in detected if d.labelled.set_name == name] for name in sets}
    matches = {name: [_match(d, settings) for d in by_set[name]] for name in sets}
    return {
        "settings": asdict(settings),
        "pictures": {name: len(by_set[name]) for name in sets},
        "faces": {name: int(sum(m.face_counts.sum() for m in matches[name])) for name in sets},
        "average_precision": {name: round(average_precision(matches[name]), 4) for name in sets},
        "by_score": [
            {"min_score": s, **{n: _report_at(by_set[n], matches[n], s) for n in sets}}
            for s in REPORTED_SCORES
        ],
    }


def _match(detected: DetectedPicture, settings: EvaluationSettings) -> Matches:
    limits = dict(settings.min_face_px_by_set)
    return match_detections(
        detected.boxes_xyxy_px,
        detected.scores,
        detected.faces_xyxy_px,
        min_face_px=limits.get(detected.labelled.set_name, settings.min_face_px),
        min_iou=settings.min_match_iou,
    )


def _report_at(
    detected: Sequence[DetectedPicture], matches: Sequence[Matches], min_score: float
) -> dict[str, Any]:
    found = np.concatenate([m.found_scores for m in matches]) >= min_score
    counts = np.concatenate([m.face_counts for m in matches])
    faces = np.concatenate([d.faces_xyxy_px for d in detected])
    states = np.array([s for d in detected for s in d.labelled.masks])
    heights = faces[:, 3] - faces[:, 1]
    large = counts & (heights > MASK_MIN_HEIGHT_PX)
    return {
        "recall": recall_of(found, counts),
        "recall_by_mask": {
            str(state): recall_of(found, large & (states == state)) for state in np.unique(states)
        },
        "recall_by_height_px": {
            f"{low}-{high}": recall_of(found, counts & (heights >= low) & (heights < high))
            for low, high in HEIGHT_CLASSES_PX
        },
        "false_boxes_per_picture": round(count_false_boxes(matches, min_score) / len(matches), 4),
    }


def measure_false_boxes(detect: Detect, paths: Sequence[Path]) -> dict[str, float]:
    """Count the boxes found in pictures that show no face, in each picture on average.

    Returns
    -------
    dict of str to float
        Score threshold -> boxes in a picture.
    """
    scores = [detect(read_picture_bgr(path))[1] for path in paths]
    found = np.concatenate(scores)
    return {str(s): round(float((found >= s).sum()) / len(paths), 4) for s in REPORTED_SCORES}
