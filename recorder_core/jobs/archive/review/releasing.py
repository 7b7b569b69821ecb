"""The later steps of an event's life: in review, signed off, back again, archived.

Every step is refused unless it may follow the present one; the message says what may.
"""

from __future__ import annotations

from typing import Final

from recorder_core.catalog import OPEN_COPY_STATES, Action, EventState
from recorder_core.errors import WrongState
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import acting_on, find_on
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.archive.event.present_copy import lacks_corrections, read_present_copy
from recorder_core.jobs.archive.people.granting import give, may_hold
from recorder_core.jobs.archive.people.revoking import take_back, users_with_key
from recorder_core.jobs.archive.review.reviewing import present_queue
from recorder_core.jobs.archive.review.statement import count_moments

__all__ = ["archive_event", "begin_review", "reopen_review", "sign_off", "unarchive_event"]

#: what is released, and what shows that somebody looked at it
_COPY: Final = "deidentified"
_OPENING: Final = (Action.VIEW_DEIDENTIFIED, Action.VIEW_RELEASED)


def begin_review(archive: Archive, event: str) -> ArchivedEvent:
    """Record that a reviewer looks at the copy now."""
    with acting_on(archive, event, Action.REVIEW) as (session, found):
        event_id = found.event_id
        catalog, by = session.catalog, session.identity.actor.user_id
        state = catalog.events.get(event_id).state
        if state is not EventState.DEIDENTIFIED:
            raise WrongState(
                f"event {event_id} is {state}; a review begins when it is "
                f"{EventState.DEIDENTIFIED}: add a copy first, or reopen a released one"
            )
        row = catalog.events.move(event_id, EventState.IN_REVIEW, by=by)
    return ArchivedEvent(session, row)


def sign_off(archive: Archive, event: str) -> ArchivedEvent:
    """Release the copy in this reviewer's name, and give its key to those who may have it now.

    Repeating it gives the key to those who have joined since.

    Raises
    ------
    WrongState
        If this reviewer has not opened this very copy, it lacks corrections of the event, or the
        event has none to release.
    """
    session, found = find_on(archive, event, Action.SIGN_OFF)
    event_id, catalog, by = found.event_id, session.catalog, session.identity.actor.user_id
    with session.audited(Action.SIGN_OFF, event_id, detail=_stated(session, event_id)):
        row = catalog.events.get(event_id)
        if row.state in OPEN_COPY_STATES:
            _check_opened(session, event_id)
            _check_corrected(session, event_id)
            _check_reviewed(session, event_id)
        if row.state is EventState.DEIDENTIFIED:
            row = catalog.events.move(event_id, EventState.IN_REVIEW, by=by)
        if row.state is not EventState.SIGNED_OFF:
            catalog.reviews.sign_off(event_id, by=by)
        for user in session.vouched_users():
            if not user.is_disabled and may_hold(session, event_id, "deidentified", user.profile):
                give(session, event_id, "deidentified", user)
    return ArchivedEvent(session, catalog.events.get(event_id))


def _stated(session: Session, event_id: str) -> str:
    """Return what was looked at, for the log; empty where the moments were not ranked."""
    catalog = session.catalog
    event = ArchivedEvent(session, catalog.events.get(event_id))
    counts = count_moments(session, event)
    corrections = len(catalog.reviews.corrections(event_id))
    return f"{counts.detail} corrections:{corrections}" if counts else ""


def _check_opened(session: Session, event_id: str) -> None:
    """Refuse to release what this person never looked at; an earlier copy does not count."""
    file_id = ArchivedEvent(session, session.catalog.events.get(event_id)).file(_COPY).file_id
    rows = (row for action in _OPENING for row in session.catalog.audit.begun(action))
    me = session.identity.actor.user_id
    if not any(row.who == me and f"file:{file_id}" in row.detail.split() for row in rows):
        raise WrongState(
            f"you have not opened the copy of event {event_id}, so you cannot release it; watch it "
            f"first: 'workbench event open-copy {event_id} -o FOLDER'"
        )


def _check_corrected(session: Session, event_id: str) -> None:
    """Refuse to release a copy without what somebody corrected, or with what was taken back."""
    reviews = session.catalog.reviews
    if not reviews.corrections(event_id, in_force=False):
        return
    event = ArchivedEvent(session, session.catalog.events.get(event_id))
    if lacks_corrections(session, event_id, read_present_copy(event)):
        raise WrongState(
            f"the copy of event {event_id} does not have the corrections that are in force: "
            f"'workbench event corrections {event_id}' shows them, 'workbench event rerender "
            f"{event_id}' makes a copy that has them"
        )


def _check_reviewed(session: Session, event_id: str) -> None:
    """Refuse to release a copy with moments about which nobody, or nobody for good, decided."""
    event = ArchivedEvent(session, session.catalog.events.get(event_id))
    queue = present_queue(session, event)
    if queue is None:
        return
    left, flagged = len(queue.of_state("open")), len(queue.of_state("flagged"))
    if left or flagged:
        raise WrongState(
            f"the copy of event {event_id} has {left} moments that nobody has decided and "
            f"{flagged} that are flagged: decide them on the review page first"
        )


def reopen_review(archive: Archive, event: str) -> ArchivedEvent:
    """Revoke a release, and the keys of those who could read released copies only."""
    with acting_on(archive, event, Action.REOPEN_REVIEW) as (session, found):
        event_id = found.event_id
        catalog, by = session.catalog, session.identity.actor.user_id
        if not catalog.events.was_signed_off(event_id):
            state = catalog.events.get(event_id).state
            raise WrongState(
                f"event {event_id} is {state} and not released: there is no release to take back"
            )
        catalog.reviews.reopen(event_id, by=by)
        stated = session.stated_keys([f"sealed_keys {event_id}"])
        for user_id in users_with_key(session, stated, event_id, _COPY):
            profile = stated.profile(user_id)
            if profile is None or not may_hold(session, event_id, _COPY, profile):
                take_back(session, stated, event_id, _COPY, user_id)
    return ArchivedEvent(session, catalog.events.get(event_id))


def archive_event(archive: Archive, event: str) -> ArchivedEvent:
    """Archive an event, with which nothing is to be done any more; it stays readable."""
    with acting_on(archive, event, Action.ARCHIVE_EVENT) as (session, found):
        event_id = found.event_id
        catalog, by = session.catalog, session.identity.actor.user_id
        row = catalog.events.move(event_id, EventState.ARCHIVED, by=by)
    return ArchivedEvent(session, row)


def unarchive_event(archive: Archive, event: str) -> ArchivedEvent:
    """Return an archived event to the state in which it was before."""
    with acting_on(archive, event, Action.ARCHIVE_EVENT, detail="undo") as (session, found):
        event_id = found.event_id
        catalog, by = session.catalog, session.identity.actor.user_id
        row = catalog.events.get(event_id)
        if row.state is not EventState.ARCHIVED:
            raise WrongState(f"event {event_id} is {row.state}, not {EventState.ARCHIVED}")
        before = catalog.events.history(event_id)[-2].state
        row = catalog.events.advance(event_id, before, by=by)
    return ArchivedEvent(session, row)
