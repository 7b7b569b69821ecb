"""``workbench evaluate``: how well detectors find the faces of labelled pictures."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from recorder_core.datasets import require_pictures
from recorder_core.datasets.formats.formats import FORMATS
from recorder_core.deidentify import RedactionSettings
from recorder_core.detect import (
    DETECTOR_NAMES,
    ENGINE_NAMES,
    DetectorName,
    DetectorSettings,
    family_of,
    load_weights,
)
from recorder_core.detect.networks.family import EngineRequest
from recorder_core.detect.view_input import MAX_INPUT_SIDE_PX
from recorder_core.errors import SettingsError
from recorder_core.evaluation import (
    DEFINITIONS,
    EVALUATION_MIN_SCORE,
    SECOND_OPINION_SCORE,
    Benchmark,
    CoverageSettings,
    Evaluation,
    EvaluationSettings,
    EvaluationTask,
    PictureScale,
    content_sha256,
    evaluate_detector,
    evaluate_predictions,
    find_all_faces,
    leave_unjudged,
    pictures_without_faces,
    read_benchmark,
    read_predictions,
)
from recorder_core.jobs import machine_facts
from workbench.cli.arguments.common import add_overwrite_argument, output_path
from workbench.cli.arguments.copies import FARTHEST_REDACTION
from workbench.cli.arguments.inputs import check_outputs
from workbench.cli.arguments.numbers import MAX_COUNT, number, whole_number
from workbench.cli.dataset.inputs import add_label_argument
from workbench.cli.detectors.evaluation_tables import format_evaluations
from workbench.cli.summaries import SUMMARIES
from workbench.cli.terminal.listing import write_json
from workbench.cli.terminal.progress import show_progress

__all__ = ["add_parser", "run"]

#: scores that the terminal shows unless told; the JSON file has more
_SHOWN_SCORES: Final = (0.1, 0.3, 0.5, 0.7)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A column of the comparison: a detector, or a file of detections."""

    name: str
    detector: DetectorSettings | None = None
    predictions: Path | None = None


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "evaluate",
        help=SUMMARIES["evaluate"],
        description=(
            "Measure how well detectors find the faces of labelled pictures: average precision "
            "(PASCAL VOC, COCO, frame by frame), recall by mask, view, cap, goggles, camera and "
            "face height, what redaction would hide of the faces, false positives, speed; on the "
            "lists of WIDER FACE and FDDB also by their own protocols."
        ),
    )
    _add_data_arguments(parser)
    _add_candidate_arguments(parser)
    _add_measure_arguments(parser)
    parser.add_argument(
        "--json", type=output_path, metavar="FILE", help="write every number as JSON too"
    )
    add_overwrite_argument(parser, "the JSON")
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.set_defaults(run=run)


def _add_data_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("which pictures")
    group.add_argument(
        "--dataset",
        required=True,
        type=Path,
        metavar="PATH",
        help="labels: COCO JSON, the folder of WIDER FACE's evaluation lists, FDDB's lists, ...",
    )
    group.add_argument(
        "--images",
        type=Path,
        metavar="FOLDER",
        help="the pictures; default for COCO: the folder of the labels' name beside them",
    )
    group.add_argument(
        "--format", choices=FORMATS, help="format of the labels; default: recognised"
    )
    add_label_argument(group)
    group.add_argument(
        "--second-opinion",
        type=Path,
        metavar="PATH",
        help="another detector's detections, as for --predictions: where it is sure of a face "
        "that nobody labelled, boxes are neither right nor wrong",
    )
    group.add_argument(
        "--second-opinion-score",
        type=number(0, 1),
        default=SECOND_OPINION_SCORE,
        metavar="SCORE",
        help="score from which it counts; default: %(default)s",
    )
    group.add_argument(
        "--empty",
        action="append",
        default=[],
        metavar="[NAME=]FOLDER",
        help="pictures that show no face; may be given more than once",
    )


