r"""Measure a detector on synthetic operating rooms: recall, masked against bare, false positives.

    python profiling/weights/make_or_validation.py ... -o SET
    python profiling/weights/evaluate_or_validation.py SET \
        --empty "laparoscope=laparoscope:v08_*.jpg,v09_*.jpg,v10_*.jpg,v11_*.jpg" \
        --empty "room=or_rooms:room_*_4.jpg"

The minimum score is chosen once, on all made pictures together, so that at most 0.3 false
boxes a picture remain; every set is measured with it, and besides with the score from
which a detection is redacted unless told otherwise. `--empty` names pictures that show
no face. Writes ``profiling/results/or_validation.json``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import make_or_validation

from recorder_core.datasets import LabelledPicture, list_pictures, read_coco, require_pictures
from recorder_core.deidentify import SmoothingSettings
from recorder_core.detect import DetectorSettings
from recorder_core.errors import DataError, RecorderError
from recorder_core.evaluation import (
    EVALUATION_MIN_SCORE,
    DetectedPicture,
    EvaluationSettings,
    PrecisionRecall,
    detect_faces,
    join_predictions,
    measure_set,
    precision_recall,
)

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benches"))
from measuring import RESULTS, write_result

#: what the recall is quoted at
FALSE_BOXES_PER_PICTURE: Final = 0.3
#: long sides at which pictures are looked at: that of other measurements, and what is
#: chosen for a room camera of its own
SCALES: Final = (640, 960)
#: name of the weights of the program
SHIPPED: Final = "shipped"
DEFAULT_SCORE: Final = SmoothingSettings().birth_score


def evaluate(
    pictures: Sequence[LabelledPicture],
    empties: Mapping[str, Sequence[LabelledPicture]],
    detector: DetectorSettings,
    scale: int,
) -> dict[str, Any]:
    """Measure one detector at one size of pictures.

    Parameters
    ----------
    pictures : sequence of LabelledPicture
        Of the sets that `make_or_validation` makes.
    empties : mapping of str to sequence of LabelledPicture
        Kind -> pictures without a face.
    detector : DetectorSettings
    scale : int
        Length of a picture's longer side as the network sees it.

    Returns
    -------
    dict
        As JSON types.
    """
    settings = EvaluationSettings(scale=scale, coverage=None)
    found = _detect(pictures, detector, settings)
    chosen = _curve(found, settings).at_false_boxes(FALSE_BOXES_PER_PICTURE)
    scores = {"at_most_0.3_false_boxes": chosen.min_score, "default_score": DEFAULT_SCORE}
    sets = {
        name: [each for each in found if each.labelled.set_name == name]
        for name in make_or_validation.SETS
    }
    curves = {
        kind: _curve(_detect(own, detector, settings), settings) for kind, own in empties.items()
    }
    return {
        "scale": scale,
        "pictures": {name: len(own) for name, own in sets.items()},
        "faces": {name: _curve(own, settings).faces for name, own in sets.items()},
        "average_precision": {name: _precision(own, settings) for name, own in sets.items()},
        "empty_pictures": {kind: len(own) for kind, own in empties.items()},
        **{key: _at_score(score, sets, curves, settings) for key, score in scores.items()},
    }


def _detect(
    pictures: Sequence[LabelledPicture], detector: DetectorSettings, settings: EvaluationSettings
) -> list[DetectedPicture]:
    run = detect_faces(pictures, detector, settings.scale)
    return join_predictions(pictures, run.predictions, settings)


def _curve(found: Sequence[DetectedPicture], settings: EvaluationSettings) -> PrecisionRecall:
    return precision_recall([each.match(settings.min_match_iou) for each in found])


def _precision(
    found: Sequence[DetectedPicture], settings: EvaluationSettings
) -> dict[str, float | None]:
    """Return average precision at IoU 0.5, and of each picture alone, then averaged."""
    measured = measure_set(found, replace(settings, scores=(), false_boxes_per_picture=()))
    values = {
        "voc_iou_0.5": measured.voc,
        "by_frame_iou_0.5": measured.by_frame.iou_50,
        "by_frame_iou_0.5_0.95": measured.by_frame.iou_50_95,
    }
    return {name: None if v is None else round(v, 4) for name, v in values.items()}


def _at_score(
    min_score: float,
    sets: Mapping[str, Sequence[DetectedPicture]],
    empties: Mapping[str, PrecisionRecall],
    settings: EvaluationSettings,
) -> dict[str, Any]:
    """Return what a minimum score finds and mistakes."""
    settings = replace(settings, scores=(min_score,))
    points = {name: measure_set(own, settings).by_score[0] for name, own in sets.items()}
    recalls = {name: point.recall or 0.0 for name, point in points.items()}
    return {
        "min_score": round(min_score, 4),
        "recall": {name: round(recall, 4) for name, recall in recalls.items()},
        "gap_bare_to_masked": round(recalls["bare"] - recalls["masked"], 4),
        "recall_by_height_px": {
            name: {
                height: None if recall is None else round(recall, 4)
                for height, recall in point.recall_by_height_px.items()
            }
            for name, point in points.items()
        },
        "false_boxes_per_picture": {
            name: round(point.false_boxes_per_picture, 4) for name, point in points.items()
        },
        "false_boxes_per_empty_picture": {
            kind: round(curve.at_score(min_score).false_boxes_per_picture, 4)
            for kind, curve in empties.items()
        },
    }


def read_empties(words: Sequence[str]) -> dict[str, list[LabelledPicture]]:
    """Read ``NAME=FOLDER:PATTERN[,PATTERN]`` of each kind of pictures without a face.

    Raises
    ------
    DataError
        If a kind has no picture.
    """
    empties = {}
    for word in words:
        name, _, rest = word.partition("=")
        folder, _, patterns = rest.rpartition(":")
        found = [
            LabelledPicture(path.name, folder=path.parent)
            for path in list_pictures(Path(folder))
            if any(path.match(pattern) for pattern in patterns.split(","))
        ]
        if not found:
            raise DataError(f"no picture of {folder} is named {patterns}")
        empties[name] = found
    return empties


def print_summary(name: str, row: Mapping[str, Any]) -> None:
    """Print the main figures of one detector at one size of pictures."""
    for key in ("at_most_0.3_false_boxes", "default_score"):
        point = row[key]
        print(
            f"{name}, long side {row['scale']}, score {point['min_score']:.3f}: "
            f"recall {', '.join(f'{n} {r:.3f}' for n, r in point['recall'].items())}; "
            f"gap {point['gap_bare_to_masked']:+.3f}; false positives per image "
            f"{point['false_boxes_per_picture']}, empty {point['false_boxes_per_empty_picture']}"
        )


def main() -> None:
    """Measure, print and write the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("set", type=Path, help="folder that make_or_validation wrote")
    parser.add_argument(
        "--empty", action="append", default=[], metavar="NAME=FOLDER:PATTERN[,PATTERN]"
    )
    parser.add_argument(
        "--compare", action="append", default=[], metavar="NAME=FILE", help="weights beside ours"
    )
    parser.add_argument("--scale", type=int, action="append", help="default: 640 and 960")
    parser.add_argument("--result", type=Path, default=RESULTS / "or_validation.json")
    options = parser.parse_args()
    detectors = {SHIPPED: DetectorSettings(min_score=EVALUATION_MIN_SCORE)}
    for word in options.compare:
        name, _, path = word.partition("=")
        detectors[name] = replace(detectors[SHIPPED], weights=Path(path))
    try:
        labels = options.set / f"{make_or_validation.NAME}.json"
        pictures = require_pictures(read_coco(labels)).pictures
        empties = read_empties(options.empty)
        measured = {}
        for name, detector in detectors.items():
            rows = [evaluate(pictures, empties, detector, s) for s in options.scale or SCALES]
            for row in rows:
                print_summary(name, row)
            measured[name] = rows
    except RecorderError as exc:
        raise SystemExit(f"error: {exc}") from exc
    content = {"detectors": measured}
    write_result(options.result, "recall and false positives in synthetic operating rooms", content)


if __name__ == "__main__":
    main()
