"""What is compared: detectors that run here, and detections that were made elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from recorder_core.datasets import LabelledPicture, list_pictures
from recorder_core.detect import DetectorSettings, ScoredBoxes, Weights
from recorder_core.errors import DataError
from recorder_core.evaluation.benchmark import Benchmark, BenchmarkMeasures
from recorder_core.evaluation.detection import DetectionRun, detect_faces
from recorder_core.evaluation.measures import FalseBoxes, measure_false_boxes
from recorder_core.evaluation.pictures import EvaluationSettings
from recorder_core.evaluation.predictions import name_by_picture, read_predictions
from recorder_core.media import file_sha256
from recorder_core.model.values.html import html_text

__all__ = [
    "Evaluation",
    "EvaluationTask",
    "content_sha256",
    "evaluate_detector",
    "evaluate_predictions",
    "pictures_without_faces",
]

#: called with the number of finished pictures and of all
Progress: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationTask:
    """On which pictures, and how, candidates are compared."""

    benchmark: Benchmark
    #: name -> pictures that show no face
    without_faces: Mapping[str, Sequence[LabelledPicture]] = field(default_factory=dict)
    settings: EvaluationSettings = field(default_factory=EvaluationSettings)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How well one candidate did."""

    name: str
    #: what made the detections: names and SHA-256, as JSON types
    source: Mapping[str, Any]
    measures: BenchmarkMeasures
    #: what was measured, by the name of the picture; not part of `to_dict`
    predictions: Mapping[str, ScoredBoxes] = field(repr=False)
    #: by the name of the pictures that show no face
    without_faces: Mapping[str, FalseBoxes] = field(default_factory=dict)
    #: see `DetectionRun.speed`; None: it did not run here
    speed: Mapping[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON types."""
        content: dict[str, Any] = {"name": self.name, **self.source}
        if self.speed is not None:
            content["speed"] = dict(self.speed)
        content |= self.measures.to_dict()
        content["without_faces"] = {name: m.to_dict() for name, m in self.without_faces.items()}
        return content

    def _repr_html_(self) -> str:
        return html_text(self.name) + self.measures._repr_html_()


def evaluate_detector(
    name: str,
    detector: DetectorSettings,
    task: EvaluationTask,
    *,
    weights: Weights | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Run a detector on all pictures and measure it.

    Parameters
    ----------
    name : str
        What the candidate is called.
    detector : DetectorSettings
        The task's scale takes the place of its `long_side_px`.
    task : EvaluationTask
    weights : Weights, optional
        Weights that are in memory already; otherwise ``detector.weights`` is read.
    progress : callable, optional
        Called with the number of finished pictures and of all.
    """
    groups = {"": task.benchmark.dataset.pictures, **task.without_faces}
    total, done = sum(map(len, groups.values())), 0
    runs: dict[str, DetectionRun] = {}
    for group, pictures in groups.items():
        shown = None if progress is None else _shifted(progress, done, total)
        runs[group] = detect_faces(
            pictures, detector, task.settings.scale, weights=weights, progress=shown
        )
        done += len(pictures)
    run = runs.pop("")
    source: dict[str, Any] = {
        "detector": run.facts.detector,
        "weights": {
            "file": _weights_name(detector, weights),
            "sha256": run.facts.weights_sha256,
        },
        "min_score": detector.min_score,
        "max_iou": detector.max_iou,
    }
    without = {
        group: measure_false_boxes(list(found.predictions.values()), task.settings)
        for group, found in runs.items()
    }
    measures = task.benchmark.measure(run.predictions, task.settings)
    return Evaluation(name, source, measures, run.predictions, without, run.speed())


def _weights_name(detector: DetectorSettings, weights: Weights | None) -> str:
    path = weights.path if weights else detector.weights
    return Path(path).name if path else "those of the program"


def _shifted(progress: Progress, before: int, total: int) -> Progress:
    return lambda done, _: progress(before + done, total)


def evaluate_predictions(name: str, path: Path, task: EvaluationTask) -> Evaluation:
    """Measure detections that were made elsewhere; see `read_predictions`.

    Only the benchmark's pictures are measured, not those without faces beside it.
    """
    predictions = name_by_picture(read_predictions(path), task.benchmark.dataset.pictures)
    source = {"predictions": {"file": path.name, "sha256": content_sha256(path)}}
    measures = task.benchmark.measure(predictions, task.settings)
    return Evaluation(name, source, measures, predictions)


def pictures_without_faces(folder: Path, patterns: Sequence[str] = ("*",)) -> list[LabelledPicture]:
    """Return the pictures of a folder, none of which shows a face.

    Parameters
    ----------
    folder : Path
    patterns : sequence of str
        A picture is taken if its name fits one.

    Raises
    ------
    DataError
        If there is none.
    """
    wanted = [path for path in list_pictures(folder) if any(map(path.match, patterns))]
    if not wanted:
        raise DataError(f"no picture of the folder {folder} is named {' or '.join(patterns)}")
    return [LabelledPicture(path.name, folder=folder) for path in wanted]


def content_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, or of all files of a folder with their names."""
    if not path.is_dir():
        return file_sha256(path)
    digest = hashlib.sha256()
    for file in sorted(item for item in path.rglob("*") if item.is_file()):
        digest.update(f"{file.relative_to(path).as_posix()} {file_sha256(file)}\n".encode())
    return digest.hexdigest()
