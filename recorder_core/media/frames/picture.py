"""A frame as the bytes of a picture file, for screens and reports."""

from __future__ import annotations

import io
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["PictureKind", "encode_frame"]

PictureKind = Literal["jpeg", "png"]
#: of a JPEG whose loss cannot be seen
_BEST_QUALITY: Final = 95


def encode_frame(
    frame_rgb: NDArray[np.uint8],
    kind: PictureKind = "jpeg",
    *,
    width_px: int | None = None,
    quality: int = _BEST_QUALITY,
) -> bytes:
    """Return a picture file that holds a frame's pixels and nothing else.

    Parameters
    ----------
    frame_rgb : ndarray, (height, width, 3) uint8
        As shown.
    kind : {"jpeg", "png"}, default "jpeg"
        JPEG, without subsampling at the best quality, or PNG with exactly these pixels.
    width_px : int, optional
        Reduce it to this width where it is wider, as for a thumbnail.
    quality : int, default 95
        Of a JPEG, up to 95; below, colours have half the resolution, too.
    """
    picture = Image.fromarray(frame_rgb)
    if width_px is not None and width_px < picture.width:
        height_px = max(1, round(picture.height * width_px / picture.width))
        picture = picture.resize((width_px, height_px), Image.Resampling.LANCZOS)
    stored = io.BytesIO()
    options: dict[str, Any] = {"compress_level": 3}
    if kind == "jpeg":
        options = {"quality": quality, "subsampling": 0 if quality >= _BEST_QUALITY else 2}
    picture.save(stored, kind.upper(), **options)
    return stored.getvalue()
