"""The results of ``workbench evaluate`` as tables to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from recorder_core.evaluation import (
    ALL_SETS,
    ATTRIBUTE_MIN_HEIGHT_PX,
    HEIGHT_CLASSES_PX,
    Evaluation,
    EvaluationTask,
    MeasuredPoint,
    SetMeasures,
)
from recorder_core.evaluation.wider import DIFFICULTIES
from workbench.cli.terminal.listing import format_table

__all__ = ["format_evaluations"]

#: entry of `DetectionRun.speed` -> heading
_TIMES: Final = {
    "median_ms": "median",
    "mean_ms": "mean",
    "percentile_95_ms": "95 of 100 within",
    "median_processor_ms": "processor time, median",
}
_MASKS: Final = ("with_mask", "without_mask", "incorrect")


def format_evaluations(
    evaluations: Sequence[Evaluation], task: EvaluationTask, scores: Sequence[float]
) -> str:
    """Return the candidates side by side, one table for each kind of measure.

    Parameters
    ----------
    evaluations : sequence of Evaluation
    task : EvaluationTask
    scores : sequence of float
        Those of the measured scores that are shown.
    """
    tables = [
        _introduction(task),
        _precision_table(evaluations),
        _operating_table(evaluations),
        _attribute_table(evaluations, scores),
        _coverage_table(evaluations),
        _hidden_table(evaluations),
        _score_table(evaluations, scores),
        _empty_table(evaluations, scores),
        _wider_table(evaluations),
        _fddb_table(evaluations),
        _speed_table(evaluations),
    ]
    return "\n\n".join(table for table in tables if table)


def _introduction(task: EvaluationTask) -> str:
    settings = task.settings
    size = {"original": "in their own size", "auto": "scaled as videos are"}.get(
        str(settings.scale), f"scaled to a long side of {settings.scale} px"
    )
    limits = [f"{settings.min_face_px:g} px"]
    limits += [f"{limit:g} px in set {name}" for name, limit in settings.min_face_px_by_set]
    return (
        f"{len(task.benchmark.dataset)} pictures, {size}. Faces shorter than "
        f"{', '.join(limits)} do not count. A box is right at an overlap of "
        f"{settings.min_match_iou:g}, unless said otherwise."
    )


def _rows(evaluations: Sequence[Evaluation]) -> Iterator[tuple[str, str, SetMeasures]]:
    """Yield candidate, set and measures, the candidates of a set together."""
    names = list(dict.fromkeys(name for each in evaluations for name in each.measures.sets))
    for name in names:
        for each in evaluations:
            yield each.name, name, each.measures.sets[name]


def _table(title: str, headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    return f"{title}\n{format_table(headings, rows)}" if rows else ""


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"


def _precision_table(evaluations: Sequence[Evaluation]) -> str:
    rows = [
        [
            *(set_name, candidate, measures.pictures, measures.faces),
            *(_share(v) for v in (measures.voc, measures.coco.iou_50, measures.coco.iou_50_95)),
            *(_share(v) for v in (measures.by_frame.iou_50, measures.by_frame.iou_50_95)),
        ]
        for candidate, set_name, measures in _rows(evaluations)
    ]
    return _table(
        "average precision",
        (
            *("set", "candidate", "pictures", "faces", "VOC"),
            *("COCO .5", "COCO .5:.95", "by frame .5", "by frame .5:.95"),
        ),
        rows,
    )


def _operating_table(evaluations: Sequence[Evaluation]) -> str:
    rows = []
    for candidate, set_name, measures in _rows(evaluations):
        for limit, point in measures.by_false_boxes:
            rows.append([set_name, candidate, f"{limit:g}", _share(point.min_score)])
            rows[-1] += _recalls(point)
    return _table(
        "recall at this many false positives per image; by mask: faces over "
        f"{ATTRIBUTE_MIN_HEIGHT_PX} px; by height in px",
        ("set", "candidate", "FPPI", "score", "recall", *_MASKS, *HEIGHT_CLASSES_PX),
        rows,
    )


def _recalls(point: MeasuredPoint) -> list[str | None]:
    by_mask = [point.recall_by_mask.get(state) for state in _MASKS]
    by_height = [point.recall_by_height_px[name] for name in HEIGHT_CLASSES_PX]
    return [_share(value) for value in (point.recall, *by_mask, *by_height)]


def _attribute_table(evaluations: Sequence[Evaluation], scores: Sequence[float]) -> str:
    """Return recall by what the labels say of faces: one column for each value that occurs."""
    values = _attribute_values(evaluations)
    rows = []
    for candidate, set_name, measures in _rows(evaluations):
        points = [(f"{limit:g} FPPI", point) for limit, point in measures.by_false_boxes]
        points += [(f"score {p.min_score:g}", p) for p in _shown(measures, scores)]
        for at, point in points if measures.faces_by_attribute else ():
            rows.append([set_name, candidate, at, *_by_value(point.recall_by_attribute, values)])
    return _table(
        f"recall by attribute; faces over {ATTRIBUTE_MIN_HEIGHT_PX} px",
        ("set", "candidate", "at", *(f"{name}: {value}" for name, value in values)),
        rows,
    )


def _attribute_values(evaluations: Sequence[Evaluation]) -> list[tuple[str, str]]:
    """Return every attribute with every value that a face of any set has that counts."""
    counted = [m.faces_by_attribute.items() for _, _, m in _rows(evaluations)]
    there = ((n, v) for each in counted for n, own in each for v, faces in own.items() if faces)
    return list(dict.fromkeys(there))


def _by_value(
    shares: Mapping[str, Mapping[str, float | None]], values: Sequence[tuple[str, str]]
) -> list[str | None]:
    return [_share(shares.get(name, {}).get(value)) for name, value in values]


def _coverage_table(evaluations: Sequence[Evaluation]) -> str:
    rows = [
        [
            *(set_name, candidate, f"{point.min_score:g}", point.all_faces.faces),
            *(_share(point.all_faces.hidden), _share(point.all_faces.mean_share)),
            *(_share(point.all_faces.eyes_hidden), _share(point.redacted_outside_faces)),
        ]
        for candidate, set_name, measures in _rows(evaluations)
        for point in measures.coverage
    ]
    return _table(
        "what redacting every box from a score would hide, in pictures as they are stored",
        (
            *("set", "candidate", "score", "faces", "hidden", "mean share", "eyes hidden"),
            "redacted outside of faces",
        ),
        rows,
    )


def _hidden_table(evaluations: Sequence[Evaluation]) -> str:
    """Return which faces that would hide, by what the labels say of them."""
    values = _attribute_values(evaluations)
    rows = []
    for candidate, set_name, measures in _rows(evaluations):
        for point in measures.coverage if measures.faces_by_attribute else ():
            shares = {
                name: {value: faces.hidden for value, faces in own.items()}
                for name, own in point.by_attribute.items()
            }
            rows.append([set_name, candidate, f"{point.min_score:g}", *_by_value(shares, values)])
    return _table(
        "share of faces hidden, by attribute",
        ("set", "candidate", "score", *(f"{name}: {value}" for name, value in values)),
        rows,
    )


def _shown(measures: SetMeasures, scores: Sequence[float]) -> list[MeasuredPoint]:
    return [point for point in measures.by_score if point.min_score in scores]


def _score_table(evaluations: Sequence[Evaluation], scores: Sequence[float]) -> str:
    rows = [
        [
            *(set_name, candidate, f"{point.min_score:g}", _share(point.precision)),
            *(_share(point.recall), f"{point.false_boxes_per_picture:.2f}"),
        ]
        for candidate, set_name, measures in _rows(evaluations)
        for point in _shown(measures, scores)
    ]
    headings = ("set", "candidate", "score", "precision", "recall", "false positives per image")
    return _table("at chosen scores", headings, rows)


def _empty_table(evaluations: Sequence[Evaluation], scores: Sequence[float]) -> str:
    rows = []
    for candidate, set_name, measures in _rows(evaluations):
        alone = set_name != ALL_SETS or len(evaluations[0].measures.sets) == 1
        if measures.pictures_without_faces and alone:
            found = [p.false_boxes_per_picture_without_faces for p in _shown(measures, scores)]
            rows.append([set_name, candidate, measures.pictures_without_faces, *map(_share, found)])
    for each in evaluations:
        for name, boxes in each.without_faces.items():
            counted = [boxes.per_picture.get(score) for score in scores]
            rows.append([name, each.name, boxes.pictures, *map(_share, counted)])
    headings = ("pictures", "candidate", "number", *(f"score {score:g}" for score in scores))
    return _table("false positives per image in pictures that show no face", headings, rows)


def _wider_table(evaluations: Sequence[Evaluation]) -> str:
    rows = [
        [each.name, *(_share(each.measures.wider[name]) for name in DIFFICULTIES)]
        for each in evaluations
        if each.measures.wider is not None
    ]
    return _table("WIDER FACE's own average precision", ("candidate", *DIFFICULTIES), rows)


def _fddb_table(evaluations: Sequence[Evaluation]) -> str:
    rows = [
        [each.name, score.false_positives, _share(score.discrete), _share(score.continuous)]
        for each in evaluations
        for score in each.measures.fddb or ()
    ]
    headings = ("candidate", "false positives", "discrete", "continuous")
    return _table("FDDB's own scores", headings, rows)


def _speed_table(evaluations: Sequence[Evaluation]) -> str:
    rows = [
        [
            *(each.name, each.speed["engine"]),
            *(f"{each.speed[name]:.1f}" for name in _TIMES),
        ]
        for each in evaluations
        if each.speed is not None
    ]
    return _table(
        "milliseconds per picture, without reading it",
        ("candidate", "engine", *_TIMES.values()),
        rows,
    )
