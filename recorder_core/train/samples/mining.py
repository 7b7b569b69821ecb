"""Hard negatives: what a detector takes for faces in pictures whose faces are known.

A second training that sees them more often than chance would show them unlearns them.

References
----------
.. [1] K.-K. Sung and T. Poggio, "Example-based learning for view-based human face
   detection", PAMI 1998 (training goes on with the mistakes).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.datasets import LabelledPicture, read_picture_bgr, read_size_px
from recorder_core.detect import DetectorSettings, Weights, family_of
from recorder_core.errors import SettingsError
from recorder_core.evaluation import box_overlaps, detect_faces
from recorder_core.train.samples.samples import KnownPhoto

__all__ = ["MiningSettings", "find_in_empty", "find_in_photos"]

_NO_BOXES: Final = np.zeros((0, 4), np.float32)


@dataclass(frozen=True, slots=True)
class MiningSettings:
    """What counts as a hard negative."""

    #: length of a picture's longer side as the detector sees it
    long_side_px: int = 640
    #: minimum score of a mistake
    min_score: float = 0.3
    #: a box that overlaps a known face or an ignored region more is no mistake
    max_iou: float = 0.3
    #: look in the labelled photos too: only right where every face is labelled
    in_photos: bool = False

    def __post_init__(self) -> None:
        if not (0 < self.min_score < 1 and 0 <= self.max_iou < 1):
            raise SettingsError("mining.min_score and mining.max_iou lie between 0 and 1")


def find_in_photos(
    pictures: Sequence[LabelledPicture],
    photos: Sequence[KnownPhoto],
    weights: Weights,
    settings: MiningSettings,
) -> list[KnownPhoto]:
    """Return the photos with mistakes, and where these are.

    Parameters
    ----------
    pictures : sequence of LabelledPicture
    photos : sequence of KnownPhoto
        The same ones in memory, perhaps smaller.
    weights : Weights
        Of the detector whose mistakes are looked for.
    settings : MiningSettings
        Says whether photos are looked at at all.
    """
    if not settings.in_photos:
        return []
    found = _detect(pictures, weights, settings)
    mistaken = []
    for picture, photo in zip(pictures, photos, strict=True):
        width = (picture.size_px or read_size_px(picture.path))[0]
        boxes = found[picture.file_name] * np.float32(photo.picture_bgr.shape[1] / width)
        known = np.concatenate([photo.boxes_xyxy_px, photo.ignored_xyxy_px])
        overlaps = box_overlaps(boxes, known).max(axis=1, initial=0.0)
        hard = boxes[overlaps <= settings.max_iou]
        if len(hard):
            mistaken.append(replace(photo, hard_xyxy_px=hard))
    return mistaken


def find_in_empty(
    paths: Sequence[Path], weights: Weights, settings: MiningSettings
) -> list[KnownPhoto]:
    """Return the pictures without a face in which some are found, and where."""
    mistaken = []
    for folder in sorted({path.parent for path in paths}):
        inside = [path for path in paths if path.parent == folder]
        found = _detect([LabelledPicture(p.name, folder=folder) for p in inside], weights, settings)
        mistaken += [
            _empty_photo(path, found[path.name]) for path in inside if len(found[path.name])
        ]
    return mistaken


def _empty_photo(path: Path, hard: NDArray[np.float32]) -> KnownPhoto:
    landmarks = np.zeros((0, 5, 2), np.float32)
    return KnownPhoto(
        read_picture_bgr(path),
        _NO_BOXES,
        np.zeros(0, bool),
        landmarks,
        _NO_BOXES,
        np.zeros(0, np.float32),
        hard,
    )


def _detect(
    pictures: Iterable[LabelledPicture], weights: Weights, settings: MiningSettings
) -> dict[str, NDArray[np.float32]]:
    """Return the boxes (N, 4) of each picture, by its name."""
    detector = DetectorSettings(name=family_of(weights.detector).name, min_score=settings.min_score)
    run = detect_faces(list(pictures), detector, settings.long_side_px, weights=weights)
    return {name: boxes.xyxy_px for name, boxes in run.predictions.items()}
