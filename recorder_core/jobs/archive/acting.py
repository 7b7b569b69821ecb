"""Act on an open archive: every operation begins here, is authorised and logged.

What needs more than the profile's permission, as a copy that is not released, is checked inside.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from recorder_core.catalog import Action
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.event import ArchivedEvent, find_event

__all__ = ["acting", "acting_on", "find_on", "session_of"]


@contextmanager
def acting(
    archive: Archive, action: Action, event_id: str | None = None, *, detail: str = ""
) -> Iterator[Session]:
    """Ask the profile, log that something begins, and log how it ended.

    Parameters
    ----------
    archive : Archive
        Open.
    action : Action
        What is done.
    event_id : str, optional
        With which event, where it is not yet or no more in the catalog; for others see
        :func:`acting_on`.
    detail : str, optional
        What the row of the log says besides: codes and numbers, never a name.

    Yields
    ------
    Session
        To act with.

    Raises
    ------
    NotAllowed
        If the profile may not.
    AuditError
        If it cannot be logged; then it is not done.
    """
    session = archive._session
    with session.audited(action, event_id, detail=detail):
        yield session


@contextmanager
def acting_on(
    archive: Archive, event: str, action: Action, *, detail: str = ""
) -> Iterator[tuple[Session, ArchivedEvent]]:
    """Find an event, ask the profile, log that something begins, and log how it ended.

    Parameters
    ----------
    archive : Archive
        Open.
    event : str
        Id of the event, or a beginning of it that fits no other.
    action : Action
        What is done with it.
    detail : str, optional
        What the row of the log says besides: codes and numbers, never a name.

    Yields
    ------
    session : Session
        To act with.
    found : ArchivedEvent
        As it is once the action was logged.

    Raises
    ------
    NotAllowed
        If the profile may not; also if there is no such event.
    NotInCatalog
        If there is none.
    AuditError
        If it cannot be logged; then it is not done.
    """
    session = archive._session
    event_id = find_event(session, event, action).event_id
    with session.audited(action, event_id, detail=detail):
        yield session, ArchivedEvent(session, session.catalog.events.get(event_id))


def find_on(archive: Archive, event: str, action: Action) -> tuple[Session, ArchivedEvent]:
    """Find an event about which something must be known before its action begins.

    Nothing is asked yet: that is the caller's, with :func:`acting` or `Session.ask`.

    Raises
    ------
    NotAllowed, NotInCatalog
        As for :func:`acting_on`.
    """
    session = archive._session
    return session, find_event(session, event, action)


def session_of(archive: Archive) -> Session:
    """Return what an archive holds for its person; nothing is asked: the caller does that."""
    return archive._session
