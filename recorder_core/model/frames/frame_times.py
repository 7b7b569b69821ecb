"""When the frames of a video are shown, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from recorder_core.errors import DataError
from recorder_core.model.values.carriers import carrier_repr

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["FrameTimes"]


@dataclass(frozen=True, slots=True, eq=False)
class FrameTimes:
    """When the frames of a video are shown; a frame's index is its place here.

    Raises
    ------
    DataError
        If `pts` is of another shape or type.
    """

    __repr__ = carrier_repr

    #: seconds per unit of `pts`
    time_base: Fraction
    #: (N,) int64, rising, in `time_base`
    pts: NDArray[np.int64] = field(repr=False)
    #: in `time_base`: when the last frame is over; None: not known
    stop_pts: int | None = None

    def __post_init__(self) -> None:
        if self.pts.ndim != 1 or self.pts.dtype != "int64":
            raise DataError(f"pts must be (N,) int64, not {self.pts.shape} {self.pts.dtype}")

    def __len__(self) -> int:
        return len(self.pts)

    @property
    def seconds(self) -> float:
        """From the first frame to the end of the last, or to its start; 0 without frames."""
        if not len(self.pts):
            return 0.0
        stop = int(self.pts[-1]) if self.stop_pts is None else self.stop_pts
        return float((stop - int(self.pts[0])) * self.time_base)
