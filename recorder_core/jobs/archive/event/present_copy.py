"""What the tables and the report of an event's copy say, read in memory from the sealed files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, Protocol

from recorder_core.archive import SealedReader
from recorder_core.catalog import CorrectionRecord, Event, EventFile, EventState
from recorder_core.errors import DataError, WrongState
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.place.roles import FileRole
from recorder_core.jobs.deidentify.correcting.checks import (
    CopyFacts,
    kept_corrections,
    whole_corrections,
)
from recorder_core.jobs.deidentify.report.contents import DeidentifyReport
from recorder_core.model import CorrectionKeyframe
from recorder_core.model.values.phrase import phrase
from recorder_core.tables import (
    RedactionTable,
    TableContent,
    read_metadata,
    read_redactions,
)

__all__ = [
    "PresentCopy",
    "copy_id",
    "corrections_due",
    "is_of_an_earlier_copy",
    "lacks_corrections",
    "read_copy_report",
    "read_present_copy",
]

#: states before the first copy
_NO_COPY: Final = (EventState.RECORDING, EventState.RECORDED)


class NamesFiles(Protocol):
    """An event whose files are known by their rows."""

    def file(self, role: str) -> EventFile:
        """Return the row of the newest file of a role."""


class OpensFiles(Protocol):
    """An event whose files this person may ask for."""

    row: Event

    @property
    def event_id(self) -> str:
        """The event's id."""

    def open_file(self, role: FileRole) -> SealedReader:
        """Open the newest file of a role."""


@dataclass(frozen=True)
class PresentCopy:
    """The newest copy of an event."""

    report: DeidentifyReport = field(repr=False)
    table: TableContent = field(repr=False)
    #: those that are in it
    corrections: tuple[CorrectionKeyframe, ...]

    @cached_property
    def redactions(self) -> RedactionTable:
        """What was redacted, lifted ones included; an hour has hundreds of thousands of rows."""
        return read_redactions(self.table)

    @property
    def facts(self) -> CopyFacts:
        """What corrections are checked against; DataError if the report does not say it."""
        return CopyFacts.of_report(self.report, self.redactions)


def read_present_copy(event: OpensFiles) -> PresentCopy:
    """Read what is known of the copy of an event.

    Raises
    ------
    WrongState
        If the event has no copy, or is deleted.
    NotAllowed, NoKeyMatches
        If this person may not read the tables, or cannot open them.
    DataError
        If they are damaged.
    """
    _check_copy(event)
    with event.open_file("redactions") as file:
        table = TableContent(f"the redactions of event {event.event_id}", file.readall())
    report = read_copy_report(event)
    kept = kept_corrections(read_metadata(table), table.name)
    return PresentCopy(report, table, tuple(kept))


def read_copy_report(event: OpensFiles) -> DeidentifyReport:
    """Read the report of the copy of an event, and no table; raises as `read_present_copy` does."""
    _check_copy(event)
    with event.open_file("deidentification") as file:
        text = file.readall()
    try:
        return DeidentifyReport.from_json(text)
    except DataError as error:
        raise DataError(f"the report of the copy of event {event.event_id}: {error}") from error


def _check_copy(event: OpensFiles) -> None:
    if event.row.state in _NO_COPY:
        raise WrongState(
            phrase(
                "event_no_copy",
                "event {event} has no de-identified copy: make one with 'workbench event "
                "deidentify {event}'",
                event=event.event_id,
            )
        )


def copy_id(event: NamesFiles) -> str:
    """Return what names exactly the present copy: one made anew may have its file's id.

    Parameters
    ----------
    event : NamesFiles
        Of an archive, or of the server of one.

    Raises
    ------
    NotInCatalog
        If it has no copy.
    """
    row = event.file("deidentified")
    return f"{row.file_id}:{row.sha256[:16]}"


def corrections_due(session: Session, event_id: str, copy: PresentCopy) -> list[CorrectionKeyframe]:
    """Return the corrections that the copy of an event should have; the caller has asked.

    All in force that hide something, those that lift something if they were made since the
    detector ran (they name what it found), and those that the copy was added with.
    """
    reviews = session.catalog.reviews
    in_force = reviews.corrections(event_id)
    due = [row for row in in_force if not is_of_an_earlier_copy(session, row)]
    known = reviews.corrections(event_id, in_force=False)
    return [
        *_added_with_copy(copy.corrections, known),
        *(each for row in due for each in row.correction().rows()),
    ]


def lacks_corrections(session: Session, event_id: str, copy: PresentCopy) -> bool:
    """Return whether the corrections in a copy are not those that it should have."""
    due = corrections_due(session, event_id, copy)
    return whole_corrections(due) != whole_corrections(copy.corrections)


def is_of_an_earlier_copy(session: Session, correction: CorrectionRecord) -> bool:
    """Return whether a correction lifts what an earlier run of the detector found."""
    summaries = session.catalog.reviews.detections_summaries(correction.event_id)
    since = summaries[-1].created_utc if summaries else correction.created_utc
    return correction.action == "remove" and correction.created_utc < since


def _added_with_copy(
    kept: Sequence[CorrectionKeyframe], known: Sequence[CorrectionRecord]
) -> list[CorrectionKeyframe]:
    """Return what a copy was corrected by before it came into the archive.

    One whose number the archive gave to another correction has `copy-` before it.
    """
    own = {(each.correction_id, each.author, each.created_utc) for each in _rows(known)}
    numbers = {str(row.correction_id) for row in known}
    return [
        _renamed(each) if each.correction_id in numbers else each
        for each in kept
        if (each.correction_id, each.author, each.created_utc) not in own
    ]


def _rows(corrections: Sequence[CorrectionRecord]) -> list[CorrectionKeyframe]:
    return [each for row in corrections for each in row.correction().rows()]


def _renamed(row: CorrectionKeyframe) -> CorrectionKeyframe:
    return replace(row, correction_id=f"copy-{row.correction_id}")
