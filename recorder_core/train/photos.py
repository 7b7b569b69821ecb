"""Load the pictures of a training run, with what labels and teacher know about them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from recorder_core.detect.retinaface import build_retinaface
from recorder_core.detect.weights import Weights
from recorder_core.train.dataset import LabelledPicture, list_pictures, read_coco, read_picture_bgr
from recorder_core.train.samples import KnownPhoto, SampleSources
from recorder_core.train.teacher import TeacherView, ask_teacher, unseen

if TYPE_CHECKING:
    from recorder_core.detect._retinaface_torch import RetinaFace
    from recorder_core.train.settings import TrainingSettings

__all__ = ["load_sources"]


def load_sources(settings: TrainingSettings, start: Weights) -> SampleSources:
    """Read the labelled photos, ask the teacher about each, and read the empty pictures.

    The teacher's answers are kept beside the run's folder, for the next run.

    Raises
    ------
    DataError
        If the annotation file or a picture is damaged or missing.
    """
    data = settings.data
    photos = _PhotoLoader(settings, start)
    labelled = [p for p in read_coco(data.train) if p.set_name not in data.left_out_sets]
    return SampleSources(
        [photos.load(picture) for picture in labelled],
        _read_folder(data.rooms, data.rooms_pattern),
        _read_folder(data.empties, data.empties_pattern),
    )


def _read_folder(folder: Path | None, pattern: str) -> list[NDArray[np.uint8]]:
    if folder is None:
        return []
    return [read_picture_bgr(path) for path in list_pictures(folder) if path.match(pattern)]


class _PhotoLoader:
    def __init__(self, settings: TrainingSettings, start: Weights) -> None:
        self._settings, self._start = settings, start
        self._network: RetinaFace | None = None
        name = f"teacher-{start.sha256[:12]}-{settings.data.max_side_px}"
        self._kept = settings.run.output.parent / name

    def load(self, labelled: LabelledPicture) -> KnownPhoto:
        """Read one photo and merge its labels with the teacher's view of it."""
        picture = read_picture_bgr(labelled.path)
        scale = min(1.0, self._settings.data.max_side_px / max(picture.shape[:2]))
        if scale < 1:
            small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            picture = np.asarray(small, np.uint8)
        boxes = labelled.boxes_xyxy_px * np.float32(scale)
        seen = self._ask(labelled, picture, boxes)
        added = len(seen.added_xyxy_px)
        masks = [state in ("with_mask", "incorrect") for state in labelled.masks]
        return KnownPhoto(
            picture,
            np.concatenate([boxes, seen.added_xyxy_px]),
            np.array([*masks, *[False] * added], bool),
            np.concatenate([seen.landmarks_px, np.full((added, 5, 2), np.nan, np.float32)]),
            seen.ignored_xyxy_px,
        )

    def _ask(
        self, labelled: LabelledPicture, picture: NDArray[np.uint8], boxes: NDArray[np.float32]
    ) -> TeacherView:
        if not self._settings.loss.distill_weight:
            return unseen(len(boxes))
        path = self._kept / f"{labelled.path.stem}.npz"
        if path.exists():
            with np.load(path) as kept:
                return TeacherView(kept["added"], kept["ignored"], kept["landmarks"])
        if self._network is None:
            self._network = build_retinaface(self._start.tensors)
        seen = ask_teacher(
            self._network, picture, boxes, self._start.anchors, self._settings.teacher
        )
        self._kept.mkdir(parents=True, exist_ok=True)
        np.savez(
            path,
            added=seen.added_xyxy_px,
            ignored=seen.ignored_xyxy_px,
            landmarks=seen.landmarks_px,
        )
        return seen
