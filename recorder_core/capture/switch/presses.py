"""Presses of a contact that bounces: pure, told of changes and of the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

__all__ = ["PressDetector", "SwitchPress"]

#: a contact that opens for less still bounces
_SETTLE_SECONDS: Final = 0.03


class SwitchPress(NamedTuple):
    """The switch was pressed."""

    #: when the contact closed, by `time.monotonic`
    seconds: float
    #: whether it was held
    is_long: bool


@dataclass
class PressDetector:
    """Makes presses of changes of a contact; each press is returned once.

    A short press is returned when the contact has opened, a long one as soon as it is long.

    Parameters
    ----------
    debounce_seconds : float
        What begins sooner after the beginning of a press is none.
    long_seconds : float
        What holds the contact so long is a long press.
    """

    debounce_seconds: float
    long_seconds: float
    _down: float | None = None
    _up: float | None = None
    _is_returned: bool = False
    _last_down: float = float("-inf")

    def change(self, is_down: bool, seconds: float) -> list[SwitchPress]:
        """Enter that the contact was closed or opened; return what became a press before that.

        Parameters
        ----------
        is_down : bool
            Whether it is closed now.
        seconds : float
            By `time.monotonic`; never less than the last time.
        """
        found = self.tick(seconds)
        if not is_down:
            self._up = seconds if self._up is None else self._up
        elif self._down is not None:
            self._up = None
        elif seconds - self._last_down >= self.debounce_seconds:
            self._down = self._last_down = seconds
            self._up, self._is_returned = None, False
        return found

    def tick(self, seconds: float) -> list[SwitchPress]:
        """Return what became a press up to a time before which no change is unknown."""
        if self._down is None:
            return []
        if self._up is not None:
            return self._end() if seconds - self._up >= _SETTLE_SECONDS else []
        if seconds - self._down >= self.long_seconds and not self._is_returned:
            self._is_returned = True
            return [SwitchPress(self._down, is_long=True)]
        return []

    def end(self) -> list[SwitchPress]:
        """Return the press that lasts, if it was not returned yet: nothing more is heard of it."""
        return [] if self._down is None else self._end()

    def _end(self) -> list[SwitchPress]:
        assert self._down is not None
        down, up, self._down, self._up = self._down, self._up, None, None
        if self._is_returned:
            return []
        return [SwitchPress(down, is_long=up is not None and up - down >= self.long_seconds)]
