"""Encode synthetic frames and audio as a recorder would: H.264 and AAC."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from recorder_core.errors import SettingsError
from recorder_core.media.files.finished import finished_file
from recorder_core.media.frames.frame import plane_array
from recorder_core.model import Planes

__all__ = ["Samples", "SynthesisSettings", "VideoWriter", "write_video"]

#: (N,) float32 mono audio, about -1 to 1
Samples = NDArray[np.float32]

#: FFmpeg's numbers for BT.709 and limited range (ITU-T H.273)
_BT709: Final = 1
_LIMITED_RANGE: Final = 1
#: peak against mean bit rate, as live encoders are commonly set
_PEAK: Final = 1.5


@dataclass(frozen=True, slots=True)
class SynthesisSettings:
    """How a synthetic video is encoded."""

    #: frames per second
    frame_rate: Fraction
    #: mean of the video stream, bits a second
    bit_rate_bps: int
    preset: str = "veryfast"
    keyframe_seconds: float = 1.0
    #: frames that need a later one for decoding, at most this many in a row
    b_frames: int = 0
    #: fixed, because the bytes depend on it
    threads: int = 2
    sample_rate_hz: int = 48_000
    audio_bit_rate_bps: int = 128_000

    def __post_init__(self) -> None:
        if self.frame_rate <= 0 or self.bit_rate_bps <= 0 or self.keyframe_seconds <= 0:
            raise SettingsError("frame rate, bit rate and keyframe distance must be positive")
        if self.b_frames < 0 or self.threads < 1:
            raise SettingsError("b_frames must not be negative and threads at least 1")


def write_video(
    path: Path,
    frames: Iterable[tuple[Planes, Samples | None]],
    settings: SynthesisSettings,
) -> int:
    """Encode frames and their audio.

    Parameters
    ----------
    path : Path
        Where to write; the suffix chooses the container. The file appears when it
        is complete.
    frames : iterable of (Planes, Samples or None)
        Each frame (all of the first one's size, BT.709) with the audio that
        belongs to it. The planes may be reused for the next frame. None for the
        first samples make a video without audio.
    settings : SynthesisSettings
        How to encode.

    Returns
    -------
    int
        Number of frames.

    Raises
    ------
    SettingsError
        If there is no frame.
    EncodeError
        If the file cannot be written.
    """
    with VideoWriter(path, settings) as writer:
        for planes, samples in frames:
            writer.write(planes, samples)
        return writer.count


class VideoWriter:
    """Writes one synthetic video, frame by frame; a context manager.

    Leaving it with an error leaves no file.

    Parameters
    ----------
    path : Path
        Where to write; the suffix chooses the container.
    settings : SynthesisSettings
        How to encode.
    """

    def __init__(self, path: Path, settings: SynthesisSettings) -> None:
        self._path, self._settings = path, settings
        #: frames, and samples of audio, so far
        self.count = self._heard = 0
        self._video: VideoStream | None = None
        self._audio: AudioStream | None = None

    def __enter__(self) -> Self:
        with ExitStack() as resources:
            temporary = resources.enter_context(finished_file(self._path))
            self._container = resources.enter_context(av.open(temporary, "w"))
            self._resources = resources.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._resources:
            if error is not None:
                raise error
            self._finish()

    def write(self, planes: Planes, samples: Samples | None) -> None:
        """Encode a frame and its audio; parameters as of :func:`write_video`."""
        if self._video is None:
            self._video = _add_video(self._container, planes, self._settings)
            if samples is not None:
                self._audio = _add_audio(self._container, self._settings)
        self._container.mux(self._video.encode(_video_frame(planes, self.count, self._video)))
        self.count += 1
        if self._audio is not None and samples is not None and len(samples):
            frame = _audio_frame(samples, self._heard, self._audio)
            self._container.mux(self._audio.encode(frame))
            self._heard += len(samples)

    def _finish(self) -> None:
        if self._video is None:
            raise SettingsError("a video needs at least one frame")
        self._container.mux(self._video.encode(None))
        if self._audio is not None:
            self._container.mux(self._audio.encode(None))


def _add_video(
    container: OutputContainer, planes: Planes, settings: SynthesisSettings
) -> VideoStream:
    stream: VideoStream = container.add_stream("libx264", rate=settings.frame_rate)
    codec = stream.codec_context
    codec.width, codec.height, codec.pix_fmt = planes.width, planes.height, "yuv420p"
    codec.time_base = 1 / settings.frame_rate
    codec.bit_rate = settings.bit_rate_bps
    codec.gop_size = max(1, round(settings.frame_rate * Fraction(settings.keyframe_seconds)))
    codec.max_b_frames = settings.b_frames
    codec.thread_count = settings.threads
    codec.flags |= Flags.closed_gop | Flags.bitexact
    codec.color_primaries = codec.color_trc = codec.colorspace = _BT709
    codec.color_range = _LIMITED_RANGE
    peak = str(round(_PEAK * settings.bit_rate_bps))
    # a recorder encodes live: it does not look ahead
    live = {"rc-lookahead": "0"}
    codec.options = {"preset": settings.preset, "maxrate": peak, "bufsize": peak} | live
    return stream


def _add_audio(container: OutputContainer, settings: SynthesisSettings) -> AudioStream:
    stream: AudioStream = container.add_stream("aac", rate=settings.sample_rate_hz, layout="mono")
    stream.codec_context.bit_rate = settings.audio_bit_rate_bps
    stream.codec_context.flags |= Flags.bitexact
    return stream


def _video_frame(planes: Planes, index: int, stream: VideoStream) -> VideoFrame:
    frame = VideoFrame(planes.width, planes.height, "yuv420p")
    for number, source in enumerate((planes.y, planes.u, planes.v)):
        plane_array(frame, number)[:] = source
    frame.pts, frame.time_base = index, stream.codec_context.time_base
    frame.colorspace, frame.color_range = _BT709, _LIMITED_RANGE
    return frame


def _audio_frame(samples: Samples, first: int, stream: AudioStream) -> AudioFrame:
    frame = AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
    frame.sample_rate = stream.codec_context.sample_rate
    frame.pts, frame.time_base = first, Fraction(1, frame.sample_rate)
    return frame
