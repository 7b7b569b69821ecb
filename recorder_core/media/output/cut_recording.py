"""What a recording, whole or cut off by a crash, holds: how long it is, and a seekable file of it.

It is read through a file object, such as one that decrypts, and nothing is encoded again. A
recorder writes fragmented MP4: ``moov`` first, then a ``moof`` and its ``mdat`` for every GOP,
so that everything before the cut can be found (ISO/IEC 14496-12, 8.8). The frame on which
the cut fell is left out.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.packet import Packet

from recorder_core.errors import DecodeError, EncodeError
from recorder_core.media.container.mp4_boxes import Box, top_level_boxes
from recorder_core.media.container.probe import open_media, video_stream
from recorder_core.media.ffmpeg_errors import reading
from recorder_core.media.files.byte_streams import ByteSink, ByteSource
from recorder_core.media.files.media_file import media_file
from recorder_core.media.output.remux import StreamCopy
from recorder_core.model import FrameTimes

__all__ = ["read_frame_times", "recorded_seconds", "remux_cut_recording", "remux_whole_recording"]

#: a cut may fall on the first frame of a fragment, so that the one before is the last
_FRAGMENTS_TRIED: Final = 2


def read_frame_times(file: ByteSource, name: str) -> FrameTimes:
    """Read all packets of a video and list when its frames are shown.

    Parameters
    ----------
    file : ByteSource
        A video, whole or cut off.
    name : str
        What it is, for messages.

    Raises
    ------
    DecodeError
        If it is no video.
    """
    return _read_times(file, name, from_keyframe=True)


def recorded_seconds(file: ByteSource, name: str) -> float:
    """Return how many seconds of frames a recording holds, 0 if none can be shown.

    Of fragmented MP4 only the first and the last fragment are read.

    Parameters
    ----------
    file : ByteSource
        A recording, whole or cut off.
    name : str
        What it is, for messages.
    """
    boxes = top_level_boxes(file)
    fragments = [box for box in boxes if box.kind == b"moof" and box.is_whole]
    try:
        if not fragments:
            return read_frame_times(file, name).seconds
        return _fragmented_seconds(file, name, boxes, fragments)
    except DecodeError:
        return 0.0


def remux_cut_recording(
    file: ByteSource, sink: ByteSink, name: str, on_bytes: Callable[[int], None] | None = None
) -> FrameTimes:
    """Write what a recording still holds into a seekable MP4 file, as it is.

    Parameters
    ----------
    file : ByteSource
        A recording without its end.
    sink : ByteSink
        Where the MP4 file goes; on an error it is worth nothing.
    name : str
        What it is, for messages.
    on_bytes : callable, optional
        Told how many bytes of packets were written so far.

    Returns
    -------
    FrameTimes
        Of the new file.

    Raises
    ------
    DecodeError
        If no frame of it can be shown.
    EncodeError
        If MP4 cannot hold it.
    """
    video = media_file(file, name)
    with reading(video), open_media(video) as source:
        found = _Frames(source, name)
        with StreamCopy(source, sink, name) as target:
            for packet in _whole_packets(source):
                found.note(packet)
                if not found.pts:
                    continue
                target.write(packet)
                if on_bytes is not None:
                    on_bytes(target.written_bytes)
        if not found.pts:
            raise DecodeError(f"{name} holds no frame that can be shown")
        return found.times(target.time_base)


def remux_whole_recording(file: ByteSource, sink: ByteSink, name: str) -> FrameTimes:
    """Write all that a recording with its end holds into a seekable MP4 file, as it is.

    Parameters
    ----------
    file : ByteSource
        A recording that nothing cut off.
    sink : ByteSink
        Where the MP4 file goes; on an error it is worth nothing.
    name : str
        What it is, for messages.

    Returns
    -------
    FrameTimes
        Of the new file.

    Raises
    ------
    DecodeError
        If a part of it cannot be read, or no frame of it can be shown.
    EncodeError
        If MP4 cannot hold it, or something in it would be left out.
    """
    video = media_file(file, name)
    with reading(video), open_media(video) as source:
        found = _Frames(source, name)
        kinds = [stream.type for stream in source.streams]
        if kinds.count("video") != 1 or not {*kinds} <= {"video", "audio"}:
            raise EncodeError(f"{name} holds more than one video and its audio")
        with StreamCopy(source, sink, name) as target:
            for packet in source.demux():
                if packet.is_corrupt:
                    raise DecodeError(f"a packet of {name} is not whole")
                if packet.size:
                    found.note(packet)
                    target.write(packet)
        if not found.pts:
            raise DecodeError(f"{name} holds no frame that can be shown")
        return found.times(target.time_base)


def _read_times(file: ByteSource, name: str, *, from_keyframe: bool) -> FrameTimes:
    video = media_file(file, name)
    with reading(video), open_media(video) as container:
        found = _Frames(container, name, from_keyframe=from_keyframe)
        for packet in _whole_packets(container):
            found.note(packet)
        return found.times(found.time_base)


class _Frames:
    """The times of a video's frames, packet by packet, usually from the first keyframe on."""

    def __init__(self, container: InputContainer, name: str, *, from_keyframe: bool = True) -> None:
        video = video_stream(container)
        if video is None:
            raise DecodeError(f"{name} holds no video")
        self._index = video.index
        self.time_base = video.time_base or Fraction(1, av.time_base)
        self.pts: list[int] = []
        self._stop = 0
        self._is_shown = not from_keyframe

    def note(self, packet: Packet[Any]) -> None:
        if packet.stream_index != self._index or not (self._is_shown or packet.is_keyframe):
            return
        self._is_shown = True
        pts = packet.pts or 0
        self.pts.append(pts)
        self._stop = max(self._stop, pts + (packet.duration or 0))

    def times(self, time_base: Fraction) -> FrameTimes:
        """Return the times in the time base of another file."""
        scale = self.time_base / time_base
        if scale.denominator != 1:
            raise DecodeError("the times of the frames do not fit the new file")
        pts = np.sort(np.asarray(self.pts, np.int64)) * np.int64(scale.numerator)
        return FrameTimes(time_base, pts, self._stop * scale.numerator)


def _fragmented_seconds(
    file: ByteSource, name: str, boxes: list[Box], fragments: list[Box]
) -> float:
    end = file.seek(0, os.SEEK_END)
    beginning = _read(file, 0, fragments[0].offset)
    followers = {box.offset: after for box, after in pairwise(boxes)}

    def times(fragment: Box) -> FrameTimes:
        media = followers.get(fragment.offset)
        stop = min(media.stop, end) if media else fragment.stop
        content = beginning + _read(file, fragment.offset, stop)
        # the keyframe of its GOP may lie in a fragment before
        return _read_times(io.BytesIO(content), name, from_keyframe=False)

    for fragment in reversed(fragments[-_FRAGMENTS_TRIED:]):
        last = times(fragment)
        if len(last.pts):
            first = times(fragments[0])
            return replace(last, pts=first.pts).seconds
    return 0.0


def _read(file: ByteSource, start: int, stop: int) -> bytes:
    file.seek(start)
    return file.read(stop - start)


def _whole_packets(container: InputContainer) -> Iterator[Packet[Any]]:
    """Yield packets of frames and audio up to the first that is not whole."""
    video = video_stream(container)
    wanted = [video, *container.streams.audio]
    try:
        for packet in container.demux([stream for stream in wanted if stream is not None]):
            if packet.is_corrupt:
                return
            if packet.size and packet.pts is not None:
                yield packet
    except (av.error.InvalidDataError, av.error.EOFError):
        return
