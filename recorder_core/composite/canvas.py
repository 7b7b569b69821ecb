"""The planes of a composite, painted part by part: BT.709, limited range."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from PIL import Image

from recorder_core.media import planes_of_picture
from recorder_core.model import Planes, View

__all__ = ["blank_planes", "fill_part", "parts_around", "paste_picture", "paste_planes"]

_BLACK: Final = (16, 128, 128)


def blank_planes(width: int, height: int) -> Planes:
    """Return black planes of an even size."""
    half = height // 2, width // 2
    y = np.full((height, width), _BLACK[0], np.uint8)
    return Planes(y, np.full(half, _BLACK[1], np.uint8), np.full(half, _BLACK[2], np.uint8))


def fill_part(canvas: Planes, part: View, color: tuple[int, int, int] = _BLACK) -> None:
    """Fill a part of a canvas with one colour.

    Parameters
    ----------
    canvas : Planes
        Changed in place.
    part : View
        Even.
    color : tuple of int, optional
        Y, U and V; black.
    """
    luma, chroma = _slices(part)
    canvas.y[luma], canvas.u[chroma], canvas.v[chroma] = color


def paste_planes(canvas: Planes, planes: Planes, part: View, offset: tuple[int, int]) -> None:
    """Copy a part of planes into a canvas.

    Parameters
    ----------
    canvas : Planes
        Changed in place.
    planes : Planes
        Of the same matrix and range.
    part : View
        Where they come to lie; even.
    offset : tuple of int
        What is left out of the planes at the left and at the top; even.
    """
    luma, chroma = _slices(part)
    from_luma, from_chroma = _slices(View(*offset, part.width, part.height))
    canvas.y[luma] = planes.y[from_luma]
    canvas.u[chroma], canvas.v[chroma] = planes.u[from_chroma], planes.v[from_chroma]


def paste_picture(canvas: Planes, picture: Image.Image, place: tuple[int, int]) -> None:
    """Paste a drawn picture of even size at an even place."""
    planes = planes_of_picture(np.asarray(picture))
    paste_planes(canvas, planes, View(*place, planes.width, planes.height), (0, 0))


def parts_around(width: int, height: int, holes: Sequence[View]) -> list[View]:
    """Return rectangles that together cover a canvas but for its holes, each sample once.

    Parameters
    ----------
    width, height : int
        Of the canvas, even pixels.
    holes : sequence of View
        Even; no two of them overlap.
    """
    edges = {0, height}
    edges.update(hole.y for hole in holes)
    edges.update(hole.y + hole.height for hole in holes)
    parts = []
    for top, bottom in pairwise(sorted(edges)):
        across = sorted(
            (hole.x, hole.x + hole.width)
            for hole in holes
            if hole.y < bottom and top < hole.y + hole.height
        )
        left = 0
        for start, stop in (*across, (width, width)):
            if start > left:
                parts.append(View(left, top, start - left, bottom - top))
            left = stop
    return parts


def _slices(part: View) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return where a part lies in luma and in chroma."""
    right, bottom = part.x + part.width, part.y + part.height
    return (
        (slice(part.y, bottom), slice(part.x, right)),
        (slice(part.y // 2, bottom // 2), slice(part.x // 2, right // 2)),
    )
