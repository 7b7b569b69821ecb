"""How the frames of a video that is read through a file object are shown."""

from __future__ import annotations

from contextlib import closing
from fractions import Fraction
from pathlib import Path

from recorder_core.errors import DecodeError
from recorder_core.media.container_crop import read_crops
from recorder_core.media.ffmpeg_errors import reading
from recorder_core.media.probe import (
    ByteSource,
    crop_of,
    display_matrix,
    first_picture,
    open_stream,
    video_stream,
)
from recorder_core.model import Orientation, ShownGeometry

__all__ = ["read_geometry"]


def read_geometry(file: ByteSource, name: str, stream_index: int | None = None) -> ShownGeometry:
    """Return how the frames of a video are shown; decodes its first one.

    Parameters
    ----------
    file : ByteSource
        A whole video.
    name : str
        What the video is, for messages.
    stream_index : int, optional
        Unless given, the stream that a player shows.

    Raises
    ------
    DecodeError
        If it is no video, or its first frame cannot be decoded.
    """
    crops = read_crops(file)
    file.seek(0)
    with reading(Path(name)), closing(open_stream(file)) as container:
        stream = video_stream(container, stream_index)
        if stream is None:
            raise DecodeError(f"{name} holds no video")
        aspect = Fraction(stream.sample_aspect_ratio or 1)
        frame = first_picture(container, stream, Path(name))
        orientation = Orientation.of_matrix(display_matrix(frame))
        width, height = crop_of(crops, stream, frame).size_of(frame.width, frame.height)
        return ShownGeometry(width, height, aspect, orientation)
