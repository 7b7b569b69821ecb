"""Run a detector over labelled pictures, with the stages that videos go through, and time it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from time import perf_counter, process_time
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.datasets import LabelledPicture, read_size_px
from recorder_core.detect import (
    Detector,
    DetectorSettings,
    InputGeometry,
    ScoredBoxes,
    Weights,
    load_detector,
    load_detector_weights,
)
from recorder_core.errors import DataError
from recorder_core.evaluation.pictures import PictureScale, scaled_long_side_px
from recorder_core.media import read_picture
from recorder_core.model import Planes, View
from recorder_core.model.values.carriers import carrier_repr

__all__ = ["EVALUATION_MIN_SCORE", "DetectionRun", "EngineFacts", "detect_faces"]

#: floor of the scores that are kept: average precision needs the weak ones too
EVALUATION_MIN_SCORE: Final = 0.02
_SLOW_PERCENTILE: Final = 95


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What looked at the pictures."""

    detector: str
    #: one line: which engine ran where
    engine: str
    engine_reason: str
    #: SHA-256 of the weights, hexadecimal
    weights_sha256: str


@dataclass(frozen=True, slots=True)
class DetectionRun:
    """What a detector found in pictures, and how long each one took."""

    __repr__ = carrier_repr

    #: by the pictures' `file_name`; boxes in pixels of the picture
    predictions: dict[str, ScoredBoxes] = field(repr=False)
    #: (P,) float64: milliseconds of each picture, from its planes to its boxes; reading
    #: the file and loading the network are not in it
    times_ms: NDArray[np.float64]
    #: (P,) float64: the same in processor time of the whole process, which other work on
    #: the machine disturbs less
    processor_ms: NDArray[np.float64]
    #: width, height of the network's input -> pictures
    input_sizes_px: dict[tuple[int, int], int] = field(repr=False)
    facts: EngineFacts

    def speed(self) -> dict[str, Any]:
        """Return the times and what they belong to as JSON types."""
        slow = float(np.percentile(self.times_ms, _SLOW_PERCENTILE))
        sizes = sorted(self.input_sizes_px.items(), key=lambda item: -item[1])
        return {
            "engine": self.facts.engine,
            "engine_reason": self.facts.engine_reason,
            "pictures": len(self.times_ms),
            "median_ms": round(float(np.median(self.times_ms)), 2),
            "mean_ms": round(float(self.times_ms.mean()), 2),
            "percentile_95_ms": round(slow, 2),
            "median_processor_ms": round(float(np.median(self.processor_ms)), 2),
            "input_sizes_px": {f"{width}x{height}": count for (width, height), count in sizes},
        }


def detect_faces(
    pictures: Sequence[LabelledPicture],
    settings: DetectorSettings,
    scale: PictureScale,
    *,
    weights: Weights | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> DetectionRun:
    """Find the faces in pictures.

    Parameters
    ----------
    pictures : sequence of LabelledPicture
        At least one; their files must be there.
    settings : DetectorSettings
        `scale` takes the place of its `long_side_px`.
    scale : int or "original" or "auto"
        Length of a picture's longer side as the network sees it.
    weights : Weights, optional
        Weights that are in memory already; otherwise ``settings.weights`` is read, once.
    progress : callable, optional
        Called with the number of finished pictures and of all.

    Raises
    ------
    DataError
        If there is no picture, or one has another size than its labels say.
    DecodeError
        If a picture cannot be read.
    ModelMismatch, EngineUnavailable
        As `load_detector`.
    """
    if not pictures:
        raise DataError("there is no picture to detect faces in")
    weights = load_detector_weights(settings) if weights is None else weights
    planned = [(picture, _geometry(picture, scale)) for picture in pictures]
    planned.sort(key=lambda plan: _input_size_px(plan[1]))
    found: dict[str, ScoredBoxes] = {}
    times: list[tuple[float, float]] = []
    # pictures that share an input size share the loaded network
    for _, group in groupby(planned, lambda plan: _input_size_px(plan[1])):
        same_size = list(group)
        loaded = _load(settings, same_size[0][1], weights)
        for picture, geometry in same_size:
            detector, planes = loaded.for_geometry(geometry), _read(picture, geometry.view)
            start = perf_counter(), process_time()
            found[picture.file_name] = detector.detect(planes)
            times.append((perf_counter() - start[0], process_time() - start[1]))
            if progress is not None:
                progress(len(times), len(planned))
    facts = EngineFacts(
        settings.name, loaded.engine.describe(), loaded.engine_reason, loaded.weights_sha256
    )
    sizes = Counter(_input_size_px(geometry) for _, geometry in planned)
    wall_ms, processor_ms = 1000 * np.array(times).T
    return DetectionRun(found, wall_ms, processor_ms, dict(sizes), facts)


def _geometry(picture: LabelledPicture, scale: PictureScale) -> InputGeometry:
    size_px = picture.size_px or read_size_px(picture.path)
    return InputGeometry.fit(View(0, 0, *size_px), scaled_long_side_px(scale, size_px))


def _input_size_px(geometry: InputGeometry) -> tuple[int, int]:
    return geometry.input_width, geometry.input_height


def _load(settings: DetectorSettings, geometry: InputGeometry, weights: Weights | None) -> Detector:
    long_side_px = max(geometry.content_width, geometry.content_height)
    return load_detector(replace(settings, long_side_px=long_side_px), geometry.view, weights)


def _read(picture: LabelledPicture, view: View) -> Planes:
    planes = read_picture(picture.path)
    if not (planes.width, planes.height) == (view.width, view.height):
        raise DataError(
            f"picture {picture.file_name} has {planes.width}x{planes.height} pixels, its labels "
            f"are for {view.width}x{view.height}; store it upright and in its labelled size"
        )
    return planes
