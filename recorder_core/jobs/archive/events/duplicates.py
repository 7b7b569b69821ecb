"""Tell which events seem to hold a video that is about to be imported again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from recorder_core.catalog import Action, Event, EventState, is_allowed
from recorder_core.errors import ArchiveError, CatalogError
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.event.event import find_names

__all__ = ["find_same_video"]

#: the catalog rounds times
_SAME_START: Final = timedelta(seconds=1)


def find_same_video(
    session: Session, *, started_utc: datetime, duration_seconds: float, sha256: str
) -> tuple[str, ...]:
    """Return the events that seem to hold a video already.

    The hash of a source is stored sealed, with the names: who can open it compares that. For
    others an event of the same start and length counts.

    Parameters
    ----------
    archive : Archive
        Open; the caller has asked.
    started_utc : datetime
        When the video began.
    duration_seconds : float
        Its length.
    sha256 : str
        Of the source file.

    Returns
    -------
    tuple of str
        Ids of events that are not deleted.
    """
    as_long = [
        event
        for event in session.catalog.events.sound()
        if event.duration_seconds == duration_seconds and event.state is not EventState.DELETED
    ]
    hashes = {event.event_id: _source_sha256(session, event) for event in as_long}
    return tuple(
        event.event_id
        for event in as_long
        if hashes[event.event_id] == sha256
        or (hashes[event.event_id] is None and abs(event.started_utc - started_utc) < _SAME_START)
    )


def _source_sha256(session: Session, event: Event) -> str | None:
    """Return the hash of an event's source; None for who may not or cannot open it."""
    if not is_allowed(session.identity.actor.profile, Action.READ_IDENTITY):
        return None
    try:
        with session.audited(Action.READ_IDENTITY, event.event_id, detail="compare"):
            names = find_names(session, event.event_id)
    except (ArchiveError, CatalogError):
        return None  # damage of another event is no reason to refuse a recording
    return names.source_sha256 if names else None
