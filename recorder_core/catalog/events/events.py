"""Events, the steps of their lives, and the sealed records of their names."""

from __future__ import annotations

import math
import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta

from recorder_core.catalog.database.connection import Database
from recorder_core.catalog.database.rows import column_value, fetch, fetch_sound, insert
from recorder_core.catalog.model.codes import Clock, new_id, utc_text
from recorder_core.catalog.model.life import EventState, check_transition
from recorder_core.catalog.model.records import Event, SealedRecord, StateChange
from recorder_core.errors import CatalogDamaged, CatalogError, NotInCatalog, WrongState
from recorder_core.model.values.phrase import phrase

__all__ = ["IDENTITY", "Events"]

#: name of the sealed record that holds patient, physician, place and medical record
IDENTITY = "identity"
#: wall and monotonic clock drift apart by less than this without anybody setting a clock
CLOCK_STEP_TOLERANCE_SECONDS = 2.0


class Events:
    """What was recorded, and where each event is in its life.

    Parameters
    ----------
    database : Database
        Migrated.
    clock : callable
        Gives the wall time.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def begin(
        self,
        *,
        site_code: str,
        procedure_code: str,
        started_utc: datetime,
        by: str,
        event_id: str | None = None,
    ) -> Event:
        """Store a new event that is being recorded, and return it.

        Parameters
        ----------
        site_code, procedure_code : str
            Codes, never names.
        started_utc : datetime
            The wall time at second 0 of the event.
        by : str
            User id.
        event_id : str, optional
            Random when not given; recorder and archive must know it before the first byte.
        """
        event = Event(
            event_id=event_id or new_id(),
            site_code=site_code,
            procedure_code=procedure_code,
            state=EventState.RECORDING,
            started_utc=started_utc,
        )
        with self._database.write() as connection:
            insert(connection, "events", event)
            self._note_state(connection, event.event_id, event.state, by)
        return event

    def add_recorded(
        self,
        event_id: str,
        *,
        site_code: str,
        procedure_code: str,
        started_utc: datetime,
        duration_seconds: float | None,
        by: str,
    ) -> Event:
        """Store an event that was recorded elsewhere and is whole, and return it.

        Parameters
        ----------
        event_id : str
            Random, from :func:`new_id`.
        site_code, procedure_code : str
            Codes, never names.
        started_utc : datetime
            When the recording began, as far as is known.
        duration_seconds : float or None
            Length of the recording; None if it is not known.
        by : str
            User id.
        """
        length = None if duration_seconds is None else timedelta(seconds=duration_seconds)
        event = Event(
            event_id=event_id,
            site_code=site_code,
            procedure_code=procedure_code,
            state=EventState.RECORDED,
            started_utc=started_utc,
            stopped_utc=None if length is None else started_utc + length,
            duration_seconds=duration_seconds,
            is_complete=True,
        )
        with self._database.write() as connection:
            insert(connection, "events", event)
            self._note_state(connection, event_id, event.state, by)
        return event

    def finish(
        self,
        event_id: str,
        *,
        duration_seconds: float,
        by: str,
        ended_utc: datetime | None = None,
        is_complete: bool = True,
    ) -> Event:
        """Store that a recording ended.

        Parameters
        ----------
        event_id : str
            An event that is recording.
        duration_seconds : float
            From second 0 to the end, by the monotonic clock: it stays right when the wall clock is
            set meanwhile.
        by : str
            User id.
        ended_utc : datetime, optional
            The wall time at that end; None: nobody looked at it then.
        is_complete : bool, default True
            False for what a crash cut off.

        Returns
        -------
        Event
            With `clock_step_seconds` not None if the wall clock was set between start and end.
        """
        if not 0 <= duration_seconds < math.inf:
            raise CatalogError(f"a recording cannot last {duration_seconds} s")
        with self._database.write() as connection:
            event = self.get(event_id)
            stopped = event.started_utc + timedelta(seconds=duration_seconds)
            step = 0.0 if ended_utc is None else (ended_utc - stopped).total_seconds()
            self._set(
                connection,
                event_id,
                stopped_utc=stopped,
                duration_seconds=duration_seconds,
                clock_step_seconds=step if abs(step) > CLOCK_STEP_TOLERANCE_SECONDS else None,
                is_complete=is_complete,
            )
            return self.move(event_id, EventState.RECORDED, by=by)

    def move(self, event_id: str, state: EventState, *, by: str) -> Event:
        """Move an event to another state of its life.

        Raises
        ------
        NotInCatalog
            If there is no such event.
        WrongState
            If `state` may not follow the present one. Signing off and deleting have ways
            of their own: :meth:`Reviews.sign_off`, :meth:`Catalog.delete_event`.
        """
        if state in (EventState.DELETED, EventState.SIGNED_OFF):
            raise WrongState(
                f"the state of an event is not simply set to {state}: sign it off through its "
                "review, or delete it with a reason"
            )
        return self.advance(event_id, state, by=by)

    def advance(self, event_id: str, state: EventState, *, by: str) -> Event:
        """Advance an event, whatever the step; for those who have checked what it needs."""
        with self._database.write() as connection:
            event = self.get(event_id)
            check_transition(event_id, event.state, state)
            self._set(connection, event_id, state=state)
            self._note_state(connection, event_id, state, by)
        return replace(event, state=state)

    def get(self, event_id: str) -> Event:
        """Return one event; NotInCatalog if there is none."""
        rows = self._database.read("SELECT * FROM events WHERE event_id = ?", event_id)
        if not rows:
            raise NotInCatalog(f"there is no event {event_id} in the catalog")
        return fetch(Event, rows)[0]

    def find(
        self,
        *,
        state: EventState | None = None,
        procedure_code: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[Event]:
        """Return the events that fit all of the conditions given, newest first.

        Parameters
        ----------
        state : EventState, optional
            Where they are in their lives.
        procedure_code : str, optional
            What was done.
        since, until : datetime, optional
            Half-open span in which they started.
        """
        rows = self._database.read(
            "SELECT * FROM events WHERE (?1 IS NULL OR state = ?1) "
            "AND (?2 IS NULL OR procedure_code = ?2) AND (?3 IS NULL OR started_utc >= ?3) "
            "AND (?4 IS NULL OR started_utc < ?4) ORDER BY started_utc DESC, event_id",
            state.value if state else None,
            procedure_code,
            utc_text(since) if since else None,
            utc_text(until) if until else None,
        )
        return fetch(Event, rows)

    def sound(self) -> list[Event]:
        """Return every event but those whose row is damaged, which hold up no other."""
        rows = self._database.read("SELECT * FROM events ORDER BY started_utc DESC, event_id")
        return fetch_sound(Event, rows)

    def history(self, event_id: str) -> list[StateChange]:
        """Return the states an event went through, in order."""
        rows = self._database.read(
            "SELECT * FROM event_states WHERE event_id = ? ORDER BY rowid", event_id
        )
        return fetch(StateChange, rows)

    def was_signed_off(self, event_id: str) -> bool:
        """Return whether the de-identified copy is released at this moment.

        Signed off, or archived since; an event that went back to review is not.
        """
        steps = [change.state for change in self.history(event_id)]
        while steps and steps[-1] is EventState.ARCHIVED:
            steps.pop()
        return bool(steps) and steps[-1] is EventState.SIGNED_OFF

    def put_sealed(self, event_id: str, record_name: str, sealed: bytes) -> None:
        """Store an encrypted text of an event, in place of an earlier one of this name.

        Parameters
        ----------
        event_id : str
            Any event that is not deleted.
        record_name : str
            ``identity``, or ``marker:ID``, ``correction:ID``, ``device:ID`` and
            ``screenshot:ID`` for a note.
        sealed : bytes
            From the archive's keys; never clear text.
        """
        record = SealedRecord(
            event_id=event_id, record_name=record_name, sealed=sealed, updated_utc=self._clock()
        )
        with self._database.write() as connection:
            self.refuse_deleted(event_id)
            insert(connection, "sealed_records", record, replace=True)

    def get_sealed(self, event_id: str, record_name: str = IDENTITY) -> bytes:
        """Return an encrypted text; NotInCatalog if there is none of this name."""
        rows = self._database.read(
            "SELECT sealed FROM sealed_records WHERE event_id = ? AND record_name = ?",
            event_id,
            record_name,
        )
        if not rows:
            raise NotInCatalog(f"event {event_id} has no sealed record {record_name}")
        sealed = rows[0]["sealed"]
        if not isinstance(sealed, bytes):
            raise CatalogDamaged(f"the sealed record {record_name} of event {event_id} is damaged")
        return sealed

    def sealed_names(self, event_id: str) -> list[str]:
        """Return the names of the encrypted texts of an event, sorted."""
        rows = self._database.read(
            "SELECT record_name FROM sealed_records WHERE event_id = ? ORDER BY record_name",
            event_id,
        )
        return [str(row["record_name"]) for row in rows]

    def refuse_deleted(self, event_id: str) -> None:
        """Raise if the event is deleted (WrongState) or unknown (NotInCatalog)."""
        if self.get(event_id).state is EventState.DELETED:
            raise WrongState(
                phrase(
                    "event_deleted",
                    "event {event} is deleted; nothing can be added to it",
                    event=event_id,
                )
            )

    def shred(self, event_id: str, by: str) -> None:
        """Destroy the sealed keys and texts of an event and mark it deleted."""
        with self._database.write() as connection:
            self.advance(event_id, EventState.DELETED, by=by)
            connection.execute("DELETE FROM sealed_keys WHERE event_id = ?", (event_id,))
            connection.execute("DELETE FROM sealed_records WHERE event_id = ?", (event_id,))

    def _note_state(
        self, connection: sqlite3.Connection, event_id: str, state: EventState, by: str
    ) -> None:
        change = StateChange(
            event_id=event_id, state=state, changed_utc=self._clock(), changed_by=by
        )
        insert(connection, "event_states", change)

    def _set(self, connection: sqlite3.Connection, event_id: str, **columns: object) -> None:
        places = ", ".join(f"{name} = ?" for name in columns)
        values = [column_value(value) for value in columns.values()]
        connection.execute(
            f"UPDATE events SET {places} WHERE event_id = ?",  # noqa: S608 - names from this file
            (*values, event_id),
        )
