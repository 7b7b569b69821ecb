"""Screenshots for print: small enough, and without anything but pixels in the file."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

from recorder_core.errors import ReportError

__all__ = ["PreparedPicture", "prepare_picture"]

#: 56 mm at 300 dots per inch, rounded up
MAX_WIDTH_PX = 720
JPEG_QUALITY = 85


@dataclass(frozen=True, slots=True)
class PreparedPicture:
    """A JPEG file and its size."""

    jpeg: bytes = field(repr=False)
    width_px: int
    height_px: int


def prepare_picture(picture: bytes, number: int) -> PreparedPicture:
    """Return a screenshot encoded anew at the size that print needs.

    What a camera writes beside the pixels (times, places, names) does not survive this.

    Parameters
    ----------
    picture : bytes
        JPEG or PNG file.
    number : int
        Of the screenshot, for the message.

    Returns
    -------
    PreparedPicture
        At most 720 pixels wide.

    Raises
    ------
    ReportError
        If the bytes are not a picture.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(picture), formats=("JPEG", "PNG")) as opened:
            image = opened.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise ReportError(f"screenshot {number} is not a JPEG or PNG picture") from error
    if image.width > MAX_WIDTH_PX:
        height = max(round(image.height * MAX_WIDTH_PX / image.width), 1)
        image = image.resize((MAX_WIDTH_PX, height), Image.Resampling.LANCZOS)
    stored = io.BytesIO()
    # a fresh image: Pillow carries a JPEG's comment over into what it saves
    Image.frombytes("RGB", image.size, image.tobytes()).save(stored, "JPEG", quality=JPEG_QUALITY)
    return PreparedPicture(stored.getvalue(), image.width, image.height)
