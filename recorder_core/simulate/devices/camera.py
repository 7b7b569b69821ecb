"""A camera that is not there: it plays a film, is unplugged, and knows what it has shown."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from recorder_core.capture.source import FrameSource, LiveFrame, SourceState
from recorder_core.model import EventClock

__all__ = ["SimulatedCamera"]


class SimulatedCamera(FrameSource):
    """A `FrameSource` that shows a film as if it were live; who takes its frames is one thread.

    Parameters
    ----------
    film : FrameSource
        Plays a file again and again.
    frame_count : int
        How many frames the file has.
    """

    def __init__(self, film: FrameSource, frame_count: int) -> None:
        self._film, self._frame_count = film, frame_count
        #: when somebody asked, and which frame of the film was shown
        self._given: list[tuple[float, int | None]] = []

    @property
    def name(self) -> str:
        """A code of the site's."""
        return self._film.name

    @property
    def state(self) -> SourceState:
        """How it is just now."""
        return self._film.state

    def start(self) -> None:
        """Begin to play."""
        self._film.start()

    def close(self) -> None:
        """Stop."""
        self._film.close()

    def unplug(self) -> None:
        """Unplug the cable: nothing arrives any more."""
        self._film.close()

    def plug_in(self) -> None:
        """Plug the cable in again; the film begins anew."""
        self._film.start()

    def take(self, seconds: float) -> LiveFrame | None:
        """Return the frame of a moment, and count it; None while the signal is absent."""
        taken = self._film.take(seconds)
        index = None if taken is None else taken.frame.frame_index % self._frame_count
        self._given.append((seconds, index))
        return taken

    def peek(self) -> LiveFrame | None:
        """Return the newest frame, uncounted; None while the signal is absent."""
        return self._film.peek()

    def shown(self, clock: EventClock, rate: Fraction) -> Mapping[int, int | None]:
        """Return which frame of the film each tick of a composite shows; None: none.

        Parameters
        ----------
        clock : EventClock
            Of the event.
        rate : Fraction
            Ticks per second.
        """
        return {
            round(clock.seconds(seconds) * float(rate)): index for seconds, index in self._given
        }
