"""The model card of the detector's weights, from what `evaluate_weights` measured."""

from __future__ import annotations

from typing import Any, Final

from recorder_core.detect import Weights
from recorder_core.evaluation import ALL_SETS, ATTRIBUTE_MIN_HEIGHT_PX

__all__ = ["render_card", "single_sets"]

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
    parts.append("## Results")
    if "operating_rooms" in results:
        parts += _operating_room_parts(results["operating_rooms"])
        parts.append("### Other pictures")
    parts += [_explain(results), _precision_table(now, before)]
    parts += [_recall_table(now), _operating_table(now)]
    if "second_opinion" in results:
        parts.append(_second_opinion(results["second_opinion"]))
    parts.append(_height_table(now))
    parts += [_empty_table(now, before)]
    if "limits" in card:
        parts += ["## Limits", str(card["limits"])]
    return "\n\n".join(parts) + "\n"


def _operating_room_parts(found: dict[str, Any]) -> list[str]:
    """Return the figures of photos of staffed operating rooms, those that matter most."""
    now, settings = found["weights"], found["settings"]
    roles = {"these weights": now}
    if "before" in found:
        roles["published checkpoint"] = found["before"]
    coverage = settings["coverage"]
    text = (
        f"{now['pictures']} photos of staffed operating rooms and clinical staff: {now['faces']} "
        "faces count; "
        f"{now['faces_left_out']} more are marked as difficult or less than "
        f"{settings['min_face_px']:g} px high, and heads from behind are neither right nor wrong. "
        "Single pictures, seen in the size that is chosen for videos; a box is right at an overlap "
        f"(IoU) of {settings['min_match_iou']:g}."
    )
    hidden = (
        "What redacting every box from a score would hide, in the photos as they are stored, by "
        "the cores of the default shapes, before any tracking: a face is hidden if "
        f"{100 * coverage['min_hidden_share']:g} % of the ellipse in its labelled box is, its eyes "
        "if their whole band is (25 % to 55 % of the height). A video redacts from "
        f"{coverage['scores'][0]:g}, a still picture from {coverage['scores'][1]:g}; a track goes "
        f"on from {coverage['scores'][2]:g}."
    )
    return [
        "### Staffed operating rooms",
        text,
        _operating_room_table(roles),
        hidden,
        _coverage_table(roles),
        "These weights, by what is seen of a face and by what is worn (recall: faces over "
        f"{ATTRIBUTE_MIN_HEIGHT_PX} px high):",
        _attribute_table(now),
    ]


def _operating_room_table(roles: dict[str, dict[str, Any]]) -> str:
    head = ["weights", "AP at IoU 0.3", "AP at IoU 0.5"]
    head += [f"recall at {FALSE_BOXES} false positives per image", "with mask", "without"]
    rows: list[list[object]] = []
    for name, own in roles.items():
        point = next(p for p in own["by_false_boxes"] if p["at_most"] == FALSE_BOXES)
        masks = point["recall_by_mask"]
        shown = (own["voc"], own["coco"]["iou_50"], point["recall"])
        rows.append([name, *map(_show, (*shown, masks["with_mask"], masks["without_mask"]))])
    return _table(head, rows)


def _coverage_table(roles: dict[str, dict[str, Any]]) -> str:
    head = ["weights", "score", "faces hidden", "mean hidden share", "eyes hidden"]
    rows: list[list[object]] = []
    for name, own in roles.items():
        for point in own["coverage"]:
            faces = point["all_faces"]
            shown = (faces["hidden"], faces["mean_share"], faces["eyes_hidden"])
            shares = map(_show, (*shown, point["redacted_outside_faces"]))
            rows.append([name, point["min_score"], *shares])
    return _table([*head, "redacted outside of faces, share of the picture"], rows)


def _attribute_table(now: dict[str, Any]) -> str:
    at_limit = next(p for p in now["by_false_boxes"] if p["at_most"] == FALSE_BOXES)
    head = ["", "faces", f"recall at {FALSE_BOXES} false positives per image"]
    head += [f"hidden at score {point['min_score']:g}" for point in now["coverage"]]
    rows: list[list[object]] = []
    for name, values in now["coverage"][0]["by_attribute"].items():
        for value in (value for value, faces in values.items() if faces["faces"]):
            hidden = [point["by_attribute"][name][value]["hidden"] for point in now["coverage"]]
            shares = map(_show, (at_limit["recall_by_attribute"][name][value], *hidden))
            rows.append([f"{name}: {value}", values[value]["faces"], *shares])
    return _table(head, rows)


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
    for name, measures in single_sets(now).items():
        row: list[object] = [SET_NAMES.get(name, name), measures["pictures"], measures["faces"]]
        for role in roles:
            own = role["sets"][name]
            row += [_show(own["voc"]), _show(own["coco"]["iou_50_95"])]
        rows.append(row)
    return _table(head, rows)


def _show(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def single_sets(measured: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return each set, without all of them together: they have little in common."""
    return {name: found for name, found in measured["sets"].items() if name != ALL_SETS}


def _masked_sets(now: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the sets whose labels say who wears a mask."""
    return {name: m for name, m in single_sets(now).items() if m["faces_by_mask"].get("with_mask")}


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
        "positives per image"
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
    sets = single_sets(now)
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