def _add_candidate_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is measured, side by side")
    group.add_argument(
        "--detector",
        action="append",
        choices=DETECTOR_NAMES,
        help=f"may be given more than once; default: that of the weights, or {DETECTOR_NAMES[0]}",
    )
    group.add_argument(
        "--weights",
        action="append",
        type=Path,
        metavar="FILE",
        help="may be given more than once; default: those of the program",
    )
    group.add_argument(
        "--predictions",
        action="append",
        default=[],
        type=Path,
        metavar="PATH",
        help="detections made elsewhere: the table of 'workbench detect', a folder of text files "
        "as for WIDER FACE, or one text file as for FDDB",
    )
    group.add_argument("--engine", choices=("auto", *ENGINE_NAMES), default="auto")
    group.add_argument(
        "--scale",
        type=_scale,
        default=640,
        metavar="PX",
        help="long side of the pictures as detectors see them and faces are measured, 'original', "
        "or 'auto' as for videos; default: 640",
    )


def _add_measure_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how it is measured")
    group.add_argument(
        "--min-face",
        action="append",
        default=[],
        metavar="[SET=]PX",
        help="shorter faces in the scaled picture do not count; default: 8",
    )
    group.add_argument(
        "--overlap",
        type=number(0, 1),
        default=0.5,
        metavar="IOU",
        help="minimum overlap of a box with its face; default: 0.5",
    )
    group.add_argument(
        "--scores", type=number(0, 1), nargs="+", metavar="SCORE", help="minimum scores to report"
    )
    group.add_argument(
        "--false-boxes",
        type=number(0, MAX_COUNT),
        nargs="+",
        metavar="N",
        help="false positives per image at which recall is reported; default: 0.1 0.3 1",
    )
    group.add_argument(
        "--redaction-scale",
        type=number(0, FARTHEST_REDACTION),
        default=1.0,
        metavar="FACTOR",
        help="how far redactions reach beyond the box of a face, 0 to 2.5 times as far as usual, "
        "where it is measured what they hide; default: 1",
    )


def _scale(text: str) -> PictureScale:
    if text == "original":
        return "original"
    if text == "auto":
        return "auto"
    try:
        return whole_number(1, MAX_INPUT_SIDE_PX)(text)
    except argparse.ArgumentTypeError as exc:
        raise argparse.ArgumentTypeError(f"{exc} (pixels), 'original' or 'auto'") from None


def run(options: argparse.Namespace) -> int:
    """Measure each candidate and show them side by side."""
    settings = _settings(options)
    candidates = _candidates(options)
    opinion = [] if options.second_opinion is None else [options.second_opinion]
    inputs = [options.dataset, *options.predictions, *opinion, *(options.weights or [])]
    check_outputs([options.json], inputs, overwrite=options.overwrite)
    task = _task(options, settings, any(each.detector for each in candidates))
    evaluations = [_evaluate(each, task, options) for each in candidates]
    print(format_evaluations(evaluations, task, options.scores or _SHOWN_SCORES))
    if options.json:
        write_json(options.json, _content(options, task, evaluations))
    return 0


def _settings(options: argparse.Namespace) -> EvaluationSettings:
    default = EvaluationSettings()
    limits = [_min_face(text) for text in options.min_face]
    everywhere = [limit for name, limit in limits if not name]
    return EvaluationSettings(
        scale=options.scale,
        min_match_iou=options.overlap,
        min_face_px=everywhere[-1] if everywhere else default.min_face_px,
        min_face_px_by_set=tuple((name, limit) for name, limit in limits if name),
        scores=tuple(options.scores or default.scores),
        false_boxes_per_picture=tuple(options.false_boxes or default.false_boxes_per_picture),
        coverage=CoverageSettings(redaction=RedactionSettings.scaled(options.redaction_scale)),
    )


def _min_face(text: str) -> tuple[str, float]:
    name, _, limit = text.rpartition("=")
    try:
        return name, float(limit)
    except ValueError:
        raise SettingsError(
            f"--min-face {text!r} is neither a number of pixels nor SET=PIXELS"
        ) from None


def _candidates(options: argparse.Namespace) -> list[_Candidate]:
    pairs = _pairs(options)
    files = [path for _, path in pairs if path is not None] + options.predictions
    found = [_detector_candidate(name, path, files, options.engine) for name, path in pairs]
    return found + [
        _Candidate(_short_name(path, files), predictions=path) for path in options.predictions
    ]


