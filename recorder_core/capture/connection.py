"""The one connection to a live input, however much of it is used.

A thread opens the input, hands on what arrives, and opens it again when it is lost. Nobody waits
for it: what it last said stands in its sentence.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from recorder_core.capture.retrying import RETRY_SECONDS, RetryingThread
from recorder_core.capture.stalls import Stalls
from recorder_core.media import Arrival, InputWait, LiveInput

__all__ = ["Connection"]


class Connection:
    """Keeps an input open from the first start to the last close.

    Parameters
    ----------
    name : str
        Of the source, for its thread.
    open_input : callable
        Opens the input; it is called with a function that waits until the connection closes, or so
        many seconds.
    is_played_once : bool
        Whether the input's end is no loss.
    on_open : callable
        Called with the input each time it is open, in the connection's thread.
    on_arrival : callable
        Called with each thing that arrives, in the connection's thread.
    stalls : Stalls
        When nobody in this process could wait for anything.
    retry_seconds : float, optional
        The first pause before an input that is absent is opened again.
    """

    def __init__(
        self,
        name: str,
        open_input: Callable[[Callable[[float], object]], AbstractContextManager[LiveInput]],
        *,
        is_played_once: bool,
        on_open: Callable[[LiveInput], None],
        on_arrival: Callable[[Arrival], None],
        stalls: Stalls,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._name, self._open, self._is_played_once = name, open_input, is_played_once
        self._on_open, self._on_arrival = on_open, on_arrival
        self._wait: InputWait | None = None
        self._stalls = stalls
        self._lock = threading.Lock()
        self._users: set[int] = set()
        self._thread = RetryingThread(
            f"source {name}", self._receive, self._say, retry_seconds=retry_seconds
        )
        #: how often the input was opened
        self.count = 0
        #: whether it is open now
        self.is_open = False
        #: why it is not open, and what to do
        self.sentence = f"{name} was not started yet"

    def start(self, user: object) -> None:
        """Begin to connect for a user, unless it is begun."""
        with self._lock:
            self._users.add(id(user))
            if not self._thread.is_started:
                self.sentence = f"{self._name} is being connected"
                self._thread.start()

    def close(self, user: object) -> None:
        """End it when no other user is left; returns once its thread has ended.

        A thread that a driver holds is left to itself: it lets the device go when it can.
        """
        with self._lock:
            self._users.discard(id(user))
            if self._users or not self._thread.is_started:
                return
            wait = self._thread.stop()
        wait()
        self.sentence = f"{self._name} was stopped"

    def is_used_by(self, user: object) -> bool:
        """Return whether a user has started it, and not closed it."""
        with self._lock:
            return id(user) in self._users

    def waited_seconds(self, now: float) -> float:
        """Return how long the open input was waited for while this process ran.

        Where that is not measured it is all the time. Two of these can be compared, and one alone
        says nothing.
        """
        wait = self._wait
        return (now if wait is None else wait.seconds(now)) - self._stalls.seconds

    def _say(self, sentence: str) -> None:
        self.sentence = sentence

    def _receive(self, stop: threading.Event) -> bool:
        """Open the input and hand on what arrives, until it ends or is to be closed."""
        try:
            with self._open(stop.wait) as live:
                self.count += 1
                self._wait = live.wait
                self._on_open(live)
                self.is_open = True
                for arrival in live.arrivals:
                    if stop.is_set():
                        return True
                    self._on_arrival(arrival)
        finally:
            self.is_open = False
        if self._is_played_once and not stop.is_set():
            self.sentence = f"{self._name} has been played to its end"
            return True
        return False
