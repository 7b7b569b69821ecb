"""Read a single picture file as planes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

from recorder_core.errors import DecodeError
from recorder_core.media.ffmpeg_errors import reading
from recorder_core.media.files.finished import check_file
from recorder_core.model import Orientation, Planes

__all__ = ["read_orientation", "read_picture"]

#: FFmpeg's readers of single pictures; nothing that can name another file
_FORMATS: Final = ",".join(
    ["image2", "gif", "webp_anim"]
    + [f"{kind}_pipe" for kind in ("jpeg", "png", "bmp", "tiff", "webp", "jpegls", "ppm", "pgm")]
)


def read_picture(path: Path) -> Planes:
    """Read a picture as full-range YUV 4:2:0, upright as a viewer shows it.

    Parameters
    ----------
    path : Path
        JPEG, PNG, BMP, TIFF or WebP.

    Raises
    ------
    DecodeError
        If there is no such file, or it is not a picture or damaged.
    """
    check_file(path, "picture")
    options = {"protocol_whitelist": "file", "format_whitelist": _FORMATS, "pattern_type": "none"}
    with reading(path), av.open(f"file:{path}", "r", options=options) as container:
        for frame in container.decode(video=0):
            if frame.is_corrupt:
                raise DecodeError(f"the picture {path.name} is damaged")
            full = frame.reformat(format="yuvj420p", dst_colorspace=5, dst_color_range=2)
            orientation = read_orientation(path)
            y, u, v = (_copy(orientation, plane) for plane in full.planes)
            return Planes(y, u, v, full_range=True, matrix="bt601")
    raise DecodeError(f"{path.name} holds no picture")


def read_orientation(path: Path) -> Orientation:
    """Return how viewers mirror and turn a picture: its EXIF orientation.

    What cannot be read says nothing about it.
    """
    # Pillow is in the program for the report; it reads EXIF in every format that holds it
    from PIL import Image

    try:
        with Image.open(path) as image:
            return Orientation.of_exif(image.getexif())
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return Orientation()


def _copy(orientation: Orientation, plane: Any) -> NDArray[np.uint8]:
    """Copy a plane upright; PyAV's type lacks the buffer protocol that the compiled class has."""
    rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    return orientation.show(rows[:, : plane.width]).copy()
