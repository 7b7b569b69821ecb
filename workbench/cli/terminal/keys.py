"""Keys that a person presses while a command runs, one at a time, without Enter."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from workbench.cli.terminal.console import has_terminal

__all__ = ["reading_keys"]


@contextmanager
def reading_keys() -> Iterator[Callable[[], str | None]]:
    """Read keys as they are pressed, while the block runs.

    Ctrl-S is a key like any other meanwhile, and halts no output. A terminal that closes has no
    more keys.

    Yields
    ------
    callable
        Returns the next key that was pressed, or None where none was; without a terminal never one.
    """
    if not has_terminal():
        yield lambda: None
        return
    import termios

    try:
        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)
        # not those of tty: they wait for output that Ctrl-S holds up
        termios.tcsetattr(terminal, termios.TCSANOW, _key_by_key(before))
    except (OSError, ValueError, termios.error):  # it only looks like one
        yield lambda: None
        return

    def next_key() -> str | None:
        try:
            if not select.select([terminal], [], [], 0)[0]:
                return None
            return os.read(terminal, 1).decode("ascii", "ignore") or None
        except OSError:  # it is closed
            return None

    try:
        yield next_key
    finally:
        with suppress(OSError, termios.error):
            termios.tcsetattr(terminal, termios.TCSANOW, before)


def _key_by_key(mode: list[Any]) -> list[Any]:
    """Return the mode of a terminal in which each key is read at once, and none is obeyed."""
    import termios

    iflag, oflag, cflag, lflag, *speeds, characters = mode
    characters = list(characters)
    characters[termios.VMIN], characters[termios.VTIME] = 1, 0
    iflag &= ~termios.IXON
    lflag &= ~(termios.ECHO | termios.ICANON)
    return [iflag, oflag, cflag, lflag, *speeds, characters]
