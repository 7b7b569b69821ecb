"""A source video, opened once: what it holds, which pictures, which of them are lost."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect import DetectorSettings
from recorder_core.detect.detector import Detector, load_detector
from recorder_core.detect.weights import Weights
from recorder_core.errors import DecodeError, SettingsError
from recorder_core.jobs.options import DetectOptions
from recorder_core.jobs.pipeline import DetectionStride
from recorder_core.media import (
    FileState,
    Gap,
    MediaInfo,
    Picture,
    PictureIndex,
    VideoInfo,
    decode_pictures,
    find_gaps,
    hash_beside,
    index_pictures,
    probe,
)
from recorder_core.model import View, shown_view

__all__ = ["Source", "open_source"]


@dataclass(frozen=True, slots=True)
class Source:
    """A video and the part of it that a job works on."""

    info: MediaInfo
    #: every picture of the video
    index: PictureIndex
    #: of the file
    sha256: str
    view: View
    #: pictures that cannot be decoded and become black
    gaps: tuple[Gap, ...]
    #: the job's pictures, ``[first, stop)``
    first: int
    stop: int
    #: of the file before it was read
    state: FileState

    @property
    def video(self) -> VideoInfo:
        """The video stream."""
        return self.info.video

    @property
    def frame_bytes(self) -> int:
        """Memory of one decoded picture."""
        planes = self.video.width * self.video.height * 3 // 2
        # of more bits, two bytes a sample and the planes that show the upper eight
        return planes if self.video.sample_bits == 8 else 3 * planes

    @property
    def copy_index(self) -> PictureIndex:
        """The job's pictures, and their times in the copy."""
        return self.index.part(self.first, self.stop, self.video.time_base)

    def __len__(self) -> int:
        return self.stop - self.first

    def seconds_of(self, frames: range) -> float:
        """Return how long pictures are shown."""
        return self.video.seconds(int(self.index.durations[frames.start : frames.stop].sum()))

    def detection_frames(self, stride: DetectionStride) -> NDArray[np.bool_]:
        """Return for every picture of the video whether the detector runs on it.

        Only pictures of the job are chosen; its first is one of them.
        """
        chosen = np.zeros(len(self.index), np.bool_)
        span = slice(self.first, self.stop)
        chosen[span] = stride.detection_frames(self.index.pts[span], self.video.time_base)
        return chosen

    def load_detector(
        self,
        settings: DetectorSettings,
        weights: Weights | None = None,
        *,
        view: View | None = None,
    ) -> Detector:
        """Load a detector for the source's view, or for another part of its pictures.

        Raises
        ------
        ModelMismatch, EngineUnavailable, SettingsError
            As :func:`~recorder_core.detect.load_detector`.
        """
        return load_detector(settings, view or self.view, weights, frame=self.video.geometry)

    def pictures(self, start: int, stop: int) -> Generator[Picture, None, None]:
        """Decode the pictures ``[start, stop)``."""
        return decode_pictures(self.info, self.index, start=start, stop=stop, gaps=self.gaps)


def open_source(path: Path, options: DetectOptions) -> Source:
    """Open a video and check the options against it.

    Raises
    ------
    DecodeError
        If it cannot be read, is still being written, its frames change their size or format,
        or it is damaged and `options` do not ask for salvage.
    SettingsError
        If the view or the span of time does not lie inside the video.
    """
    info = probe(path, options.video_stream)
    state = FileState.read(path)
    view = shown_view(options.view, info.video.geometry)
    with hash_beside(path) as sha256:
        index = index_pictures(info, salvage=options.salvage)
        counted = replace(info.video, average_frame_rate=index.frame_rate(info.video))
        info = replace(info, video=counted)
        gaps = find_gaps(info, index) if options.salvage else ()
        first, stop = _span(info, index, options)
        if index.change is not None and index.change.pts <= index.pts[stop - 1]:
            raise DecodeError(f"{path.name}: {index.change.reason}")
        source = Source(info, index, sha256(), view, gaps, first, stop, state)
    state.check()
    return source


def _span(info: MediaInfo, index: PictureIndex, options: DetectOptions) -> tuple[int, int]:
    seconds = (index.pts - index.pts[0]) * float(info.video.time_base)
    first = int(np.searchsorted(seconds, options.start_seconds or 0.0))
    stop = len(index)
    if options.stop_seconds is not None:
        stop = int(np.searchsorted(seconds, options.stop_seconds))
    if first >= stop:
        raise SettingsError(
            f"the video is {info.duration_seconds:.1f} seconds long; no picture lies in the span "
            "that was asked for"
        )
    return first, stop
