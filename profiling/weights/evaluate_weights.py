r"""Measure the detector's weights on labelled pictures and on pictures without a face.

    python profiling/weights/evaluate_weights.py --faces faces/val.json \
        --empty "laparoscope=laparoscope:*.jpg" --empty "rooms=or_rooms:*.jpg" \
        --second-opinion val.centerface.txt --compare BEFORE.safetensors

Writes ``profiling/results/evaluate_weights.json`` and the model card
``docs/model-card.md``, which takes every number from that file. With ``--record`` the
main results also go into the JSON file beside the weights. `second_opinion.py` writes the
file for ``--second-opinion``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from recorder_core.datasets import LabelledPicture
from recorder_core.detect import DetectorSettings, Weights, family_of, load_weights, save_weights
from recorder_core.detect.networks.family import EngineRequest
from recorder_core.evaluation import (
    ALL_SETS,
    DEFINITIONS,
    EVALUATION_MIN_SCORE,
    SECOND_OPINION_SCORE,
    Evaluation,
    EvaluationSettings,
    EvaluationTask,
    content_sha256,
    evaluate_detector,
    find_all_faces,
    leave_unjudged,
    pictures_without_faces,
    read_benchmark,
    read_predictions,
)

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benches"))
from measuring import write_result

ROOT: Final = Path(__file__).resolve().parents[2]
RESULT: Final = ROOT / "profiling" / "results" / "evaluate_weights.json"
CARD: Final = ROOT / "docs" / "model-card.md"
#: scores that the card's tables show
CARD_SCORES: Final = (0.1, 0.2, 0.3, 0.5, 0.7)
#: score at which the card shows recall by face height
HEIGHT_SCORE: Final = 0.3
#: what the sets of the pictures used here are; others are shown by name alone
SET_NAMES: Final = {
    "a": "a: web photos, many masks",
    "b": "b: web photos of crowds, many masks",
    "p": "p: other photos",
    "w": "w: WIDER FACE validation pictures squashed to 416x416",
}
#: false positives per image at which the card gives recall by the second opinion
FALSE_BOXES: Final = 0.3
#: sets in which other faces than those under 8 px are left out
MIN_FACE_PX_BY_SET: Final = (("w", 10.0),)


def main() -> None:
    """Measure, write the result file and the model card."""
    arguments = _parse_arguments()
    if not arguments.reuse:
        content = _measure_all(arguments)
        write_result(RESULT, "the shipped weights on labelled pictures", content)
    results = json.loads(RESULT.read_text(encoding="utf-8"))
    weights = load_weights(arguments.weights)
    if arguments.record:
        weights = _record(weights, results)
    card = render_card(weights, results)
    CARD.write_text(card, encoding="utf-8")
    print(card)


def _measure_all(arguments: argparse.Namespace) -> dict[str, Any]:
    task = EvaluationTask(
        benchmark=read_benchmark(arguments.faces),
        without_faces=dict(map(_parse_empty, arguments.empty)),
        settings=EvaluationSettings(
            scale=arguments.long_side, min_face_px_by_set=MIN_FACE_PX_BY_SET
        ),
    )
    roles = {"weights": arguments.weights}
    if arguments.compare is not None:
        roles["before"] = arguments.compare
    content: dict[str, Any] = {
        "definitions": dict(DEFINITIONS),
        "settings": asdict(task.settings),
    }
    found = {
        role: _measure(load_weights(path), task, arguments.engine) for role, path in roles.items()
    }
    for role, evaluation in found.items():
        content[role] = {"version": evaluation.name, **evaluation.to_dict()}
    if arguments.second_opinion is not None:
        content["second_opinion"] = _ask(arguments.second_opinion, task, found)
    return content


def _ask(path: Path, task: EvaluationTask, found: Mapping[str, Evaluation]) -> dict[str, Any]:
    """Measure the same detections again, without what another detector takes for a face."""
    marked, count = leave_unjudged(task.benchmark, read_predictions(path))
    perfect = find_all_faces(task.benchmark, marked)
    return {
        "sha256": content_sha256(path),
        "min_score": SECOND_OPINION_SCORE,
        "unlabelled_faces": count,
        "every_face_found": task.benchmark.measure(perfect, task.settings).to_dict(),
    } | {
        role: marked.measure(evaluation.predictions, task.settings).to_dict()
        for role, evaluation in found.items()
    }


def _parse_empty(text: str) -> tuple[str, list[LabelledPicture]]:
    name, _, rest = text.partition("=")
    folder, _, patterns = rest.rpartition(":")
    return name, pictures_without_faces(Path(folder), patterns.split(","))


def _measure(weights: Weights, task: EvaluationTask, engine: EngineRequest) -> Evaluation:
    detector = DetectorSettings(
        name=family_of(weights.detector).name, engine=engine, min_score=EVALUATION_MIN_SCORE
    )
    return evaluate_detector(weights.version, detector, task, weights=weights)


def _record(weights: Weights, results: dict[str, Any]) -> Weights:
    now = results["weights"]
    card = dict(weights.card)
    card["results"] = {
        "average_precision_at_iou_0.5": {name: found["voc"] for name, found in _sets(now).items()},
        "long_side_px": results["settings"]["scale"],
        "false_boxes_per_empty_picture": {
            name: found["false_boxes_per_picture"] for name, found in now["without_faces"].items()
        },
    }
    return save_weights(
        weights.path,
        weights.tensors,
        anchors=weights.anchors,
        version=weights.version,
        card=card,
        family=family_of(weights.detector),
        design=weights.design,
    )


def render_card(weights: Weights, results: dict[str, Any]) -> str:
    """Return the model card as Markdown; every number comes from `results`."""
    card, now, before = weights.card, results["weights"], results.get("before")
    parts = [
        "# Model card: the face detector's default weights",
        "Written by `profiling/weights/evaluate_weights.py`; every number of the tables is from "
        "`profiling/results/evaluate_weights.json`.",
        "\n".join(
            (
                f"- detector: {weights.detector}, version {weights.version}",
                f"- file: `{weights.path.name}`, SHA-256 `{weights.sha256}`",
                f"- input: blue, green, red in 0..255 minus {weights.mean_bgr}; any size",
                f"- anchors: {weights.anchors.min_sizes_px} px at steps {weights.anchors.steps_px}",
            )
        ),
    ]
    for title, key in (
        ("Use", "intended_use"),
        ("Where they come from", "origin"),
        ("Training", "training"),
        ("Licence", "licence_notes"),
    ):
        if key in card:
            parts += [f"## {title}", str(card[key])]
    parts += ["## Results", _explain(results), _precision_table(now, before)]
    parts += [_recall_table(now), _operating_table(now)]
    if "second_opinion" in results:
        parts.append(_second_opinion(results["second_opinion"]))
    parts.append(_height_table(now))
    parts += [_empty_table(now, before)]
    if "limits" in card:
        parts += ["## Limits", str(card["limits"])]
    return "\n\n".join(parts) + "\n"


def _explain(results: dict[str, Any]) -> str:
    settings, speed = results["settings"], results["weights"]["speed"]
    limits = "".join(f" ({px:g} px for {name})" for name, px in settings["min_face_px_by_set"])
    return (
        f"Pictures scaled to a long side of {settings['scale']} px, with {speed['engine']}; a "
        f"detection is right at an overlap (IoU) of {settings['min_match_iou']}; faces less than "
        f"{settings['min_face_px']:g} px high in the scaled picture{limits} are ignored. AP at "
        "IoU 0.5 is PASCAL VOC's, with every point of the curve; AP at 0.5 to 0.95 is COCO's. "
        "The pictures are not part of the program: they show real people."
    )


def _table(head: list[str], rows: list[list[object]]) -> str:
    lines = [head, ["---"] * len(head), *([str(v) for v in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _precision_table(now: dict[str, Any], before: dict[str, Any] | None) -> str:
    head = ["set", "pictures", "faces", "AP at IoU 0.5", "AP at 0.5 to 0.95"]
    roles = [now] if before is None else [now, before]
    if before is not None:
        head += ["published checkpoint at 0.5", "at 0.5 to 0.95"]
    rows: list[list[object]] = []
    for name, measures in _sets(now).items():
        row: list[object] = [SET_NAMES.get(name, name), measures["pictures"], measures["faces"]]
        for role in roles:
            own = role["sets"][name]
            row += [_show(own["voc"]), _show(own["coco"]["iou_50_95"])]
        rows.append(row)
    return _table(head, rows)


def _show(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _sets(measured: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return each set, without all of them together: they have little in common."""
    return {name: found for name, found in measured["sets"].items() if name != ALL_SETS}


