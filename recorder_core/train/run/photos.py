"""Load the pictures of a training run, with what labels and teacher know about them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recorder_core.datasets import (
    LABEL_SETTING,
    LabelledPicture,
    list_pictures,
    map_labels,
    read_dataset,
    read_picture_bgr,
    require_faces,
    require_pictures,
)
from recorder_core.detect import ScoredBoxes
from recorder_core.detect.networks import family_of
from recorder_core.detect.weights import Weights
from recorder_core.errors import DataError
from recorder_core.evaluation import name_by_picture, read_predictions
from recorder_core.train.samples.mining import find_in_empty, find_in_photos
from recorder_core.train.samples.samples import KnownPhoto, SampleSources
from recorder_core.train.samples.teacher import TeacherView, add_predictions, ask_teacher, unseen

if TYPE_CHECKING:
    from recorder_core.train.settings import TrainingSettings

__all__ = ["load_sources"]


def load_sources(
    settings: TrainingSettings, teacher: Weights | None, start: Weights | None = None
) -> SampleSources:
    """Read the labelled photos, ask the teacher about each, and read the empty pictures.

    The teacher's answers are kept beside the run's folder, for the next run.

    Parameters
    ----------
    settings : TrainingSettings
    teacher : Weights or None
        Asked where the settings say so. None: the labels are all that is known.
    start : Weights, optional
        Weights whose mistakes are shown more often, where the settings ask for it.

    Raises
    ------
    DataError
        If the annotation file or a picture is damaged or missing, a label is not known, or
        there is no face.
    """
    data = settings.data
    photos = _PhotoLoader(settings, teacher if settings.teacher.completes_labels else None)
    dataset = map_labels(read_dataset(data.train, images=data.images), data.labels)
    require_pictures(require_faces(dataset, data.labels, data.train, LABEL_SETTING))
    labelled = [p for p in dataset.pictures if p.set_name not in data.left_out_sets]
    known = [photos.load(picture) for picture in labelled]
    folders = [(data.rooms, data.rooms_pattern), (data.empties, data.empties_pattern)]
    rooms, empties = (_list_folder(*folder) for folder in folders)
    hard: list[KnownPhoto] = []
    if settings.sample.mix.hard_share and start is not None:
        mined = find_in_photos(labelled, known, start, settings.mining)
        hard = [*mined, *find_in_empty([*rooms, *empties], start, settings.mining)]
    return SampleSources(
        known,
        [read_picture_bgr(path) for path in rooms],
        [read_picture_bgr(path) for path in empties],
        hard,
    )


def _list_folder(folder: Path | None, pattern: str) -> list[Path]:
    if folder is None:
        return []
    return [path for path in list_pictures(folder) if path.match(pattern)]


class _PhotoLoader:
    def __init__(self, settings: TrainingSettings, teacher: Weights | None) -> None:
        self._settings, self._teacher = settings, teacher
        self._network: Any = None
        path = settings.teacher.predictions
        self._predictions = {} if path is None else read_predictions(path)
        asked = repr(
            (
                teacher and teacher.sha256,
                settings.data.max_side_px,
                settings.teacher.long_side_px,
                settings.teacher.min_label_score,
                settings.teacher.min_ignored_score,
                settings.teacher.max_label_iou,
            )
        )
        name = f"teacher-{hashlib.sha256(asked.encode()).hexdigest()[:12]}"
        self._kept = settings.run.output.parent / name

    def load(self, labelled: LabelledPicture) -> KnownPhoto:
        """Read one photo and merge its labels with the teacher's view of it."""
        picture = read_picture_bgr(labelled.path)
        scale = min(1.0, self._settings.data.max_side_px / max(picture.shape[:2]))
        if scale < 1:
            small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            picture = np.asarray(small, np.uint8)
        boxes = labelled.boxes_xyxy_px * np.float32(scale)
        ignored = labelled.ignored_xyxy_px * np.float32(scale)
        marked = labelled.landmarks_px * np.float32(scale)
        seen = self._complete(labelled, self._ask(labelled, picture, boxes), boxes, scale)
        added = len(seen.added_xyxy_px)
        masks = [state in ("with_mask", "incorrect") for state in labelled.masks]
        landmarks = np.where(np.isnan(marked), seen.landmarks_px, marked)
        return KnownPhoto(
            picture,
            np.concatenate([boxes, seen.added_xyxy_px]),
            np.array([*masks, *[False] * added], bool),
            np.concatenate([landmarks, np.full((added, 5, 2), np.nan, np.float32)]),
            np.concatenate([ignored, seen.ignored_xyxy_px]),
            np.repeat(
                np.array([1, self._settings.teacher.certainty], np.float32), [len(boxes), added]
            ),
        )

    def _complete(
        self,
        labelled: LabelledPicture,
        seen: TeacherView,
        boxes: NDArray[np.float32],
        scale: float,
    ) -> TeacherView:
        """Add what other detectors found, if the settings name a file with it."""
        path = self._settings.teacher.predictions
        if path is None:
            return seen
        mine = name_by_picture(self._predictions, [labelled])
        if not mine:
            raise DataError(
                f"{path} has no entry for picture {labelled.file_name}; detect in all pictures "
                "of data.train"
            )
        found = mine[labelled.file_name]
        there = ScoredBoxes(found.xyxy_px * np.float32(scale), found.scores)
        return add_predictions(seen, boxes, there, self._settings.teacher)

    def _ask(
        self, labelled: LabelledPicture, picture: NDArray[np.uint8], boxes: NDArray[np.float32]
    ) -> TeacherView:
        if self._teacher is None:
            return unseen(len(boxes))
        asked = labelled.file_name.encode() + boxes.tobytes()
        path = self._kept / f"{hashlib.sha256(asked).hexdigest()[:24]}.npz"
        if path.exists():
            with np.load(path) as kept:
                return TeacherView(kept["added"], kept["ignored"], kept["landmarks"])
        seen = ask_teacher(
            self._load_network(self._teacher),
            picture,
            boxes,
            self._teacher.anchors,
            self._settings.teacher,
        )
        self._kept.mkdir(parents=True, exist_ok=True)
        # runs that begin at the same time share this folder
        partial = path.with_suffix(f".{os.getpid()}.npz")
        np.savez(
            partial,
            added=seen.added_xyxy_px,
            ignored=seen.ignored_xyxy_px,
            landmarks=seen.landmarks_px,
        )
        partial.replace(path)
        return seen

    def _load_network(self, teacher: Weights) -> Any:
        if self._network is None:
            from recorder_core.detect.networks.layers._torch import (
                fold_batch_norm,
                put_channels_last,
            )

            family = family_of(teacher.detector)
            network = family.build_network(teacher.tensors, teacher.design, teacher.anchors)
            self._network = put_channels_last(fold_batch_norm(network))
        return self._network
