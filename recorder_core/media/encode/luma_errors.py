"""Count what encoding does to the luma of each frame."""

from __future__ import annotations

import struct
from collections import deque
from typing import Any, Final

import av
import numpy as np
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from recorder_core.errors import EncodeError
from recorder_core.media.encode.settings import EncoderSettings
from recorder_core.media.frames.frame import plane_array, sample_bits

__all__ = ["LumaErrors"]

#: AV_PKT_DATA_QUALITY_STATS of FFmpeg's packet.h: u32le quality, u8 type, u8 number of
#: planes, 2 bytes reserved, then u64le sum of squared errors for each plane
_ERROR_COUNT_OFFSET: Final = 5
_ERRORS_OFFSET: Final = 8
_ERROR: Final = struct.Struct("<Q")
#: errors are counted in levels of so many bits, whatever the frame's are
_COUNTED_BITS: Final = 8


class LumaErrors:
    """The luma error of each frame of a stream that is being encoded.

    Taken from encoders that count it, at most what a decoder finds to some hundredths of a
    decibel; where an encoder does not, its packets are decoded at once and compared.

    Parameters
    ----------
    stream : VideoStream
        With an opened encoder.
    settings : EncoderSettings
        Of the encoder.
    """

    def __init__(self, stream: VideoStream, settings: EncoderSettings) -> None:
        self._stream, self._settings = stream, settings
        self._decoder: VideoCodecContext | None = None
        #: frames that were not decoded again yet
        self._waiting: deque[VideoFrame] = deque()
        #: sum of the squared errors of each frame so far, in order
        self.sums: list[int] = []

    def expect(self, frame: VideoFrame) -> None:
        """Keep a frame as it goes to the encoder; nobody may change it afterwards."""
        if not self._settings.counts_errors:
            self._waiting.append(frame)

    def add(self, packet: Packet[Any]) -> None:
        """Add the next packet from the encoder.

        Raises
        ------
        EncodeError
            If it holds another number of frames than one.
        """
        if self._settings.counts_errors:
            self.sums.append(_counted(packet))
            return
        if self._decoder is None:
            self._decoder = self._open_decoder()
        for frame in self._decoder.decode(packet):
            self._compare(frame)

    def finish(self) -> None:
        """Compare what the decoder still holds.

        Raises
        ------
        EncodeError
            If a frame did not come back.
        """
        if self._decoder is not None:
            for frame in self._decoder.decode(None):
                self._compare(frame)
        if self._waiting:
            raise EncodeError(f"{len(self._waiting)} encoded frames cannot be decoded again")

    def _open_decoder(self) -> VideoCodecContext:
        decoder = av.CodecContext.create(self._settings.codec, "r")
        decoder.extradata = self._stream.codec_context.extradata
        # one frame after another, so that none waits in the decoder
        decoder.thread_type, decoder.thread_count = "SLICE", self._settings.threads
        return decoder

    def _compare(self, frame: VideoFrame) -> None:
        if not self._waiting:
            raise EncodeError("an encoder returned more frames than it was given")
        before, after = plane_array(self._waiting.popleft(), 0), plane_array(frame, 0)
        difference = np.subtract(after, before, dtype=np.float32).ravel()
        levels_squared = 4 ** (sample_bits(frame) - _COUNTED_BITS)
        self.sums.append(round(float(np.vdot(difference, difference)) / levels_squared))


def _counted(packet: Packet[Any]) -> int:
    """Return the error that the encoder wrote beside a packet."""
    for data in packet.iter_sidedata():
        if data.data_type == "quality_stats":
            content = bytes(data)
            if content[_ERROR_COUNT_OFFSET]:
                return int(_ERROR.unpack_from(content, _ERRORS_OFFSET)[0])
    raise EncodeError("the encoder reports no per-frame error")
