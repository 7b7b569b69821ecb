"""Correct the copy of an event: rows of the catalog, never changed, taken back by other rows.

What a correction says is in clear (frames, boxes, track); its note is sealed with the names. The
copy has it once it is rendered again: :mod:`recorder_core.jobs.archive.corrections.rerendering`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from recorder_core.catalog import (
    OPEN_COPY_STATES,
    RELEASED_STATES,
    Action,
    CorrectionRecord,
    EventState,
)
from recorder_core.errors import DataError, EditConflict, NotInCatalog, SettingsError, WrongState
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import acting_on, find_on
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.corrections import EventCorrections, corrections_version
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.archive.event.present_copy import PresentCopy, read_present_copy
from recorder_core.jobs.archive.files.notes import put_note
from recorder_core.jobs.deidentify.correcting.checks import (
    check_corrections,
    frames_between,
    idle_removals_in,
)
from recorder_core.model import Correction, CorrectionKeyframe, group_corrections
from recorder_core.model.faces.corrections import MAX_ID_CHARACTERS

__all__ = [
    "CorrectedEvent",
    "SavedCorrections",
    "correct_event",
    "event_corrections",
    "event_frames_between",
    "save_event_corrections",
    "undo_correction",
]

#: digits of a fingerprint that are shown
_SHOWN: Final = 12
#: that a conflict names one by one
_MAX_CHANGES: Final = 5


@dataclass(frozen=True, slots=True)
class CorrectedEvent:
    """What was entered."""

    corrections: tuple[CorrectionRecord, ...]
    #: ids of those that lift nothing of what is redacted in the copy
    idle_removals: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SavedCorrections:
    """What became of corrections that were saved."""

    #: id that was given -> number in the archive
    ids: Mapping[str, str]
    #: of the corrections as they are now; the next save says that it was seen
    version: int


def correct_event(
    archive: Archive,
    event: str,
    corrections: Sequence[CorrectionKeyframe],
    *,
    made_for: str | None = None,
) -> CorrectedEvent:
    """Enter corrections of an event's copy in the name of this person.

    One that is in force already is not entered twice, so that it can be repeated.

    Parameters
    ----------
    archive : Archive
        Open, for a reviewer.
    event : str
        Id of an event with a copy that is not released, or its beginning.
    corrections : sequence of CorrectionKeyframe
        Rows with the same id are one correction. The archive gives them numbers; an author of
        another name is kept in the note, which is sealed.
    made_for : str, optional
        SHA-256 of the video that they were made for.

    Returns
    -------
    CorrectedEvent
        All of them are entered, or none.

    Raises
    ------
    NotAllowed
        If the profile may not correct.
    WrongState
        If the event has no copy, or one that is released.
    DataError
        If they are of another video, or name a frame, place or track that is not there.
    """
    with acting_on(archive, event, Action.CORRECT, detail="add") as (session, found):
        event_id = found.event_id
        copy = read_present_copy(_open_event(session, event_id))
        _check_video(event_id, made_for, copy)
        check_corrections(corrections, copy.facts)
        with session.catalog.transaction():
            entered = _enter(session, event_id, corrections)
    rows = [row for record in entered for row in record.correction().rows()]
    idle = idle_removals_in(rows, copy.facts, copy.redactions)
    return CorrectedEvent(tuple(entered), tuple(map(int, idle)))


def undo_correction(archive: Archive, event: str, correction_id: int) -> CorrectionRecord:
    """Undo a correction of an event, by a row of its own.

    Parameters
    ----------
    archive : Archive
        Open, for a reviewer.
    event : str
        Id of an event with a copy that is not released, or its beginning.
    correction_id : int
        In force.

    Returns
    -------
    CorrectionRecord
        The row that takes it back.

    Raises
    ------
    NotInCatalog
        If the event has no such correction in force.
    WrongState
        If the event has no copy, or one that is released.
    """
    detail = f"undo:{correction_id}"
    with acting_on(archive, event, Action.CORRECT, detail=detail) as (session, found):
        _open_event(session, found.event_id)
        with session.catalog.transaction():
            return _undo(session, found.event_id, str(correction_id))


def save_event_corrections(
    archive: Archive,
    event: str,
    stored: Sequence[Correction],
    withdrawn: Sequence[str],
    *,
    seen: int,
) -> SavedCorrections:
    """Save what one person changed of an event's corrections since reading them.

    A correction that is changed is undone and entered anew: no row of the catalog is overwritten.

    Parameters
    ----------
    archive : Archive
        Open, for a reviewer.
    event : str
        Id of an event with a copy that is not released, or its beginning.
    stored : sequence of Correction
        New ones, with any id, and those that are changed, with their numbers.
    withdrawn : sequence of str
        Numbers of those that are to be undone.
    seen : int
        The `version` of what this person read or saved last.

    Returns
    -------
    SavedCorrections
        All of it is entered, or nothing.

    Raises
    ------
    EditConflict
        If the corrections were changed since; the sentence says what was.
    NotInCatalog
        If one to be undone is not in force.
    NotAllowed, WrongState, DataError
        As for :func:`correct_event`.
    """
    with acting_on(archive, event, Action.CORRECT, detail="save") as (session, found):
        event_id = found.event_id
        copy = read_present_copy(_open_event(session, event_id))
        if len({each.correction_id for each in stored}) < len(stored):
            raise DataError("two of the corrections to save have the same id; give each its own")
        check_corrections([row for each in stored for row in each.rows()], copy.facts)
        with session.catalog.transaction():
            records = session.catalog.reviews.corrections(event_id, in_force=False)
            _refuse_conflict(event_id, records, seen)
            in_force = {
                str(each.correction_id) for each in session.catalog.reviews.corrections(event_id)
            }
            changed = [each.correction_id for each in stored if each.correction_id in in_force]
            for key in (*withdrawn, *changed):
                _undo(session, event_id, key)
            ids = {
                each.correction_id: str(_add(session, event_id, each).correction_id)
                for each in stored
            }
            records = session.catalog.reviews.corrections(event_id, in_force=False)
    return SavedCorrections(ids, corrections_version(records))


def event_corrections(archive: Archive, event: str) -> EventCorrections:
    """Return all corrections of an event, undone ones too, oldest first.

    Notes are there where this person can read the names of the event.

    Raises
    ------
    NotAllowed, NoKeyMatches
        If this person may not read the tables of the copy, or cannot open them.
    WrongState
        If the event has no copy.
    """
    _, found = find_on(archive, event, Action.READ_DETECTIONS)
    return found.corrections()


def event_frames_between(
    archive: Archive, event: str, start_seconds: float, stop_seconds: float
) -> tuple[int, int]:
    """Return the first and last frame of the original that the copy shows in a span of time.

    Parameters
    ----------
    archive : Archive
        Open.
    event : str
        Id of an event with a copy, or its beginning.
    start_seconds, stop_seconds : float
        After the first frame of the copy, as a player shows them.

    Raises
    ------
    SettingsError
        If it shows none then.
    """
    _, found = find_on(archive, event, Action.READ_DETECTIONS)
    first = read_present_copy(found).report.frame_span.start
    index = found.pts_index("deidentified")
    seconds = ((index.pts - index.pts[:1]) * float(index.time_base)).astype(np.float64)
    span = frames_between(seconds, start_seconds, stop_seconds)
    if not span:
        raise SettingsError(
            f"the copy of event {found.event_id} shows no frame from second {start_seconds:g} to "
            f"{stop_seconds:g}"
        )
    return span[0] + first, span[-1] + first


def _event(session: Session, event_id: str) -> ArchivedEvent:
    return ArchivedEvent(session, session.catalog.events.get(event_id))


def _open_event(session: Session, event_id: str) -> ArchivedEvent:
    """Return an event that can be corrected."""
    event = _event(session, event_id)
    if event.row.state in (*RELEASED_STATES, EventState.DELETED):
        raise WrongState(
            f"event {event_id} is {event.row.state}; a copy is corrected while it is "
            f"{' or '.join(OPEN_COPY_STATES)}: reopen a released one first"
        )
    return event


def _check_video(event_id: str, made_for: str | None, copy: PresentCopy) -> None:
    if made_for not in (None, copy.report.source.sha256, copy.report.job):
        raise DataError(
            f"the corrections were made for another video: their fingerprint is "
            f"{made_for[:_SHOWN]!r}, that of event {event_id} is "
            f"{copy.report.source.sha256[:_SHOWN]!r}"
        )


def _enter(
    session: Session, event_id: str, corrections: Sequence[CorrectionKeyframe]
) -> list[CorrectionRecord]:
    """Enter what is not in force yet; inside a transaction."""
    reviews = session.catalog.reviews
    in_force = {record.correction().content for record in reviews.corrections(event_id)}
    entered = []
    for correction in group_corrections(corrections):
        if correction.content not in in_force:
            in_force.add(correction.content)
            entered.append(_add(session, event_id, correction))
    return entered


def _add(session: Session, event_id: str, correction: Correction) -> CorrectionRecord:
    """Enter a correction with its notes; inside a transaction."""
    by = session.identity.actor.user_id
    record = session.catalog.reviews.add_correction(
        event_id,
        correction.action,
        keyframes=[(each.frame_index, *each.box_xyxy_px) for each in correction.keyframes],
        author=by,
        track=correction.track,
    )
    notes = correction.notes
    said: dict[str, Any] = {"note": notes[0]} if len(set(notes)) == 1 else {"notes": list(notes)}
    made_by = correction.author if correction.author != by else ""
    put_note(session, event_id, f"correction:{record.correction_id}", said | {"author": made_by})
    return record


def _undo(session: Session, event_id: str, correction_id: str) -> CorrectionRecord:
    """Undo a correction that is in force; inside a transaction."""
    reviews, by = session.catalog.reviews, session.identity.actor.user_id
    known = [str(record.correction_id) for record in reviews.corrections(event_id)]
    if correction_id not in known:
        raise NotInCatalog(
            f"event {event_id} has no correction {correction_id[:MAX_ID_CHARACTERS]} in force; it "
            f"has {', '.join(known) or 'none'}"
        )
    return reviews.undo_correction(int(correction_id), author=by)


def _refuse_conflict(event_id: str, records: Sequence[CorrectionRecord], seen: int) -> None:
    """Raise what was changed since somebody read the corrections."""
    newer = [record for record in records if record.correction_id > seen]
    if not newer:
        return
    changes = [_said(record) for record in newer[:_MAX_CHANGES]]
    if len(newer) > _MAX_CHANGES:
        changes.append(f"{len(newer) - _MAX_CHANGES} more changes")
    raise EditConflict(
        f"the corrections of event {event_id} were changed meanwhile ({'; '.join(changes)}): "
        "nothing of yours was entered; read the corrections again, then save"
    )


def _said(record: CorrectionRecord) -> str:
    """Return what a row of the catalog did."""
    at = record.created_utc.isoformat(timespec="seconds")
    what = "added" if record.undoes is None else "undone"
    return f"correction {record.undoes or record.correction_id} {what} by {record.author} at {at}"
