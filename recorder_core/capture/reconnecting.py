"""A source whose device may come and go: its thread, its state, and connecting again."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Final, Generic, TypeVar

from recorder_core.capture.source import Source, SourceCounters, SourceState
from recorder_core.errors import CaptureError

__all__ = ["RETRY_SECONDS", "ReconnectingSource"]

#: a device that is absent is looked for so often
RETRY_SECONDS: Final = 1.0
_Device = TypeVar("_Device")


class ReconnectingSource(Source, ABC, Generic[_Device]):
    """Reads a device in a thread of its own, and opens it again whenever it is gone.

    Parameters
    ----------
    name : str
        A code of the site's, such as `bis`.
    clock : callable, optional
        Gives `time.monotonic`.
    retry_seconds : float, optional
        How often a device that is absent is looked for.
    """

    def __init__(
        self,
        name: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._clock = clock
        self._retry_seconds = retry_seconds
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        #: when it last gave what it should
        self._alive_seconds = clock()
        sentence = f"{name} was not started yet"
        self._state = SourceState(name, False, self._alive_seconds, 0, SourceCounters(), sentence)

    @property
    def name(self) -> str:
        """A code of the site's."""
        return self._state.name

    @property
    def state(self) -> SourceState:
        """How it is just now."""
        with self._lock:
            return self._state

    def start(self) -> None:
        """Begin to connect; a source that is absent is no error, and is tried again."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop, and let the device go; returns once its thread has ended."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    # -- of each kind of device -------------------------------------------------------------

    @abstractmethod
    def _open(self) -> AbstractContextManager[_Device]:
        """Open the device.

        Raises
        ------
        CaptureError
            If it is absent, in a sentence for who operates it.
        """

    @abstractmethod
    def _read(self, device: _Device) -> None:
        """Read until `_stopping` is set.

        Raises
        ------
        CaptureError
            If the device is gone.
        """

    # -- the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._open() as device:
                    with self._lock:
                        connections = self._state.connections + 1
                        self._state = replace(self._state, connections=connections)
                    self._read(device)
            except CaptureError as error:
                self._set_absent(str(error))
            self._stopping.wait(self._retry_seconds)
        self._set_absent(f"{self.name} was stopped")

    def _set_present(self) -> None:
        """Note that the device gives what it should, now."""
        with self._lock:
            now, old = self._clock(), self._state
            self._alive_seconds = now
            if not old.is_present:
                self._state = replace(old, is_present=True, since_seconds=now, sentence="")

    def _set_absent(self, sentence: str) -> None:
        """Note why it does not; the absence began when it last did."""
        with self._lock:
            old = self._state
            since = self._alive_seconds if old.is_present else old.since_seconds
            self._state = replace(old, is_present=False, since_seconds=since, sentence=sentence)

    def _count(
        self, *, received: int = 0, used: int = 0, dropped: int = 0, invalid: int = 0
    ) -> None:
        with self._lock:
            old = self._state.counters
            counters = replace(
                old,
                received=old.received + received,
                used=old.used + used,
                dropped=old.dropped + dropped,
                invalid=old.invalid + invalid,
            )
            self._state = replace(self._state, counters=counters)
