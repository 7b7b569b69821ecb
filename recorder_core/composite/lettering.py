"""Text of a composite, drawn with DejaVu Sans, which comes with matplotlib.

It has the letters of Latin with all accents, of Greek, Cyrillic and more; what it does not have
becomes a box.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, TypeAlias

from PIL import Image, ImageDraw, ImageFont

__all__ = ["Align", "Color", "blank_picture", "text_width", "write_text"]

#: red, green and blue, 0 to 255
Color: TypeAlias = tuple[int, int, int]
Align: TypeAlias = Literal["left", "middle", "right"]
#: Pillow's anchors: where the point lies across, on the baseline
_ANCHORS: Final[dict[Align, str]] = {"left": "ls", "middle": "ms", "right": "rs"}
_MIN_SIZE_PX: Final = 6
#: stands for what does not fit
_CUT: Final = "\u2026"


@lru_cache(maxsize=64)
def _font(size_px: int, is_bold: bool) -> ImageFont.FreeTypeFont:
    import matplotlib as mpl

    name = "DejaVuSans-Bold.ttf" if is_bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(mpl.get_data_path(), "fonts", "ttf", name)), size_px)


def _sized_font(size_px: float, is_bold: bool) -> ImageFont.FreeTypeFont:
    return _font(max(_MIN_SIZE_PX, round(size_px)), is_bold)


def blank_picture(width: int, height: int, color: Color) -> Image.Image:
    """Return a picture of one colour, to draw on."""
    return Image.new("RGB", (width, height), color)


def text_width(text: str, size_px: float, *, is_bold: bool = False) -> float:
    """Return how wide a line of text is, pixels."""
    return float(_sized_font(size_px, is_bold).getlength(text))


def write_text(
    picture: Image.Image,
    text: str,
    place_px: tuple[float, float],
    size_px: float,
    color: Color,
    *,
    is_bold: bool = False,
    align: Align = "left",
    max_width_px: float | None = None,
) -> None:
    """Write a line of text.

    Parameters
    ----------
    picture : Image
        Changed in place.
    text : str
        One line.
    place_px : tuple of float
        Across by `align`, and the baseline.
    size_px : float
        Of the font.
    color : Color
        Red, green and blue.
    is_bold : bool, optional
        Whether it is bold.
    align : {"left", "middle", "right"}, optional
        Which part of the line lies at the place.
    max_width_px : float, optional
        The end of a longer line is left out, and an ellipsis says so.
    """
    font = _sized_font(size_px, is_bold)
    if max_width_px is not None:
        text = _cut(text, font, max_width_px)
    ImageDraw.Draw(picture).text(place_px, text, fill=color, font=font, anchor=_ANCHORS[align])


def _cut(text: str, font: ImageFont.FreeTypeFont, max_width_px: float) -> str:
    if font.getlength(text) <= max_width_px:
        return text
    while text and font.getlength(text + _CUT) > max_width_px:
        text = text[:-1]
    return text.rstrip() + _CUT
