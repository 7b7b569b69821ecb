"""Prepare the next things in a thread of their own while one is worked on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

__all__ = ["read_ahead"]

Item = TypeVar("Item")
Prepared = TypeVar("Prepared")


def read_ahead(
    prepare: Callable[[Item], Prepared], items: Sequence[Item], count: int
) -> Generator[Prepared]:
    """Yield each item prepared, in order; close the iterator to leave the rest.

    Parameters
    ----------
    prepare : callable
        Called in one other thread, for one item after the other.
    items : sequence
        What is prepared.
    count : int
        At most so many are prepared before they are asked for.
    """
    waiting: deque[Future[Prepared]] = deque()
    thread = ThreadPoolExecutor(max_workers=1)
    following = iter(items)
    try:
        for item in islice(following, count):
            waiting.append(thread.submit(prepare, item))
        while waiting:
            prepared = waiting.popleft().result()
            for item in islice(following, 1):
                waiting.append(thread.submit(prepare, item))
            yield prepared
    finally:
        thread.shutdown(cancel_futures=True)
