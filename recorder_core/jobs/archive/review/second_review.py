"""How many different reviewers sign a copy off before it is released, and who has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from recorder_core.catalog import Action, EventState
from recorder_core.catalog.settings import REVIEWERS_NEEDED
from recorder_core.errors import SettingsError, WrongState
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.access.trust import wrong_rows
from recorder_core.jobs.archive.acting import acting, find_on, session_of
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.archive.event.present_copy import copy_id

__all__ = [
    "SignOffs",
    "enter_sign_off",
    "event_sign_offs",
    "half_signed_events",
    "reviewers_needed",
    "set_reviewers_needed",
    "signers",
]

_CHOICES: Final = (1, 2)


@dataclass(frozen=True, slots=True)
class SignOffs:
    """Who signed off the present copy of an event, and how many must."""

    #: the earliest first
    signed_off_by: tuple[str, ...]
    needed: int


def set_reviewers_needed(archive: Archive, count: int) -> None:
    """Set how many different reviewers sign a copy off before it is released.

    What is released stays so. A copy that one reviewer has signed off waits for a second one as
    long as two are needed.

    Parameters
    ----------
    archive : Archive
        Open, for an administrator.
    count : {1, 2}
        How many.

    Raises
    ------
    SettingsError
        If it is another number.
    """
    with acting(archive, Action.MANAGE_SETTINGS, detail=f"reviewers:{count}") as session:
        if count not in _CHOICES:
            raise SettingsError(f"a copy is signed off by 1 reviewer or by 2, not by {count}")
        session.catalog.settings.put({REVIEWERS_NEEDED: str(count)})


def event_sign_offs(archive: Archive, event: str) -> SignOffs:
    """Return who signed off the present copy of an event; this is not logged.

    Raises
    ------
    NotInCatalog
        If there is no such event.
    """
    session, found = find_on(archive, event, Action.LIST_EVENTS)
    session.ask(Action.LIST_EVENTS)
    return SignOffs(signers(session, found), reviewers_needed(session))


def half_signed_events(archive: Archive) -> dict[str, tuple[str, ...]]:
    """Return the events that wait for a second reviewer, each with who signed; not logged."""
    session = session_of(archive)
    session.ask(Action.LIST_EVENTS)
    in_review = {each.event_id for each in session.catalog.events.find(state=EventState.IN_REVIEW)}
    found: dict[str, tuple[str, ...]] = {}
    for each in session.catalog.reviews.sign_offs():
        if each.event_id in in_review:
            found[each.event_id] = (*found.get(each.event_id, ()), each.reviewer)
    return found


def reviewers_needed(session: Session) -> int:
    """Return how many reviewers a release needs, as an administrator signed it."""
    trust = session.trust()
    stated = trust.settings() if trust.row_hash else session.catalog.settings.all()
    return 2 if stated.get(REVIEWERS_NEEDED) == "2" else 1


def signers(session: Session, event: ArchivedEvent) -> tuple[str, ...]:
    """Return who signed off the present copy of an event, the earliest first.

    A row of the catalog that is not what its reviewer stated in the signed log does not count. A
    release of an earlier program names one.
    """
    event_id, reviews = event.event_id, session.catalog.reviews
    signed = reviews.sign_offs(event_id)
    if signed:
        present = copy_id(event)
        trust_row, rows = session.identity.trust.row_hash, f"sign_offs {event_id}"
        wrong = wrong_rows(session.catalog, trust_row, rows)
        return tuple(
            each.reviewer
            for each in signed
            if each.copy_id == present and f"{rows} {each.reviewer}" not in wrong
        )
    review = reviews.review(event_id)
    return (review.signed_off_by,) if review and review.signed_off_by else ()


def enter_sign_off(session: Session, event: ArchivedEvent) -> None:
    """Enter the sign-off of this person, and release the copy where it is the last that is needed.

    The caller has checked that this person may sign this copy off.

    Raises
    ------
    WrongState
        If the event is not in review, or this person has signed and another reviewer must.
    """
    event_id, by = event.event_id, session.identity.actor.user_id
    needed, reviews = reviewers_needed(session), session.catalog.reviews
    with session.catalog.transaction():
        reviews.check_in_review(event_id)
        before = signers(session, event)
        if by not in before:
            reviews.add_sign_off(event_id, copy_id(event), by=by)
        if len({*before, by}) >= needed:
            reviews.sign_off(event_id, by=by)
        elif by in before:
            raise WrongState(
                f"you have signed off the copy of event {event_id} already: a second reviewer "
                "signs it off before it is released"
            )
