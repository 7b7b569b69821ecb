"""Videos of minutes and hours, made in seconds: a few encoded packets, written again and again.

What a container does with a recording depends on its length and its number of packets, not on
what the frames show. Two seconds are encoded; their packets are repeated with new time stamps,
B-frames and AAC audio included.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, Any, Final

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

__all__ = ["LongVideo", "write_long"]

_ENCODED_SECONDS: Final = 2
#: samples in a packet of AAC
_AAC_SAMPLES: Final = 1024
_FRAGMENTED: Final = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}


@dataclass(frozen=True, slots=True)
class LongVideo:
    """How long a video is, and how it is stored.

    Attributes
    ----------
    seconds : int
        Its length.
    frame_rate, sample_rate_hz : int
        Frames and audio samples a second.
    width, height : int
        Pixels.
    is_fragmented : bool
        As a recorder writes it, a fragment for each second.
    is_noise : bool
        Whether every pixel differs, for a high bit rate.
    """

    seconds: int
    frame_rate: int = 30
    sample_rate_hz: int = 48_000
    width: int = 64
    height: int = 48
    is_fragmented: bool = False
    is_noise: bool = False

    @property
    def frame_count(self) -> int:
        """How many frames it has."""
        return self.seconds * self.frame_rate

    @property
    def audio_packet_count(self) -> int:
        """How many packets of AAC begin before its end."""
        return -(-self.seconds * self.sample_rate_hz // _AAC_SAMPLES)


def write_long(target: Path | IO[bytes], video: LongVideo) -> None:
    """Write a video of moving grey and a tone.

    Parameters
    ----------
    target : Path or file object
        An MP4 file to be.
    video : LongVideo
        What it is like.
    """
    file = str(target) if isinstance(target, Path) else target
    options = _FRAGMENTED if video.is_fragmented else {}
    with (
        av.open(io.BytesIO(_encode(video)), "r") as source,
        av.open(file, "w", format="mp4", options=options) as container,
    ):
        (frames, audio) = (
            _Repeat(source, track, container.add_stream_from_template(track))
            for track in (source.streams.video[0], source.streams.audio[0])
        )
        for count in range(1, video.frame_count + 1):
            container.mux_one(frames.next_packet())
            while audio.count * _AAC_SAMPLES * video.frame_rate < count * video.sample_rate_hz:
                container.mux_one(audio.next_packet())


class _Repeat:
    """The packets of a stream, from its end on again from its beginning."""

    def __init__(self, source: InputContainer, track: Any, stream: Any) -> None:
        source.seek(0)
        found = [packet for packet in source.demux(track) if packet.size]
        # the decoder's run-in comes once only, and the last packet may be short
        self._packets = [packet for packet in found if packet.pts is not None and packet.pts >= 0]
        if track.type == "audio":
            self._packets.pop()
        self._content = [bytes(packet) for packet in self._packets]
        self._stream = stream
        self._period = sum(packet.duration or 0 for packet in self._packets)
        self.count = 0

    def next_packet(self) -> av.Packet[Any]:
        """Return the next packet, at its time."""
        turn, place = divmod(self.count, len(self._packets))
        old, new = self._packets[place], av.Packet(self._content[place])
        shift = turn * self._period
        new.pts, new.dts = (old.pts or 0) + shift, (old.dts or 0) + shift
        new.duration, new.time_base = old.duration, old.time_base
        new.is_keyframe, new.stream = old.is_keyframe, self._stream
        self.count += 1
        return new


def _encode(video: LongVideo) -> bytes:
    """Return the seconds that are repeated."""
    target, samples = io.BytesIO(), video.sample_rate_hz // video.frame_rate
    with av.open(target, "w", format="mp4") as container:
        stream = container.add_stream(
            "libx264", rate=video.frame_rate, options={"preset": "ultrafast", "sc_threshold": "0"}
        )
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, "yuv420p"
        stream.codec_context.gop_size, stream.codec_context.max_b_frames = video.frame_rate, 2
        audio = container.add_stream("aac", rate=video.sample_rate_hz, layout="mono")
        for place in range(_ENCODED_SECONDS * video.frame_rate):
            frame = av.VideoFrame.from_ndarray(_frame(video, place), "yuv420p")
            frame.pts, frame.time_base = place, Fraction(1, video.frame_rate)
            container.mux(stream.encode(frame))
            times = np.arange(place * samples, (place + 1) * samples) / video.sample_rate_hz
            tone = np.sin(times * 2_000).astype(np.float32)[None] * np.float32(0.1)
            piece = av.AudioFrame.from_ndarray(tone, "fltp", "mono")
            piece.sample_rate, piece.pts = video.sample_rate_hz, place * samples
            container.mux(audio.encode(piece))
        container.mux(stream.encode(None))
        container.mux(audio.encode(None))
    return target.getvalue()


def _frame(video: LongVideo, place: int) -> NDArray[np.uint8]:
    """Return the planes of a frame, below each other."""
    rows, columns = video.height * 3 // 2, video.width
    if video.is_noise:
        return np.random.default_rng(place).integers(0, 10, (rows, columns), dtype=np.uint8)
    grey = np.full((rows, columns), 128, np.uint8)
    grey[: video.height] = 16 + place
    return grey
