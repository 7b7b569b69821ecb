"""What a network says, before any decoding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recorder_core.errors import DataError
from recorder_core.model.values.carriers import carrier_repr

__all__ = ["RawOutput"]


@dataclass(frozen=True, slots=True)
class RawOutput:
    """What a network says about N pictures, before any decoding."""

    __repr__ = carrier_repr

    #: (N, P, 4) float32, one row for each anchor
    box_offsets: NDArray[np.float32]
    #: (N, P) float32 in [0, 1]
    face_probability: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.box_offsets.shape != (*self.face_probability.shape, 4):
            raise DataError(
                f"box offsets {self.box_offsets.shape} do not fit face probabilities "
                f"{self.face_probability.shape}"
            )

    def __len__(self) -> int:
        return len(self.face_probability)
