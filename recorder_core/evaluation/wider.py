"""Average precision as the WIDER FACE challenge measures it: easy, medium and hard.

Each difficulty has its own list of faces that count; the others are ignored, and so is
what is detected on them. Scores are stretched to 0..1 over the whole set of pictures,
precision and recall are read at 1000 equal steps, and every point of the curve counts.
A box reaches one pixel further than its width says.

References
----------
.. [1] S. Yang et al., "WIDER FACE: A Face Detection Benchmark", CVPR 2016, and its
   evaluation program ``eval_tools`` (``norm_score.m``, ``evaluation.m``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from recorder_core.datasets import Dataset
from recorder_core.detect import ScoredBoxes
from recorder_core.errors import DataError
from recorder_core.evaluation.precision import area_under_curve
from recorder_core.model.faces.overlaps import box_overlaps
from recorder_core.model.values.carriers import carrier_repr

__all__ = [
    "DIFFICULTIES",
    "Difficulty",
    "WiderPicture",
    "join_difficulties",
    "wider_average_precision",
]

Difficulty: TypeAlias = Literal["easy", "medium", "hard"]
DIFFICULTIES: Final[tuple[Difficulty, ...]] = get_args(Difficulty)

MIN_IOU: Final = 0.5
STEPS: Final = 1000


@dataclass(frozen=True, slots=True)
class WiderPicture:
    """The faces of one picture, and which of them count at each difficulty."""

    __repr__ = carrier_repr

    #: (M, 4) float32, left, top, right, bottom in the picture's pixels
    faces_xyxy_px: NDArray[np.float32]
    #: (M,) bool for each difficulty
    counts: Mapping[Difficulty, NDArray[np.bool_]] = field(repr=False)

    def __post_init__(self) -> None:
        shapes = {name: self.counts[name].shape for name in DIFFICULTIES}
        if any(shape != (len(self.faces_xyxy_px),) for shape in shapes.values()):
            raise DataError(f"lists of faces {shapes} do not fit {len(self.faces_xyxy_px)} faces")


def join_difficulties(lists: Mapping[Difficulty, Dataset]) -> list[WiderPicture]:
    """Join the challenge's three lists; what a list does not count is ignored.

    Parameters
    ----------
    lists : mapping
        The data set of each difficulty. A box without an area is in none of them: of
        the 31,958 faces of the published hard list that is one.

    Raises
    ------
    DataError
        If the lists are not of the same pictures and faces.
    """
    pictures = []
    for same in zip(*(lists[name].pictures for name in DIFFICULTIES), strict=False):
        boxes = [tuple(face.box_xyxy_px for face in picture.faces) for picture in same]
        if len({picture.file_name for picture in same}) > 1 or len(set(boxes)) > 1:
            raise DataError(f"the lists of WIDER FACE differ in the picture {same[0].file_name}")
        counts = {
            name: np.array([not face.ignored for face in picture.faces], bool)
            for name, picture in zip(DIFFICULTIES, same, strict=True)
        }
        pictures.append(WiderPicture(np.array(boxes[0], np.float32).reshape(-1, 4), counts))
    sizes = {name: len(lists[name]) for name in DIFFICULTIES}
    if len(set(sizes.values())) > 1:
        raise DataError(f"the lists of WIDER FACE have different numbers of pictures: {sizes}")
    return pictures


def wider_average_precision(
    pictures: Sequence[WiderPicture], predictions: Sequence[ScoredBoxes]
) -> dict[Difficulty, float | None]:
    """Measure predictions by the challenge's protocol.

    Parameters
    ----------
    pictures : sequence of WiderPicture
    predictions : sequence of ScoredBoxes
        For each picture, in its pixels. The published figures keep every box down to a
        score of 0.02 or less. A picture without faces adds nothing, not even the false
        boxes in it: so does the published program.

    Returns
    -------
    dict
        Average precision for each difficulty; None where no face counts.
    """
    totals = {name: np.zeros((2, STEPS)) for name in DIFFICULTIES}
    for picture, found, scores in zip(
        pictures, predictions, _stretch_scores(predictions), strict=True
    ):
        if len(picture.faces_xyxy_px) and len(found):
            for name, curve in _curves(picture, found.xyxy_px, scores).items():
                totals[name] += curve
    faces = {name: sum(int(p.counts[name].sum()) for p in pictures) for name in DIFFICULTIES}
    return {name: _area(totals[name], faces[name]) for name in DIFFICULTIES}


def _stretch_scores(predictions: Sequence[ScoredBoxes]) -> list[NDArray[np.float64]]:
    """Map the lowest score of all pictures to 0 and the highest to 1."""
    scores = [found.scores.astype(np.float64) for found in predictions]
    every = np.concatenate([np.zeros(0), *scores])
    least, most = every.min(initial=np.inf), every.max(initial=-np.inf)
    if most <= least:
        return [np.ones(len(s)) for s in scores]
    return [(s - least) / (most - least) for s in scores]


def _curves(
    picture: WiderPicture, boxes_xyxy_px: NDArray[np.float32], scores: NDArray[np.float64]
) -> dict[Difficulty, NDArray[np.int64]]:
    """Return, (2, STEPS), how many faces are found and how many boxes count at each step."""
    order = np.argsort(-scores, kind="stable")
    reach = np.array([0, 0, 1, 1])
    overlaps = box_overlaps(
        boxes_xyxy_px[order].astype(np.float64) + reach,
        picture.faces_xyxy_px.astype(np.float64) + reach,
    )
    face, on_face = overlaps.argmax(axis=1), overlaps.max(axis=1) >= MIN_IOU
    thresholds = 1 - np.arange(1, STEPS + 1) / STEPS
    kept = np.searchsorted(-scores[order], -thresholds, side="right")
    curves: dict[Difficulty, NDArray[np.int64]] = {}
    for name, counts in picture.counts.items():
        hits = np.flatnonzero(on_face & counts[face])
        is_first = np.zeros(len(order), bool)
        is_first[hits[np.unique(face[hits], return_index=True)[1]]] = True
        is_counted = ~on_face | counts[face]
        after = np.stack([is_first, is_counted]).cumsum(axis=1)
        curves[name] = np.concatenate([np.zeros((2, 1), int), after], axis=1)[:, kept]
    return curves


def _area(curve: NDArray[np.float64], faces: int) -> float | None:
    if not faces:
        return None
    found, boxes = curve
    precision = np.divide(found, boxes, out=np.zeros(STEPS), where=boxes > 0)
    return area_under_curve(found / faces, precision)
