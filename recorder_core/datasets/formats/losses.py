"""What a file format cannot hold, found by reading again what was written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from recorder_core.datasets.model import FACE, Dataset, LabelledFace, LabelledPicture

__all__ = ["count_losses"]

_OF_FACES: Final[Mapping[str, Callable[[LabelledFace], object]]] = {
    "boxes to ignore": lambda face: face.ignored,
    "boxes of things other than faces": lambda face: face.label != FACE,
    "landmarks": lambda face: face.landmarks_px is not None,
    "mask states": lambda face: face.mask != "unknown",
    "marks as occluded": lambda face: face.occluded,
    "marks as difficult": lambda face: face.difficult,
    "tracks": lambda face: face.track is not None,
    "scores": lambda face: face.score is not None,
    "other attributes of faces": lambda face: face.attributes,
}
_OF_PICTURES: Final[Mapping[str, Callable[[LabelledPicture], object]]] = {
    "sizes": lambda picture: picture.size_px is not None,
    "sets": lambda picture: picture.set_name,
    "groups": lambda picture: picture.group,
    "segments": lambda picture: picture.segment,
    "frame numbers": lambda picture: picture.frame_index is not None,
    "other attributes of pictures": lambda picture: picture.attributes,
}


def count_losses(before: Dataset, after: Dataset) -> dict[str, int]:
    """Count what a data set has less of than another.

    Parameters
    ----------
    before, after : Dataset
        What was written, and what was read again.

    Returns
    -------
    dict of str to int
        What, such as "landmarks" -> how many are missing; only what is.
    """
    had, has = _count(before), _count(after)
    losses = {what: had[what] - has[what] for what in had if has[what] < had[what]}
    names = {picture.file_name for picture in after.pictures}
    renamed = sum(picture.file_name not in names for picture in before.pictures)
    return losses | ({"names of pictures": renamed} if renamed else {})


def _count(dataset: Dataset) -> dict[str, int]:
    faces = [face for picture in dataset.pictures for face in picture.faces if not face.outside]
    counts = {"pictures": len(dataset), "boxes": len(faces)}
    counts |= {what: sum(bool(has(face)) for face in faces) for what, has in _OF_FACES.items()}
    counts |= {
        what: sum(bool(has(picture)) for picture in dataset.pictures)
        for what, has in _OF_PICTURES.items()
    }
    return counts
