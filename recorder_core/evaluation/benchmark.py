"""A labelled data set with the protocols that belong to it, and all that can be measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from recorder_core.datasets import Dataset, LabelledPicture, map_labels, require_faces
from recorder_core.datasets.formats.fddb import ellipse_of
from recorder_core.datasets.formats.formats import detect_format, read_dataset
from recorder_core.detect import ScoredBoxes
from recorder_core.errors import DataError
from recorder_core.evaluation.fddb import FddbPicture, fddb_curve
from recorder_core.evaluation.measures import SetMeasures, measure_sets, round_numbers
from recorder_core.evaluation.pictures import (
    DetectedPicture,
    EvaluationSettings,
    join_predictions,
)
from recorder_core.evaluation.wider import (
    DIFFICULTIES,
    Difficulty,
    WiderPicture,
    join_difficulties,
    wider_average_precision,
)
from recorder_core.model.values.html import html_table

__all__ = ["FDDB_FALSE_POSITIVES", "Benchmark", "BenchmarkMeasures", "FddbScore", "read_benchmark"]

#: false positives in all pictures at which the FDDB scores are usually compared
FDDB_FALSE_POSITIVES: Final = (100, 500, 1000, 2000)
_WIDER_FILES: Final[Mapping[Difficulty, str]] = {
    name: f"wider_{name}_val.mat" for name in DIFFICULTIES
}
#: the format's name among those of `read_dataset`
_FDDB: Final = "fddb"


@dataclass(frozen=True, slots=True)
class FddbScore:
    """One point of FDDB's curves."""

    false_positives: int
    discrete: float
    continuous: float


@dataclass(frozen=True, slots=True)
class BenchmarkMeasures:
    """What was measured on a benchmark."""

    #: by the name of the set
    sets: Mapping[str, SetMeasures]
    #: None: the data set is not WIDER FACE's evaluation lists
    wider: Mapping[Difficulty, float | None] | None
    #: None: the data set is not FDDB's
    fddb: tuple[FddbScore, ...] | None

    def to_dict(self) -> dict[str, Any]:
        """Return the measures as JSON types."""
        content: dict[str, Any] = {"sets": {n: m.to_dict() for n, m in self.sets.items()}}
        if self.wider is not None:
            content["wider_average_precision"] = round_numbers(dict(self.wider))
        if self.fddb is not None:
            content["fddb"] = round_numbers(
                [
                    {
                        "false_positives": score.false_positives,
                        "discrete": score.discrete,
                        "continuous": score.continuous,
                    }
                    for score in self.fddb
                ]
            )
        return content

    def _repr_html_(self) -> str:
        headings = ["set", "pictures", "faces", "AP (PASCAL VOC)", "AP (COCO)"]
        rows = [
            [name, each.pictures, each.faces, each.voc, each.coco.iou_50_95]
            for name, each in self.sets.items()
        ]
        return html_table(headings, rows)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Labelled pictures, and what the challenge that they come from needs beside the boxes."""

    dataset: Dataset
    #: in the order of the pictures; None: not WIDER FACE's evaluation lists
    wider: tuple[WiderPicture, ...] | None = field(default=None, repr=False)
    #: in the order of the pictures; None: not FDDB
    fddb: tuple[FddbPicture, ...] | None = field(default=None, repr=False)

    def detected(
        self, predictions: Mapping[str, ScoredBoxes], settings: EvaluationSettings
    ) -> list[DetectedPicture]:
        """Return labels and detections side by side; see `join_predictions`."""
        return join_predictions(self.dataset.pictures, predictions, settings)

    def measure(
        self, predictions: Mapping[str, ScoredBoxes], settings: EvaluationSettings
    ) -> BenchmarkMeasures:
        """Measure detections in all pictures, and by the challenge's own protocol.

        Parameters
        ----------
        predictions : mapping of str to ScoredBoxes
            By the pictures' `file_name`; boxes in pixels of the picture.
        settings : EvaluationSettings
            The challenges' own protocols take nothing from them.

        Raises
        ------
        DataError
            If a picture has no entry.
        """
        sets = measure_sets(self.detected(predictions, settings), settings)
        ordered = [predictions[picture.file_name] for picture in self.dataset.pictures]
        wider = None if self.wider is None else wider_average_precision(self.wider, ordered)
        fddb = None if self.fddb is None else _fddb_scores(self.fddb, ordered)
        return BenchmarkMeasures(sets, wider, fddb)


def _fddb_scores(
    pictures: tuple[FddbPicture, ...], predictions: list[ScoredBoxes]
) -> tuple[FddbScore, ...]:
    curve = fddb_curve(pictures, predictions)
    return tuple(FddbScore(n, *curve.at_false_positives(n)) for n in FDDB_FALSE_POSITIVES)


def read_benchmark(
    path: Path,
    images: Path | None = None,
    *,
    format_name: str | None = None,
    labels: Mapping[str, str] | None = None,
) -> Benchmark:
    """Read a labelled data set and notice which challenge it comes from.

    Parameters
    ----------
    path : Path
        The folder of WIDER FACE's evaluation lists (``wider_easy_val.mat`` and its
        siblings), or a file or folder that `read_dataset` reads.
    images : Path, optional
        The folder of pictures; for COCO by default the one of the same name beside the file.
    format_name : str, optional
        The format, as `read_dataset` calls it; by default it is recognised.
    labels : mapping of str to str, optional
        What labels stand for, see `map_labels`.

    Raises
    ------
    DataError
        If it is damaged, not recognised, names no picture, or has no face.
    SettingsError
        If there is no such format.
    """
    if format_name is None and all((path / name).is_file() for name in _WIDER_FILES.values()):
        return _read_wider(path, images)
    chosen = format_name or detect_format(path)
    dataset = map_labels(read_dataset(path, name=chosen, images=images), labels or {})
    if dataset.pictures:
        require_faces(dataset, labels or {}, path)
    fddb = tuple(map(_fddb_picture, dataset.pictures)) if chosen == _FDDB else None
    return Benchmark(_with_pictures(dataset, path), fddb=fddb)


def _read_wider(folder: Path, images: Path | None) -> Benchmark:
    lists = {
        name: read_dataset(folder / file, images=images) for name, file in _WIDER_FILES.items()
    }
    return Benchmark(_with_pictures(lists["hard"], folder), wider=tuple(join_difficulties(lists)))


def _fddb_picture(picture: LabelledPicture) -> FddbPicture:
    found = [ellipse_of(face) for face in picture.faces]
    rows = [(e.major_px, e.minor_px, e.angle_radians, e.x_px, e.y_px) for e in found]
    return FddbPicture(np.array(rows, np.float64).reshape(-1, 5), picture.size_px)


def _with_pictures(dataset: Dataset, path: Path) -> Dataset:
    if not dataset.pictures:
        raise DataError(f"{path} names no picture; there is nothing to measure")
    return dataset
