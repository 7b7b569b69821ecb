"""Where in the frames of an event each source lies, as people said it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from recorder_core.catalog.database.connection import Database
from recorder_core.catalog.database.rows import fetch, insert
from recorder_core.catalog.events.events import Events
from recorder_core.catalog.model.codes import Clock, check_code
from recorder_core.errors import CatalogDamaged, SettingsError
from recorder_core.model import View

__all__ = ["ROOM", "EventView", "Views"]

#: name of the view in which faces are searched
ROOM: Final = "room"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """A part of the frames of an event, in square pixels of the frame that a player shows."""

    event_id: str
    #: which: room
    name: str
    x: int
    y: int
    width: int
    height: int
    author: str
    created_utc: datetime

    def __post_init__(self) -> None:
        check_code(self.name, "the name of a view")

    def view(self) -> View:
        """Return it as the jobs take it; CatalogDamaged if it is none."""
        try:
            return View(self.x, self.y, self.width, self.height)
        except SettingsError as error:
            raise CatalogDamaged(
                f"the view {self.name} of event {self.event_id} is none"
            ) from error


class Views:
    """Views of events; an event of an earlier program has none.

    Parameters
    ----------
    database : Database
        Migrated.
    events : Events
        Refuses additions to deleted events.
    clock : callable
        Gives the wall time.
    """

    def __init__(self, database: Database, events: Events, clock: Clock) -> None:
        self._database = database
        self._events = events
        self._clock = clock

    def put_room(self, event_id: str, view: View, *, by: str) -> EventView:
        """Store the room view of an event in place of an earlier one.

        Parameters
        ----------
        event_id : str
            An event that is not deleted.
        view : View
            Checked against the frame as a player shows it.
        by : str
            User id.
        """
        stored = EventView(
            event_id=event_id,
            name=ROOM,
            x=view.x,
            y=view.y,
            width=view.width,
            height=view.height,
            author=by,
            created_utc=self._clock(),
        )
        with self._database.write() as connection:
            self._events.refuse_deleted(event_id)
            insert(connection, "event_views", stored, replace=True)
        return stored

    def room(self, event_id: str) -> View | None:
        """Return the room view of an event; None where nobody said it."""
        rows = self._database.read(
            "SELECT * FROM event_views WHERE event_id = ? AND name = ?", event_id, ROOM
        )
        return fetch(EventView, rows)[0].view() if rows else None
