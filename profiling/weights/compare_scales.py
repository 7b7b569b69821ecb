r"""Measure what enlarging a room view of 640 px brings: faces found, and false boxes.

    python profiling/weights/compare_scales.py --labels rooms/or_validation.json faces/val.json \
        --empty "laparoscope=laparoscope:v08_*.jpg,v09_*.jpg,v10_*.jpg,v11_*.jpg"

A composite shows the room in a small view. Each picture is shrunk to that size first,
with its labels, and then looked at in several sizes; the same faces count in each.
`--empty` names pictures that show no face. Writes
``profiling/results/compare_scales.json``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from evaluate_or_validation import read_empties

from recorder_core.datasets import LabelledPicture, read_dataset, read_picture_bgr, require_pictures
from recorder_core.detect import DetectorSettings, load_weights
from recorder_core.evaluation import (
    EVALUATION_MIN_SCORE,
    EvaluationSettings,
    detect_faces,
    join_predictions,
    measure_false_boxes,
    measure_sets,
)

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benches"))
from measuring import RESULTS, write_result

#: long side of a room view in a composite of 1920x1080 px
VIEW_PX: Final = 640
SCALES: Final = (640, 832, 960)
#: faces that count are at least so high in the view
MIN_FACE_PX: Final = 8.0
#: what recall is quoted at, and the score at which boxes in pictures without a face count
FALSE_BOXES_PER_PICTURE: Final = 0.3
SCORE: Final = 0.5


def shrink(pictures: Sequence[LabelledPicture], folder: Path) -> list[LabelledPicture]:
    """Write pictures with a long side of `VIEW_PX` and return them with their labels.

    Smaller pictures stay as they are: enlarging them is what is measured.
    """
    small = []
    for number, picture in enumerate(pictures):
        shown = read_picture_bgr(picture.path)
        scale = min(1.0, VIEW_PX / max(shown.shape[:2]))
        if scale < 1:
            shown = np.asarray(
                cv2.resize(shown, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
            )
        name = f"{number:06d}.png"
        cv2.imwrite(str(folder / name), shown)
        faces = tuple(
            replace(
                face,
                box_xyxy_px=tuple(scale * v for v in face.box_xyxy_px),
                landmarks_px=None,
            )
            for face in picture.faces
        )
        size_px = (shown.shape[1], shown.shape[0])
        small.append(replace(picture, file_name=name, size_px=size_px, faces=faces, folder=folder))
    return small


def measure(
    labelled: Mapping[str, Sequence[LabelledPicture]],
    empties: Mapping[str, Sequence[LabelledPicture]],
    scale: int,
) -> dict[str, Any]:
    """Search all pictures in one size and return the measures as JSON types."""
    detector = DetectorSettings(min_score=EVALUATION_MIN_SCORE)
    settings = EvaluationSettings(
        scale=scale,
        # by the height in the view, whatever it is enlarged to
        min_face_px=MIN_FACE_PX * scale / VIEW_PX,
        scores=(SCORE,),
        false_boxes_per_picture=(FALSE_BOXES_PER_PICTURE,),
        coverage=None,
    )
    sets: dict[str, Any] = {}
    for name, pictures in labelled.items():
        run = detect_faces(pictures, detector, scale)
        found = measure_sets(join_predictions(pictures, run.predictions, settings), settings)
        for own, measures in found.items():
            point = measures.by_false_boxes[0][1]
            sets[f"{name}, {own}"] = {
                "pictures": measures.pictures,
                "faces": measures.faces,
                "voc": round(measures.voc or 0.0, 4),
                "recall": round(point.recall or 0.0, 4),
            }
    without = {
        name: measure_false_boxes(
            list(detect_faces(pictures, detector, scale).predictions.values()), settings
        ).to_dict()
        for name, pictures in empties.items()
    }
    return {"scale": scale, "sets": sets, "without_faces": without}


def print_summary(row: Mapping[str, Any]) -> None:
    """Print the figures of one size."""
    print(f"long side {row['scale']}")
    for name, found in row["sets"].items():
        print(
            f"  {name}: average precision {found['voc']:.3f}, recall {found['recall']:.3f} at "
            f"{FALSE_BOXES_PER_PICTURE} false positives per image, {found['faces']} faces"
        )
    for name, found in row["without_faces"].items():
        print(f"  {name}: false positives per image {found['false_boxes_per_picture']}")


def main() -> None:
    """Measure, print and write the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--labels", type=Path, nargs="+", required=True, help="data sets")
    parser.add_argument(
        "--empty", action="append", default=[], metavar="NAME=FOLDER:PATTERN[,PATTERN]"
    )
    parser.add_argument("--result", type=Path, default=RESULTS / "compare_scales.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        labelled, empties = {}, {}
        for path in options.labels:
            pictures = require_pictures(read_dataset(path)).pictures
            labelled[path.stem] = shrink(pictures, _new_folder(Path(name) / path.stem))
        for kind, empty in read_empties(options.empty).items():
            empties[kind] = shrink(empty, _new_folder(Path(name) / "empty" / kind))
        rows = []
        for scale in SCALES:
            rows.append(measure(labelled, empties, scale))
            print_summary(rows[-1])
    content = {
        "settings": {"view_px": VIEW_PX, "min_face_px": MIN_FACE_PX, "empty_score": SCORE},
        "false_boxes_per_picture": FALSE_BOXES_PER_PICTURE,
        "weights_sha256": load_weights().sha256,
        "scales": rows,
    }
    write_result(options.result, "a room view of 640 px, enlarged for the detector", content)


def _new_folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


if __name__ == "__main__":
    main()
