"""What the signed log says of events and their files, asked before a key is destroyed for ever.

The catalog can be edited by whoever has the disks, and can be damaged. What it calls deleted, or
does not name, is destroyed only where somebody signed that it was deleted or replaced.
"""

from __future__ import annotations

from typing import Final

from recorder_core.archive import check_signature
from recorder_core.catalog import EventState
from recorder_core.catalog.database.statements import Facts
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.place.roles import ROLES

__all__ = ["Statements"]

_TABLES: Final = ("events", "files")
#: and who may have signed it
_SIGNED: Final = ("users", "settings", *_TABLES)


class Statements:
    """The newest signed statements about events and files.

    Parameters
    ----------
    session : Session
        Of the open archive.
    """

    def __init__(self, session: Session) -> None:
        row_hash = session.trust().row_hash
        self._facts: Facts = (
            session.catalog.ledger(row_hash, check_signature, tables=_SIGNED).facts
            if row_hash
            else session.catalog.present(_TABLES)
        )

    def is_deleted(self, event_id: str) -> bool:
        """Return whether somebody signed that an event is deleted."""
        return (self._facts.get(f"events {event_id}") or {}).get("state") == EventState.DELETED

    def is_present(self, name: str) -> bool:
        """Return whether the log says that a sealed file belongs to its event.

        Parameters
        ----------
        name : str
            Base path below a root: ``events/EVENT/ROLE.GENERATION``.
        """
        _, event_id, rest = name.split("/")
        return bool(self._facts.get(f"files {event_id}/{rest}"))

    def is_replaced(self, name: str) -> bool:
        """Return whether somebody signed that a file was removed, or that a later one took over.

        Parameters
        ----------
        name : str
            Base path below a root: ``events/EVENT/ROLE.GENERATION``.
        """
        _, event_id, rest = name.split("/")
        row = f"files {event_id}/{rest}"
        if self._facts.get(row) is not None:
            return False
        return row in self._facts or self._has_later(event_id, rest)

    def _has_later(self, event_id: str, rest: str) -> bool:
        role, _, generation = rest.rpartition(".")
        prefix = f"files {event_id}/{role}."
        later = [
            int(row.removeprefix(prefix))
            for row, values in self._facts.items()
            if values and row.startswith(prefix)
        ]
        is_numbered = role in ROLES and ROLES[role].is_numbered
        return (
            not is_numbered and generation.isdecimal() and int(generation) < max(later, default=0)
        )
