"""The life of an event as a state machine.

::

    recording -> recorded -> de-identified -> in review -> signed off -> archived
                                                   (every state but recording -> deleted)
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal, get_args

from recorder_core.errors import WrongState
from recorder_core.model.values.phrase import phrase

__all__ = [
    "COPY_STATES",
    "DELETION_REASONS",
    "NEW_COPY_STATES",
    "OPEN_COPY_STATES",
    "OVERRIDING_REASONS",
    "RELEASED_STATES",
    "TRANSITIONS",
    "DeletionReason",
    "EventState",
    "check_transition",
]


class EventState(StrEnum):
    """Where an event is in its life."""

    RECORDING = "recording"
    RECORDED = "recorded"
    DEIDENTIFIED = "de-identified"
    IN_REVIEW = "in review"
    SIGNED_OFF = "signed off"
    ARCHIVED = "archived"
    DELETED = "deleted"


#: from each state, the states that may follow
TRANSITIONS: Mapping[EventState, frozenset[EventState]] = {
    EventState.RECORDING: frozenset({EventState.RECORDED}),
    EventState.RECORDED: frozenset(
        {EventState.DEIDENTIFIED, EventState.ARCHIVED, EventState.DELETED}
    ),
    # back to recorded: the copy is thrown away, for example for another detector
    EventState.DEIDENTIFIED: frozenset(
        {EventState.IN_REVIEW, EventState.RECORDED, EventState.ARCHIVED, EventState.DELETED}
    ),
    EventState.IN_REVIEW: frozenset(
        {EventState.SIGNED_OFF, EventState.DEIDENTIFIED, EventState.DELETED}
    ),
    # back to review: somebody saw a face after the release
    EventState.SIGNED_OFF: frozenset(
        {EventState.IN_REVIEW, EventState.ARCHIVED, EventState.DELETED}
    ),
    # back to what it was before, or to review
    EventState.ARCHIVED: frozenset(
        {
            EventState.RECORDED,
            EventState.DEIDENTIFIED,
            EventState.SIGNED_OFF,
            EventState.IN_REVIEW,
            EventState.DELETED,
        }
    ),
    EventState.DELETED: frozenset(),
}

#: a de-identified copy is reviewed and corrected in these
OPEN_COPY_STATES = (EventState.DEIDENTIFIED, EventState.IN_REVIEW)
#: a new copy can be made in these, in place of an earlier one
NEW_COPY_STATES = (EventState.RECORDED, *OPEN_COPY_STATES)
#: a de-identified copy may leave only in these; archived counts when it was signed off
RELEASED_STATES = (EventState.SIGNED_OFF, EventState.ARCHIVED)
#: there is a copy in these, but for what was archived without one
COPY_STATES = (*OPEN_COPY_STATES, *RELEASED_STATES)

DeletionReason = Literal[
    "retention",
    "consent_withdrawn",
    "legal_order",
    "recorded_by_mistake",
    "duplicate",
    "test_recording",
]
DELETION_REASONS: tuple[DeletionReason, ...] = get_args(DeletionReason)
#: these delete an event before the site's minimum age
OVERRIDING_REASONS: frozenset[DeletionReason] = frozenset(
    {"consent_withdrawn", "legal_order", "recorded_by_mistake", "duplicate", "test_recording"}
)


def check_transition(event_id: str, old: EventState, new: EventState) -> None:
    """Raise unless `new` may follow `old`.

    Raises
    ------
    WrongState
        If it may not; the message lists what may.
    """
    if new not in TRANSITIONS[old]:
        possible = ", ".join(sorted(TRANSITIONS[old])) or "nothing"
        raise WrongState(
            phrase(
                "event_step",
                "event {event} is {state}, so it cannot become {wanted}; what can follow: "
                "{possible}",
                event=event_id,
                state=old,
                wanted=new,
                possible=possible,
            )
        )
