r"""Measure the detector's weights on labelled pictures and on pictures without a face.

    python profiling/evaluate_weights.py --faces faces/val.json \
        --empty "laparoscope=laparoscope:*.jpg" --empty "rooms=or_rooms:*.jpg" \
        --compare BEFORE.safetensors

Writes ``profiling/results/evaluate_weights.json`` and the model card
``docs/model-card.md``, which takes every number from that file. With ``--record`` the
main results also go into the JSON file beside the weights.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Final

from recorder_core.detect.weights import Weights, load_weights, save_weights
from recorder_core.train import (
    EvaluationSettings,
    detect_in_faces,
    evaluate_faces,
    list_pictures,
    make_detect,
    measure_false_boxes,
    read_coco,
)

ROOT: Final = Path(__file__).resolve().parent.parent
RESULT: Final = ROOT / "profiling" / "results" / "evaluate_weights.json"
CARD: Final = ROOT / "docs" / "model-card.md"
#: scores that the card's tables show
CARD_SCORES: Final = (0.1, 0.2, 0.3, 0.5, 0.7)
#: what the sets of the pictures used here are; others are shown by name alone
SET_NAMES: Final = {
    "a": "a: web photos, many masks",
    "b": "b: web photos of crowds, many masks",
    "p": "p: other photos",
    "w": "w: WIDER FACE validation pictures squashed to 416x416",
}


def main() -> None:
    """Measure, write the result file and the model card."""
    arguments = _parse_arguments()
    if not arguments.reuse:
        RESULT.write_text(json.dumps(_measure_all(arguments), indent=1) + "\n", encoding="utf-8")
    results = json.loads(RESULT.read_text(encoding="utf-8"))
    weights = load_weights(arguments.weights)
    if arguments.record:
        weights = _record(weights, results["weights"])
    card = render_card(weights, results)
    CARD.write_text(card, encoding="utf-8")
    print(card)


def _measure_all(arguments: argparse.Namespace) -> dict[str, Any]:
    settings = EvaluationSettings(long_side_px=arguments.long_side)
    empties = {name: _list_empty(text) for name, text in map(_split, arguments.empty)}
    roles = {"weights": arguments.weights}
    if arguments.compare is not None:
        roles["before"] = arguments.compare
    return {
        role: _measure(load_weights(path), arguments.faces, empties, settings)
        for role, path in roles.items()
    }


def _split(text: str) -> tuple[str, str]:
    name, _, rest = text.partition("=")
    return name, rest


def _list_empty(text: str) -> list[Path]:
    folder, _, patterns = text.rpartition(":")
    wanted = patterns.split(",")
    return [p for p in list_pictures(Path(folder)) if any(p.match(w) for w in wanted)]


def _measure(
    weights: Weights, faces: Path, empties: dict[str, list[Path]], settings: EvaluationSettings
) -> dict[str, Any]:
    detect = make_detect(weights, settings)
    return {
        "version": weights.version,
        "sha256": weights.sha256,
        "faces": evaluate_faces(detect_in_faces(detect, read_coco(faces), settings), settings),
        "empty_pictures": {name: len(paths) for name, paths in empties.items()},
        "false_boxes_per_empty_picture": {
            name: measure_false_boxes(detect, paths) for name, paths in empties.items()
        },
    }


def _record(weights: Weights, measured: dict[str, Any]) -> Weights:
    card = dict(weights.card)
    card["results"] = {
        "average_precision_at_iou_0.5": measured["faces"]["average_precision"],
        "long_side_px": measured["faces"]["settings"]["long_side_px"],
        "false_boxes_per_empty_picture": measured["false_boxes_per_empty_picture"],
    }
    return save_weights(
        weights.path,
        weights.tensors,
        anchors=weights.anchors,
        version=weights.version,
        card=card,
    )


def render_card(weights: Weights, results: dict[str, Any]) -> str:
    """Return the model card as Markdown; every number comes from `results`."""
    card, now, before = weights.card, results["weights"], results.get("before")
    parts = [
        "# Model card: the face detector's default weights",
        "Written by `profiling/evaluate_weights.py`; every number of the tables is from "
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
    parts += ["## Results", _explain(now), _precision_table(now, before)]
    parts += [_recall_table(now), _height_table(now), _empty_table(now, before)]
    if "limits" in card:
        parts += ["## Limits", str(card["limits"])]
    return "\n\n".join(parts) + "\n"


def _explain(now: dict[str, Any]) -> str:
    settings = now["faces"]["settings"]
    return (
        f"Pictures resized to a long side of {settings['long_side_px']} px; a detection is right "
        f"at an overlap (IoU) of {settings['min_match_iou']}; faces less than "
        f"{settings['min_face_px']:g} px high in the resized picture (10 px for w) are ignored. "
        "The pictures are not part of the program: they show real people."
    )


def _table(head: list[str], rows: list[list[object]]) -> str:
    lines = [head, ["---"] * len(head), *([str(v) for v in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _precision_table(now: dict[str, Any], before: dict[str, Any] | None) -> str:
    faces = now["faces"]
    head = ["set", "pictures", "faces", "AP at IoU 0.5"]
    rows: list[list[object]] = []
    for name, value in faces["average_precision"].items():
        title = SET_NAMES.get(name, name)
        rows.append([title, faces["pictures"][name], faces["faces"][name], f"{value:.3f}"])
    if before is not None:
        head.append("published checkpoint")
        for row, value in zip(rows, before["faces"]["average_precision"].values(), strict=True):
            row.append(f"{value:.3f}")
    return _table(head, rows)


def _rows_at(now: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in now["faces"]["by_score"] if row["min_score"] in CARD_SCORES]


def _show(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _recall_table(now: dict[str, Any]) -> str:
    sets = [n for n in now["faces"]["average_precision"] if n in {"a", "b"}]
    head = ["least score"]
    for name in sets:
        head += [f"{name}: with mask", f"{name}: without", f"{name}: false boxes a picture"]
    rows: list[list[object]] = []
    for row in _rows_at(now):
        cells: list[object] = [row["min_score"]]
        for name in sets:
            masks = row[name]["recall_by_mask"]
            cells += [_show(masks.get("with_mask")), _show(masks.get("without_mask"))]
            cells.append(f"{row[name]['false_boxes_per_picture']:.2f}")
        rows.append(cells)
    return "Recall of faces over 16 px high:\n\n" + _table(head, rows)


def _height_table(now: dict[str, Any]) -> str:
    sets = list(now["faces"]["average_precision"])
    (row,) = (r for r in now["faces"]["by_score"] if r["min_score"] == 0.3)
    classes = list(row[sets[0]]["recall_by_height_px"])
    rows: list[list[object]] = [
        [label, *(_show(row[name]["recall_by_height_px"][label]) for name in sets)]
        for label in classes
    ]
    return "Recall by face height in px, least score 0.3:\n\n" + _table(["height", *sets], rows)


def _empty_table(now: dict[str, Any], before: dict[str, Any] | None) -> str:
    head = ["pictures without a face", "number", *(f"score {s}" for s in CARD_SCORES)]
    rows: list[list[object]] = []
    for suffix, measured in (("", now), (", published checkpoint", before)):
        if measured is None:
            continue
        for name, counts in measured["false_boxes_per_empty_picture"].items():
            number = measured["empty_pictures"][name]
            rows.append([name + suffix, number, *(f"{counts[str(s)]:.3f}" for s in CARD_SCORES)])
    return "False boxes in a picture that shows no face:\n\n" + _table(head, rows)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--faces", type=Path, help="COCO annotation file")
    what.add_argument("--reuse", action="store_true", help="write the card from the last results")
    parser.add_argument(
        "--empty", action="append", default=[], metavar="NAME=FOLDER:PATTERN[,PATTERN]"
    )
    parser.add_argument("--weights", type=Path, help="default: those of the program")
    parser.add_argument("--compare", type=Path, help="weights to show beside them")
    parser.add_argument("--long-side", type=int, default=640)
    parser.add_argument("--record", action="store_true", help="write results beside the weights")
    return parser.parse_args()


if __name__ == "__main__":
    main()
