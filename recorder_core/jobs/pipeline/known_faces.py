"""Faces of a frame that were known before it was searched, joined with what the search finds."""

from __future__ import annotations

from typing import Final

import numpy as np

from recorder_core.model import FrameDetections
from recorder_core.model.faces.overlaps import box_overlaps

__all__ = ["with_known_faces"]

#: of two boxes of one face
_SAME_FACE_IOU: Final = 0.5


def with_known_faces(found: FrameDetections, known: FrameDetections | None) -> FrameDetections:
    """Return what was found of a frame, and around it and beside it what was known.

    A known box that overlaps one that was found by an IoU of 0.5 or more makes that one as large
    as both, so that a face has one box; any other is a box of its own.

    Parameters
    ----------
    found : FrameDetections
        Of the search.
    known : FrameDetections or None
        Of the same frame; None: nothing is.
    """
    if known is None:
        return found
    boxes, scores = found.boxes_xyxy_px, found.scores
    for box, score in zip(known.boxes_xyxy_px, known.scores, strict=True):
        overlaps = box_overlaps(boxes, box[np.newaxis])[:, 0]
        same = int(np.argmax(overlaps)) if len(overlaps) else -1
        if same < 0 or overlaps[same] < _SAME_FACE_IOU:
            boxes, scores = np.vstack([boxes, box]), np.append(scores, score)
            continue
        boxes, scores = boxes.copy(), scores.copy()
        boxes[same, :2] = np.minimum(boxes[same, :2], box[:2])
        boxes[same, 2:] = np.maximum(boxes[same, 2:], box[2:])
        scores[same] = max(scores[same], score)
    best_first = np.argsort(-scores, kind="stable")
    return FrameDetections(found.frame_index, found.pts, boxes[best_first], scores[best_first])
