"""Stop a job from another thread: it is interrupted as by Ctrl-C, or finishes what it has begun."""

from __future__ import annotations

import signal
import threading
from types import FrameType

__all__ = ["Stopper"]


class Stopper:
    """Interrupts the main thread while that may be; made in the main thread.

    Attributes
    ----------
    reason : BaseException or None
        Why the main thread was interrupted; None if it was not.
    is_stop_requested : bool
        Whether the job was asked to stop, by whomever: a job that finishes looks here.
    """

    def __init__(self) -> None:
        self.reason: BaseException | None = None
        #: no threading.Event: a handler of signals must not wait for the thread it interrupts
        self.is_stop_requested = False
        self._may_interrupt = True
        signal.signal(signal.SIGINT, self._interrupt)
        signal.signal(signal.SIGTERM, self._terminate)

    def stop(self, reason: BaseException) -> None:
        """Ask the job to stop, and interrupt the main thread; only the first reason counts."""
        self.is_stop_requested = True
        if self.reason is None and self._may_interrupt:
            self.reason = reason
            main = threading.main_thread().ident
            if main is not None:
                signal.pthread_kill(main, signal.SIGINT)

    def disable_interrupts(self) -> None:
        """Interrupt no more: what follows is done to its end."""
        self._may_interrupt = False

    def _interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        self.is_stop_requested = True
        if self._may_interrupt:
            raise KeyboardInterrupt

    def _terminate(self, _signal: int, _frame: FrameType | None) -> None:
        """End as a process that was killed does, unless it may finish: the machine goes down."""
        if self.reason is None and self._may_interrupt:
            self.reason = SystemExit()
        self._interrupt(_signal, _frame)
