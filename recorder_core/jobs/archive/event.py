"""One event of an open archive: what a notebook reads."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from recorder_core.archive import SealedReader
from recorder_core.catalog import IDENTITY, Action, Event, EventFile, EventState, PtsIndex
from recorder_core.errors import NoKeyMatches, NotInCatalog, WrongState
from recorder_core.jobs.archive.event_names import EventNames
from recorder_core.jobs.archive.sealed_record import open_record

if TYPE_CHECKING:
    from recorder_core.jobs.archive.archive import Archive

__all__ = ["ArchivedEvent", "names_place"]


def names_place(event_id: str) -> str:
    """Return what the sealed names of an event are bound to."""
    return f"event {event_id} {IDENTITY}"


class ArchivedEvent:
    """One event; every reading asks the profile and is logged.

    Attributes
    ----------
    row : Event
        What the catalog says, without names.
    """

    def __init__(self, archive: Archive, row: Event) -> None:
        self._archive = archive
        self.row = row

    @property
    def event_id(self) -> str:
        """The event's id."""
        return self.row.event_id

    @property
    def is_released(self) -> bool:
        """Whether somebody signed the de-identified copy off."""
        return self._archive.catalog.events.was_signed_off(self.event_id)

    def __repr__(self) -> str:
        return f"<ArchivedEvent {self.event_id}, {self.row.state}>"

    def files(self) -> list[EventFile]:
        """Return the rows of the event's files; none of a deleted event can be opened."""
        if self.row.state is EventState.DELETED:
            return []
        return self._archive.catalog.contents.files(self.event_id)

    def names(self) -> EventNames:
        """Return the names of people and places.

        Raises
        ------
        NotAllowed
            If the profile may not read them.
        NoKeyMatches
            If they are not sealed to this person.
        """
        with self._archive.audited(Action.READ_IDENTITY, self.event_id):
            return self._read_names()

    def open_names(self) -> EventNames | None:
        """Return the names where this person's key opens them; the caller has asked."""
        try:
            return self._read_names()
        except (NoKeyMatches, NotInCatalog):
            return None

    def video(self, role: str = "original") -> io.BufferedReader:
        """Open a video as a seekable, read-only file object.

        Parameters
        ----------
        role : {"original", "deidentified"}
            Which of the two.
        """
        return io.BufferedReader(self.open_file(role), buffer_size=1 << 17)

    def open_file(self, role: str) -> SealedReader:
        """Open the newest file of a role.

        Raises
        ------
        NotInCatalog
            If the event has none.
        NotAllowed
            If the profile may not read it.
        NoKeyMatches
            If it is not sealed to this person.
        """
        row = self.file(role)
        with self._archive.audited(
            self._archive.read_needs(row), self.event_id, detail=f"role:{role}"
        ):
            return self._archive.open_sealed(self._archive.stored(row))

    def file(self, role: str) -> EventFile:
        """Return the row of the newest file of a role; NotInCatalog if there is none."""
        self._refuse_deleted()
        rows = self._archive.catalog.contents.files(self.event_id, role)
        if not rows:
            raise NotInCatalog(f"event {self.event_id} has no {role}")
        return rows[-1]

    def pts_index(self, role: str = "original") -> PtsIndex:
        """Return when each frame of a video is shown."""
        row = self.file(role)
        with self._archive.audited(Action.READ_DETECTIONS, self.event_id, detail="frames"):
            return self._archive.catalog.contents.pts_index(row.file_id)

    def frames(self, role: str = "original") -> Any:
        """Return a pandas table of the frames: frame, pts, seconds from the first frame."""
        import numpy as np
        import pandas as pd

        index = self.pts_index(role)
        seconds = (index.pts - index.pts[:1]) * float(index.time_base)
        return pd.DataFrame({"frame": np.arange(len(index)), "pts": index.pts, "seconds": seconds})

    def signals(self) -> Any:
        """Return a pandas table of all signals: signal, unit, seconds, value."""
        return self._table("signals")

    def detections(self) -> Any:
        """Return a pandas table of what the detector saw; see docs/tables.md."""
        return self._table("detections")

    def redactions(self) -> Any:
        """Return a pandas table of what was redacted; see docs/tables.md."""
        return self._table("redactions")

    def markers(self) -> Any:
        """Return a pandas table of the markers: kind, start and stop in seconds, author."""
        import pandas as pd

        with self._archive.audited(Action.LIST_EVENTS, self.event_id, detail="markers"):
            rows = self._archive.catalog.contents.markers(self.event_id)
        columns = ["marker_id", "kind", "start_seconds", "stop_seconds", "author"]
        values = [[getattr(row, column) for column in columns] for row in rows]
        return pd.DataFrame(values, columns=columns)

    def _table(self, role: str) -> Any:
        import pandas as pd

        with self.open_file(role) as file:
            return pd.read_parquet(io.BytesIO(file.readall()))

    def _refuse_deleted(self) -> None:
        if self.row.state is EventState.DELETED:
            raise WrongState(
                f"event {self.event_id} is deleted: its keys and names were destroyed, nobody can "
                "open it"
            )

    def _read_names(self) -> EventNames:
        self._refuse_deleted()
        sealed = self._archive.catalog.events.get_sealed(self.event_id)
        content = open_record(sealed, self._archive.identity.keys, names_place(self.event_id))
        return EventNames.from_dict(content)
