"""On which frames the detector runs: of a finished video, or of one that is still coming."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.errors import SettingsError

__all__ = ["MAX_DETECTION_INTERVAL_SECONDS", "DetectionSchedule", "DetectionStride"]

#: longest time between two detection frames: a head moves by a fraction of its size, and
#: time fills the frames between (see profiling/benches/bench_exposure.py)
MAX_DETECTION_INTERVAL_SECONDS: Final = Fraction(1, 10)
#: most frames from one detection frame to the next, whatever their time stamps say: a header may
#: state a multiple of the rate at which frames were taken, and at 60 a second this is the interval
_MAX_DETECTION_INTERVAL_FRAMES: Final = 6
#: time stamps of Matroska are rounded to this
_ROUNDING_SECONDS: Final = Fraction(1, 1000)
_ROUNDED_INTERVAL_SECONDS: Final = MAX_DETECTION_INTERVAL_SECONDS + _ROUNDING_SECONDS


@dataclass(frozen=True, slots=True)
class DetectionStride:
    """On which frames the detector runs, and how many at once."""

    #: the detector runs on every Nth frame; None: on as many as keep two detection frames
    #: at most `MAX_DETECTION_INTERVAL_SECONDS` apart, whatever the frame rate, and no more
    #: frames apart than that is at the usual distance of this video's frames, or than six.
    #: Where the picture jumps it runs on more frames: see `FrameChoice`
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

    @property
    def max_interval_seconds(self) -> Fraction | None:
        """Longest time between two detection frames with frames between; None: only frames count.

        It is `MAX_DETECTION_INTERVAL_SECONDS` and what time stamps are rounded by.
        """
        return _ROUNDED_INTERVAL_SECONDS if self.every is None else None

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
        usual = float(np.median(np.diff(pts))) if len(pts) > 1 else None
        schedule = DetectionSchedule(self, time_base, usual)
        times: list[int] = pts.tolist()
        pairs = zip(times, [*times[1:], None], strict=True)
        due = (schedule.is_due(each, following) for each, following in pairs)
        return np.fromiter(due, np.bool_, len(pts))


class DetectionSchedule:
    """Decides of one frame after another whether the detector runs on it.

    Parameters
    ----------
    stride : DetectionStride
        What was asked for.
    time_base : Fraction
        Seconds per unit of pts.
    usual_duration : float or None
        From frame to frame of this video, in units of pts; None: there is one frame only. In a
        burst, whose frames follow each other faster than they were taken, people move as far from
        frame to frame as elsewhere, and farther in a tenth of a second: the next detection frame
        comes after as many frames as an interval has where they come as usual.
    """

    def __init__(
        self, stride: DetectionStride, time_base: Fraction, usual_duration: float | None
    ) -> None:
        self._every = stride.every
        self._interval = int(_ROUNDED_INTERVAL_SECONDS / time_base)
        usual = self._interval if usual_duration is None else usual_duration
        in_interval = math.ceil(self._interval / max(usual, 1.0))
        self._max_frames = min(in_interval, _MAX_DETECTION_INTERVAL_FRAMES)
        #: time stamp of the last detection frame
        self._last_pts: int | None = None
        #: from that frame on
        self._frames = 0

    def is_due(self, pts: int, following_pts: int | None) -> bool:
        """Return whether the detector runs on the next frame.

        Parameters
        ----------
        pts : int
            Of the frame after the one that was asked about before.
        following_pts : int or None
            Of the frame after it; None: it is the last one.
        """
        self._frames += 1
        due = self._last_pts is None or self._is_last_chance(self._last_pts, following_pts)
        if due:
            self._last_pts, self._frames = pts, 0
        return due

    def _is_last_chance(self, last_pts: int, following_pts: int | None) -> bool:
        """Return whether the frame after this one would come too late."""
        if self._every is not None:
            return self._frames >= self._every
        if following_pts is None or self._frames >= self._max_frames:
            return True
        return following_pts > last_pts + self._interval
