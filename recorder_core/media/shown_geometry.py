"""Where a place of the stored picture is in the picture as a player shows it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.errors import DecodeError
from recorder_core.media.ffmpeg_errors import reading
from recorder_core.media.probe import ByteSource, first_picture, open_stream, video_stream

__all__ = ["ShownGeometry", "read_geometry"]

_DEGREES_PER_TURN: Final = 90


@dataclass(frozen=True, slots=True)
class ShownGeometry:
    """How the pictures of a video are stretched, then turned, when they are shown."""

    #: as stored
    width_px: int
    height_px: int
    sample_aspect_ratio: Fraction = Fraction(1)
    #: degrees counter-clockwise
    rotation_degrees: int = 0

    def show_boxes(self, boxes_xyxy_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Move boxes of the stored picture into the picture that `grab_pictures` gives.

        Parameters
        ----------
        boxes_xyxy_px : ndarray of shape (N, 4), float64

        Returns
        -------
        ndarray of shape (N, 4), float64
        """
        width = round(self.width_px * self.sample_aspect_ratio)
        stretch = width / self.width_px
        x0, y0, x1, y1 = (boxes_xyxy_px * [stretch, 1.0, stretch, 1.0]).T
        edges = (
            (x0, y0, x1, y1),
            (y0, width - x1, y1, width - x0),
            (width - x1, self.height_px - y1, width - x0, self.height_px - y0),
            (self.height_px - y1, x0, self.height_px - y0, x1),
        )
        return np.stack(edges[self.rotation_degrees // _DEGREES_PER_TURN % 4], axis=1)


def read_geometry(file: ByteSource, name: str) -> ShownGeometry:
    """Return how the pictures of a video are shown; decodes its first one.

    Parameters
    ----------
    file : ByteSource
        A whole video.
    name : str
        What the video is, for messages.

    Raises
    ------
    DecodeError
        If it is no video, or its first picture cannot be decoded.
    """
    file.seek(0)
    with reading(Path(name)), closing(open_stream(file)) as container:
        stream = video_stream(container)
        if stream is None:
            raise DecodeError(f"{name} holds no video")
        aspect = Fraction(stream.sample_aspect_ratio or 1)
        frame = first_picture(container, stream, Path(name))
        return ShownGeometry(frame.width, frame.height, aspect, frame.rotation)
