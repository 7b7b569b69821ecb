"""How often somebody asked a command to end: Ctrl-C, SIGTERM, a terminal that closes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

__all__ = ["StopSignals", "counting_stops"]


@dataclass(slots=True)
class StopSignals:
    """What was asked.

    Attributes
    ----------
    count : int
        How often.
    """

    count: int = 0

    def is_asked(self) -> bool:
        """Return whether somebody wants the end."""
        return self.count > 0


@contextmanager
def counting_stops() -> Iterator[StopSignals]:
    """Count instead of ending; what nohup lets a command ignore is ignored."""
    stops = StopSignals()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        stops.count += 1

    signals = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
    before = {each: signal.getsignal(each) for each in signals}
    taken = [each for each, handler in before.items() if handler is not signal.SIG_IGN]
    for each in taken:
        signal.signal(each, ask)
    try:
        yield stops
    finally:
        for each in taken:
            signal.signal(each, before[each])
