"""A video in which the detector has looked at its frames, for measuring and comparing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from recorder_core.evaluation import DetectedPicture, EvaluationSettings
from recorder_core.evaluation.video import (
    FRAME_SETTINGS,
    MethodSettings,
    TruthFrame,
    judge_frames,
)
from recorder_core.jobs.detection.detect import detect_in_video
from recorder_core.jobs.inputs.job_video import JobVideo
from recorder_core.jobs.inputs.options import DetectOptions
from recorder_core.jobs.inputs.stride import DetectionStride
from recorder_core.jobs.pipeline.pipeline import FrameLimits
from recorder_core.model import FrameDetections, TruthFace
from recorder_core.tables import read_metadata, read_truth

if TYPE_CHECKING:
    from recorder_core.simulate import SimulationSettings

__all__ = ["DetectedVideo", "read_truth_frames", "run_detector", "run_detector_on_surgery"]


@dataclass(frozen=True, slots=True)
class DetectedVideo:
    """One video, what the detector sees in its frames, and where its faces are."""

    path: Path
    source: JobVideo
    #: every frame that was looked at, in order
    detections: list[FrameDetections] = field(repr=False)
    #: every frame of a video with known faces, empty for another
    truth: list[TruthFrame] = field(default_factory=list, repr=False)

    def method_settings(self, kernels: Mapping[str, int] | None = None) -> MethodSettings:
        """Return the settings with which the job would repair this video.

        Parameters
        ----------
        kernels : mapping of str to int, optional
            Name -> reach in frames of the kernels to compare with; one unless given.
        """
        settings = MethodSettings(self.source.view, self.source.video.time_base)
        needed = self.source.max_frames_within(settings.smoothing.look_ahead_seconds)
        limits = FrameLimits.covering(self.source.frame_bytes, needed)
        settings = replace(settings, max_look_ahead_frames=limits.look_ahead_frames)
        return settings if kernels is None else replace(settings, kernels=kernels)

    def judge(self, settings: EvaluationSettings = FRAME_SETTINGS) -> list[DetectedPicture]:
        """Join true faces and detections of each frame; see `judge_frames`."""
        video = self.source.video
        return judge_frames(
            self.truth,
            self.detections,
            name=self.path.stem,
            size_px=(video.width, video.height),
            settings=settings,
        )


def run_detector(
    video: Path,
    truth: Path | None = None,
    options: DetectOptions | None = None,
    *,
    every: int = 1,
) -> DetectedVideo:
    """Run the detector on the frames of a video.

    Parameters
    ----------
    video : Path
    truth : Path, optional
        The table of its true faces, of a simulated video.
    options : DetectOptions, optional
        Where and how faces are found; `every` takes the place of its stride.
    every : int
        The detector runs on every Nth frame.

    Raises
    ------
    DecodeError
        If the video cannot be read.
    DataError
        If the truth is missing or damaged.
    """
    chosen = replace(options or DetectOptions(), stride=DetectionStride(every=every))
    table, source = detect_in_video(video, chosen)
    span = range(source.first, source.stop)
    known = [] if truth is None else read_truth_frames(truth, span)
    return DetectedVideo(video, source, table.to_frames(), known)


def run_detector_on_surgery(
    folder: Path, settings: SimulationSettings, options: DetectOptions, *, every: int = 1
) -> DetectedVideo:
    """Simulate a surgery, unless the folder holds it already, and run the detector on it.

    Parameters
    ----------
    folder : Path
        Made if it is missing; keeps the video and its truth, by length and seed.
    settings : SimulationSettings
    options, every
        As for `run_detector`.
    """
    from recorder_core.simulate import simulate

    folder.mkdir(parents=True, exist_ok=True)
    video = folder / f"surgery_{settings.duration_seconds:g}s_seed{settings.seed}.mp4"
    truth = video.with_suffix(".truth.parquet")
    if not (video.exists() and truth.exists()):
        simulate(video, settings, truth)
    return run_detector(video, truth, options, every=every)


def read_truth_frames(path: Path, span: range) -> list[TruthFrame]:
    """Read the true faces of some frames of a video.

    Parameters
    ----------
    path : Path
        The table of true faces.
    span : range
        Indices of the wanted frames.

    Raises
    ------
    DataError
        If the file is missing, damaged, or another table.
    """
    truth = read_truth(path)
    seconds = float(read_metadata(path).time_base or 0)
    by_frame: dict[int, list[TruthFace]] = defaultdict(list)
    for face in truth.faces:
        by_frame[face.frame_index].append(face)
    return [
        TruthFrame(frame, pts * seconds, tuple(by_frame[frame]))
        for frame, pts in truth.frames
        if frame in span
    ]
