"""What each number of a measurement is, for those who read a result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from recorder_core.evaluation.coverage import EYE_BAND, EYES_HIDDEN_SHARE
from recorder_core.evaluation.measures import ATTRIBUTE_MIN_HEIGHT_PX

__all__ = ["DEFINITIONS"]

#: key of the JSON, or of `SetMeasures` -> what it is
DEFINITIONS: Final[Mapping[str, str]] = {
    "voc": "average precision as in PASCAL VOC since 2010, every point of the curve, at the "
    "overlap in the settings",
    "coco": "average precision as in COCO, 101 recalls, 100 boxes per picture, at overlaps 0.5 to "
    "0.95 in steps of 0.05 and their mean; by faster-coco-eval",
    "by_frame": "COCO's average precision of each frame alone, then averaged over the frames "
    "with a face that counts",
    "recall": "fraction of the faces that count that are found",
    "precision": "fraction of the boxes that count that are right",
    "recall_by_mask": f"recall of faces taller than {ATTRIBUTE_MIN_HEIGHT_PX} px in the scaled "
    "picture",
    "recall_by_attribute": "the same by what else the labels say of a face (view, cap, goggles) or "
    "of its picture (camera); without faces of which it is not known",
    "recall_by_height_px": "recall by face height in the scaled picture, lower edge included",
    "by_false_boxes": "the lowest score with at most this many false positives per image",
    "min_face_px": "shorter faces in the scaled picture are ignored, and so is a box on one",
    "coverage": "what is hidden of the faces that count, of any height, if each box with at least "
    "the score is redacted in the picture as it is stored, by the cores of the shapes alone",
    "hidden": "fraction of the faces of whose ellipse, inside the labelled box, at least the "
    "min_hidden_share of the settings is hidden",
    "mean_share": "mean of the hidden shares of these ellipses",
    "eyes_hidden": f"fraction of the faces with at least {EYES_HIDDEN_SHARE:.0%} hidden of the "
    f"band of the eyes, from {EYE_BAND[0]:.0%} to {EYE_BAND[1]:.0%} of the labelled box's height",
    "redacted_outside_faces": "redacted part of the picture outside of every labelled box, "
    "difficult and ignored ones too, mean of the pictures",
    "wider_average_precision": "protocol of WIDER FACE: scores stretched over the set, 1000 "
    "steps, faces outside a difficulty's list ignored",
    "fddb": "protocol of FDDB: one-to-one pairs of largest total overlap, counted over 0.5 "
    "(discrete) or summed (continuous), for each face",
}
