r"""Compare how far redactions reach: what they hide of labelled faces, and what they cost.

    python profiling/weights/compare_shapes.py or_photos

The folder has ``labels.json`` (COCO) and ``images``. Faces are detected once, with the shipped
weights; each candidate then redacts the same boxes. Writes
``profiling/results/compare_shapes.json``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from recorder_core.deidentify import RedactionSettings
from recorder_core.detect import DetectorSettings
from recorder_core.evaluation import (
    EVALUATION_MIN_SCORE,
    CoveragePoint,
    CoverageSettings,
    DetectedPicture,
    EvaluationSettings,
    content_sha256,
    detect_faces,
    join_predictions,
    measure_coverage,
    read_benchmark,
)

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benches"))
from measuring import RESULTS, write_result

SETTINGS: Final = EvaluationSettings(scale="auto", coverage=None)
USUAL: Final = RedactionSettings()
#: name -> how far redactions reach; the first is what the others are compared with
CANDIDATES: Final = {
    "usual": USUAL,
    "scale 0.75": RedactionSettings.scaled(0.75),
    "scale 1.1": RedactionSettings.scaled(1.1),
    "scale 1.15": RedactionSettings.scaled(1.15),
    "scale 1.25": RedactionSettings.scaled(1.25),
    "sides 0.3": replace(USUAL, enlarge_sides=0.3),
    "below 0.3": replace(USUAL, enlarge_bottom=0.3),
    "sides and below 0.3": replace(USUAL, enlarge_sides=0.3, enlarge_bottom=0.3),
    "all around 0.3": replace(USUAL, enlarge_sides=0.3, enlarge_top=0.3, enlarge_bottom=0.3),
}


def main() -> None:
    """Measure, print and write the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("photos", type=Path, help="folder of labels.json and images")
    folder: Path = parser.parse_args().photos
    labels = folder / "labels.json"
    pictures = read_benchmark(labels, folder / "images").dataset.pictures
    detector = DetectorSettings(engine="pytorch", min_score=EVALUATION_MIN_SCORE)
    run = detect_faces(pictures, detector, SETTINGS.scale)
    found = join_predictions(pictures, run.predictions, SETTINGS)
    candidates = {name: measure(found, own) for name, own in CANDIDATES.items()}
    content = {
        "labels_sha256": content_sha256(labels),
        "weights_sha256": run.facts.weights_sha256,
        "candidates": candidates,
    }
    _print_table(candidates)
    write_result(RESULTS / "compare_shapes.json", "how far redactions reach", content)


def measure(found: Sequence[DetectedPicture], redaction: RedactionSettings) -> dict[str, Any]:
    """Measure what one candidate hides, as JSON types.

    Parameters
    ----------
    found : sequence of DetectedPicture
    redaction : RedactionSettings
    """
    points = measure_coverage(found, CoverageSettings(redaction=redaction))
    return {"redaction": asdict(redaction), "points": [_row(point) for point in points]}


def _row(point: CoveragePoint) -> dict[str, Any]:
    views = point.by_attribute.get("view", {})
    parts = {"all": point.all_faces} | {v: own for v, own in views.items() if own.faces}
    return {
        "min_score": point.min_score,
        "redacted_outside_faces": round(point.redacted_outside_faces, 4),
        "faces": {
            name: {key: value and round(value, 4) for key, value in asdict(own).items()}
            for name, own in parts.items()
        },
    }


def _print_table(candidates: dict[str, Any]) -> None:
    usual = next(iter(candidates.values()))["points"]
    for name, own in candidates.items():
        for point, before in zip(own["points"], usual, strict=True):
            cost = point["redacted_outside_faces"] / before["redacted_outside_faces"]
            parts = point["faces"].items()
            hidden = ", ".join(f"{part} {faces['hidden']:.3f}" for part, faces in parts)
            eyes = point["faces"]["all"]["eyes_hidden"]
            print(
                f"{name}, score {point['min_score']:g}: cost x{cost:.2f}, hidden {hidden}", end=""
            )
            print(f", eyes {eyes:.3f}")


if __name__ == "__main__":
    main()
