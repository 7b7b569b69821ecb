"""Class names of public face data sets, and what they say about a face.

Formats that know nothing but class names (YOLO, Pascal VOC) carry the mask state in
them: ``with_mask``, ``without_mask`` and ``incorrect`` are faces. ``head_back`` is a head
without a visible face.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from recorder_core.datasets.model import FACE, HEAD_BACK, MASK_STATES, LabelledFace, MaskState

__all__ = ["class_name", "read_class"]

#: other spellings of the mask states; "mask_weared_incorrect" is one data set's own
_SPELLINGS: Final[Mapping[str, MaskState]] = {
    **{state: state for state in MASK_STATES if state != "unknown"},
    "mask": "with_mask",
    "face_mask": "with_mask",
    "masked_face": "with_mask",
    "no_mask": "without_mask",
    "face_nomask": "without_mask",
    "mask_weared_incorrect": "incorrect",
    "mask_worn_incorrectly": "incorrect",
    "incorrect_mask": "incorrect",
}


def read_class(name: str) -> tuple[str, MaskState]:
    """Return the label and the mask state that a class name stands for.

    Any spelling of "face" is a face, any of "head_back" a head from behind; a name that is
    not known is a label of its own.
    """
    plain = name.strip().casefold().replace("-", "_").replace(" ", "_")
    if plain in _SPELLINGS:
        return FACE, _SPELLINGS[plain]
    if plain in (FACE, "faces"):
        return FACE, "unknown"
    if plain == HEAD_BACK:
        return HEAD_BACK, "unknown"
    return name.strip(), "unknown"


def class_name(face: LabelledFace) -> str:
    """Return the class name that tells a face's label and mask state."""
    return face.mask if face.label == FACE and face.mask != "unknown" else face.label
