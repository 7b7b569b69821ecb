"""Encode frames, wherever they come from, into packets for whatever is being written."""

from __future__ import annotations

from collections import deque
from fractions import Fraction
from typing import Any

from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import PictureType

from recorder_core.errors import EncodeError
from recorder_core.media.encode.encoder import add_encoder, sei_filter
from recorder_core.media.encode.luma_errors import LumaErrors
from recorder_core.media.encode.settings import EncoderSettings
from recorder_core.media.ffmpeg_errors import encoding
from recorder_core.media.frames.frame import Frame
from recorder_core.model import FrameFormat

__all__ = ["FrameEncoder"]


class FrameEncoder:
    """Encode the frames of a file, a live source or a composite into one video stream.

    Packets are the caller's to mux, in the order in which they come; there is one for each frame.
    The stream gets the colour tags and the shape of a pixel that the format says; how frames are
    turned is the container's to say.

    Parameters
    ----------
    container : OutputContainer
        What is being written, of any format; it gets the stream.
    frame_format : FrameFormat
        Of the frames.
    settings : EncoderSettings
        How they are encoded; the same for what will be joined.
    frame_rate : Fraction
        Nominal, frames per second; what is shown when never depends on it.
    source_bps : int
        Bit rate of what they were decoded from, if it is known.
    origin_pts : int
        Time stamp of a frame that is written as zero.
    counts_errors : bool
        Whether :attr:`luma_errors` are kept: a number for each frame, for which some encoders'
        packets are decoded again.
    has_gop_grid : bool
        Whether a GOP begins with the first frame of each so many ticks of the frame rate, counted
        from time stamp 0: two encoders agree, whichever frames are left out. Unless so, a GOP is
        as long from its own first frame on.

    Raises
    ------
    EncodeError
        If the encoder cannot be opened.
    """

    def __init__(
        self,
        container: OutputContainer,
        frame_format: FrameFormat,
        settings: EncoderSettings,
        *,
        frame_rate: Fraction,
        source_bps: int = 0,
        origin_pts: int = 0,
        counts_errors: bool = False,
        has_gop_grid: bool = False,
    ) -> None:
        self._time_base, self._settings = frame_format.time_base, settings
        self._origin_pts = origin_pts
        self._stream = add_encoder(
            container,
            frame_format,
            settings,
            frame_rate=frame_rate,
            source_bps=source_bps,
            counts_errors=counts_errors,
        )
        self._errors = LumaErrors(self._stream, settings) if counts_errors else None
        self._filter = sei_filter(settings)
        self._frames = 0
        self._expected_index = 0
        #: frames of the GOP so far, and the first one's time stamp
        self._gop_frames, self._gop_pts = 0, 0
        tick = 1 / (frame_rate * self._time_base)
        self._grid_pts = settings.gop_frames(frame_rate) * tick if has_gop_grid else None
        #: (pts, duration) of frames that the encoder still holds
        self._waiting: deque[tuple[int, int]] = deque()

    def encode(self, frame: Frame) -> list[Packet[Any]]:
        """Encode the next frame; return the packets that are ready.

        Raises
        ------
        EncodeError
            If it is not the frame after the last one, or cannot be encoded.
        """
        if self._frames and frame.frame_index != self._expected_index:
            raise EncodeError(
                f"frame {frame.frame_index} came where {self._expected_index} was expected"
            )
        shown = frame.av_frame
        shown.pict_type = PictureType.I if self._begins_gop(frame.pts) else PictureType.NONE
        self._frames += 1
        self._expected_index = frame.frame_index + 1
        self._waiting.append((frame.pts, frame.duration))
        shown.pts, shown.time_base = frame.pts, self._time_base
        if self._errors is not None:
            self._errors.expect(shown)
        with encoding():
            return self._finished(self._stream.encode(shown))

    def finish(self) -> list[Packet[Any]]:
        """Return the packets that the encoder still holds.

        Raises
        ------
        EncodeError
            If no frame was encoded, or not all came back.
        """
        with encoding():
            packets = self._finished(self._stream.encode(None))
            packets += [self._timed(packet) for packet in self._filter.filter(None)]
            if self._errors is not None:
                self._errors.finish()
        if self._waiting or not self._frames:
            raise EncodeError(f"the encoder lost {len(self._waiting)} of {self._frames} frames")
        return packets

    @property
    def luma_errors(self) -> list[int]:
        """Sum of the squared luma errors of each encoded frame; none where they are not kept."""
        return [] if self._errors is None else self._errors.sums

    def _begins_gop(self, pts: int) -> bool:
        begins = not self._gop_frames or self._is_gop_over(pts)
        if begins:
            self._gop_frames, self._gop_pts = 0, pts
        self._gop_frames += 1
        return begins

    def _is_gop_over(self, pts: int) -> bool:
        if self._grid_pts is not None:
            return pts // self._grid_pts > self._gop_pts // self._grid_pts
        seconds = (pts - self._gop_pts) * self._time_base
        return self._settings.begins_gop(self._gop_frames, seconds)

    def _finished(self, encoded: list[Packet[Any]]) -> list[Packet[Any]]:
        finished: list[Packet[Any]] = []
        for packet in encoded:
            if self._errors is not None:
                self._errors.add(packet)
            finished += [self._timed(each) for each in self._filter.filter(packet)]
        return finished

    def _timed(self, packet: Packet[Any]) -> Packet[Any]:
        """Return a packet with the times of its frame."""
        pts, duration = self._waiting.popleft()
        if packet.pts != pts:
            raise EncodeError(f"the encoder gave timestamp {packet.pts} where {pts} was expected")
        packet.stream, packet.time_base = self._stream, self._time_base
        packet.pts = packet.dts = pts - self._origin_pts
        packet.duration = duration
        return packet
