"""The frames of a live input, as a source."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from recorder_core.capture.connection import Connection
from recorder_core.capture.frame_mailbox import FrameMailbox
from recorder_core.capture.presence import Presence
from recorder_core.capture.source import FrameSource, LiveFrame, SourceState
from recorder_core.capture.source_state import state_of
from recorder_core.media import Arrival, ArrivedFrame, Damaged, SourceSettings

__all__ = ["InputFrames"]


class InputFrames(FrameSource):
    """A `FrameSource`: the newest frames of an input, whoever else uses its connection.

    `take` counts a frame as of a moment that is up to half of its period earlier, so that a
    source with the rate of the composite is used frame by frame in spite of jitter.

    Parameters
    ----------
    name : str
        A code of the site's.
    settings : SourceSettings
        Of the input.
    connection : Connection
        To the input; used from `start` to `close`.
    clock : callable
        `time.monotonic`.
    delay_seconds : float
        How long after its moment a frame is taken.
    """

    def __init__(
        self,
        name: str,
        settings: SourceSettings,
        connection: Connection,
        clock: Callable[[], float] = time.monotonic,
        *,
        delay_seconds: float = 0.0,
    ) -> None:
        self._name, self._settings, self._clock = name, settings, clock
        self._connection = connection
        self._mailbox = FrameMailbox(delay_seconds)
        self._presence = Presence(settings.lost_after_seconds(), clock())
        self._frame_rate: float | None = None

    @property
    def name(self) -> str:
        """A code of the site's."""
        return self._name

    @property
    def state(self) -> SourceState:
        """How the source is just now."""
        state = state_of(
            self, self._presence, self._connection, self._mailbox.counters, self._clock()
        )
        return replace(state, frame_rate=self._frame_rate)

    def start(self) -> None:
        """Begin to connect."""
        self._connection.start(self)

    def close(self) -> None:
        """Stop; the connection ends with its last user."""
        self._connection.close(self)

    def take(self, seconds: float) -> LiveFrame | None:
        """Return the frame of a moment, and count it; None where the signal was absent then."""
        return self._mailbox.take(seconds, is_present=self._presence.is_present(self._clock()))

    def peek(self) -> LiveFrame | None:
        """Return the newest frame, uncounted; None while the signal is absent."""
        return self._mailbox.peek() if self._presence.is_present(self._clock()) else None

    def open(self, frame_rate: float | None) -> None:
        """Enter that the input was opened; its connection calls this."""
        now = self._clock()
        self._presence.listen(now, self._connection.waited_seconds(now))
        lost_after_seconds = self._settings.lost_after_seconds(frame_rate)
        self._frame_rate = frame_rate or self._settings.rate
        self._mailbox.set_rate(self._frame_rate, lost_after_seconds)
        self._presence.lost_after_seconds = lost_after_seconds

    def receive(self, arrival: Arrival) -> None:
        """Add what has arrived; its connection calls this."""
        if isinstance(arrival, ArrivedFrame):
            now = self._clock()
            self._presence.arrive(now, self._connection.waited_seconds(now))
            seconds = arrival.seconds - self._settings.latency_seconds
            self._mailbox.put(LiveFrame(arrival.frame, seconds))
        elif isinstance(arrival, Damaged):
            self._mailbox.put_invalid()
