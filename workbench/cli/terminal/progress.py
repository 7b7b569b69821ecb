"""How far a command is: a progress bar, or plain lines where there is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from recorder_core.jobs import Progress, no_progress
from workbench.cli.terminal.console import escape_line

__all__ = ["show_progress"]

#: how often a line is printed where there is no terminal
_LINE_SECONDS = 10.0
#: slower rates are shown with a decimal, per second
_MIN_WHOLE_RATE = 10.0
#: longer times are shown in minutes
_MINUTES_FROM_SECONDS = 120.0


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
        from workbench.cli.terminal.progress_bar import progress_bar

        with progress_bar(unit) as bar:
            task = bar.add_task(escape_line(title), total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total or None)
    else:
        yield _line_printer(escape_line(title), unit)


def _line_printer(title: str, unit: str) -> Progress:
    first: tuple[float, int] | None = None
    last = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal first, last
        now = time.monotonic()
        if first is None and done:
            # what comes before the first count is start-up and says nothing of the rate
            first = now, done
        if first is None or now - last < _LINE_SECONDS:
            return
        last = now
        pace = _pace_text(done - first[1], now - first[0], max(0, total - done), unit)
        print(f"{title}: {done} of {total or '?'} {unit}{pace}", file=sys.stderr)

    return show


def _pace_text(counted: int, seconds: float, left: int, unit: str) -> str:
    """Return the rate and the time that is left; nothing before enough was counted to tell."""
    if not counted or seconds < _LINE_SECONDS / 2:
        return ""
    rate = counted / seconds
    pace = f", {rate:.0f} {unit}/s" if rate >= _MIN_WHOLE_RATE else f", {rate:.1f} {unit}/s"
    seconds_left = left / rate
    if seconds_left > _MINUTES_FROM_SECONDS:
        return f"{pace}, {seconds_left / 60:.0f} min left"
    return f"{pace}, {seconds_left:.0f} s left" if left else pace
