"""Wait for the catalog no longer than for a while: its disk may be slow, or gone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, TimeoutError as FutureTimeout
from typing import TypeVar

from recorder_core.errors import CatalogBusy, CatalogError

__all__ = ["within"]

_T = TypeVar("_T")


def within(seconds: float, call: Callable[[], _T]) -> _T:
    """Return what a call returns, in a thread of its own; what takes longer goes on there.

    Parameters
    ----------
    seconds : float
        How long it is waited for.
    call : callable
        Uses the catalog.

    Raises
    ------
    CatalogBusy
        If it takes longer, or the disk of the catalog reports an error.
    RecorderError
        What the call raises else.
    """
    result: Future[_T] = Future()

    def run() -> None:
        try:
            found = call()
        except BaseException as error:  # who waits raises it
            result.set_exception(error)
        else:
            result.set_result(found)

    threading.Thread(target=run, name="catalog", daemon=True).start()
    try:
        return result.result(seconds)
    except FutureTimeout:
        raise CatalogBusy(
            f"the catalog does not answer within {seconds:g} s: look at its disk, and try again"
        ) from None
    except CatalogError as error:
        if type(error) is CatalogError:  # no other class: nothing is known of the rows
            raise CatalogBusy(str(error)) from error
        raise
