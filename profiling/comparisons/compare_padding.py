r"""Measure what padding pictures onto a few sizes of input saves, and what it changes.

    python profiling/comparisons/compare_padding.py FOLDER_OF_PICTURES [--count 120]

OpenVINO generates code for each size of input that it meets. Pictures of many sizes would share a
few if each were padded, with the mean colour, to larger sides. Near the edge of a picture the
network then sees a margin where it saw nothing: faces that the edge cuts get other scores. Each
picture is searched in its own size and in the padded one, each with an engine that has met no size
before. Writes ``profiling/results/compare_padding.json``.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect import Detector, DetectorSettings, InputGeometry, load_detector
from recorder_core.detect.stages import ScoredBoxes
from recorder_core.media import read_picture
from recorder_core.model import PICTURE_SUFFIXES, View

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benches"))
from measuring import RESULTS, write_result

#: sides of the input are padded to multiples of these; 32 is the network's own
MULTIPLES_PX: Final = (32, 96, 160, 320)
#: the long side of large pictures, which padding does not exceed
MAX_PX: Final = 960
#: boxes are compared from these scores on
SCORES: Final = (0.1, 0.3, 0.5)
#: overlap from which two boxes are of the same face
SAME_IOU: Final = 0.5


@dataclass(frozen=True, slots=True)
class Run:
    """What searching all pictures took and found."""

    found: list[ScoredBoxes]
    sizes: int
    cpu_seconds: float


def padded(geometry: InputGeometry, multiple_px: int) -> InputGeometry:
    """Return the same scaled picture in a larger input."""

    def longer(side_px: int) -> int:
        return max(side_px, min(-(-side_px // multiple_px) * multiple_px, MAX_PX))

    width, height = longer(geometry.input_width), longer(geometry.input_height)
    return replace(geometry, input_width=width, input_height=height)


def search(paths: list[Path], multiple_px: int) -> Run:
    """Search pictures with a new engine; reading them is not counted."""
    detector = load_detector(
        DetectorSettings(), View(0, 0, MAX_PX, MAX_PX), self_test=False, any_size=True
    )
    sizes: set[tuple[int, int]] = set()
    found, cpu = [], 0.0
    for path in paths:
        planes = read_picture(path)
        own = InputGeometry.fit(View(0, 0, planes.width, planes.height), None)
        geometry = padded(own, multiple_px)
        sizes.add((geometry.input_width, geometry.input_height))
        fitted: Detector = detector.for_geometry(geometry)
        batch = fitted.process_image(fitted.crop_view(planes))
        begun = process_time()
        found.append(fitted.detect_in_input(batch))
        cpu += process_time() - begun
    return Run(found, len(sizes), cpu)


def overlaps(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the intersection over union of each box of the first with each of the second."""
    corners = (
        np.maximum(first[:, None, :2], second[:, :2]),
        np.minimum(first[:, None, 2:], second[:, 2:]),
    )
    common = np.clip(corners[1] - corners[0], 0, None).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (first, second)]
    return np.asarray(common / (areas[0][:, None] + areas[1] - common), np.float32)


def without_match(boxes: ScoredBoxes, others: ScoredBoxes, score: float) -> int:
    """Return how many boxes of a score have no box of that score in the same place."""
    own, kept = boxes.xyxy_px[boxes.scores >= score], others.xyxy_px[others.scores >= score]
    if not len(own) or not len(kept):
        return len(own)
    return int(np.sum(overlaps(own, kept).max(axis=1) <= SAME_IOU))


def compare(own: Run, other: Run) -> dict[str, Any]:
    """Return what padding loses and gains, by score."""
    pairs = list(zip(own.found, other.found, strict=True))
    return {
        str(score): {
            "boxes": sum(int(np.sum(boxes.scores >= score)) for boxes in own.found),
            "lost": sum(without_match(before, after, score) for before, after in pairs),
            "gained": sum(without_match(after, before, score) for before, after in pairs),
        }
        for score in SCORES
    }


def main() -> None:
    """Measure, print and write the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=120, help="default: %(default)s")
    options = parser.parse_args()
    paths = sorted(
        path for path in options.folder.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES
    )
    paths = paths[:: max(1, len(paths) // options.count)][: options.count]
    runs = {multiple_px: search(paths, multiple_px) for multiple_px in MULTIPLES_PX}
    own = runs[MULTIPLES_PX[0]]
    rows = [
        {
            "multiple_px": multiple_px,
            "sizes": run.sizes,
            "cpu_seconds": round(run.cpu_seconds, 2),
            "of_own_sizes": round(run.cpu_seconds / own.cpu_seconds, 3),
            "by_score": compare(own, run),
        }
        for multiple_px, run in runs.items()
    ]
    for row in rows:
        print(row)
    result = {"pictures": len(paths), "rows": rows}
    write_result(RESULTS / "compare_padding.json", "padding pictures onto fewer sizes", result)


if __name__ == "__main__":
    main()
