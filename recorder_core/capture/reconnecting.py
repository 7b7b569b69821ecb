"""A source with a device of its own that may come and go, and its state."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Generic, TypeVar

from recorder_core.capture.retrying import RETRY_SECONDS, RetryingThread
from recorder_core.capture.source import Source, SourceCounters, SourceState

__all__ = ["ReconnectingSource"]

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
        The first pause before a device that is absent is looked for again.
    """

    def __init__(
        self,
        name: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._thread = RetryingThread(
            name, self._receive, self._set_absent, retry_seconds=retry_seconds
        )
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
        self._thread.start()

    def close(self) -> None:
        """Stop, and let the device go; returns once its thread has ended."""
        if self._thread.is_started:
            self._thread.stop()()
            self._set_absent(f"{self.name} was stopped")

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
    def _read(self, device: _Device, stopping: threading.Event) -> None:
        """Read until it is stopping.

        Raises
        ------
        CaptureError
            If the device is gone.
        """

    # -- the thread ---------------------------------------------------------------------------

    def _receive(self, stopping: threading.Event) -> bool:
        with self._open() as device:
            with self._lock:
                connections = self._state.connections + 1
                self._state = replace(self._state, connections=connections)
            self._read(device, stopping)
        return stopping.is_set()

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
