"""The review of a copy moment by moment: the queue, and what people decided about each.

The moments are ranked once for a copy. A decision is a row of the catalog that is never changed.
Where a copy is rendered again, decisions count on for what its corrections did not touch.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from recorder_core.catalog import Action, MomentDecision, MomentQueue, Verdict
from recorder_core.errors import (
    CatalogDamaged,
    DataError,
    EditConflict,
    NoKeyMatches,
    NotInCatalog,
    WrongState,
)
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import acting_on, find_on
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.archive.event.present_copy import copy_id
from recorder_core.jobs.archive.files.notes import open_note, put_note
from recorder_core.jobs.archive.review.changed_spans import ChangedSpan, changed_moments
from recorder_core.jobs.archive.review.moments import event_moments
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.model.values.json_text import parse_json
from recorder_core.model.values.phrase import phrase
from recorder_core.review import Moment, RankingSettings

__all__ = [
    "ReviewQueue",
    "ReviewedMoment",
    "carry_queue",
    "decide_moment",
    "present_queue",
    "rank_event",
    "review_queue",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedMoment:
    """A moment of a copy, and what was decided about it."""

    moment: Moment
    #: open: nobody has looked yet, or somebody wants it looked at again
    state: Verdict
    #: who decided last; None: nobody
    author: str | None = None
    #: number of that decision; 0: there is none
    decision_id: int = 0
    decided_utc: datetime | None = None
    #: what was written with the last decision, for who can read the names of the event
    note: str = ""
    #: everybody who decided about it in this copy, in the order in which they first did
    reviewers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewQueue:
    """All moments of the copy of an event that a person should look at."""

    event_id: str
    #: names exactly this copy
    copy: str
    #: the riskiest first, spot checks last
    moments: tuple[ReviewedMoment, ...]

    def of_state(self, *states: Verdict) -> list[ReviewedMoment]:
        """Return the moments of which this was decided."""
        return [each for each in self.moments if each.state in states]


@dataclass(frozen=True, slots=True)
class _Queued:
    """A moment as it is stored."""

    moment: Moment
    #: decisions with a higher number count
    after: int = 0


def rank_event(
    archive: Archive,
    event: str,
    *,
    look: bool = True,
    progress: Progress = no_progress,
) -> ReviewQueue:
    """Rank the moments of the copy of an event once, and return its queue.

    Parameters
    ----------
    archive : Archive
        Open, for a reviewer.
    event : str
        Id of an event with a copy, or its beginning.
    look : bool, default True
        As of :func:`event_moments`.
    progress : callable, optional
        Told the number of frames that were decoded and of all frames.

    Raises
    ------
    NotAllowed, NoKeyMatches
        If this person may not view the copy, or cannot open it.
    WrongState
        If the event has no copy, or got another one meanwhile.
    """
    session, found = find_on(archive, event, Action.REVIEW)
    present = present_queue(session, found)
    if present is not None:
        return present
    copy = copy_id(found)
    # nobody can know before where chance looks
    settings = RankingSettings(seed=secrets.randbits(32))
    moments = event_moments(archive, event, look=look, settings=settings, progress=progress)
    with session.audited(Action.REVIEW, found.event_id, detail="queue"):
        if copy_id(found) != copy:
            raise WrongState(f"event {found.event_id} got another copy meanwhile; rank it again")
        _store(session, found.event_id, copy, [_Queued(each) for each in moments])
    return review_queue(archive, event)


def review_queue(archive: Archive, event: str) -> ReviewQueue:
    """Return the queue of the copy of an event.

    Raises
    ------
    NotAllowed
        If the profile may not review.
    NotInCatalog
        If the copy has not been ranked.
    """
    session, found = find_on(archive, event, Action.REVIEW)
    session.ask(Action.REVIEW)
    queue = present_queue(session, found)
    if queue is None:
        raise NotInCatalog(
            f"the moments of the copy of event {found.event_id} are not ranked yet: open the event "
            "on the review page, which ranks them"
        )
    return queue


def present_queue(session: Session, event: ArchivedEvent) -> ReviewQueue | None:
    """Return the queue of the present copy; None before it is ranked. The caller has asked."""
    moments = session.catalog.moments
    stored = moments.queue(event.event_id)
    if stored is None or stored.copy_id != copy_id(event):
        return None
    decisions = moments.decisions(event.event_id)
    reviewed = [_reviewed(session, each, decisions) for each in _queued(stored)]
    return ReviewQueue(event_id=event.event_id, copy=stored.copy_id, moments=tuple(reviewed))


def decide_moment(
    archive: Archive,
    event: str,
    moment_id: str,
    verdict: Verdict,
    *,
    note: str = "",
    copy: str | None = None,
    seen: int | None = None,
) -> MomentDecision:
    """Store what this person decided about a moment of the copy.

    Parameters
    ----------
    archive : Archive
        Open, for a reviewer.
    event : str
        Id of an event whose copy is not released, or its beginning.
    moment_id : str
        Of its queue.
    verdict : {"accepted", "corrected", "flagged", "open"}
        "open" takes back what was decided.
    note : str, optional
        Why; a flag needs it. It is sealed.
    copy : str, optional
        Id of the copy that was looked at; refused if it is not the present one.
    seen : int, optional
        Number of the decision about the moment that this person knew, 0 for none: what another
        person decided since then is not overwritten.

    Raises
    ------
    NotInCatalog
        If the copy has no such moment, or is not ranked.
    EditConflict
        If another person decided about the moment meanwhile.
    WrongState
        If the copy was replaced meanwhile, or is released.
    DataError
        If a flag has no note.
    """
    detail = f"{verdict}:{moment_id}"[:64]
    with acting_on(archive, event, Action.REVIEW, detail=detail) as (session, found):
        event_id = found.event_id
        catalog, by = session.catalog, session.identity.actor.user_id
        if verdict == "flagged" and not note.strip():
            raise DataError("a flag says why: write a reason")
        with catalog.transaction():
            queue = review_queue(archive, event_id)
            if copy is not None and copy != queue.copy:
                raise WrongState(
                    f"event {event_id} got another copy meanwhile, so what was decided about the "
                    "earlier one is not stored: look at the moment in the new copy"
                )
            _check_seen(queue, moment_id, seen, by)
            made = catalog.moments.decide(event_id, moment_id, verdict, copy_id=queue.copy, by=by)
            name = _note_name(made)
            put_note(session, event_id, name, {"note": note.strip()})
    return made


def _check_seen(queue: ReviewQueue, moment_id: str, seen: int | None, by: str) -> None:
    """Refuse a decision about what is no moment, or what another person decided meanwhile."""
    found = next((each for each in queue.moments if each.moment.moment_id == moment_id), None)
    if found is None:
        raise NotInCatalog(f"the queue of event {queue.event_id} has no moment {moment_id}")
    if seen is not None and seen != found.decision_id and found.author not in (None, by):
        raise EditConflict(
            phrase(
                "decided_meanwhile",
                "{who} decided about this moment meanwhile, so your decision is not stored: look "
                "at it again",
                who=str(found.author),
            )
        )


def carry_queue(
    session: Session, event_id: str, earlier: ReviewQueue | None, changed: Sequence[ChangedSpan]
) -> None:
    """Pass on to a copy that was rendered again the queue of the one before; inside an action.

    What was decided counts on where nothing changed; what changed is to be looked at.
    """
    moments = session.catalog.moments
    stored = moments.queue(event_id)
    if earlier is None or stored is None or stored.copy_id != earlier.copy:
        return
    event = ArchivedEvent(session, session.catalog.events.get(event_id))
    newest = max((each.decision_id for each in moments.decisions(event_id)), default=0)
    after = {each.moment.moment_id: each.after for each in _queued(stored)}
    known = [each.moment for each in earlier.moments]
    touched, untouched = changed_moments(known, changed)
    queued = [
        *(_Queued(each, newest) for each in touched),
        *(_Queued(each, after[each.moment_id]) for each in untouched),
    ]
    _store(session, event_id, copy_id(event), queued)


def _store(session: Session, event_id: str, copy: str, queued: Iterable[_Queued]) -> None:
    rows = [{"moment": each.moment.to_dict(), "after": each.after} for each in queued]
    text = json.dumps(rows, separators=(",", ":"))
    by = session.identity.actor.user_id
    session.catalog.moments.put_queue(event_id, copy, text, by=by)


def _queued(stored: MomentQueue) -> list[_Queued]:
    try:
        rows: Any = parse_json(stored.moments)
        return [_Queued(Moment.from_dict(row["moment"]), int(row["after"])) for row in rows]
    except (DataError, ValueError, TypeError, LookupError) as error:
        raise CatalogDamaged(
            f"the queue of moments of event {stored.event_id} is damaged; run 'workbench mirror "
            "repair', or add the copy again"
        ) from error


def _reviewed(
    session: Session, queued: _Queued, decisions: Sequence[MomentDecision]
) -> ReviewedMoment:
    own = [
        each
        for each in decisions
        if each.moment_id == queued.moment.moment_id and each.decision_id > queued.after
    ]
    if not own:
        return ReviewedMoment(moment=queued.moment, state="open")
    last = own[-1]
    return ReviewedMoment(
        moment=queued.moment,
        state=last.verdict,
        author=last.author,
        decision_id=last.decision_id,
        decided_utc=last.decided_utc,
        note=_note(session, last),
        reviewers=tuple(dict.fromkeys(each.author for each in own)),
    )


def _note_name(decision: MomentDecision) -> str:
    return f"moment:{decision.decision_id}"


def _note(session: Session, decision: MomentDecision) -> str:
    try:
        note = open_note(session, decision.event_id, _note_name(decision))
    except NoKeyMatches:
        return ""
    return str(note.get("note", ""))
