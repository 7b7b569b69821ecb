"""Correct the copy of an event: rows of the catalog, never changed, taken back by other rows.

What a correction says is in clear (frames, boxes, track); its note is sealed with the names. The
copy has it once it is rendered again: :mod:`recorder_core.jobs.archive.copies.rerendering`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from recorder_core.catalog import Action, Correction, EventState
from recorder_core.errors import DataError, NoKeyMatches, NotInCatalog, SettingsError, WrongState
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.copies.present_copy import (
    PresentCopy,
    corrections_due,
    is_of_an_earlier_copy,
    read_present_copy,
)
from recorder_core.jobs.archive.event import ArchivedEvent, find_event
from recorder_core.jobs.archive.files.notes import open_note, put_note
from recorder_core.jobs.correction_checks import (
    check_corrections,
    frames_between,
    idle_removals_in,
    whole_corrections,
)
from recorder_core.model import CorrectionKeyframe

__all__ = [
    "CorrectedEvent",
    "CorrectionState",
    "EventCorrection",
    "correct_event",
    "event_corrections",
    "event_frames_between",
    "undo_correction",
]

CorrectionState: TypeAlias = Literal["in the copy", "not rendered", "undone", "of an earlier copy"]

#: states in which a copy can be corrected
_OPEN: Final = (EventState.DEIDENTIFIED, EventState.IN_REVIEW)
#: digits of a fingerprint that are shown
_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class CorrectedEvent:
    """What was entered."""

    corrections: tuple[Correction, ...]
    #: ids of those that lift nothing of what is redacted in the copy
    idle_removals: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class EventCorrection:
    """One correction of an event, or of the copy that was added to it."""

    #: number of the archive, or as the copy that was added names it
    correction_id: str
    #: at least one, in order of frames
    keyframes: tuple[CorrectionKeyframe, ...]
    state: CorrectionState


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
    event_id = find_event(archive._session, event, Action.CORRECT).event_id
    with archive._session.audited(Action.CORRECT, event_id, detail="add"):
        copy = read_present_copy(_open_event(archive, event_id))
        _check_video(event_id, made_for, copy)
        check_corrections(corrections, copy.facts)
        with archive._session.catalog.transaction():
            entered = _enter(archive, event_id, corrections)
    rows = [each for row in entered for each in row.keyframe_rows()]
    idle = idle_removals_in(rows, copy.facts, copy.redactions)
    return CorrectedEvent(tuple(entered), tuple(map(int, idle)))


def undo_correction(archive: Archive, event: str, correction_id: int) -> Correction:
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
    Correction
        The row that takes it back.

    Raises
    ------
    NotInCatalog
        If the event has no such correction in force.
    WrongState
        If the event has no copy, or one that is released.
    """
    reviews, by = archive._session.catalog.reviews, archive._session.identity.actor.user_id
    event_id = find_event(archive._session, event, Action.CORRECT).event_id
    with archive._session.audited(Action.CORRECT, event_id, detail=f"undo:{correction_id}"):
        _open_event(archive, event_id)
        with archive._session.catalog.transaction():
            known = [row.correction_id for row in reviews.corrections(event_id)]
            if correction_id not in known:
                raise NotInCatalog(
                    f"event {event_id} has no correction {correction_id} in force; it has "
                    f"{', '.join(map(str, known)) or 'none'}"
                )
            return reviews.undo_correction(correction_id, author=by)


def event_corrections(archive: Archive, event: str) -> list[EventCorrection]:
    """Return all corrections of an event, undone ones too, oldest first.

    Notes are there where this person can read the names of the event.

    Raises
    ------
    NotAllowed, NoKeyMatches
        If this person may not read the tables of the copy, or cannot open them.
    WrongState
        If the event has no copy.
    """
    reviews = archive._session.catalog.reviews
    event_id = find_event(archive._session, event, Action.READ_DETECTIONS).event_id
    with archive._session.audited(Action.READ_DETECTIONS, event_id, detail="corrections"):
        copy = read_present_copy(_event(archive, event_id))
        due = whole_corrections(corrections_due(archive, event_id, copy))
        rows = reviews.corrections(event_id, in_force=False)
        undone = {row.undoes for row in rows}
        own = [row for row in rows if row.undoes is None]
        states = {str(row.correction_id): _state(archive, row, undone, copy) for row in own}
        foreign = [
            EventCorrection(key, tuple(keyframes), "in the copy")
            for key, keyframes in due.items()
            if key not in states
        ]
        return foreign + [
            EventCorrection(
                str(row.correction_id),
                row.keyframe_rows(_note(archive, row)),
                states[str(row.correction_id)],
            )
            for row in own
        ]


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
    found = find_event(archive._session, event, Action.READ_DETECTIONS)
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


def _event(archive: Archive, event_id: str) -> ArchivedEvent:
    return ArchivedEvent(archive._session, archive._session.catalog.events.get(event_id))


def _open_event(archive: Archive, event_id: str) -> ArchivedEvent:
    """Return an event that can be corrected."""
    event = _event(archive, event_id)
    if event.row.state in (EventState.SIGNED_OFF, EventState.ARCHIVED, EventState.DELETED):
        raise WrongState(
            f"event {event_id} is {event.row.state}; a copy is corrected while it is "
            f"{' or '.join(_OPEN)}: reopen a released one first"
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
    archive: Archive, event_id: str, corrections: Sequence[CorrectionKeyframe]
) -> list[Correction]:
    """Enter what is not in force yet; inside a transaction."""
    reviews, by = archive._session.catalog.reviews, archive._session.identity.actor.user_id
    in_force = {_content(row.keyframe_rows()) for row in reviews.corrections(event_id)}
    entered = []
    for rows in _grouped(corrections):
        if _content(rows) in in_force:
            continue
        in_force.add(_content(rows))
        correction = reviews.add_correction(
            event_id,
            rows[0].action,
            keyframes=[(row.frame_index, *row.box_xyxy_px) for row in rows],
            author=by,
            track=rows[0].track,
        )
        note = {"note": rows[0].note, "author": rows[0].author if rows[0].author != by else ""}
        put_note(archive._session, event_id, f"correction:{correction.correction_id}", note)
        entered.append(correction)
    return entered


def _grouped(corrections: Sequence[CorrectionKeyframe]) -> list[list[CorrectionKeyframe]]:
    grouped: dict[str, list[CorrectionKeyframe]] = {}
    for row in corrections:
        grouped.setdefault(row.correction_id, []).append(row)
    return list(grouped.values())


def _content(rows: Sequence[CorrectionKeyframe]) -> tuple[object, ...]:
    """Return what a correction does, whatever its number, author and note."""
    return (
        rows[0].action,
        rows[0].track,
        tuple((row.frame_index, *map(float, row.box_xyxy_px)) for row in rows),
    )


def _state(
    archive: Archive, row: Correction, undone: set[int | None], copy: PresentCopy
) -> CorrectionState:
    if row.correction_id in undone:
        return "undone"
    if is_of_an_earlier_copy(archive, row):
        return "of an earlier copy"
    rendered = whole_corrections(copy.corrections).get(str(row.correction_id))
    own = whole_corrections(row.keyframe_rows())[str(row.correction_id)]
    return "in the copy" if rendered == own else "not rendered"


def _note(archive: Archive, row: Correction) -> str:
    """Return the note of a correction, who it is from first; nothing for who cannot read it."""
    try:
        note = open_note(archive._session, row.event_id, f"correction:{row.correction_id}")
    except NoKeyMatches:
        return ""
    return ": ".join(str(note[part]) for part in ("author", "note") if part in note)
