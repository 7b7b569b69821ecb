"""Whether a source is there: something must have arrived lately."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Presence"]


@dataclass(slots=True)
class Presence:
    """What a source's watchdog knows; its times are those of `time.monotonic`.

    Attributes
    ----------
    lost_after_seconds : float
        After so long without anything, the source is absent.
    began_seconds : float
        Since when it is waited for.
    """

    lost_after_seconds: float
    began_seconds: float
    _arrived_seconds: float | None = None
    _present_since: float = 0.0

    def arrive(self, now: float) -> bool:
        """Enter that something arrived; return whether it ends an absence."""
        returns = not self.is_present(now)
        if returns:
            self._present_since = now
        self._arrived_seconds = now
        return returns

    def is_present(self, now: float) -> bool:
        """Return whether something arrived lately."""
        arrived = self._arrived_seconds
        return arrived is not None and now - arrived <= self.lost_after_seconds

    def since(self, now: float) -> float:
        """Return since when it is as it is; an absence begins when the last thing arrived."""
        if self.is_present(now):
            return self._present_since
        return self.began_seconds if self._arrived_seconds is None else self._arrived_seconds
