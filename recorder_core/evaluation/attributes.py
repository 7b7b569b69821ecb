"""Faces by what their labels say of them: how they are seen and what they wear."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from recorder_core.datasets.formats.values import format_value
from recorder_core.evaluation.pictures import DetectedPicture

__all__ = ["FACE_ATTRIBUTES", "PICTURE_ATTRIBUTES", "AttributeClasses", "attribute_classes"]

#: attributes of faces that are measured apart: from where a face is seen (front, profile, down,
#: back), and whether it has a cap, and goggles, loupes or a face shield
FACE_ATTRIBUTES: Final = ("view", "cap", "goggles")
#: attributes of pictures that are measured apart: where the camera hangs
PICTURE_ATTRIBUTES: Final = ("camera",)
_UNKNOWN: Final = "unknown"

#: attribute -> value -> (M,) bool: which of the faces have it
AttributeClasses: TypeAlias = Mapping[str, Mapping[str, NDArray[np.bool_]]]


def attribute_classes(pictures: Sequence[DetectedPicture]) -> AttributeClasses:
    """Return which of the M faces of all pictures have which value of each attribute.

    A face of which nobody knows it, because its labels do not say or say "unknown", has no
    value. An attribute that no face has is left out.
    """
    found = {
        name: np.array([str(value) for value in _values(pictures, name)], np.str_)
        for name in (*FACE_ATTRIBUTES, *PICTURE_ATTRIBUTES)
    }
    classes = {
        name: {str(v): values == v for v in np.unique(values) if v != _UNKNOWN}
        for name, values in found.items()
    }
    return {name: own for name, own in classes.items() if own}


def _values(pictures: Sequence[DetectedPicture], name: str) -> Iterator[str]:
    """Yield the value of each face as text."""
    for picture in pictures:
        labelled = picture.labelled
        for face in labelled.judged_faces:
            holder = labelled if name in PICTURE_ATTRIBUTES else face
            yield format_value(holder.attributes.get(name, _UNKNOWN))
