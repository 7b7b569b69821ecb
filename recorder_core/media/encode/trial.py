"""Try an encoder on this machine: encode a few frames, and look at what comes back."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final

import av
import numpy as np
from av.packet import Packet

from recorder_core.errors import EncodeError
from recorder_core.media.encode.frame_encoder import FrameEncoder
from recorder_core.media.encode.settings import EncoderSettings
from recorder_core.media.ffmpeg_errors import encoding
from recorder_core.media.frames.frame import Frame, plane_array, sample_bits
from recorder_core.model import FrameFormat

__all__ = ["try_encoder"]

#: of each GOP of the trial, and how many GOPs there are
_GOP_FRAMES, _GOPS = 6, 3
#: mean squared error of luma, in levels of 8 bits: what comes back shows what was given (28 dB)
_MAX_ERROR: Final = 100.0
_COUNTED_BITS: Final = 8
_MATROSKA: Final = "matroska"


def try_encoder(
    settings: EncoderSettings, frame_format: FrameFormat, *, frame_rate: Fraction
) -> None:
    """Encode some frames, and decode each GOP by itself.

    Parameters
    ----------
    settings : EncoderSettings
        Of the encoder; its keyframe interval is made short for this.
    frame_format : FrameFormat
        Of the frames that it is to encode.
    frame_rate : Fraction
        Nominal, frames per second.

    Raises
    ------
    EncodeError
        If it cannot be opened or does not encode, a GOP does not begin where it was asked for or
        is not closed, or what comes back does not show what was given.
    """
    short = replace(settings, gop_seconds=float(_GOP_FRAMES / frame_rate))
    given = list(_moving_frames(frame_format, frame_rate))
    with av.open(io.BytesIO(), "w", format=_MATROSKA) as container:
        encoder = FrameEncoder(container, frame_format, short, frame_rate=frame_rate)
        packets = [packet for frame in given for packet in encoder.encode(frame)]
        packets += encoder.finish()
        extradata = container.streams.video[0].codec_context.extradata
    begins = [number for number, packet in enumerate(packets) if packet.is_keyframe]
    if begins != list(range(0, len(given), _GOP_FRAMES)):
        raise EncodeError(
            f"the encoder {settings.encoder} does not begin a GOP where it is told; use libx264"
        )
    for begin in begins:
        gop = slice(begin, begin + _GOP_FRAMES)
        decoded = _decoded(settings.codec, extradata, packets[gop])
        if not _shows(decoded, given[gop]):
            raise EncodeError(
                f"what the encoder {settings.encoder} makes cannot be decoded GOP by GOP on this "
                "machine; use libx264"
            )


def _moving_frames(frame_format: FrameFormat, frame_rate: Fraction) -> Iterator[Frame]:
    """Yield frames of a soft pattern that moves."""
    across, down = np.arange(frame_format.width), np.arange(frame_format.height)[:, None]
    duration = max(1, round(1 / (frame_rate * frame_format.time_base)))
    for index in range(_GOP_FRAMES * _GOPS):
        pts = index * duration
        frame = Frame.black(frame_format, frame_index=index, pts=pts, duration=duration)
        waves = np.sin((across + 4 * index) / 23) + np.cos((down - 2 * index) / 17)
        frame.writable().y[:] = 128 + 40 * waves
        frame.commit([(0, 0, frame_format.width, frame_format.height)])
        yield frame


def _decoded(codec: str, extradata: bytes | None, packets: Sequence[Packet[Any]]) -> list[Any]:
    """Return the frames of a GOP, by a decoder that knows nothing else."""
    decoder: Any = av.CodecContext.create(codec, "r")
    decoder.extradata = extradata
    decoder.thread_count = 1
    with encoding():
        frames = [frame for packet in packets for frame in decoder.decode(packet)]
        frames += decoder.decode(None)
    return frames


def _shows(decoded: Sequence[av.VideoFrame], given: Sequence[Frame]) -> bool:
    if len(decoded) != len(given):
        return False
    for after, before in zip(decoded, given, strict=True):
        if (after.width, after.height) != (before.planes.width, before.planes.height):
            return False
        levels = 2 ** (sample_bits(after) - _COUNTED_BITS)
        error = plane_array(after, 0) / levels - before.planes.y
        if float(np.square(error).mean()) > _MAX_ERROR:
            return False
    return True
