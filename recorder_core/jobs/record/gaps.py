"""When a source gave nothing: from its last frame to the next one."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Gap", "GapWatch"]


@dataclass(frozen=True, slots=True)
class Gap:
    """A span in which a source gave nothing.

    Attributes
    ----------
    source : str
        Its name, a code of the site's.
    start_seconds, stop_seconds : float
        By the room's clock: when its last frame before was, and the first one after.
    is_starved : bool
        Whether that was because this computer did not keep up with it, as its view said last.
    """

    source: str
    start_seconds: float
    stop_seconds: float
    is_starved: bool = False

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.stop_seconds - self.start_seconds


class GapWatch:
    """What a source gave so far, and when it gave nothing; for one thread.

    Parameters
    ----------
    source : str
        Its name.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._last_seconds = 0.0
        self._is_absent = self._is_starved = False
        #: those that have ended
        self.gaps: list[Gap] = []

    @property
    def is_absent(self) -> bool:
        """Whether a gap goes on."""
        return self._is_absent

    def note(self, seconds: float | None, *, is_starved: bool = False) -> Gap | None:
        """Note what the source gave at a tick; return the gap that this ends.

        Parameters
        ----------
        seconds : float or None
            When its frame was, by the room's clock; None: it is absent.
        is_starved : bool
            Whether it is absent because this computer does not keep up with it.
        """
        if seconds is None:
            self._is_absent, self._is_starved = True, is_starved
            return None
        ended = self._end(seconds) if self._is_absent else None
        self._last_seconds = max(self._last_seconds, seconds)
        return ended

    def note_state(
        self, *, is_present: bool, since_seconds: float, is_starved: bool = False
    ) -> Gap | None:
        """Note what a source says of itself; return the gap that this ends.

        Parameters
        ----------
        is_present : bool
            Whether it gives something.
        since_seconds : float
            Since when, by the room's clock.
        is_starved : bool
            As of `note`.
        """
        if is_present:
            return self._end(since_seconds) if self._is_absent else None
        self._is_starved = is_starved
        if not self._is_absent:
            self._is_absent = True
            self._last_seconds = max(self._last_seconds, since_seconds)
        return None

    def forget_before(self, seconds: float) -> None:
        """Forget the gaps that ended before a moment; any thread may call this."""
        while self.gaps and self.gaps[0].stop_seconds <= seconds:
            del self.gaps[0]

    def finish(self, seconds: float) -> Gap | None:
        """End the gap that goes on, if one does; return it.

        Parameters
        ----------
        seconds : float
            When the recording ends, by the room's clock.
        """
        return self._end(seconds) if self._is_absent else None

    def _end(self, seconds: float) -> Gap:
        stop_seconds = max(seconds, self._last_seconds)
        gap = Gap(self._source, self._last_seconds, stop_seconds, self._is_starved)
        self.gaps.append(gap)
        self._is_absent = False
        return gap
