"""What the report beside a de-identified copy says of it: read once, before anything is sealed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from recorder_core.catalog import Action
from recorder_core.catalog.events.contents import UNKNOWN_HASH
from recorder_core.errors import DataError
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import find_on
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.deidentify.report.contents import DeidentifyReport, known
from recorder_core.jobs.deidentify.report.warnings import CopyWarning, copy_warnings

__all__ = ["CopyReport", "read_copy_report", "read_copy_warnings"]

_ROLE: Final = "deidentification"
_UNREADABLE: Final = (
    "the report that was added with the copy does not say how safe the copy is: add the copy again"
)
#: where the origins of boxes that no detection is behind stand
_REPAIRED: Final = ("filled", "rescued", "padded")


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What is noted of a copy in the catalog.

    Attributes
    ----------
    source_sha256, copy_sha256 : str
        Hashes of the video that the copy was made from, and of the copy.
    detector, method : str
        Which detector found the faces, and how they were redacted.
    weights_sha256 : str
        Hash of the weights where the job's fingerprint proves it, else zeros.
    frames_checked, boxes, tracks, repaired_boxes, longest_repaired_gap_frames : int
        Counts; the frames are those that the detector looked at.
    """

    source_sha256: str = field(repr=False)
    copy_sha256: str = field(repr=False)
    detector: str
    method: str
    weights_sha256: str
    frames_checked: int
    boxes: int
    tracks: int
    repaired_boxes: int
    longest_repaired_gap_frames: int


def read_copy_report(path: Path) -> CopyReport:
    """Read the report that ``workbench deidentify`` wrote beside a copy.

    Raises
    ------
    DataError
        If there is none, or it is another file.
    """
    try:
        return _noted(DeidentifyReport.from_json(path.read_bytes()))
    except FileNotFoundError as error:
        raise DataError(
            f"there is no {path.name} beside the copy; add what 'workbench deidentify' wrote"
        ) from error
    except (OSError, DataError) as error:
        raise DataError(
            f"{path.name} is not a report of 'workbench deidentify' that this program reads"
        ) from error


def read_copy_warnings(archive: Archive, event: str) -> list[CopyWarning] | None:
    """Return what the report that was added with a copy warns of; None for who may not read it.

    Parameters
    ----------
    archive : Archive
        Open.
    event : str
        Its id, or a beginning of it that fits no other.

    Returns
    -------
    list of CopyWarning or None
        Empty where there is no copy, or its report warns of nothing.
    """
    session, found = find_on(archive, event, Action.LIST_EVENTS)
    return warnings_of_copy(session, found)


def warnings_of_copy(session: Session, found: ArchivedEvent) -> list[CopyWarning] | None:
    """Return what the report beside the copy of an event warns of."""
    if not any(row.role == _ROLE for row in found.files()):
        return []
    me, readers = session.identity.actor.user_id, session.reader_ids(found.event_id, _ROLE)
    if not session.may(session.read_needs(found.event_id, _ROLE)) or me not in readers:
        return None
    with found.open_file(_ROLE) as file:
        content = file.readall()
    try:
        return copy_warnings(DeidentifyReport.from_json(content))
    except DataError:
        return [CopyWarning("unreadable_report", 1, (_UNREADABLE,))]


def _noted(report: DeidentifyReport) -> CopyReport:
    redactions, frames_checked = report.redactions, known(report.detection_frames)
    by_origin = redactions.by_origin or {}
    if frames_checked > known(report.copy.frames):
        raise DataError("the detector ran on more frames than there are")
    _ = report.frame_span  # what cannot be read later is refused now
    return CopyReport(
        source_sha256=report.source.sha256,
        copy_sha256=report.copy.sha256,
        detector=report.detector_name,
        method=report.method,
        frames_checked=frames_checked,
        boxes=redactions.regions,
        tracks=known(redactions.tracks),
        repaired_boxes=sum(known(by_origin.get(each)) for each in _REPAIRED),
        longest_repaired_gap_frames=known(report.longest_repaired_gap_frames),
        weights_sha256=report.proven_weights_sha256 or UNKNOWN_HASH,
    )
