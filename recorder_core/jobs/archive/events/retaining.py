"""How long a site keeps its events: the rules, what is due, and deletion where a site chose it.

Nothing is deleted on its own: `delete_due` is asked for by an administrator, and deletes only
where the rule of the site says so.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from recorder_core.catalog import Action, RetentionNotice, RetentionRule
from recorder_core.catalog.audit.leaps import CLOCK_CONFIRMED
from recorder_core.errors import SettingsError, WrongState
from recorder_core.jobs.archive.acting import acting
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.events.deleting import delete_event

__all__ = [
    "confirm_clock",
    "delete_due",
    "retention_due",
    "retention_rules",
    "set_retention_rule",
]

#: the date of a person and that of UTC differ by one day at most
_DATE_TOLERANCE: Final = timedelta(days=1)


def retention_rules(archive: Archive) -> list[RetentionRule]:
    """Return the rules that were set, by site."""
    with acting(archive, Action.MANAGE_RETENTION, detail="show") as session:
        return session.catalog.retention.rules()


def set_retention_rule(archive: Archive, rule: RetentionRule) -> None:
    """Set the rule of a site, in place of an earlier one; "default" is for all other sites."""
    warn = "never" if rule.warn_after_days is None else str(rule.warn_after_days)
    detail = (
        f"site:{rule.site_code} keep:{rule.minimum_days} warn:{warn} "
        f"delete:{'yes' if rule.deletes_itself else 'no'}"
    )
    with acting(archive, Action.MANAGE_RETENTION, detail=detail) as session:
        session.catalog.retention.set_rule(rule)


def retention_due(archive: Archive) -> list[RetentionNotice]:
    """Return the events past the limit of their site, oldest first.

    Raises
    ------
    CatalogError
        If the clock was set back, so that ages cannot be told.
    """
    with acting(archive, Action.MANAGE_RETENTION, detail="due") as session:
        session.catalog.check_clock()
        return session.catalog.retention.due()


def delete_due(
    archive: Archive, refused: Callable[[WrongState], object] | None = None
) -> list[str]:
    """Delete the events that are due and whose site chose that; return their ids.

    Parameters
    ----------
    archive : Archive
        Open, for an administrator.
    refused : callable, optional
        Told of each event that could not be deleted now; the others go on.

    Raises
    ------
    WrongState
        If an event is being written, and nobody is told of it by `refused`; after the others.
    CatalogError
        If the clock was set back, or may be ahead, so that ages cannot be told.
    ArchiveError
        If the mirror is not there: its keys would survive.
    """
    deleted: list[str] = []
    left: list[WrongState] = []
    for notice in retention_due(archive):
        if not notice.rule.deletes_itself:
            continue
        try:
            delete_event(archive, notice.event_id, "retention")
            deleted.append(notice.event_id)
        except WrongState as error:
            left.append(error)
    for fault in left:
        if refused is None:
            raise fault
        refused(fault)
    return deleted


def confirm_clock(archive: Archive, today: date) -> None:
    """Log that the clock is right although the log was silent for long; ages count again.

    Parameters
    ----------
    archive : Archive
        Open, for an administrator.
    today : date
        As a person knows it, from elsewhere than this computer.

    Raises
    ------
    SettingsError
        If the clock has another date.
    CatalogError
        If it is behind the log.
    """
    with acting(archive, Action.MANAGE_RETENTION, detail=f"today:{today}") as session:
        session.catalog.check_clock()
        found = session.clock().date()
        if abs(found - today) > _DATE_TOLERANCE:
            raise SettingsError(
                f"the clock of this computer says {found}, and not {today}: set it first"
            )
        session.catalog.audit.append(
            session.identity.actor, Action.MANAGE_RETENTION, detail=CLOCK_CONFIRMED
        )
