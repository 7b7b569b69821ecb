"""Text on simulated screens, drawn once per string with the font that matplotlib brings."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from recorder_core.simulate.drawing.arrays import Field, Picture

__all__ = ["write_text"]


@lru_cache(maxsize=32)
def _font(size_px: int, bold: bool) -> ImageFont.FreeTypeFont:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name
    return ImageFont.truetype(str(path), max(4, size_px))


@lru_cache(maxsize=512)
def _coverage(text: str, size_px: int, bold: bool) -> Field:
    """Return how much of each pixel the text covers, 0..1; the baseline is at 80 %."""
    font = _font(size_px, bold)
    width = max(1, round(font.getlength(text)) + 2)
    sheet = Image.new("L", (width, round(1.3 * size_px)))
    ImageDraw.Draw(sheet).text((1, round(1.04 * size_px)), text, fill=255, font=font, anchor="ls")
    return np.asarray(sheet, np.float32) / 255.0


def write_text(
    picture: Picture,
    text: str,
    position_px: tuple[float, float],
    size_px: float,
    color_rgb: tuple[int, int, int],
    *,
    bold: bool = False,
    align: float = 0.0,
) -> None:
    """Write a line of text onto a picture; what lies outside is cut off.

    Parameters
    ----------
    picture : Picture
        Changed in place.
    text : str
        One line.
    position_px : (float, float)
        x of the anchor and y of the baseline.
    size_px : float
        Font size.
    color_rgb : (int, int, int)
        Colour, 0..255.
    bold : bool
        Choose the bold face.
    align : float
        0 puts the anchor at the left end of the text, 0.5 in the middle, 1 at the right end.
    """
    size = round(size_px)
    cover = _coverage(text, size, bold)
    height, width = picture.shape[:2]
    x = round(position_px[0] - align * cover.shape[1])
    y = round(position_px[1]) - round(1.04 * size)
    left, top = max(0, x), max(0, y)
    right, bottom = min(width, x + cover.shape[1]), min(height, y + cover.shape[0])
    if right <= left or bottom <= top:
        return
    part = cover[top - y : bottom - y, left - x : right - x, None]
    under = picture[top:bottom, left:right]
    mixed = under * (1.0 - part) + part * np.asarray(color_rgb, np.float32)
    picture[top:bottom, left:right] = (mixed + 0.5).astype(np.uint8)
