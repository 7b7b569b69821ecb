"""Kernels that are started before their page is asked for: one for each sign-in, until it is taken.

Such a kernel is its person's from the start, as every other: it runs as the person's system user,
holds a token of that sign-in, and ends with it. It has imported what the dashboards need.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from workbench.server.entrance.sessions import SignedIn

__all__ = ["KernelsAhead"]


class KernelsAhead:
    """What was started ahead, and for whom.

    Parameters
    ----------
    start : callable
        Starts a kernel for a sign-in and returns its id; None where none can be started.
    """

    def __init__(self, start: Callable[[SignedIn], Awaitable[str | None]]) -> None:
        self._start = start
        self._started: dict[SignedIn, asyncio.Task[str | None]] = {}

    def __contains__(self, kernel_id: str) -> bool:
        return any(_id_of(each) == kernel_id for each in self._started.values())

    def begin(self, signed_in: SignedIn) -> None:
        """Start a kernel for the next page of a sign-in, unless one waits for it already."""
        if signed_in not in self._started:
            self._started[signed_in] = asyncio.ensure_future(self._start(signed_in))

    async def take(self, signed_in: SignedIn) -> str | None:
        """Return the kernel that waits for the next page of a sign-in; None: there is none."""
        started = self._started.pop(signed_in, None)
        # a page that is left meanwhile does not end what has begun
        return await asyncio.shield(started) if started is not None else None

    def forget(self, kernel_id: str) -> None:
        """Forget a kernel that has ended."""
        kept = {who: each for who, each in self._started.items() if _id_of(each) != kernel_id}
        self._started = kept


def _id_of(started: asyncio.Task[str | None]) -> str | None:
    is_there = started.done() and not started.cancelled() and started.exception() is None
    return started.result() if is_there else None
