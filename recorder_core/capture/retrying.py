"""The thread of a device that may come and go: what ends in an error is begun again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from recorder_core.errors import CaptureError

__all__ = ["RETRY_SECONDS", "RetryingThread"]

#: the first pause before a device that is absent is looked for again
RETRY_SECONDS: Final = 0.25
#: each pause is twice the one before, up to so many times the first
_LONGEST_PAUSE: Final = 8
#: for how long a thread is waited for that a driver holds; then it ends by itself, later
_END_SECONDS: Final = 12.0


class RetryingThread:
    """Receives from a device, and looks for it again when it is gone, at first soon, then rarely.

    Parameters
    ----------
    name : str
        Of the thread.
    receive : callable
        Opens the device and receives until the event that it is given is set; it raises
        CaptureError where the device is absent or gone, and returns whether that was all for good.
        Any other error is one of the device, too: it is begun again.
    on_error : callable
        Given the sentence of each such error, in the thread.
    retry_seconds : float, optional
        The first pause; one that follows a connection which lasted is as short.
    """

    def __init__(
        self,
        name: str,
        receive: Callable[[threading.Event], bool],
        on_error: Callable[[str], None],
        *,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._name, self._receive, self._on_error = name, receive, on_error
        self._first_seconds = retry_seconds
        self._last_seconds = _LONGEST_PAUSE * retry_seconds
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    @property
    def is_started(self) -> bool:
        """Whether it was started, and not stopped."""
        return self._thread is not None

    def start(self) -> None:
        """Begin, unless it is begun."""
        if self._thread is None:
            # a thread before it that a driver holds has an event of its own
            self._stop = threading.Event()
            self._thread = threading.Thread(
                target=self._run, args=(self._stop,), name=self._name, daemon=True
            )
            self._thread.start()

    def stop(self) -> Callable[[], None]:
        """Stop it; return what waits until it has ended.

        One that a driver holds is not waited for longer than some seconds, and left to itself.
        """
        thread, self._thread = self._thread, None
        self._stop.set()
        return partial(thread.join, _END_SECONDS) if thread is not None else _wait_for_nothing

    def _run(self, stop: threading.Event) -> None:
        pause = self._first_seconds
        while not stop.is_set():
            began = time.monotonic()
            try:
                if self._receive(stop):
                    return
            except CaptureError as error:
                if not stop.is_set():
                    self._on_error(str(error))
            except Exception as error:  # a driver may raise anything; its source comes back
                if not stop.is_set():
                    self._on_error(f"{self._name} failed ({type(error).__name__}); it is retried")
            if time.monotonic() - began > self._last_seconds:
                pause = self._first_seconds
            stop.wait(pause)
            pause = min(2 * pause, self._last_seconds)


def _wait_for_nothing() -> None:
    """Wait for no thread."""