def _masked_sets(now: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the sets whose labels say who wears a mask."""
    return {name: m for name, m in _sets(now).items() if m["faces_by_mask"].get("with_mask")}


def _recall_table(now: dict[str, Any]) -> str:
    sets = _masked_sets(now)
    head = ["minimum score"]
    for name in sets:
        head += [f"{name}: with mask", f"{name}: without", f"{name}: false positives per image"]
    rows: list[list[object]] = []
    for score in CARD_SCORES:
        cells: list[object] = [score]
        for measures in sets.values():
            (point,) = (p for p in measures["by_score"] if p["min_score"] == score)
            masks = point["recall_by_mask"]
            cells += [_show(masks.get("with_mask")), _show(masks.get("without_mask"))]
            cells.append(f"{point['false_boxes_per_picture']:.2f}")
        rows.append(cells)
    return "Recall of faces over 16 px high:\n\n" + _table(head, rows)


def _operating_table(now: dict[str, Any]) -> str:
    rows: list[list[object]] = []
    for name, measures in _masked_sets(now).items():
        for point in measures["by_false_boxes"]:
            masks = point["recall_by_mask"]
            shown = (point["min_score"], masks.get("with_mask"), masks.get("without_mask"))
            rows.append([name, point["at_most"], *map(_show, shown)])
    head = ["set", "false positives per image at most", "minimum score", "with mask", "without"]
    return "The same at this many false positives per image:\n\n" + _table(head, rows)


def _second_opinion(found: dict[str, Any]) -> str:
    now, before = found["weights"], found.get("before")
    roles = [("", now)] if before is None else [("", now), (", published checkpoint", before)]
    perfect = found["every_face_found"]["sets"]
    head = ["set", *(f"AP at IoU 0.5{suffix}" for suffix, _ in roles)]
    head += [f"with mask, at most 0.3 false positives per image{suffix}" for suffix, _ in roles]
    rows: list[list[object]] = []
    for name in _masked_sets(now):
        own = [role["sets"][name] for _, role in roles]
        recalls = [_masked_recall(measures) for measures in own]
        rows.append([name, *(_show(m["voc"]) for m in own), *map(_show, recalls)])
    limits = "; ".join(
        f"on {name} it has an average precision of {_show(perfect[name]['voc'])} and finds "
        f"{_show(_masked_recall(perfect[name]))} of the masked faces at {FALSE_BOXES} false "
        "positives per image "
        "a picture"
        for name in _masked_sets(now)
    )
    text = (
        "Labels leave out faces. Another detector (`profiling/weights/second_opinion.py`) is sure "
        f"of {found['unlabelled_faces']} faces that nobody labelled, with a score of at least "
        f"{found['min_score']:g}; if boxes there are neither right nor wrong:\n\n"
    )
    return (
        text
        + _table(head, rows)
        + "\n\nHow far the labels alone let a detector come that finds every one of these faces, "
        "labelled or not, with scores in random order, and nothing else, measured as above on "
        f"the labels alone: {limits}. To come further a detector has to learn which faces people "
        "left out."
    )


def _masked_recall(measures: dict[str, Any]) -> float | None:
    """Return the recall of masked faces at the allowed number of false boxes."""
    point = next(p for p in measures["by_false_boxes"] if p["at_most"] == FALSE_BOXES)
    recall: float | None = point["recall_by_mask"]["with_mask"]
    return recall


def _height_table(now: dict[str, Any]) -> str:
    sets = _sets(now)
    rows: list[list[object]] = []
    points = [
        next(p for p in m["by_score"] if p["min_score"] == HEIGHT_SCORE) for m in sets.values()
    ]
    for name in points[0]["recall_by_height_px"]:
        recalls: list[object] = [_show(point["recall_by_height_px"][name]) for point in points]
        rows.append([name, *recalls])
    text = f"Recall by face height in px, minimum score {HEIGHT_SCORE}:\n\n"
    return text + _table(["height", *sets], rows)


def _empty_table(now: dict[str, Any], before: dict[str, Any] | None) -> str:
    head = ["pictures without a face", "number", *(f"score {s}" for s in CARD_SCORES)]
    rows: list[list[object]] = []
    for suffix, measured in (("", now), (", published checkpoint", before)):
        for name, found in measured["without_faces"].items() if measured else ():
            counts = found["false_boxes_per_picture"]
            shown = [_show(counts[f"{score:g}"]) for score in CARD_SCORES]
            rows.append([name + suffix, found["pictures"], *shown])
    return "False positives per image in pictures that show no face:\n\n" + _table(head, rows)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--faces", type=Path, help="COCO annotation file")
    what.add_argument("--reuse", action="store_true", help="write the card from the last results")
    parser.add_argument(
        "--empty", action="append", default=[], metavar="NAME=FOLDER:PATTERN[,PATTERN]"
    )
    parser.add_argument("--second-opinion", type=Path, help="another detector's detections")
    parser.add_argument("--weights", type=Path, help="default: those of the program")
    parser.add_argument("--compare", type=Path, help="weights to show beside them")
    parser.add_argument("--long-side", type=int, default=640)
    parser.add_argument(
        "--engine",
        default="pytorch",
        help="default: %(default)s, in float32, which gives the same numbers on every machine",
    )
    parser.add_argument("--record", action="store_true", help="write results beside the weights")
    return parser.parse_args()


if __name__ == "__main__":
    main()
