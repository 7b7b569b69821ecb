"""Stop a job from another thread: the main thread is interrupted as by Ctrl-C, and cleans up."""

from __future__ import annotations

import signal
import threading
from types import FrameType

__all__ = ["Stopper"]


class Stopper:
    """Interrupts the main thread, until that has finished; made in the main thread.

    Attributes
    ----------
    reason : BaseException or None
        Why the job stops; None while it does not.
    """

    def __init__(self) -> None:
        self.reason: BaseException | None = None
        self._is_finished = False
        signal.signal(signal.SIGINT, self._interrupt)
        signal.signal(signal.SIGTERM, self._terminate)

    def stop(self, reason: BaseException) -> None:
        """Interrupt the main thread; only the first reason counts."""
        if self.reason is None:
            self.reason = reason
            main = threading.main_thread().ident
            if main is not None:
                signal.pthread_kill(main, signal.SIGINT)

    def finish(self) -> None:
        """Interrupt no more: what follows is done to its end."""
        self._is_finished = True

    def _interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        if not self._is_finished:
            raise KeyboardInterrupt

    def _terminate(self, _signal: int, _frame: FrameType | None) -> None:
        """End as a process that was killed does: the machine goes down."""
        if self.reason is None:
            self.reason = SystemExit()
        self._interrupt(_signal, _frame)
