"""What detectors found, what persons changed, how far the review is, who signed off."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from recorder_core.catalog.database.connection import Database
from recorder_core.catalog.database.rows import fetch, insert
from recorder_core.catalog.events.events import Events
from recorder_core.catalog.model.codes import Clock, utc_text
from recorder_core.catalog.model.life import OPEN_COPY_STATES, EventState
from recorder_core.catalog.model.records import CorrectionRecord, DetectionsSummary, Event, Review
from recorder_core.errors import CatalogError, NotInCatalog, WrongState
from recorder_core.model import CorrectionAction
from recorder_core.model.values.phrase import phrase

__all__ = ["Reviews", "SignOff"]

#: (frame_index, x0, y0, x1, y1), pixels of the source frame
Keyframe = tuple[int, float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOff:
    """That a reviewer signed off a copy that has not been replaced or taken back since."""

    event_id: str
    reviewer: str
    #: names exactly the copy
    copy_id: str
    signed_utc: datetime


class Reviews:
    """Detections, corrections and sign-off of events.

    Parameters
    ----------
    database : Database
        Migrated.
    events : Events
        Moves the event on sign-off.
    clock : callable
        Gives the wall time.
    """

    def __init__(self, database: Database, events: Events, clock: Clock) -> None:
        self._database = database
        self._events = events
        self._clock = clock

    def add_detections_summary(self, summary: DetectionsSummary) -> None:
        """Store what one run of a detector found; earlier runs stay."""
        with self._database.write() as connection:
            self._events.refuse_deleted(summary.event_id)
            insert(connection, "detections_summaries", summary)

    def detections_summaries(self, event_id: str) -> list[DetectionsSummary]:
        """Return all runs of detectors on an event, oldest first."""
        rows = self._database.read(
            "SELECT * FROM detections_summaries WHERE event_id = ? ORDER BY rowid", event_id
        )
        return fetch(DetectionsSummary, rows)

    def add_correction(
        self,
        event_id: str,
        action: CorrectionAction,
        *,
        keyframes: Sequence[Keyframe],
        author: str,
        track: int = -1,
    ) -> CorrectionRecord:
        """Store a person's change; detections stay as they are.

        Parameters
        ----------
        event_id : str
            An event that is de-identified or in review.
        action : {"add", "remove"}
            Redact the box, or lift the redactions of the track or place.
        keyframes : sequence of (frame_index, x0, y0, x1, y1)
            At least one, frames rising; between them the box moves linearly.
        author : str
            User id.
        track : int, default -1
            The track that is meant, -1 for a place.

        Raises
        ------
        WrongState
            If the event is in no state that has a copy to correct.
        """
        _check_keyframes(keyframes)
        return self._store_correction(
            CorrectionRecord(
                correction_id=0,
                event_id=event_id,
                action=action,
                track=track,
                keyframes=tuple(keyframes),
                author=author,
                created_utc=self._clock(),
            )
        )

    def undo_correction(self, correction_id: int, *, author: str) -> CorrectionRecord:
        """Undo a correction by a row of its own, and return that row."""
        rows = self._database.read(
            "SELECT * FROM corrections WHERE correction_id = ?", correction_id
        )
        if not rows:
            raise NotInCatalog(f"there is no correction {correction_id} in the catalog")
        undone = fetch(CorrectionRecord, rows)[0]
        return self._store_correction(
            replace(undone, author=author, created_utc=self._clock(), undoes=correction_id)
        )

    def corrections(self, event_id: str, *, in_force: bool = True) -> list[CorrectionRecord]:
        """Return the corrections of an event in the order in which they were made.

        Parameters
        ----------
        event_id : str
            Any event.
        in_force : bool, default True
            Leave out what was undone, and the rows that undo.
        """
        rows = self._database.read(
            "SELECT * FROM corrections WHERE event_id = ? ORDER BY correction_id", event_id
        )
        found = fetch(CorrectionRecord, rows)
        if not in_force:
            return found
        undone = {row.undoes for row in found}
        return [row for row in found if row.undoes is None and row.correction_id not in undone]

    def save_progress(
        self, event_id: str, *, reviewer: str, position_frame: int, frames_seen: int
    ) -> Review:
        """Store how far the review of an event has come.

        Parameters
        ----------
        event_id : str
            An event in review.
        reviewer : str
            User id.
        position_frame : int
            Where to go on next time.
        frames_seen : int
            How many different frames were shown so far.
        """
        with self._database.write() as connection:
            self._refuse_unless(event_id, EventState.IN_REVIEW)
            review = Review(
                event_id=event_id,
                reviewer=reviewer,
                position_frame=position_frame,
                frames_seen=frames_seen,
                updated_utc=self._clock(),
            )
            insert(connection, "reviews", review, replace=True)
        return review

    def review(self, event_id: str) -> Review | None:
        """Return how far the review is; None before it began."""
        rows = self._database.read("SELECT * FROM reviews WHERE event_id = ?", event_id)
        return fetch(Review, rows)[0] if rows else None

    def forget_progress(self, event_id: str) -> None:
        """Begin the review anew: another copy has not been looked at yet."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM reviews WHERE event_id = ?", (event_id,))
            connection.execute("DELETE FROM sign_offs WHERE event_id = ?", (event_id,))

    def check_in_review(self, event_id: str) -> None:
        """Raise WrongState unless an event is in review."""
        self._refuse_unless(event_id, EventState.IN_REVIEW)

    def sign_offs(self, event_id: str | None = None) -> list[SignOff]:
        """Return who signed off the copy of an event, or of every event, the earliest first."""
        wanted, values = ("WHERE event_id = ?", [event_id]) if event_id else ("", [])
        rows = self._database.read(
            f"SELECT * FROM sign_offs {wanted} ORDER BY signed_utc, rowid",  # noqa: S608
            *values,
        )
        return fetch(SignOff, rows)

    def add_sign_off(self, event_id: str, copy_id: str, *, by: str) -> SignOff:
        """Store that a reviewer signed off a copy, which does not release it yet.

        Raises
        ------
        WrongState
            If the event is not in review.
        """
        made = SignOff(event_id=event_id, reviewer=by, copy_id=copy_id, signed_utc=self._clock())
        with self._database.write() as connection:
            self._refuse_unless(event_id, EventState.IN_REVIEW)
            insert(connection, "sign_offs", made, replace=True)
        return made

    def sign_off(self, event_id: str, *, by: str) -> Event:
        """Release the de-identified copy in the name of a reviewer.

        Raises
        ------
        WrongState
            If the event is not in review, or no detector ran on it.
        """
        with self._database.write() as connection:
            self._refuse_unless(event_id, EventState.IN_REVIEW)
            if not self.detections_summaries(event_id):
                raise WrongState(f"event {event_id} has no detections, so nothing can be released")
            review = self.review(event_id) or Review(
                event_id=event_id,
                reviewer=by,
                position_frame=0,
                frames_seen=0,
                updated_utc=self._clock(),
            )
            signed = replace(review, signed_off_by=by, signed_off_utc=self._clock())
            insert(connection, "reviews", signed, replace=True)
            return self._events.advance(event_id, EventState.SIGNED_OFF, by=by)

    def reopen(self, event_id: str, *, by: str) -> Event:
        """Revoke a release: the copy does not leave until it is signed off again."""
        with self._database.write() as connection:
            event = self._events.move(event_id, EventState.IN_REVIEW, by=by)
            connection.execute(
                "UPDATE reviews SET signed_off_by = NULL, signed_off_utc = NULL WHERE event_id = ?",
                (event_id,),
            )
            connection.execute("DELETE FROM sign_offs WHERE event_id = ?", (event_id,))
        return event

    def _store_correction(self, correction: CorrectionRecord) -> CorrectionRecord:
        with self._database.write() as connection:
            self._refuse_unless(correction.event_id, *OPEN_COPY_STATES)
            found = connection.execute(
                "INSERT INTO corrections (event_id, action, track, keyframes, author, "
                "created_utc, undoes) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING correction_id",
                (
                    correction.event_id,
                    correction.action,
                    correction.track,
                    json.dumps(correction.keyframes),
                    correction.author,
                    utc_text(correction.created_utc),
                    correction.undoes,
                ),
            ).fetchone()
        return replace(correction, correction_id=int(found[0]))

    def _refuse_unless(self, event_id: str, *states: EventState) -> None:
        present = self._events.get(event_id).state
        if present not in states:
            wanted = " or ".join(states)
            raise WrongState(
                phrase(
                    "event_state",
                    "event {event} is {state}; this needs it to be {wanted}",
                    event=event_id,
                    state=present,
                    wanted=wanted,
                )
            )


def _check_keyframes(keyframes: Sequence[Keyframe]) -> None:
    frames = [keyframe[0] for keyframe in keyframes]
    if not frames or frames != sorted(set(frames)) or frames[0] < 0:
        raise CatalogError("a correction needs at least one keyframe, in increasing frames from 0")
    if any(x1 <= x0 or y1 <= y0 for _, x0, y0, x1, y1 in keyframes):
        raise CatalogError("the box of a correction must have a width and a height")