def _pairs(options: argparse.Namespace) -> list[tuple[DetectorName, Path | None]]:
    """Pair detectors with weights: each with its own, or one detector with all."""
    detectors: list[DetectorName] = options.detector or []
    weights: list[Path] = options.weights or []
    if not detectors:
        if options.predictions or weights:
            # a weights file says whose it is
            return [(family_of(load_weights(path).detector).name, path) for path in weights]
        return [(DETECTOR_NAMES[0], None)]
    if not weights:
        return [(name, None) for name in detectors]
    if len(detectors) == 1:
        return [(detectors[0], path) for path in weights]
    if len(weights) != len(detectors):
        raise SettingsError(
            f"{len(detectors)} detectors and {len(weights)} weights do not pair up; give one "
            "detector, or weights for each"
        )
    return list(zip(detectors, weights, strict=True))


def _detector_candidate(
    name: DetectorName, weights: Path | None, files: Sequence[Path], engine: EngineRequest
) -> _Candidate:
    settings = DetectorSettings(
        name=name, weights=weights, engine=engine, min_score=EVALUATION_MIN_SCORE
    )
    return _Candidate(_short_name(weights, files) if weights else name, settings)


def _short_name(path: Path, files: Sequence[Path]) -> str:
    """Return a file's name without suffix, with its folder's where two have the same."""
    same = Counter(other.stem for other in files)[path.stem]
    return f"{path.parent.name}/{path.stem}" if same > 1 else path.stem


def _task(
    options: argparse.Namespace, settings: EvaluationSettings, detects: bool
) -> EvaluationTask:
    benchmark = read_benchmark(
        options.dataset, options.images, format_name=options.format, labels=options.labels
    )
    if detects:
        require_pictures(benchmark.dataset)
    elif options.empty:
        raise SettingsError("--empty needs a detector: there are no detections in these pictures")
    if options.second_opinion is not None:
        opinion = read_predictions(options.second_opinion)
        labels_alone = benchmark
        benchmark, count = leave_unjudged(benchmark, opinion, options.second_opinion_score)
        faces = "face" if count == 1 else "faces"
        print(
            f"{options.second_opinion.name}: {count} {faces} that nobody labelled; there boxes are "
            "neither right nor wrong"
        )
        _print_reach(labels_alone, benchmark, settings)
    without = {}
    for text in options.empty:
        name, _, folder = text.rpartition("=")
        without[name or Path(folder).name] = pictures_without_faces(Path(folder))
    return EvaluationTask(benchmark=benchmark, without_faces=without, settings=settings)


def _print_reach(labels_alone: Benchmark, marked: Benchmark, settings: EvaluationSettings) -> None:
    """Print how far a detector comes on the labels alone that finds the other faces too."""
    sets = labels_alone.measure(find_all_faces(labels_alone, marked), settings).sets
    reached = ", ".join(f"{name} {m.voc:.3f}" for name, m in sets.items() if m.voc is not None)
    print(
        "by the labels alone a detector that finds all of these faces, whoever labelled them, "
        f"has an average precision of {reached}"
    )


def _evaluate(
    candidate: _Candidate, task: EvaluationTask, options: argparse.Namespace
) -> Evaluation:
    if candidate.predictions is not None:
        return evaluate_predictions(candidate.name, candidate.predictions, task)
    settings = candidate.detector or DetectorSettings()
    with show_progress(candidate.name, quiet=options.quiet, unit="pictures") as progress:
        return evaluate_detector(candidate.name, settings, task, progress=progress)


def _content(
    options: argparse.Namespace, task: EvaluationTask, evaluations: Sequence[Evaluation]
) -> dict[str, Any]:
    """Return everything that was measured, and what it was measured with."""
    facts = machine_facts()
    return {
        "what": "evaluation of face detectors on labelled pictures",
        "program": f"surgery-workbench {facts.program_version}",
        "machine": {
            "processor": facts.processor,
            "cores": facts.cores,
            "system": facts.system,
            "python": facts.python_version,
        },
        "libraries": {
            **facts.libraries,
            "faster-coco-eval": metadata.version("faster-coco-eval"),
        },
        "definitions": dict(DEFINITIONS),
        "settings": asdict(task.settings),
        "dataset": {
            "file": options.dataset.name,
            "sha256": content_sha256(options.dataset),
            "pictures": len(task.benchmark.dataset),
            "remarks": len(task.benchmark.dataset.remarks),
        },
        "second_opinion": None
        if options.second_opinion is None
        else {
            "file": options.second_opinion.name,
            "sha256": content_sha256(options.second_opinion),
            "min_score": options.second_opinion_score,
        },
        "results": [evaluation.to_dict() for evaluation in evaluations],
    }
