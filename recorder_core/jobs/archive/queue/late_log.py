"""Log what is done already: at once where that is possible, else as soon as it is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, TypeVar

from recorder_core.errors import CatalogError

__all__ = ["LateLog"]

_T = TypeVar("_T")

_AGAIN_SECONDS: Final = 5.0


class LateLog:
    """Logs what was done first; what cannot be logged is tried again until the archive is closed.

    Threads may share it.
    """

    def __init__(self) -> None:
        self._is_closed = threading.Event()

    def enter(
        self, log: Callable[[], _T], lock: AbstractContextManager[object], *, said: str
    ) -> _T:
        """Log something; return what that returns.

        Parameters
        ----------
        log : callable
            Writes into the catalog.
        lock : context manager
            Held meanwhile.
        said : str
            What is done, for the message.

        Raises
        ------
        CatalogError
            If it cannot be logged just now; then it is as soon as it can be.
        """
        try:
            with lock:
                return log()
        except CatalogError as error:
            again = threading.Thread(
                target=self._try_again, args=(log, lock), name="late log", daemon=True
            )
            again.start()
            raise type(error)(
                f"{said}, but that cannot be logged just now, and is as soon as it can be: {error}"
            ) from error

    def close(self) -> None:
        """Stop trying."""
        self._is_closed.set()

    def _try_again(self, log: Callable[[], object], lock: AbstractContextManager[object]) -> None:
        while not self._is_closed.wait(_AGAIN_SECONDS):
            with lock:
                if self._is_closed.is_set():  # while it waited for the lock
                    return
                try:
                    log()
                except CatalogError:
                    continue
            return
