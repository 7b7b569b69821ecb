"""A progress bar with rate and time left, for terminals."""

from __future__ import annotations

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress as ProgressBar,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from workbench.cli.terminal.console import drawing_stream

__all__ = ["progress_bar"]


class _RateColumn(ProgressColumn):
    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        rate = f"{task.speed:.0f} {self._unit}/s" if task.speed else ""
        return Text(rate, style="progress.data.speed")


def progress_bar(unit: str) -> ProgressBar:
    """Return a bar on standard error that counts in a unit; a context manager."""
    return ProgressBar(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        _RateColumn(unit),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=Console(file=drawing_stream()),
    )
