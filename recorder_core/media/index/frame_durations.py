"""How long each frame of a video is shown."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.media.container.info import VideoInfo

__all__ = ["shown_durations"]

#: a packet's duration may differ so much from the time to the next one, or by one unit
_DURATION_TOLERANCE: Final = 0.1


def shown_durations(
    pts: NDArray[np.int64], said: NDArray[np.int64], video: VideoInfo
) -> NDArray[np.int64]:
    """Return how long each frame is shown: until the next one.

    The last is shown as long as its packet says, where packets say what the time stamps do;
    many only repeat the rate of the header. Elsewhere it is shown as long as most others.
    """
    between = np.diff(pts)
    if not len(between):
        usual = round(1 / (video.average_frame_rate * video.time_base))
        return np.asarray([int(said[-1]) or max(usual, 1)], np.int64)
    slack = np.maximum(between * _DURATION_TOLERANCE, 1)
    are_true = np.median(np.abs(said[:-1] - between) <= slack) == 1
    last = int(said[-1]) if are_true and said[-1] else int(np.median(between))
    return np.append(between, max(last, 1))
