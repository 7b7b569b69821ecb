"""When samples of the electroencephalogram were taken: evenly, whatever the jitter of packets."""

from __future__ import annotations

from typing import Final

__all__ = ["EegTimes"]

#: a block that begins so much later than the one before it ended was preceded by a lost one, which
#: would have lasted 0.125 s
_GAP_SECONDS: Final = 0.1
#: how much of the distance to a block's own arrival it is moved
_PULL: Final = 0.02
#: but no further, so that samples stay in order: a quarter of what lies between two
_MAX_PULL_SECONDS: Final = 0.002


class EegTimes:
    """Stamps blocks of samples, each beginning where the one before ended."""

    def __init__(self) -> None:
        self._end: float | None = None

    def place(self, arrived_seconds: float, duration_seconds: float) -> tuple[float, bool]:
        """Return when a block began, and whether it follows the one before without a gap.

        Parameters
        ----------
        arrived_seconds : float
            When the block arrived, which is when it ended.
        duration_seconds : float
            What its samples last.
        """
        start = arrived_seconds - duration_seconds
        is_joined = self._end is not None and start - self._end < _GAP_SECONDS
        if self._end is not None and is_joined:
            pull = _PULL * (start - self._end)
            start = self._end + min(max(pull, -_MAX_PULL_SECONDS), _MAX_PULL_SECONDS)
        self._end = start + duration_seconds
        return start, is_joined
