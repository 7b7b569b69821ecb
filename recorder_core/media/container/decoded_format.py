"""The format of a stream's frames, read from the first one that was decoded."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import Final

from av.sidedata.sidedata import Type as SideDataType
from av.video.frame import VideoFrame

from recorder_core.media.container.crop import Crop
from recorder_core.media.container.frame_side_data import frame_side_data
from recorder_core.model import FrameFormat

__all__ = ["decoded_format"]

_DISPLAY_MATRIX_LAYOUT: Final = "=9i"
#: colour tags of frames that were RGB: they are converted to BT.709 in limited range
_RGB_BECOMES_MATRIX: Final = 1
_RGB_BECOMES_RANGE: Final = 1


def decoded_format(
    frame: VideoFrame, crop: Crop, time_base: Fraction, sample_aspect_ratio: Fraction
) -> FrameFormat:
    """Return what all frames of a stream have in common.

    Parameters
    ----------
    frame : VideoFrame
        The first one, as the decoder gives it.
    crop : Crop
        What the container hides of it.
    time_base, sample_aspect_ratio : Fraction
        Of the stream.

    Raises
    ------
    SettingsError
        If the stream says what cannot be.
    """
    width, height = crop.size_of(frame.width, frame.height)
    return FrameFormat(
        width=width,
        height=height,
        pixel_format=frame.format.name,
        time_base=time_base,
        display_matrix=_display_matrix(frame),
        color_primaries=int(frame.color_primaries),
        color_transfer=int(frame.color_trc),
        color_matrix=_RGB_BECOMES_MATRIX if frame.format.is_rgb else int(frame.colorspace),
        color_range=_RGB_BECOMES_RANGE if frame.format.is_rgb else int(frame.color_range),
        sample_aspect_ratio=sample_aspect_ratio,
        interlaced=frame.interlaced_frame,
    )


def _display_matrix(frame: VideoFrame) -> tuple[int, ...] | None:
    """Return how a player mirrors and turns a frame: nine numbers; None where none are given."""
    side_data = frame_side_data(frame)
    if SideDataType.DISPLAYMATRIX not in side_data:
        return None
    return struct.unpack(_DISPLAY_MATRIX_LAYOUT, bytes(side_data[SideDataType.DISPLAYMATRIX]))
