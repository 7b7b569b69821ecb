"""Decode the beginning of a segment again, to see what really was written."""

from __future__ import annotations

from collections.abc import Generator

from recorder_core.errors import DecodeError
from recorder_core.media.container.probe import open_media, video_stream
from recorder_core.media.encode.segments import SegmentInfo
from recorder_core.media.ffmpeg_errors import reading
from recorder_core.media.frames.frame import Frame
from recorder_core.model import FrameFormat

__all__ = ["decode_segment"]


def decode_segment(segment: SegmentInfo, frame_format: FrameFormat) -> Generator[Frame, None, None]:
    """Decode a segment from its first frame on.

    Parameters
    ----------
    segment : SegmentInfo
        A finished segment.
    frame_format : FrameFormat
        Of the frames that it was made from.

    Yields
    ------
    Frame
        With the frame index of the source. Close the generator when leaving early.

    Raises
    ------
    DecodeError
        If a frame is damaged.
    """
    with reading(segment.path), open_media(segment.path) as container:
        stream = video_stream(container)
        if stream is None:
            raise DecodeError(f"{segment.path.name} holds no video")
        for index, frame in enumerate(container.decode(stream), segment.first_index):
            if frame.is_corrupt:
                raise DecodeError(f"frame {index} of {segment.path.name} is damaged")
            pts = segment.pts[index - segment.first_index]
            yield Frame(frame, frame_format, frame_index=index, pts=pts, duration=frame.duration)
