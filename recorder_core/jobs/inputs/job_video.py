"""A source video, opened once: what it holds, which frames, which of them are lost."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect import DetectorSettings
from recorder_core.detect.detector import Detector, load_detector
from recorder_core.detect.weights import Weights
from recorder_core.errors import DecodeError, SettingsError
from recorder_core.jobs.inputs.fingerprints import seen_sha256
from recorder_core.jobs.inputs.frame_choice import FrameChoice
from recorder_core.jobs.inputs.live_faces import live_faces
from recorder_core.jobs.inputs.options import DetectOptions
from recorder_core.jobs.inputs.stride import DetectionStride
from recorder_core.jobs.inputs.untouched_room import UntouchedRoom
from recorder_core.media import (
    Frame,
    FrameIndex,
    Gap,
    MediaInfo,
    Video,
    VideoInfo,
    decode_frames,
    hash_beside,
    open_video,
)
from recorder_core.model import FrameDetections, View, shown_view

__all__ = ["JobVideo", "open_job_video"]


@dataclass(frozen=True, slots=True)
class JobVideo:
    """A video and the part of it that a job works on."""

    #: as it was opened
    media: Video = field(repr=False)
    #: what it holds; how its frames are kept may be the job's choice
    info: MediaInfo
    #: of the file
    sha256: str
    view: View
    #: the job's frames, ``[first, stop)``
    first: int
    stop: int
    #: what its frames show of the room instead of what the file shows
    room: UntouchedRoom | None = None

    @property
    def room_sha256(self) -> str | None:
        """Of the view of the room that is put back; None: none is."""
        return None if self.room is None else self.room.sha256

    @property
    def seen_sha256(self) -> str:
        """Of what its frames are made of."""
        return seen_sha256(self.sha256, self.room_sha256)

    @property
    def index(self) -> FrameIndex:
        """Every frame of the video."""
        return self.media.index

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Frames that cannot be decoded and become black."""
        return self.media.gaps

    @property
    def video(self) -> VideoInfo:
        """The video stream."""
        return self.info.video

    @property
    def frame_bytes(self) -> int:
        """Memory of one decoded frame."""
        planes = self.video.width * self.video.height * 3 // 2
        # of more bits, two bytes a sample and the planes that show the upper eight
        return planes if self.video.format.sample_bits == 8 else 3 * planes

    def max_frames_within(self, seconds: float) -> int:
        """Return how many frames of the job a span of time has where they are densest."""
        pts = self.index.pts[self.first : self.stop]
        reach = math.ceil(Fraction(seconds) / self.video.time_base)
        return int(np.max(np.searchsorted(pts, pts + reach, "right") - np.arange(len(pts))))

    @property
    def copy_index(self) -> FrameIndex:
        """The job's frames, and their times in the copy."""
        return self.index.part(self.first, self.stop, self.video.time_base)

    def __len__(self) -> int:
        return self.stop - self.first

    def seconds_of(self, frames: range) -> float:
        """Return how long frames are shown."""
        return self.video.seconds(int(self.index.durations[frames.start : frames.stop].sum()))

    def detection_frames(self, stride: DetectionStride) -> NDArray[np.bool_]:
        """Return for every frame of the video whether the detector runs on it whatever it shows.

        Only frames of the job are chosen; its first is one of them.
        """
        chosen = np.zeros(len(self.index), np.bool_)
        span = slice(self.first, self.stop)
        chosen[span] = stride.detection_frames(self.index.pts[span], self.video.time_base)
        return chosen

    def frame_choice(
        self, stride: DetectionStride, *, also: Iterable[int] = (), earlier: range = range(0)
    ) -> FrameChoice:
        """Return what chooses the frames on which the detector runs while they are decoded.

        Parameters
        ----------
        stride : DetectionStride
        also : iterable of int
            Frames on which the detector runs, too.
        earlier : range
            From the last frame that an earlier run searched, to its end, after which this one goes
            on; they are compared again.

        Raises
        ------
        DecodeError
            If one of these cannot be decoded.
        """
        scheduled = self.detection_frames(stride)
        scheduled[list(also)] = True
        choice = FrameChoice(scheduled, self.view, is_sparse=stride.every is not None)
        with closing(self.frames(earlier.start, earlier.stop)) as decoded:
            for frame in decoded:
                choice.is_due(frame)
        return choice

    def known_faces(self, min_score: float) -> dict[int, FrameDetections]:
        """Return by frame what was hidden of the room while it was recorded, if it is put back.

        Parameters
        ----------
        min_score : float
            At least the score of each.
        """
        if self.room is None or self.room.detections is None:
            return {}
        return live_faces(
            self.room.detections,
            self.room.place,
            self.index.pts,
            self.video.time_base,
            min_score=min_score,
        )

    def load_detector(
        self,
        settings: DetectorSettings,
        weights: Weights | None = None,
        *,
        view: View | None = None,
        any_size: bool = False,
    ) -> Detector:
        """Load a detector for the source's view, or for another part of its frames.

        Raises
        ------
        ModelMismatch, EngineUnavailable, SettingsError
            As :func:`~recorder_core.detect.load_detector`.
        """
        return load_detector(
            settings, view or self.view, weights, frame=self.video.geometry, any_size=any_size
        )

    def frames(self, start: int, stop: int) -> Generator[Frame, None, None]:
        """Decode the frames ``[start, stop)``."""
        decoded = decode_frames(self.info, self.index, start=start, stop=stop, gaps=self.gaps)
        return decoded if self.room is None else self.room.put_back(decoded)


def open_job_video(source: str | Path | Video, options: DetectOptions) -> JobVideo:
    """Open a video and check the options against it.

    Parameters
    ----------
    source : str, Path or Video
        A video that is open already stays its owner's; it must have been opened with the
        stream and the salvage of the options.
    options : DetectOptions
        What a job does with it.

    Raises
    ------
    DecodeError
        If it cannot be read, is still being written, its frames change their size or format,
        or it is damaged and `options` do not ask for salvage.
    SettingsError
        If the view or the span of time does not lie inside the video.
    """
    video = source if isinstance(source, Video) else _opened(source, options)
    view = shown_view(options.searched_view, video.info.video.geometry)
    with hash_beside(video.file) as sha256:
        index, info = video.index, video.info
        first, stop = _span(info, index, options)
        if index.change is not None and index.change.pts <= index.pts[stop - 1]:
            raise DecodeError(f"{info.name}: {index.change.reason}")
        opened = JobVideo(video, info, sha256(), view, first, stop)
    video.check_unchanged()
    return opened


def _opened(path: str | Path, options: DetectOptions) -> Video:
    return open_video(path, stream_index=options.video_stream, salvage=options.salvage)


def _span(info: MediaInfo, index: FrameIndex, options: DetectOptions) -> tuple[int, int]:
    seconds = (index.pts - index.pts[0]) * float(info.video.time_base)
    first = int(np.searchsorted(seconds, options.start_seconds or 0.0))
    stop = len(index)
    if options.stop_seconds is not None:
        stop = int(np.searchsorted(seconds, options.stop_seconds))
    if first >= stop:
        raise SettingsError(
            f"the video is {info.duration_seconds:.1f} seconds long; no frame lies in the "
            "requested span"
        )
    return first, stop
