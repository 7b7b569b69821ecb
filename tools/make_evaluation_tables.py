"""Write the tables of docs/video-evaluation.md from profiling/results; a test checks them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from make_readme_figures import ROOT, result

DOCUMENT: Final = ROOT / "docs" / "video-evaluation.md"
#: as methods are named in results and in the document
METHODS: Final = {
    "none": "not redacted",
    "before": "no smoothing",
    "temporal_kernel": "temporal kernel, 3 frames",
    "temporal_kernel_15": "temporal kernel, 15 frames",
    "after": "tracks (ours)",
}


def tables() -> dict[str, str]:
    """Return each table as Markdown, by the name of its place in the document."""
    smoothing, rooms = result("compare_smoothing"), result("or_validation")
    clips = smoothing["clips"]
    return {
        "simulated": _simulated(smoothing["simulated"]),
        "steadiness": _steadiness(clips["steadiness"]),
        "residual": _residual(clips["residual"]),
        "rooms": _rooms(rooms["detectors"]),
        "rooms-by-height": _rooms_by_height(rooms["detectors"]["shipped"]),
        "rooms-empty": _rooms_empty(rooms["detectors"]),
    }


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *([str(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _share(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f"{value:.{digits}%}"


def _simulated(rows: Sequence[Mapping[str, Any]]) -> str:
    head = [
        "detections",
        "method",
        "recall, IoU 0.5",
        "hidden",
        "tracks over 0.1 s",
        "tracks over 0.2 s",
        "longest, frames",
        "exposed face-seconds",
        "false area",
    ]
    cells = [
        (
            row["condition"],
            METHODS[row["method"]],
            _share(row["recall_iou_50"], 2),
            _share(row["hidden_share"], 2),
            _share(row["tracks_exposed_over_0.1_s"]),
            _share(row["tracks_exposed_over_0.2_s"]),
            row["longest_exposure_frames"],
            f"{row['exposed_face_seconds']:.2f}",
            _share(row["false_area_share"], 2),
        )
        for row in rows
    ]
    return _table(head, cells)


def _steadiness(looks: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    head = [
        "detection frames",
        "method",
        "blinks",
        "longest, frames",
        "shake",
        "sure boxes hidden",
        "uncertain boxes hidden",
        "area",
    ]
    rows = [
        (
            look,
            METHODS[method],
            own["blinks"],
            own["longest_blink_frames"],
            f"{own['shake']:.3f}",
            _share(own["sure_hidden_share"]),
            _share(own["uncertain_hidden_share"]),
            _share(own["area_share"]),
        )
        for look, methods in looks.items()
        for method, own in methods.items()
    ]
    return _table(head, rows)


def _residual(detectors: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    names = list(detectors)
    head = ["method", *(f"{name}: {what}" for name in names for what in ("boxes", "beside"))]
    rows = []
    for method in detectors[names[0]]:
        cells: list[str] = [METHODS[method]]
        for name in names:
            own = detectors[name][method]
            cells += [f"{own['boxes_per_frame']:.2f}", f"{own['beside_per_frame']:.2f}"]
        rows.append(cells)
    return _table(head, rows)


def _rooms(detectors: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    head = [
        "weights",
        "long side",
        "minimum score",
        "bare",
        "masked",
        "worn",
        "gap",
        "mAP by frame",
    ]
    rows = []
    for name, scales in detectors.items():
        for row in scales:
            point = row["at_most_0.3_false_boxes"]
            recall, precision = point["recall"], row["average_precision"]["masked"]
            rows.append(
                (
                    name,
                    f"{row['scale']} px",
                    f"{point['min_score']:.2f}",
                    *(f"{recall[kind]:.3f}" for kind in ("bare", "masked", "worn")),
                    f"{point['gap_bare_to_masked']:.3f}",
                    f"{precision['by_frame_iou_0.5_0.95']:.3f}",
                )
            )
    return _table(head, rows)


def _rooms_by_height(scales: Sequence[Mapping[str, Any]]) -> str:
    heights = list(scales[0]["at_most_0.3_false_boxes"]["recall_by_height_px"]["bare"])
    rows = []
    for row in scales:
        for kind, recalls in row["at_most_0.3_false_boxes"]["recall_by_height_px"].items():
            shown = ("" if recalls[h] is None else f"{recalls[h]:.3f}" for h in heights)
            rows.append((f"{row['scale']} px", kind, *shown))
    return _table(["long side", "set", *(f"{height} px" for height in heights)], rows)


def _rooms_empty(detectors: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    first = next(iter(detectors.values()))[0]
    kinds = {kind: count for kind, count in first["empty_pictures"].items()}
    head = ["weights", "long side", *(f"{kind} ({count})" for kind, count in kinds.items())]
    rows = [
        (
            name,
            f"{row['scale']} px",
            *(
                f"{row['default_score']['false_boxes_per_empty_picture'][kind]:.3f}"
                for kind in kinds
            ),
        )
        for name, scales in detectors.items()
        for row in scales
    ]
    return _table(head, rows)


def document_text(document: str) -> str:
    """Return the document with its tables renewed."""
    for name, table in tables().items():
        start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, rest = document.split(start)
        _, after = rest.split(end)
        document = f"{before}{start}\n{table}\n{end}{after}"
    return document


if __name__ == "__main__":
    text = document_text(DOCUMENT.read_text(encoding="utf-8"))
    DOCUMENT.write_text(text, encoding="utf-8")
