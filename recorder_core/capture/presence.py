"""Whether a source is there: something must have arrived lately."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["Presence"]

#: who keeps up with a source that is silent does nothing but wait for it
_WAITING_PART: Final = 0.5


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
    #: when its input was opened or something arrived, and how long had been waited until then
    _heard: tuple[float, float] = (0.0, 0.0)

    def listen(self, now: float, waited_seconds: float) -> None:
        """Enter that its input was opened; `waited_seconds` as of `arrive`."""
        self._heard = now, waited_seconds

    def arrive(self, now: float, waited_seconds: float) -> None:
        """Enter that something arrived.

        Parameters
        ----------
        now : float
            When.
        waited_seconds : float
            How long whoever reads the input had waited for it until then.
        """
        self.listen(now, waited_seconds)
        if not self.is_present(now):
            self._present_since = now
        self._arrived_seconds = now

    def is_present(self, now: float) -> bool:
        """Return whether something arrived lately."""
        arrived = self._arrived_seconds
        return arrived is not None and now - arrived <= self.lost_after_seconds

    def is_starved(self, now: float, waited_seconds: float) -> bool:
        """Return whether nothing came because this computer does not keep up with the input.

        So it is where whoever reads it spent less than half of the silence waiting for it: it
        worked, or was not let to.
        """
        then, waited_then = self._heard
        return waited_seconds - waited_then < _WAITING_PART * (now - then)

    def since(self, now: float) -> float:
        """Return since when it is as it is; an absence begins when the last thing arrived."""
        if self.is_present(now):
            return self._present_since
        return self.began_seconds if self._arrived_seconds is None else self._arrived_seconds
