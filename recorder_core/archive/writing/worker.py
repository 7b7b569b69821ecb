"""A thread that runs tasks in order, with a bounded queue."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Final

__all__ = ["PACE_SECONDS", "OrderedWorker"]

#: a writer that is faster than its disk is slowed down here, for a moment only
PACE_BYTES: Final = 2 * 2**20
PACE_SECONDS: Final = 0.01

Task = Callable[[], None]


class OrderedWorker:
    """Runs tasks one after another in a thread of its own.

    A task that raises `OSError` stops the worker: later tasks are dropped, `error` is set and
    `on_error` is called once, before `error` is set: from the worker's thread, or from the one
    that stops the worker.

    Parameters
    ----------
    name : str
        Name of the thread.
    max_queued_bytes : int
        `submit` waits while more than this is queued.
    on_error : callable
        Receives the error.
    """

    def __init__(
        self, name: str, max_queued_bytes: int, on_error: Callable[[OSError], None]
    ) -> None:
        self._max_queued_bytes = max_queued_bytes
        self._on_error = on_error
        self._tasks: deque[tuple[Task, int]] = deque()
        self._changed = threading.Condition()
        self._queued_bytes = 0
        self._busy = False
        self._stopping = False
        self._failing = False
        self.error: OSError | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, task: Task, size_bytes: int, timeout_seconds: float | None = None) -> bool:
        """Queue a task; return False if there was no space for it in time.

        A failed worker takes and drops every task.
        """
        with self._changed:
            # stay close behind the worker, so that buffers are used again while they are warm
            self._wait_below(PACE_BYTES, PACE_SECONDS)
            fits = self._wait_below(self._max_queued_bytes, timeout_seconds)
            if fits and self.error is None:
                self._tasks.append((task, size_bytes))
                self._queued_bytes += size_bytes
                self._changed.notify_all()
            return fits

    def _wait_below(self, limit_bytes: int, timeout_seconds: float | None) -> bool:
        return self._changed.wait_for(
            lambda: self.error is not None or self._queued_bytes < limit_bytes, timeout_seconds
        )

    def wait_idle(self, timeout_seconds: float | None = None) -> bool:
        """Wait until every queued task has run; return False if time ran out."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self.error is not None or not (self._tasks or self._busy), timeout_seconds
            )

    def fail(self, error: OSError) -> None:
        """Stop the worker from outside, as if a task had raised this."""
        with self._changed:
            if self._failing:
                return
            self._failing = True
        # told first: whoever sees the error finds the reason
        self._on_error(error)
        with self._changed:
            self.error = error
            self._tasks.clear()
            self._queued_bytes = 0
            self._changed.notify_all()

    def stop(self, timeout_seconds: float) -> bool:
        """Finish the queued tasks; return whether the thread ended in time."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._tasks or self._stopping)
                if not self._tasks:
                    return
                task, size_bytes = self._tasks.popleft()
                self._busy = True
            try:
                task()
            except OSError as exc:
                self.fail(exc)
            with self._changed:
                self._busy = False
                self._queued_bytes = max(0, self._queued_bytes - size_bytes)
                self._changed.notify_all()
