"""The decoded samples of one stream of a live input."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.packet import Packet
from numpy.typing import NDArray

from recorder_core.media.live.arrivals import Damaged
from recorder_core.model.values.carriers import carrier_repr

__all__ = ["DecodedAudio", "SampleStream"]

_LAYOUTS: Final = {1: "mono", 2: "stereo"}
#: what lies further from the end of what came before is not joined to it
_JOINT_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class DecodedAudio:
    """Samples, (n, channels) float32, and when their first is by the source's clock."""

    samples: NDArray[np.float32]
    pts_seconds: float | None
    is_joined: bool

    __repr__ = carrier_repr


class SampleStream:
    """Decode the packets of a stream of audio into one format, whatever the stream's.

    Parameters
    ----------
    stream : AudioStream
        Of an open input.
    sample_rate, channels : int
        Of what is given.
    """

    def __init__(self, stream: AudioStream, sample_rate: int, channels: int) -> None:
        self.stream, self._rate, self._channels = stream, sample_rate, channels
        self._resampler: AudioResampler | None = None
        #: format, layout and rate of the frames that it takes
        self._heard: tuple[str, str, int] | None = None
        #: second at which what came last ends, by the source's clock
        self._end_seconds: float | None = None
        self._is_first = True

    def decode(self, packet: Packet[Any]) -> Iterator[DecodedAudio | Damaged]:
        """Yield what a packet holds; what is damaged is said, and left out."""
        try:
            frames = self.stream.codec_context.decode(packet)
            for frame in frames:
                samples = self._converted(frame)
                if len(samples):
                    yield self._placed(frame, samples)
        except (av.error.FFmpegError, ValueError):
            yield Damaged("audio")

    def _converted(self, frame: AudioFrame) -> NDArray[np.float32]:
        heard = frame.format.name, frame.layout.name, frame.sample_rate
        if self._resampler is None or heard != self._heard:
            self._resampler = AudioResampler("flt", _LAYOUTS[self._channels], self._rate)
            self._heard = heard
        pieces = [each.to_ndarray() for each in self._resampler.resample(frame)]
        if not pieces:
            return np.empty((0, self._channels), np.float32)
        return np.concatenate(pieces, axis=1).reshape(-1, self._channels).astype(np.float32)

    def _placed(self, frame: AudioFrame, samples: NDArray[np.float32]) -> DecodedAudio:
        start = None
        if frame.pts is not None and frame.time_base is not None:
            start = float(frame.pts * frame.time_base)
        joined = not self._is_first
        if joined and start is not None and self._end_seconds is not None:
            joined = abs(start - self._end_seconds) <= _JOINT_SECONDS
        self._is_first = False
        if start is None:
            self._end_seconds = None
        else:
            self._end_seconds = start + frame.samples / frame.sample_rate
        return DecodedAudio(samples, start, joined)
