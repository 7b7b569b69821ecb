"""A frame as the bytes of a picture file, for screens and reports."""

from __future__ import annotations

import io
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["PictureKind", "encode_frame"]

PictureKind = Literal["jpeg", "png"]
#: without subsampling the loss of a JPEG cannot be seen
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "jpeg": {"quality": 95, "subsampling": 0},
    "png": {"compress_level": 3},
}


def encode_frame(
    frame_rgb: NDArray[np.uint8], kind: PictureKind = "jpeg", *, width_px: int | None = None
) -> bytes:
    """Return a picture file that holds a frame's pixels and nothing else.

    Parameters
    ----------
    frame_rgb : ndarray, (height, width, 3) uint8
        As shown.
    kind : {"jpeg", "png"}, default "jpeg"
        JPEG without subsampling, or PNG with exactly these pixels.
    width_px : int, optional
        Reduce it to this width where it is wider, as for a thumbnail.
    """
    picture = Image.fromarray(frame_rgb)
    if width_px is not None and width_px < picture.width:
        height_px = max(1, round(picture.height * width_px / picture.width))
        picture = picture.resize((width_px, height_px), Image.Resampling.LANCZOS)
    stored = io.BytesIO()
    picture.save(stored, kind.upper(), **_OPTIONS[kind])
    return stored.getvalue()
