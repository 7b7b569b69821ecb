"""A decoded frame in RGB, as a player shows it; for screens and notebooks only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from numpy.typing import NDArray

from recorder_core.media.container.crop import NO_CROP, Crop
from recorder_core.model import ColorMatrix, FrameFormat
from recorder_core.model.frames.frame_format import matrix_of

__all__ = ["COLORSPACES", "frame_rgb"]

COLORSPACES: Final[Mapping[ColorMatrix, Colorspace]] = {
    "bt601": Colorspace.ITU601,
    "bt709": Colorspace.ITU709,
    "bt2020": Colorspace.BT2020,
}
_EXACT: Final = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
#: of a frame that does not say its matrix (ITU-T H.273), and its range
_TAG_NOT_SAID, _RANGE_NOT_SAID = 2, 0


def frame_rgb(
    frame: VideoFrame, frame_format: FrameFormat, crop: Crop = NO_CROP
) -> NDArray[np.uint8]:
    """Return a frame upright, with square pixels and without what a container hides.

    Parameters
    ----------
    frame : VideoFrame
        As the decoder gives it, or in the video's working format.
    frame_format : FrameFormat
        Of its video.
    crop : Crop
        What of the frame the container hides.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        Red, green and blue, full range.
    """
    tag, level = int(frame.colorspace), int(frame.color_range)
    matrix = frame_format.matrix if tag == _TAG_NOT_SAID else matrix_of(tag, frame.height)
    is_full = level == ColorRange.JPEG or frame.format.name.startswith("yuvj")
    is_full |= level == _RANGE_NOT_SAID and frame_format.full_range
    width, height = crop.size_of(frame.width, frame.height)
    shown = frame.reformat(
        width=round(frame.width * frame_format.sample_aspect_ratio),
        format="rgb24",
        src_colorspace=COLORSPACES[matrix],
        src_color_range=ColorRange.JPEG if is_full else ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
        interpolation=_EXACT,
    )
    stretch = shown.width / frame.width
    left, top = round(crop.left * stretch), crop.top
    seen = shown.to_ndarray()[top : top + height, left : left + round(width * stretch)]
    return frame_format.orientation.show(seen)
