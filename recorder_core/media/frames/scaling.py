"""Bring frames of any size, depth and colour to what a composite is made of."""

from __future__ import annotations

from typing import Any, Final, cast

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from recorder_core.media.frames.frame import Frame
from recorder_core.media.frames.rgb import COLORSPACES
from recorder_core.model import ColorMatrix, FrameFormat, Planes

__all__ = ["FrameScaler", "planes_of_picture"]

#: the mean of the pixels that become one, as it is made smaller; bilinear as it is enlarged
_AREA: Final = Interpolation.AREA
_WORKING: Final = "yuv420p"
_MATRIX: Final[ColorMatrix] = "bt709"


class FrameScaler:
    """Scale frames to one size: 8 bits, YUV 4:2:0, BT.709, limited range.

    Neither turns them nor heeds the shape of their pixels: who asks has counted that in. The
    levels of another matrix or range are converted, so that colours stay; where libswscale has to
    change the matrix, this costs some times the scaling.

    Parameters
    ----------
    width, height : int
        Of what is made, even pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        # keep what libswscale worked out for frames like the last one
        self._shrinking, self._converting = VideoReformatter(), VideoReformatter()

    def scale(self, frame: Frame) -> Planes:
        """Return a frame's planes in this size, to be read.

        They stay as they are, whatever becomes of the frame.
        """
        source = frame.format
        matrix = COLORSPACES[source.matrix]
        scaled = self._shrinking.reformat(
            frame.av_frame,
            self._width,
            self._height,
            _WORKING,
            src_colorspace=matrix,
            dst_colorspace=matrix,
            src_color_range=ColorRange.JPEG if source.full_range else ColorRange.MPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=_AREA,
            threads=1,
        )
        return _planes(self._in_matrix(scaled, source))

    def _in_matrix(self, scaled: av.VideoFrame, source: FrameFormat) -> av.VideoFrame:
        """Return a frame in BT.709, after it was made smaller: fewer samples are converted."""
        if source.matrix == _MATRIX:
            return scaled
        return self._converting.reformat(
            scaled,
            src_colorspace=COLORSPACES[source.matrix],
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.MPEG,
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )


def planes_of_picture(picture_rgb: NDArray[np.uint8]) -> Planes:
    """Return a drawn picture as planes: YUV 4:2:0, BT.709, limited range.

    Parameters
    ----------
    picture_rgb : ndarray of uint8, shape (H, W, 3)
        Of even size.
    """
    drawn = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture_rgb), "rgb24")
    return _planes(
        drawn.reformat(
            format=_WORKING,
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )
    )


def _planes(frame: Any) -> Planes:
    # each view holds the buffer, which may be the one of a frame that somebody changes later
    y, u, v = (cast("NDArray[np.uint8]", np.from_dlpack(plane)) for plane in frame.planes)
    return Planes(y, u, v, full_range=False, matrix=_MATRIX)
