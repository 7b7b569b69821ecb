"""Find faces and write them down, without rendering anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect.detector import (
    Detector,
    DetectorSettings,
    load_detector,
    load_detector_weights,
)
from recorder_core.detect.view_input import InputGeometry
from recorder_core.detect.weights import Weights
from recorder_core.detect.weights.self_test import refuse_useless
from recorder_core.errors import SettingsError
from recorder_core.jobs.inputs.job_video import JobVideo, open_job_video
from recorder_core.jobs.inputs.options import DetectOptions
from recorder_core.jobs.pipeline.planning import detect_frames
from recorder_core.jobs.pipeline.read_ahead import read_ahead
from recorder_core.jobs.pipeline.stage_rows import STAGES
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.media import Frame, Video, read_picture
from recorder_core.model import FrameDetections, parse_view
from recorder_core.tables import DetectionTable, PictureTable
from recorder_core.timing import StageClock

__all__ = ["detect_in_pictures", "detect_in_video"]

#: pictures that are read before their turn
_AHEAD: Final = 4


def detect_in_video(
    video: str | Path | Video, options: DetectOptions, progress: Progress = no_progress
) -> tuple[DetectionTable, JobVideo]:
    """Find the faces in a video, frame by frame; nothing is repaired over time.

    Parameters
    ----------
    video : str, Path or Video
        The video; one that is open stays open.
    options : DetectOptions
        Where and how faces are found.
    progress : callable
        Called with the number of finished frames and of all frames.

    Returns
    -------
    DetectionTable
        Every frame that was looked at, with or without a face.
    JobVideo
        What the table belongs to.
    """
    source = open_job_video(video, options)
    detector = source.load_detector(options.detector, _useful_weights(options.detector))
    chosen = source.detection_frames(options.stride)
    clock = StageClock(STAGES)
    found: list[FrameDetections] = []
    with closing(source.frames(source.first, source.stop)) as frames:
        detection_frames = (each for each in frames if chosen[each.frame_index])
        for batch in _batches(detection_frames, options.stride.batch_size):
            found += detect_frames(detector, batch, clock)
            progress(batch[-1].frame_index + 1 - source.first, len(source))
    source.media.check_unchanged()
    return DetectionTable.from_frames(found, source.video.time_base), source


def _batches(frames: Iterator[Frame], size: int) -> Iterator[list[Frame]]:
    while batch := list(islice(frames, size)):
        yield batch


def detect_in_pictures(
    named: Sequence[tuple[str, Path]],
    options: DetectOptions,
    progress: Progress = no_progress,
) -> PictureTable:
    """Find the faces in picture files.

    Parameters
    ----------
    named : sequence of (str, Path)
        Name in the table, and file, of each picture.
    options : DetectOptions
        Where and how faces are found; the span of time must be left out.
    progress : callable
        Called with the number of finished pictures and of all.

    Raises
    ------
    SettingsError
        If the options name a span of time.
    DecodeError
        If a file is not a picture.
    """
    if options.start_seconds is not None or options.stop_seconds is not None:
        raise SettingsError("pictures have no time; leave out --start and --stop")
    found: list[FrameDetections] = []
    prepare = _Preparation(options)
    with closing(read_ahead(prepare, [path for _, path in named], _AHEAD)) as prepared:
        for place, (batch, detector) in enumerate(prepared):
            boxes = detector.detect_in_input(batch)
            found.append(FrameDetections(place, place, boxes.xyxy_px, boxes.scores))
            progress(len(found), len(named))
    names = [name for name, _ in named]
    return PictureTable.from_pictures(list(zip(names, found, strict=True)))


class _Preparation:
    """Reads pictures and makes the network's inputs; loads it with the first of them."""

    def __init__(self, options: DetectOptions) -> None:
        self._options = options
        self._weights = _useful_weights(options.detector)
        self._detector: Detector | None = None

    def __call__(self, path: Path) -> tuple[NDArray[np.float32], Detector]:
        """Return the network's input (1, 3, H, W), and the detector that takes it."""
        settings = self._options.detector
        planes = read_picture(path)
        view = parse_view(self._options.searched_view, planes.width, planes.height)
        geometry = InputGeometry.fit(view, settings.long_side_px)
        if self._detector is None:
            self._detector = load_detector(settings, view, self._weights, any_size=True)
        detector = self._detector.for_geometry(geometry)
        return detector.process_image(detector.crop_view(planes)), detector


def _useful_weights(settings: DetectorSettings) -> Weights | None:
    weights = load_detector_weights(settings)
    if weights is not None:
        refuse_useless(weights)
    return weights
