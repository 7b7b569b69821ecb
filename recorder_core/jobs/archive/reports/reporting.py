"""The PDF report of an event: make it, keep it sealed in the archive, write it out."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from recorder_core.archive.disk.durable import replace_file
from recorder_core.catalog import IDENTITY, Action, EventFile
from recorder_core.errors import NotInCatalog, ReportError
from recorder_core.jobs.archive.acting import acting_on
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.files.leftovers import set_leftovers_aside
from recorder_core.jobs.archive.files.sealing import seal_bytes
from recorder_core.jobs.archive.files.storing import holders, store_file
from recorder_core.jobs.archive.place.event_lock import lock_event
from recorder_core.jobs.archive.place.roles import next_identity

if TYPE_CHECKING:
    from recorder_core.report import ReportSettings

__all__ = [
    "keep_report",
    "make_report",
    "read_kept_report",
    "write_kept_report",
    "write_report",
]


def make_report(archive: Archive, event: str, settings: ReportSettings) -> bytes:
    """Return the report of an event as a PDF file.

    Parameters
    ----------
    archive : Archive
        Open, for somebody who may have this report.
    event : str
        Its id, or a beginning of it that fits no other.
    settings : ReportSettings
        Language, page size, and whether to leave out the names.

    Raises
    ------
    NotAllowed
        If the profile may not have it.
    NoKeyMatches
        If something that it needs is not sealed to this person.
    ReportError
        If a font or the time zone cannot be used.
    """
    # their libraries take a tenth of a second that no other job has to pay
    from recorder_core.jobs.archive.reports.report_content import read_report_content
    from recorder_core.report import render_report

    is_full = not settings.is_deidentified
    action = Action.REPORT_FULL if is_full else Action.REPORT_DEIDENTIFIED
    with acting_on(archive, event, action) as (session, found):
        return render_report(read_report_content(session, found, is_full=is_full), settings)


def keep_report(archive: Archive, event: str, settings: ReportSettings) -> EventFile:
    """Make the report with names and keep it in the archive, sealed to those who read names.

    Parameters
    ----------
    archive, event
        As for :func:`make_report`.
    settings : ReportSettings
        Of the report with names.

    Returns
    -------
    EventFile
        Its row; earlier reports stay.

    Raises
    ------
    ReportError
        If it is the report without names, which is sealed to other people.
    """
    if settings.is_deidentified:
        raise ReportError(
            "only the report with names is kept; make the one without names when it is needed"
        )
    pdf = make_report(archive, event, settings)
    with (
        acting_on(archive, event, Action.REPORT_FULL, detail="keep") as (session, found),
        lock_event(session.folders, found.event_id),
    ):
        event_id, contents = found.event_id, session.catalog.contents
        set_leftovers_aside(session, of_event=event_id)
        identity = next_identity(event_id, "report", contents.files(event_id))
        readers = partial(holders, session, event_id, IDENTITY)
        new = seal_bytes(session.folders.roots(), identity, readers, pdf)
        with session.catalog.transaction():
            return store_file(session, new)


def read_kept_report(archive: Archive, event: str, number: int | None = None) -> bytes:
    """Return a report that was kept, as it was.

    Parameters
    ----------
    archive, event
        As for :func:`make_report`.
    number : int, optional
        Counted from 1, the oldest; the newest when not given.

    Raises
    ------
    NotAllowed
        If the profile may not have it.
    NotInCatalog
        If there is none, or none with this number.
    """
    with acting_on(archive, event, Action.REPORT_FULL, detail="kept") as (session, found):
        found.file("report")  # says what is wrong where there is none
        kept = [row for row in found.files() if row.role == "report"]
        place = len(kept) if number is None else number
        if not 1 <= place <= len(kept):
            raise NotInCatalog(
                f"event {found.event_id} has no kept report {number}; the newest is {len(kept)}"
            )
        with session.open_sealed(session.stored(kept[place - 1])) as file:
            return file.readall()


def write_report(
    archive: Archive,
    event: str,
    settings: ReportSettings,
    target: Path,
    *,
    overwrite: bool = False,
) -> None:
    """Write the report, in clear and readable by its owner only.

    Raises
    ------
    ReportError
        If the file exists, unless it may be replaced, or cannot be written.
    """
    _refuse_existing(target, overwrite=overwrite)
    _write(make_report(archive, event, settings), target, overwrite=overwrite)


def write_kept_report(
    archive: Archive,
    event: str,
    target: Path,
    number: int | None = None,
    *,
    overwrite: bool = False,
) -> None:
    """Write a report that was kept, in clear and readable by its owner only.

    Raises
    ------
    ReportError
        If the file exists, unless it may be replaced, or cannot be written.
    """
    _refuse_existing(target, overwrite=overwrite)
    _write(read_kept_report(archive, event, number), target, overwrite=overwrite)


def _refuse_existing(target: Path, *, overwrite: bool) -> None:
    if target.exists() and not overwrite:
        raise ReportError(
            f"{target.name} already exists; give another name, or --overwrite to replace it"
        )


def _write(pdf: bytes, target: Path, *, overwrite: bool) -> None:
    _refuse_existing(target, overwrite=overwrite)  # another may have written it meanwhile
    try:
        replace_file(target, pdf)
    except OSError as error:
        raise ReportError(f"{target.name} cannot be written ({error.strerror})") from error
