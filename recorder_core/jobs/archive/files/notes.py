"""Notes to a part of an event: a marker, a screenshot, a device; sealed like the names.

Whoever can read the names of the event can read its notes, and nobody else: a grant or a
revocation of the names is one of the notes too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recorder_core.catalog import IDENTITY
from recorder_core.errors import NotInCatalog
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.files.storing import holders
from recorder_core.jobs.archive.sealed_record import (
    names_associated_data,
    open_record,
    seal_record,
)

__all__ = ["open_note", "put_note"]


def put_note(session: Session, event_id: str, record_name: str, content: Mapping[str, Any]) -> None:
    """Seal a note; the caller has asked. What is empty is left out; so is a note of nothing.

    Parameters
    ----------
    session : Session
        Of the open archive.
    event_id : str
        An event that is not deleted.
    record_name : str
        ``marker:ID``, ``screenshot:ID`` or ``device:ID``.
    content : mapping
        Plain JSON values.
    """
    filled = {name: value for name, value in content.items() if value}
    if not filled:
        return
    place = names_associated_data(event_id, record_name)
    with session.catalog.transaction():  # nobody gets another key, or loses one, in between
        readers = holders(session, event_id, IDENTITY)
        sealed = seal_record(filled, [readers.recovery, *readers.readers], place)
        session.catalog.events.put_sealed(event_id, record_name, sealed)


def open_note(session: Session, event_id: str, record_name: str) -> dict[str, Any]:
    """Open a note; the caller has asked. Empty where there is none.

    Raises
    ------
    NoKeyMatches
        If the names of the event are not sealed to this person.
    """
    try:
        sealed = session.catalog.events.get_sealed(event_id, record_name)
    except NotInCatalog:
        return {}
    return open_record(sealed, session.identity.keys, names_associated_data(event_id, record_name))
