"""Faces that nobody labelled: another detector says where a label may be missing.

Labels often leave out small faces in the background. A detector that finds them is then
counted wrong, and training against such labels teaches it to miss them. Where another
detector, which is not measured, is sure of a face that no label covers, nobody knows:
boxes there are neither right nor wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from recorder_core.datasets import Dataset, LabelledFace, LabelledPicture
from recorder_core.detect import ScoredBoxes
from recorder_core.errors import DataError, SettingsError
from recorder_core.evaluation.benchmark import Benchmark
from recorder_core.evaluation.predictions import name_by_picture
from recorder_core.model.faces.overlaps import box_overlaps

__all__ = ["SECOND_OPINION_SCORE", "find_all_faces", "leave_unjudged"]

#: score from which the other detector is believed
SECOND_OPINION_SCORE: Final = 0.5
#: a detection that overlaps a labelled face this much is that face's
_MAX_LABEL_IOU: Final = 0.3


def leave_unjudged(
    benchmark: Benchmark,
    opinion: Mapping[str, ScoredBoxes],
    min_score: float = SECOND_OPINION_SCORE,
) -> tuple[Benchmark, int]:
    """Mark as ignored what another detector takes for a face and nobody labelled.

    Parameters
    ----------
    benchmark : Benchmark
        The challenges' own protocols stay as they are.
    opinion : mapping of str to ScoredBoxes
        What the other detector found, as `read_predictions` gives it.
    min_score : float
        Weaker detections are not believed.

    Returns
    -------
    Benchmark
        With an ignored region for each such detection.
    int
        The number of regions.

    Raises
    ------
    DataError
        If a picture has no entry.
    SettingsError
        If `min_score` is outside [0, 1].
    """
    if not 0 <= min_score <= 1:
        raise SettingsError(f"the second opinion's score {min_score} must lie in [0, 1]")
    pictures = benchmark.dataset.pictures
    named = name_by_picture(opinion, pictures)
    for picture in pictures:
        if picture.file_name not in named:
            raise DataError(
                f"the second opinion has no entry for picture {picture.file_name}; detect in all "
                "pictures, also in those without a face"
            )
    marked = [_mark(picture, named[picture.file_name], min_score) for picture in pictures]
    before = sum(len(picture.faces) for picture in pictures)
    count = sum(len(picture.faces) for picture in marked) - before
    dataset = Dataset(tuple(marked), benchmark.dataset.remarks)
    return replace(benchmark, dataset=dataset), count


def find_all_faces(
    benchmark: Benchmark, marked: Benchmark, seed: int = 0
) -> dict[str, ScoredBoxes]:
    """Return what a perfect detector gives: every labelled face, and those nobody labelled.

    Measured on the labels, it shows what they let a detector reach that does not know
    which faces people left out: its scores say nothing, they are drawn at random.

    Parameters
    ----------
    benchmark : Benchmark
    marked : Benchmark
        The same, as `leave_unjudged` returned it.
    seed : int
        Of the scores.

    Returns
    -------
    dict of str to ScoredBoxes
        By the name of the picture.
    """
    rng, found = np.random.default_rng(seed), {}
    for before, after in zip(benchmark.dataset.pictures, marked.dataset.pictures, strict=True):
        added = [face.box_xyxy_px for face in after.faces[len(before.faces) :]]
        boxes = np.array([*before.boxes_xyxy_px.tolist(), *added], np.float32).reshape(-1, 4)
        scores = rng.uniform(0.5, 1.0, len(boxes)).astype(np.float32)
        found[before.file_name] = ScoredBoxes(boxes, scores)
    return found


def _mark(picture: LabelledPicture, found: ScoredBoxes, min_score: float) -> LabelledPicture:
    overlaps = box_overlaps(found.xyxy_px, picture.boxes_xyxy_px).max(axis=1, initial=0.0)
    missing = found.xyxy_px[(found.scores >= min_score) & (overlaps < _MAX_LABEL_IOU)]
    added = [LabelledFace((x0, y0, x1, y1), ignored=True) for x0, y0, x1, y1 in missing.tolist()]
    return replace(picture, faces=(*picture.faces, *added))
