"""The later steps of an event's life: in review, signed off, back again, archived.

Every step is refused unless it may follow the present one; the message says what may.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from recorder_core.catalog import OPEN_COPY_STATES, Action, EventState
from recorder_core.errors import EditConflict, WrongState
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import acting_on, find_on
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.archive.event.present_copy import (
    copy_id,
    lacks_corrections,
    read_present_copy,
)
from recorder_core.jobs.archive.people.granting import give, may_hold
from recorder_core.jobs.archive.people.revoking import take_back, users_with_key
from recorder_core.jobs.archive.place.roles import COPY_ROLES
from recorder_core.jobs.archive.review.reviewing import present_queue
from recorder_core.jobs.archive.review.second_review import (
    enter_sign_off,
    reviewers_needed,
    signers,
)
from recorder_core.jobs.archive.review.statement import count_moments
from recorder_core.model.values.phrase import phrase

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


def sign_off(archive: Archive, event: str, *, copy: str | None = None) -> ArchivedEvent:
    """Sign the copy off in this reviewer's name; the last sign-off that is needed releases it.

    Then the keys of the copy, its tables and its report are given to those who may have them now;
    repeating it gives them to those who have joined since. Where the archive asks for two
    reviewers, the first one's sign-off leaves the event in review.

    Parameters
    ----------
    archive : Archive
        Open, for a reviewer.
    event : str
        Id of an event with a copy, or its beginning.
    copy : str, optional
        Id of the copy that is signed off, as its statement says it; the present one unless given.

    Raises
    ------
    WrongState
        If this reviewer has not opened this very copy, it was replaced meanwhile, it lacks
        corrections of the event, the event has none to release, or another reviewer is to sign it
        off.
    EditConflict
        If somebody decided about a moment, or corrected something, in this very moment.
    """
    session, found = find_on(archive, event, Action.SIGN_OFF)
    event_id, catalog, by = found.event_id, session.catalog, session.identity.actor.user_id
    with session.audited(Action.SIGN_OFF, event_id, detail=_stated(session, event_id)):
        checked = _checked_work(session, event_id, copy)
        with catalog.transaction():
            # reading what was checked takes a while, in which others go on
            if _present_work(session, event_id) != checked:
                raise EditConflict(
                    phrase(
                        "signed_late",
                        "event {event} was changed in this very moment: look at it again, and "
                        "sign it off then",
                        event=event_id,
                    )
                )
            row = catalog.events.get(event_id)
            if row.state is EventState.DEIDENTIFIED:
                row = catalog.events.move(event_id, EventState.IN_REVIEW, by=by)
            if row.state is not EventState.SIGNED_OFF:
                enter_sign_off(session, ArchivedEvent(session, row))
        if session.is_released(event_id):
            _give_keys(session, event_id)
    return ArchivedEvent(session, catalog.events.get(event_id))


@dataclass(frozen=True, slots=True)
class _Work:
    """What a sign-off is about: another copy, decision or correction makes it another."""

    copy: str
    decision_id: int
    corrections: tuple[int, ...]


def _present_work(session: Session, event_id: str) -> _Work | None:
    """Return what is to be signed off; None where no copy waits for that."""
    catalog = session.catalog
    if catalog.events.get(event_id).state not in OPEN_COPY_STATES:
        return None
    decisions = catalog.moments.decisions(event_id)
    return _Work(
        copy_id(ArchivedEvent(session, catalog.events.get(event_id))),
        max((each.decision_id for each in decisions), default=0),
        tuple(each.correction_id for each in catalog.reviews.corrections(event_id)),
    )


def _checked_work(session: Session, event_id: str, copy: str | None) -> _Work | None:
    """Return what this person may sign off; WrongState if it is not, or of another copy."""
    present = _present_work(session, event_id)
    if present is None:
        return None
    if copy is not None and copy != present.copy:
        raise WrongState(
            phrase(
                "signed_other",
                "event {event} got another copy meanwhile, which is not signed off: look at it "
                "first",
                event=event_id,
            )
        )
    _check_opened(session, event_id)
    _check_corrected(session, event_id)
    _check_reviewed(session, event_id)
    return present


def _give_keys(session: Session, event_id: str) -> None:
    """Grant the keys of a released copy, its tables and report to who may have them."""
    present = {row.role for row in session.catalog.contents.files(event_id)}
    users = [user for user in session.vouched_users() if not user.is_disabled]
    for kind in COPY_ROLES:
        for user in users if kind in present else ():
            if may_hold(session, event_id, kind, user.profile):
                give(session, event_id, kind, user)


def _stated(session: Session, event_id: str) -> str:
    """Return what was looked at, and which sign-off this is, for the log."""
    catalog = session.catalog
    event = ArchivedEvent(session, catalog.events.get(event_id))
    counts = count_moments(session, event)
    corrections = len(catalog.reviews.corrections(event_id))
    said = [f"{counts.detail} corrections:{corrections}" if counts else "moments:not-ranked"]
    needed = reviewers_needed(session)
    if needed > 1 and event.row.state in OPEN_COPY_STATES:
        before = signers(session, event)
        said += [f"sign_off:{len(before) + 1}/{needed}", *(f"after:{each}" for each in before)]
    return " ".join(said)


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
            phrase(
                "undecided",
                "the copy of event {event} has {left} moments that nobody has decided and "
                "{flagged} that are flagged: decide them on the review page first",
                event=event_id,
                left=left,
                flagged=flagged,
            )
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
        for kind in COPY_ROLES:
            for user_id in users_with_key(session, stated, event_id, kind):
                profile = stated.profile(user_id)
                if profile is None or not may_hold(session, event_id, kind, profile):
                    take_back(session, stated, event_id, kind, user_id)
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
