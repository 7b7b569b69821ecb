"""One picture between reading and writing, and what is compared in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.media.pictures.picture_file import PictureFile
from recorder_core.model import FrameDetections, Planes, Redaction, View
from recorder_core.model.values.carriers import carrier_repr

__all__ = ["PictureWork", "differing_pixels", "psnr_outside_db"]

_MAX_LEVEL: Final = 255.0


@dataclass(frozen=True, slots=True, eq=False)
class PictureWork:
    """One picture between reading and writing."""

    __repr__ = carrier_repr

    picture: PictureFile
    view: View
    before: Planes
    after: Planes
    rgb: NDArray[np.uint8]
    #: (height, width) bool: pixels that a redaction touches
    touched: NDArray[np.bool_]
    found: FrameDetections
    redactions: list[Redaction]


def differing_pixels(before: Planes, after: Planes) -> NDArray[np.bool_]:
    """Return which pixels a redaction changed, in luma or in chroma."""
    chroma = (before.u != after.u) | (before.v != after.v)
    full = chroma.repeat(2, axis=0).repeat(2, axis=1)[: before.height, : before.width]
    differs: NDArray[np.bool_] = (before.y != after.y) | full
    return differs


def psnr_outside_db(work: PictureWork, planes: Planes) -> float | None:
    """Return PSNR-Y outside the redactions; None where no pixel differs."""
    outside = ~work.touched
    if not outside.any():
        return None
    difference = planes.y[outside].astype(np.float32) - work.before.y[outside]
    error = float(np.square(difference).mean())
    return round(10 * math.log10(_MAX_LEVEL**2 / error), 2) if error else None
