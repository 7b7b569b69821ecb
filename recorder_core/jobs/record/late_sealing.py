"""Make finished videos seekable beside what is recorded next, slowly: it is to lack nothing."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Final, Self

from recorder_core.errors import WrongState
from recorder_core.jobs.record.recorder import RoomRecorder

__all__ = ["LateSealing"]

#: between two MiB: of ten times the bit rate of a recording most of the time is left to it
_REST_SECONDS: Final = 0.1
_NICENESS: Final = 10


class LateSealing:
    """Makes videos seekable, one after another; a context manager, at whose end all is done.

    Parameters
    ----------
    say : callable
        Given a sentence where a video stays as it was recorded; called from another thread.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._is_over, self._is_left = threading.Event(), threading.Event()
        self._thread = ThreadPoolExecutor(1, "late sealing", _lower_priority)
        self._sealed: list[Future[None]] = []

    def add(self, recorder: RoomRecorder) -> None:
        """Make the videos of a finished recording seekable when those before it are done."""
        self._sealed.append(self._thread.submit(self._seal, recorder))

    def wait(self, seconds: float) -> bool:
        """Wait for a while until all that was added is done; return whether it is."""
        return not wait(self._sealed, seconds).not_done

    def hurry(self) -> None:
        """Rest no more: nothing is recorded any more beside it."""
        self._is_over.set()

    def leave(self) -> None:
        """Leave what is not done as it was recorded; ``workbench event finalise`` does it later."""
        self._is_left.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.hurry()
        self._thread.shutdown()
        if error is None:
            for each in self._sealed:
                each.result()  # raises what ended it

    def _seal(self, recorder: RoomRecorder) -> None:
        recorder.make_seekable(self._rest)
        for sentence in recorder.fragmented:
            self._say(sentence)

    def _rest(self) -> None:
        """Leave the machine to what is recorded; nothing is any more at the end."""
        if self._is_left.is_set():
            raise WrongState("somebody left it for later")
        self._is_over.wait(_REST_SECONDS)


def _lower_priority() -> None:
    """Lower the priority of this thread, which Linux has for each."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
