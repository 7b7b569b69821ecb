r"""Measure the detector's weights on labelled pictures and on pictures without a face.

    python profiling/weights/evaluate_weights.py --faces faces/val.json \
        --empty "laparoscope=laparoscope:*.jpg" --empty "rooms=or_rooms:*.jpg" \
        --second-opinion val.centerface.txt --compare BEFORE.safetensors \
        --operating-rooms or_photos

Writes ``profiling/results/evaluate_weights.json`` and the model card
``docs/model-card.md``, which takes every number from that file. With ``--record`` the
main results also go into the JSON file beside the weights. `second_opinion.py` writes the
file for ``--second-opinion``. ``--operating-rooms`` takes a folder with ``labels.json`` (COCO) and
``images``, photos of staffed operating rooms, whose figures the card shows first; with ``--reuse``
they alone are measured, and take their place among the last results.
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
from model_card import render_card, single_sets

ROOT: Final = Path(__file__).resolve().parents[2]
RESULT: Final = ROOT / "profiling" / "results" / "evaluate_weights.json"
CARD: Final = ROOT / "docs" / "model-card.md"
#: photos of operating rooms are seen as videos are; their boxes are right at a lower overlap: how
#: much of a cap or of a bent head belongs to a face is a matter of taste
OPERATING_ROOM_SETTINGS: Final = EvaluationSettings(scale="auto", min_match_iou=0.3)
#: sets in which other faces than those under 8 px are left out
MIN_FACE_PX_BY_SET: Final = (("w", 10.0),)


def main() -> None:
    """Measure, write the result file and the model card."""
    arguments = _parse_arguments()
    if not arguments.reuse:
        content = _measure_all(arguments)
        write_result(RESULT, "the shipped weights on labelled pictures", content)
    results = json.loads(RESULT.read_text(encoding="utf-8"))
    if arguments.operating_rooms is not None:
        results["operating_rooms"] = _measure_operating_rooms(arguments)
        RESULT.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
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
    content: dict[str, Any] = {
        "definitions": dict(DEFINITIONS),
        "settings": asdict(task.settings),
    }
    found = _measure_roles(arguments, task)
    for role, evaluation in found.items():
        content[role] = {"version": evaluation.name, **evaluation.to_dict()}
    if arguments.second_opinion is not None:
        content["second_opinion"] = _ask(arguments.second_opinion, task, found)
    return content


def _measure_roles(arguments: argparse.Namespace, task: EvaluationTask) -> dict[str, Evaluation]:
    """Measure the weights, and those to show beside them."""
    roles = {"weights": arguments.weights}
    if arguments.compare is not None:
        roles["before"] = arguments.compare
    return {
        role: _measure(load_weights(path), task, arguments.engine) for role, path in roles.items()
    }


def _measure_operating_rooms(arguments: argparse.Namespace) -> dict[str, Any]:
    folder: Path = arguments.operating_rooms
    labels = folder / "labels.json"
    task = EvaluationTask(
        benchmark=read_benchmark(labels, folder / "images"), settings=OPERATING_ROOM_SETTINGS
    )
    found = _measure_roles(arguments, task)
    return {
        "labels_sha256": content_sha256(labels),
        "definitions": dict(DEFINITIONS),
        "settings": asdict(task.settings),
    } | {
        role: {"version": evaluation.name, **evaluation.measures.sets[ALL_SETS].to_dict()}
        for role, evaluation in found.items()
    }


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
        "average_precision_at_iou_0.5": {
            name: found["voc"] for name, found in single_sets(now).items()
        },
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


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--faces", type=Path, help="COCO annotation file")
    what.add_argument("--reuse", action="store_true", help="write the card from the last results")
    parser.add_argument(
        "--empty", action="append", default=[], metavar="NAME=FOLDER:PATTERN[,PATTERN]"
    )
    parser.add_argument("--second-opinion", type=Path, help="another detector's detections")
    parser.add_argument(
        "--operating-rooms",
        type=Path,
        metavar="FOLDER",
        help="photos of staffed operating rooms: labels.json (COCO) and images",
    )
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
