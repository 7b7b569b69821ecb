"""On which frames of a video the detector runs."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.errors import SettingsError

__all__ = ["MAX_DETECTION_INTERVAL_SECONDS", "DetectionStride"]

#: longest time between two detection frames: a head moves by a fraction of its size, and
#: time fills the frames between (see profiling/bench_exposure.py)
MAX_DETECTION_INTERVAL_SECONDS: Final = Fraction(1, 10)
#: time stamps of Matroska are rounded to this
_ROUNDING_SECONDS: Final = Fraction(1, 1000)


@dataclass(frozen=True, slots=True)
class DetectionStride:
    """On which frames the detector runs, and how many at once."""

    #: the detector runs on every Nth frame; None: on as many as keep two detection
    #: frames at most `MAX_DETECTION_INTERVAL_SECONDS` apart, whatever the frame rate, and no
    #: more frames apart than that is at the usual distance of this video's frames
    every: int | None = None
    #: most frames that go through the network at once
    batch_size: int = 1

    def __post_init__(self) -> None:
        for count in (self.batch_size, 1 if self.every is None else self.every):
            if not isinstance(count, int):
                raise SettingsError(f"frames are counted in whole numbers, not as {count!r}")
        if (self.every is not None and self.every < 1) or self.batch_size < 1:
            raise SettingsError(
                f"the detector cannot run on one of {self.every or 1} frames, "
                f"{self.batch_size} at once; both must be at least 1"
            )

    def detection_frames(self, pts: NDArray[np.int64], time_base: Fraction) -> NDArray[np.bool_]:
        """Return on which frames the detector runs.

        The first frame is one of them. Unless `every` says otherwise, so are the last
        frame, and the frames on both sides of a gap in time.

        Parameters
        ----------
        pts : ndarray of int64, shape (N,)
            Time stamps of all frames, rising.
        time_base : Fraction
            Seconds per unit of `pts`.

        Returns
        -------
        ndarray of bool, shape (N,)
        """
        chosen = np.zeros(len(pts), np.bool_)
        if self.every is not None:
            chosen[:: self.every] = True
            return chosen
        interval = int((MAX_DETECTION_INTERVAL_SECONDS + _ROUNDING_SECONDS) / time_base)
        times: list[int] = pts.tolist()
        most = _most_frames(pts, interval)
        place = 0
        while place < len(times):
            chosen[place] = True
            # the last frame within the interval; the next one where all are further away
            last = bisect_right(times, times[place] + interval, place) - 1
            place = max(place + 1, min(last, place + most))
        return chosen


def _most_frames(pts: NDArray[np.int64], interval: int) -> int:
    """Return from how many frames on the next detection frame comes, whatever their times.

    As many as the interval holds where frames come as usual in this video. In a burst, whose
    frames follow each other faster than they were taken, people move as far from frame to frame
    as elsewhere, and farther in a tenth of a second.
    """
    usual = float(np.median(np.diff(pts))) if len(pts) > 1 else float(interval)
    return math.ceil(interval / max(usual, 1.0))
