"""The queue of suspicious moments of a copy, and what people decided about each."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, TypeAlias

from recorder_core.catalog.database.connection import Database
from recorder_core.catalog.database.rows import fetch, insert
from recorder_core.catalog.events.events import Events
from recorder_core.catalog.model.codes import Clock, check_code, utc_text
from recorder_core.catalog.model.life import OPEN_COPY_STATES
from recorder_core.errors import WrongState
from recorder_core.model.values.phrase import phrase

__all__ = ["MomentDecision", "MomentQueue", "Moments", "Verdict"]

#: nothing shows; a correction hides it; another look is needed; looked at again from the start
Verdict: TypeAlias = Literal["accepted", "corrected", "flagged", "open"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentQueue:
    """The suspicious moments of one copy of an event, as they were ranked."""

    event_id: str
    #: names exactly the copy
    copy_id: str
    #: JSON: the moments, and after which decision those of each count
    moments: str = field(repr=False)
    made_by: str
    made_utc: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentDecision:
    """What a person decided about a moment; never changed, only followed by another."""

    decision_id: int
    event_id: str
    #: names exactly the copy that was looked at
    copy_id: str
    moment_id: str
    verdict: Verdict
    author: str
    decided_utc: datetime

    def __post_init__(self) -> None:
        check_code(self.moment_id, "moment_id")


class Moments:
    """Queues and decisions of events.

    Parameters
    ----------
    database : Database
        Migrated.
    events : Events
        Knows their states.
    clock : callable
        Gives the wall time.
    """

    def __init__(self, database: Database, events: Events, clock: Clock) -> None:
        self._database = database
        self._events = events
        self._clock = clock

    def put_queue(self, event_id: str, copy_id: str, moments: str, *, by: str) -> MomentQueue:
        """Store the moments of a copy in the place of an earlier copy's."""
        queue = MomentQueue(
            event_id=event_id,
            copy_id=copy_id,
            moments=moments,
            made_by=by,
            made_utc=self._clock(),
        )
        with self._database.write() as connection:
            self._events.refuse_deleted(event_id)
            insert(connection, "moment_queues", queue, replace=True)
        return queue

    def queue(self, event_id: str) -> MomentQueue | None:
        """Return the moments that were ranked last; None before that."""
        rows = self._database.read("SELECT * FROM moment_queues WHERE event_id = ?", event_id)
        return fetch(MomentQueue, rows)[0] if rows else None

    def decide(
        self, event_id: str, moment_id: str, verdict: Verdict, *, copy_id: str, by: str
    ) -> MomentDecision:
        """Store what a person decided about a moment; what was decided before stays, too.

        Raises
        ------
        WrongState
            If the event is in no state in which its copy is reviewed.
        """
        decision = MomentDecision(
            decision_id=0,
            event_id=event_id,
            copy_id=copy_id,
            moment_id=moment_id,
            verdict=verdict,
            author=by,
            decided_utc=self._clock(),
        )
        with self._database.write() as connection:
            state = self._events.get(event_id).state
            if state not in OPEN_COPY_STATES:
                raise WrongState(
                    phrase(
                        "moment_state",
                        "event {event} is {state}; moments are decided while it is {wanted}: "
                        "reopen a released one first",
                        event=event_id,
                        state=state,
                        wanted=" or ".join(OPEN_COPY_STATES),
                    )
                )
            found = connection.execute(
                "INSERT INTO moment_decisions (event_id, copy_id, moment_id, verdict, author, "
                "decided_utc) VALUES (?, ?, ?, ?, ?, ?) RETURNING decision_id",
                (event_id, copy_id, moment_id, verdict, by, utc_text(decision.decided_utc)),
            ).fetchone()
        return replace(decision, decision_id=int(found[0]))

    def decisions(self, event_id: str) -> list[MomentDecision]:
        """Return all decisions about moments of an event, oldest first."""
        rows = self._database.read(
            "SELECT * FROM moment_decisions WHERE event_id = ? ORDER BY decision_id", event_id
        )
        return fetch(MomentDecision, rows)
