"""The PDF report of an event: make it, keep it sealed in the archive, write it out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from recorder_core.archive.durable import replace_file
from recorder_core.catalog import IDENTITY, Action, EventFile
from recorder_core.errors import NotInCatalog, ReportError
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.event import find_event
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
    found = find_event(archive._session, event, action)
    with archive._session.audited(action, found.event_id):
        return render_report(read_report_content(archive, found, is_full=is_full), settings)


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
    found = find_event(archive._session, event, Action.REPORT_FULL)
    event_id, contents = found.event_id, archive._session.catalog.contents
    with (
        archive._session.audited(Action.REPORT_FULL, event_id, detail="keep"),
        lock_event(archive.folders, event_id),
    ):
        set_leftovers_aside(archive._session, of_event=event_id)
        identity = next_identity(event_id, "report", contents.files(event_id))
        new = seal_bytes(
            archive.folders, identity, holders(archive._session, event_id, IDENTITY), pdf
        )
        with archive._session.catalog.transaction():
            return store_file(archive._session, new)


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
    found = find_event(archive._session, event, Action.REPORT_FULL)
    with archive._session.audited(Action.REPORT_FULL, found.event_id, detail="kept"):
        found.file("report")  # says what is wrong where there is none
        kept = [row for row in found.files() if row.role == "report"]
        place = len(kept) if number is None else number
        if not 1 <= place <= len(kept):
            raise NotInCatalog(
                f"event {found.event_id} has no kept report {number}; the newest is {len(kept)}"
            )
        with archive._session.open_sealed(archive._session.stored(kept[place - 1])) as file:
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
