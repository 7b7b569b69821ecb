"""Turns at the server's work: one person's many requests wait, and nobody else's behind them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from tornado.web import HTTPError

from recorder_core.model.values.phrase import phrase

__all__ = ["TooMany", "Turns"]


_TOO_MANY: Final = phrase("too_many", "You ask for more at a time than is answered: wait a second")


class TooMany(HTTPError):
    """Somebody asks for more than is done at a time; the browser may ask again in a second."""

    def __init__(self) -> None:
        super().__init__(429, reason=_TOO_MANY)


@dataclass(slots=True)
class _Line:
    turns: asyncio.Semaphore
    count: int = 0


class Turns:
    """Lines of who waits, one for each person or address.

    Parameters
    ----------
    at_once : int
        How many of one line are at work.
    waiting : int
        How many may wait behind them.
    """

    def __init__(self, *, at_once: int, waiting: int) -> None:
        self._at_once = at_once
        self._most = at_once + waiting
        self._lines: dict[object, _Line] = {}

    @asynccontextmanager
    async def turn(self, whose: object) -> AsyncIterator[None]:
        """Hold a turn of somebody's.

        Raises
        ------
        TooMany
            If as many wait as may.
        """
        line = self._lines.setdefault(whose, _Line(asyncio.Semaphore(self._at_once)))
        if line.count >= self._most:
            raise TooMany
        line.count += 1
        try:
            async with line.turns:
                yield
        finally:
            line.count -= 1
            if not line.count:
                self._lines.pop(whose, None)
