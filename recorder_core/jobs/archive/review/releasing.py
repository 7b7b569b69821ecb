"""The later steps of an event's life: in review, signed off, back again, archived.

Every step is refused unless it may follow the present one; the message says what may.
"""

from __future__ import annotations

from typing import Final

from recorder_core.catalog import Action, EventState
from recorder_core.errors import WrongState
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.event import ArchivedEvent, find_event
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
    event_id = find_event(archive._session, event, Action.REVIEW).event_id
    catalog, by = archive._session.catalog, archive._session.identity.actor.user_id
    with archive._session.audited(Action.REVIEW, event_id):
        state = catalog.events.get(event_id).state
        if state is not EventState.DEIDENTIFIED:
            raise WrongState(
                f"event {event_id} is {state}; a review begins when it is "
                f"{EventState.DEIDENTIFIED}: add a copy first, or reopen a released one"
            )
        row = catalog.events.move(event_id, EventState.IN_REVIEW, by=by)
    return ArchivedEvent(archive._session, row)


def sign_off(archive: Archive, event: str) -> ArchivedEvent:
    """Release the copy in this reviewer's name, and give its key to those who may have it now.

    Repeating it gives the key to those who have joined since.

    Raises
    ------
    WrongState
        If this reviewer has not opened this very copy, it lacks corrections of the event, or the
        event has none to release.
    """
    event_id = find_event(archive._session, event, Action.SIGN_OFF).event_id
    catalog, by = archive._session.catalog, archive._session.identity.actor.user_id
    detail = _stated(archive, event_id)
    with archive._session.audited(Action.SIGN_OFF, event_id, detail=detail):
        row = catalog.events.get(event_id)
        if row.state in (EventState.DEIDENTIFIED, EventState.IN_REVIEW):
            _check_opened(archive, event_id)
            _check_corrected(archive, event_id)
            _check_reviewed(archive, event_id)
        if row.state is EventState.DEIDENTIFIED:
            row = catalog.events.move(event_id, EventState.IN_REVIEW, by=by)
        if row.state is not EventState.SIGNED_OFF:
            catalog.reviews.sign_off(event_id, by=by)
        for user in archive._session.vouched_users():
            if not user.is_disabled and may_hold(archive, event_id, "deidentified", user.profile):
                give(archive, event_id, "deidentified", user)
    return ArchivedEvent(archive._session, catalog.events.get(event_id))


def _stated(archive: Archive, event_id: str) -> str:
    """Return what was looked at, for the log; empty where the moments were not ranked."""
    catalog = archive._session.catalog
    event = ArchivedEvent(archive._session, catalog.events.get(event_id))
    counts = count_moments(archive, event)
    corrections = len(catalog.reviews.corrections(event_id))
    return f"{counts.detail} corrections:{corrections}" if counts else ""


def _check_opened(archive: Archive, event_id: str) -> None:
    """Refuse to release what this person never looked at; an earlier copy does not count."""
    file_id = (
        ArchivedEvent(archive._session, archive._session.catalog.events.get(event_id))
        .file(_COPY)
        .file_id
    )
    rows = (row for action in _OPENING for row in archive._session.catalog.audit.begun(action))
    me = archive._session.identity.actor.user_id
    if not any(row.who == me and f"file:{file_id}" in row.detail.split() for row in rows):
        raise WrongState(
            f"you have not opened the copy of event {event_id}, so you cannot release it; watch it "
            f"first: 'workbench event open-copy {event_id} -o FOLDER'"
        )


def _check_corrected(archive: Archive, event_id: str) -> None:
    """Refuse to release a copy without what somebody corrected, or with what was taken back."""
    reviews = archive._session.catalog.reviews
    if not reviews.corrections(event_id, in_force=False):
        return
    event = ArchivedEvent(archive._session, archive._session.catalog.events.get(event_id))
    if lacks_corrections(archive._session, event_id, read_present_copy(event)):
        raise WrongState(
            f"the copy of event {event_id} does not have the corrections that are in force: "
            f"'workbench event corrections {event_id}' shows them, 'workbench event rerender "
            f"{event_id}' makes a copy that has them"
        )


def _check_reviewed(archive: Archive, event_id: str) -> None:
    """Refuse to release a copy with moments about which nobody, or nobody for good, decided."""
    event = ArchivedEvent(archive._session, archive._session.catalog.events.get(event_id))
    queue = present_queue(archive, event)
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
    event_id = find_event(archive._session, event, Action.REOPEN_REVIEW).event_id
    catalog, by = archive._session.catalog, archive._session.identity.actor.user_id
    with archive._session.audited(Action.REOPEN_REVIEW, event_id):
        if not catalog.events.was_signed_off(event_id):
            state = catalog.events.get(event_id).state
            raise WrongState(
                f"event {event_id} is {state} and not released: there is no release to take back"
            )
        catalog.reviews.reopen(event_id, by=by)
        stated = archive._session.stated_keys([f"sealed_keys {event_id}"])
        for user_id in users_with_key(archive, stated, event_id, _COPY):
            profile = stated.profile(user_id)
            if profile is None or not may_hold(archive, event_id, _COPY, profile):
                take_back(archive, stated, event_id, _COPY, user_id)
    return ArchivedEvent(archive._session, catalog.events.get(event_id))


def archive_event(archive: Archive, event: str) -> ArchivedEvent:
    """Archive an event, with which nothing is to be done any more; it stays readable."""
    event_id = find_event(archive._session, event, Action.ARCHIVE_EVENT).event_id
    catalog, by = archive._session.catalog, archive._session.identity.actor.user_id
    with archive._session.audited(Action.ARCHIVE_EVENT, event_id):
        row = catalog.events.move(event_id, EventState.ARCHIVED, by=by)
    return ArchivedEvent(archive._session, row)


def unarchive_event(archive: Archive, event: str) -> ArchivedEvent:
    """Return an archived event to the state in which it was before."""
    event_id = find_event(archive._session, event, Action.ARCHIVE_EVENT).event_id
    catalog, by = archive._session.catalog, archive._session.identity.actor.user_id
    with archive._session.audited(Action.ARCHIVE_EVENT, event_id, detail="undo"):
        row = catalog.events.get(event_id)
        if row.state is not EventState.ARCHIVED:
            raise WrongState(f"event {event_id} is {row.state}, not {EventState.ARCHIVED}")
        before = catalog.events.history(event_id)[-2].state
        row = catalog.events.advance(event_id, before, by=by)
    return ArchivedEvent(archive._session, row)
