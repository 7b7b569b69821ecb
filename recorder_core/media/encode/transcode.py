"""Decode and encode, and nothing between: the floor for every measurement."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from recorder_core.media.container.info import MediaInfo
from recorder_core.media.decode.sequential import decode_frames
from recorder_core.media.encode.segments import SegmentInfo, write_segment
from recorder_core.media.encode.settings import EncoderSettings
from recorder_core.media.index.frame_index import FrameIndex

__all__ = ["bare_transcode"]


def bare_transcode(
    info: MediaInfo, index: FrameIndex, output: Path, settings: EncoderSettings
) -> SegmentInfo:
    """Encode a whole video as one segment, without looking at a pixel.

    Raises
    ------
    DecodeError, EncodeError
        As :func:`decode_frames` and :func:`write_segment` do.
    """
    with closing(decode_frames(info, index)) as frames:
        return write_segment(output, info.video, settings, frames)
