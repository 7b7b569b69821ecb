"""Convert audio that a container does not take, at its own times."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final, cast

import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import OutputContainer
from av.packet import Packet
from numpy.typing import NDArray

__all__ = ["AudioConverter", "AudioCopier", "add_converted_audio"]

#: rates that AAC takes in every player; others become the last
_RATES_HZ: Final = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
#: more than speech needs, and no artefacts in music
_BPS_PER_CHANNEL: Final = 96_000
#: AAC holds at most so many bits for each sample
_AAC_BITS_PER_SAMPLE: Final = 6
#: frames that lie further from the place that counting gives are moved to their own time
_DRIFT_SECONDS: Final = 0.02
_FORMATS: Final = {"aac": "fltp", "flac": "s32"}
_SMALL_SAMPLES: Final = {"u8", "u8p", "s16", "s16p"}


def add_converted_audio(
    container: OutputContainer, track: AudioStream, encoder: str
) -> AudioStream:
    """Add a stream with an opened encoder for what a track holds."""
    rate = track.rate if encoder == "flac" or track.rate in _RATES_HZ else _RATES_HZ[-1]
    stream: Any = container.add_stream(encoder, rate=rate)
    codec = stream.codec_context
    codec.layout = _layout(track)
    small = track.codec_context.format.name in _SMALL_SAMPLES
    codec.format = "s16" if encoder == "flac" and small else _FORMATS[encoder]
    codec.flags |= Flags.bitexact
    codec.time_base = Fraction(1, rate)
    if encoder == "aac":
        codec.bit_rate = min(_BPS_PER_CHANNEL, _AAC_BITS_PER_SAMPLE * rate) * track.channels
    codec.open()
    return cast(AudioStream, stream)


def _layout(track: AudioStream) -> str:
    usual = {1: "mono", 2: "stereo"}
    return usual.get(track.channels, track.codec_context.layout.name)


class AudioCopier:
    """Passes packets on as they are."""

    def __init__(self, stream: AudioStream) -> None:
        self._stream = stream

    def convert(self, packet: Packet[Any]) -> Iterator[Packet[Any]]:
        """Yield the packet, for the stream of the copy."""
        packet.stream = self._stream
        yield packet

    def finish(self) -> Iterator[Packet[Any]]:
        """Yield nothing: nothing was kept."""
        yield from ()


class AudioConverter:
    """Decodes packets of one track and encodes what is heard.

    Pauses become silence, and what overlaps is left out, so that counted samples and time
    stay together.

    Parameters
    ----------
    track : AudioStream
        Of the source; its packets are given in order.
    stream : AudioStream
        From :func:`add_converted_audio`.
    """

    def __init__(self, track: AudioStream, stream: AudioStream) -> None:
        codec = stream.codec_context
        self._decoder, self._stream, self._rate_hz = track.codec_context, stream, codec.rate
        self._file_unit = track.time_base
        self._channels = codec.channels
        self._resampler = AudioResampler(codec.format, codec.layout, codec.rate)
        #: format, layout and rate of the frames that it takes; None before the first
        self._heard: tuple[str, str, int] | None = None
        #: sample at which the next frame begins; None before the first
        self._next: int | None = None

    def convert(self, packet: Packet[Any]) -> Iterator[Packet[Any]]:
        """Yield what one packet becomes; one that cannot be decoded becomes silence."""
        try:
            frames = self._decoder.decode(packet)
        except av.error.InvalidDataError:
            return
        if packet.time_base != self._file_unit:
            _move_by_samples(packet, frames[:1])
        yield from self._encode(frames)

    def finish(self) -> Iterator[Packet[Any]]:
        """Yield what decoder, resampler and encoder still hold."""
        yield from self._encode(self._decoder.decode(None))
        yield from self._finish_resampling()
        yield from self._stream.encode(None)

    def _finish_resampling(self) -> Iterator[Packet[Any]]:
        for frame in self._resampler.resample(None):
            yield from self._place(frame)

    def _encode(self, frames: list[AudioFrame]) -> Iterator[Packet[Any]]:
        for frame in frames:
            yield from self._take(frame)
            for piece in self._resampler.resample(frame):
                yield from self._place(piece)

    def _take(self, frame: AudioFrame) -> Iterator[Packet[Any]]:
        """Resample anew where the source changes its format, channels or rate."""
        heard = frame.format.name, frame.layout.name, frame.sample_rate
        if self._heard not in (None, heard):
            yield from self._finish_resampling()
            codec = self._stream.codec_context
            self._resampler = AudioResampler(codec.format, codec.layout, codec.rate)
        self._heard = heard

    def _place(self, frame: AudioFrame) -> Iterator[Packet[Any]]:
        place = self._place_of(frame)
        if self._next is None:
            self._next = max(place, 0)
        if abs(place - self._next) <= _DRIFT_SECONDS * self._rate_hz:
            place = self._next
        for silent in self._silence(frame, place - self._next):
            yield from self._encode_next(silent)
        samples = frame.to_ndarray()
        wide = 1 if frame.format.is_planar else self._channels
        early = max(self._next - place, 0) * wide
        if early < samples.shape[1]:
            yield from self._encode_next(self._frame(frame, samples[:, early:]))

    def _place_of(self, frame: AudioFrame) -> int:
        if frame.pts is None or frame.time_base is None:
            return self._next or 0
        return round(frame.pts * frame.time_base * self._rate_hz)

    def _silence(self, like: AudioFrame, samples: int) -> Iterator[AudioFrame]:
        rows, wide = (self._channels, 1) if like.format.is_planar else (1, self._channels)
        for start in range(0, samples, self._rate_hz):
            count = min(self._rate_hz, samples - start)
            yield self._frame(like, np.zeros((rows, count * wide), like.to_ndarray().dtype))

    def _frame(self, like: AudioFrame, samples: NDArray[Any]) -> AudioFrame:
        samples = np.ascontiguousarray(samples)
        frame = AudioFrame.from_ndarray(samples, format=like.format.name, layout=like.layout.name)
        frame.sample_rate = self._rate_hz
        return frame

    def _encode_next(self, frame: AudioFrame) -> Iterator[Packet[Any]]:
        assert self._next is not None
        frame.pts, frame.time_base = self._next, Fraction(1, self._rate_hz)
        self._next += frame.samples
        yield from self._stream.encode(frame)


def _move_by_samples(packet: Packet[Any], frames: list[AudioFrame]) -> None:
    """Move a frame of which the decoder left out the beginning, as Opus does wherever it begins.

    The decoder counts that in the unit of the file, here packets are counted in samples.
    """
    pts, duration, unit = packet.pts, packet.duration, packet.time_base
    for frame in frames:
        if pts is None or duration is None or unit is None or frame.pts is None:
            continue
        left_out = round(duration * unit * frame.sample_rate) - frame.samples
        if frame.pts > pts and left_out > 0:
            frame.pts = pts + round(Fraction(left_out, frame.sample_rate) / unit)
