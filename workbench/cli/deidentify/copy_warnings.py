"""What the report of a copy warns of, for who makes, opens or releases that copy."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

from recorder_core.errors import DataError
from recorder_core.jobs import archive as jobs
from recorder_core.jobs.deidentify.report.contents import DeidentifyReport
from recorder_core.jobs.deidentify.report.warnings import first_lines, urgent_lines
from workbench.cli.terminal.console import complain

__all__ = ["not_released", "say_copy_warnings", "warn_of", "warning_lines"]

#: of one kind, as many are said one by one
_SHOWN_LINES: Final = 12
_NOT_KNOWN: Final = "what the copy's report warns of is not sealed to you: ask who can open it"


def warning_lines(archive: jobs.Archive, event: jobs.ArchivedEvent) -> list[str] | None:
    """Return a line for each warning; None for who may not read the report.

    Parameters
    ----------
    archive : Archive
        Open.
    event : ArchivedEvent
        Of this archive.
    """
    warnings = jobs.read_copy_warnings(archive, event.event_id)
    if warnings is None:
        return None
    lines: list[str] = []
    for warning in warnings:
        lines += first_lines(warning.lines, _SHOWN_LINES)
    return lines


def not_released(event_id: str) -> str:
    """Return that a copy was not released, and what its reviewer does next.

    Parameters
    ----------
    event_id : str
        Of its event.
    """
    return (
        "it is not released. Next: 'workbench event open-copy "
        f"{event_id} -o FOLDER' writes it for you to watch"
    )


def say_copy_warnings(archive: jobs.Archive, event: jobs.ArchivedEvent) -> None:
    """Print the warnings on standard error, also where nothing else is printed.

    Parameters
    ----------
    archive : Archive
        Open.
    event : ArchivedEvent
        Of this archive.
    """
    lines = warning_lines(archive, event)
    for line in [_NOT_KNOWN] if lines is None else lines:
        complain(f"the copy of event {event.event_id}: {line}")


def warn_of_finished(output: Path) -> None:
    """Print what must be said of a copy that an earlier run finished, if its report can be read."""
    with suppress(DataError):
        warn_of(output, DeidentifyReport.of_copy(output))


def warn_of(output: Path, report: DeidentifyReport) -> None:
    """Print on standard error what must be said of a copy also where nothing else is.

    Parameters
    ----------
    output : Path
        The copy of a video or picture.
    report : DeidentifyReport
        That is beside the copy.
    """
    for sentence in urgent_lines(report):
        complain(f"{output.name}: {sentence}")
