"""One line of a terminal that says how something is which goes on."""

from __future__ import annotations

import select
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Final, TextIO

from workbench.cli.terminal.console import complain, draw

__all__ = ["StatusLine", "takes_text"]

#: how often a line is printed where there is no terminal
_LINE_SECONDS: Final = 10.0
_REDRAW_SECONDS: Final = 0.5
#: sentences that wait for a terminal which takes no text
_MAX_WAITING: Final = 100


class StatusLine:
    """One line that says how a recording is: written over in a terminal, else now and then.

    What standard error cannot take just now waits; the recording does not.
    """

    def __init__(self, *, is_quiet: bool) -> None:
        self._is_quiet = is_quiet
        self._has_terminal = sys.stderr.isatty()
        self._shown = float("-inf")
        self._is_open = False
        self._waiting: deque[str] = deque(maxlen=_MAX_WAITING)

    def show(self, describe: Callable[[], str]) -> None:
        """Show how it is, if it is time."""
        self._say_waiting()
        now = time.monotonic()
        period = _REDRAW_SECONDS if self._has_terminal else _LINE_SECONDS
        if self._is_quiet or now - self._shown < period or not takes_text(sys.stderr):
            return
        self._shown = now
        if self._has_terminal:
            draw(f"\r\x1b[K{describe()}")
            self._is_open = True
        else:
            print(describe(), file=sys.stderr)

    def say(self, sentence: str) -> None:
        """Print a sentence of its own."""
        self._waiting.append(sentence)
        self._say_waiting()

    def end(self) -> None:
        """End the line that is written over."""
        if self._is_open and takes_text(sys.stderr):
            print(file=sys.stderr)
            self._is_open = False

    def _say_waiting(self) -> None:
        while self._waiting and takes_text(sys.stderr):
            self.end()
            complain(self._waiting.popleft())


def takes_text(stream: TextIO | None) -> bool:
    """Return whether a stream takes a line now, without waiting for who reads it."""
    try:
        return stream is None or bool(select.select([], [stream], [], 0)[1])
    except (OSError, ValueError):  # no file, which makes nobody wait
        return True
