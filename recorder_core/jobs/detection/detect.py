"""Find faces and write them down, without rendering anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from recorder_core.detect.detector import DetectorSettings, load_detector_weights
from recorder_core.detect.weights import Weights
from recorder_core.detect.weights.self_test import refuse_useless
from recorder_core.jobs.inputs.frame_choice import FrameChoice
from recorder_core.jobs.inputs.job_video import JobVideo, open_job_video
from recorder_core.jobs.inputs.options import DetectOptions
from recorder_core.jobs.pipeline.planning import detect_frames
from recorder_core.jobs.pipeline.stage_rows import STAGES
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.media import Frame, Video
from recorder_core.model import FrameDetections
from recorder_core.tables import DetectionTable
from recorder_core.timing import StageClock

__all__ = ["detect_in_video", "useful_weights"]


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
    detector = source.load_detector(options.detector, useful_weights(options.detector))
    choice = source.frame_choice(options.stride)
    clock = StageClock(STAGES)
    found: list[FrameDetections] = []
    with closing(source.frames(source.first, source.stop)) as frames:
        for batch in _batches(_chosen(frames, choice), options.stride.batch_size):
            found += detect_frames(detector, batch, clock)
            progress(batch[-1].frame_index + 1 - source.first, len(source))
    source.media.check_unchanged()
    return DetectionTable.from_frames(found, source.video.time_base), source


def _chosen(frames: Iterable[Frame], choice: FrameChoice) -> Iterator[Frame]:
    """Yield the frames on which the detector runs."""
    before: Frame | None = None
    for frame in frames:
        is_due = choice.is_due(frame)
        if choice.is_before_due and before is not None:
            yield before
        if is_due:
            yield frame
        before = frame


def _batches(frames: Iterator[Frame], size: int) -> Iterator[list[Frame]]:
    while batch := list(islice(frames, size)):
        yield batch


def useful_weights(settings: DetectorSettings) -> Weights | None:
    """Return the weights that the settings ask for; None for a detector that has none.

    Raises
    ------
    ModelMismatch
        If they are damaged, belong to another detector, or find no face.
    SettingsError
        If no file is given and none comes with the program.
    """
    weights = load_detector_weights(settings)
    if weights is not None:
        refuse_useless(weights)
    return weights
