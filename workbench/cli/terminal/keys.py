"""Keys that a person presses while a command runs, one at a time, without Enter."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from workbench.cli.terminal.console import has_terminal

__all__ = ["reading_keys"]


@contextmanager
def reading_keys() -> Iterator[Callable[[], str | None]]:
    """Read keys as they are pressed, while the block runs.

    Yields
    ------
    callable
        Returns the next key that was pressed, or None where none was; without a terminal never one.
    """
    if not has_terminal():
        yield lambda: None
        return
    import termios
    import tty

    try:
        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)
    except (OSError, ValueError, termios.error):  # it only looks like one
        yield lambda: None
        return

    def next_key() -> str | None:
        if not select.select([terminal], [], [], 0)[0]:
            return None
        return os.read(terminal, 1).decode("ascii", "ignore") or None

    try:
        tty.setcbreak(terminal)
        yield next_key
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
