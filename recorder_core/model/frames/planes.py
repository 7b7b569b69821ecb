"""A decoded picture as its three planes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recorder_core.errors import DataError
from recorder_core.model.values.carriers import carrier_repr

__all__ = ["ColorMatrix", "Planes", "has_adjacent_samples"]

ColorMatrix = Literal["bt601", "bt709", "bt2020"]


def has_adjacent_samples(plane: NDArray[np.uint8]) -> bool:
    """Return whether the samples of a row lie side by side; NumPy gives one alone any stride."""
    return plane.shape[1] < 2 or plane.strides[1] == plane.itemsize


@dataclass(frozen=True, slots=True)
class Planes:
    """Planar YUV 4:2:0 with 8 bits; views on somebody's buffer, rows may be padded.

    Chroma planes are half the size, rounded up.
    """

    __repr__ = carrier_repr

    #: (height, width) uint8, unit stride along a row
    y: NDArray[np.uint8]
    #: (ceil(height / 2), ceil(width / 2)) uint8
    u: NDArray[np.uint8]
    #: (ceil(height / 2), ceil(width / 2)) uint8
    v: NDArray[np.uint8]
    #: True: Y, U and V use 0..255; False: Y 16..235, U and V 16..240
    full_range: bool = False
    matrix: ColorMatrix = "bt709"

    def __post_init__(self) -> None:
        height, width = self.y.shape
        chroma = ((height + 1) // 2, (width + 1) // 2)
        if self.u.shape != chroma or self.v.shape != chroma:
            raise DataError(
                f"chroma planes {self.u.shape} and {self.v.shape} do not fit luma {self.y.shape}"
            )

    @property
    def width(self) -> int:
        """Width of the picture in pixels."""
        return int(self.y.shape[1])

    @property
    def height(self) -> int:
        """Height of the picture in pixels."""
        return int(self.y.shape[0])
