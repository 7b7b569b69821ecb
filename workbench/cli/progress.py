"""How far a command is: a progress bar, or plain lines where there is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from recorder_core.jobs import Progress, no_progress
from workbench.cli.console import escape_line

__all__ = ["show_progress"]

#: how often a line is printed where there is no terminal
_LINE_SECONDS = 10.0


@contextmanager
def show_progress(title: str, *, quiet: bool = False, unit: str = "frames") -> Iterator[Progress]:
    """Show the progress of one file while the block runs.

    Parameters
    ----------
    title : str
        What is worked on; a file's own name.
    quiet : bool
        Show nothing.
    unit : str
        What is counted.
    """
    if quiet:
        yield no_progress
    elif sys.stderr.isatty():
        # only a terminal pays for the bar's library
        from workbench.cli.progress_bar import progress_bar

        with progress_bar(unit) as bar:
            task = bar.add_task(escape_line(title), total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total or None)
    else:
        yield _line_printer(escape_line(title), unit)


def _line_printer(title: str, unit: str) -> Progress:
    started = time.monotonic()
    last = started

    def show(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _LINE_SECONDS or not done:
            return
        last = now
        rate = done / (now - started)
        left = f", {max(0, total - done) / rate:.0f} s left" if total else ""
        print(
            f"{title}: {done} of {total or '?'} {unit}, {rate:.0f} {unit}/s{left}", file=sys.stderr
        )

    return show
