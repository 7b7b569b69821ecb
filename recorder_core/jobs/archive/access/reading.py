"""The catalog for callers who read it from Python: each call asks the profile and is logged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from recorder_core.catalog import Action, AuditHead
from recorder_core.errors import NotAllowed
from recorder_core.jobs.archive.access.session import Session

__all__ = ["CATALOG_READS", "CatalogReader"]

#: part of the catalog and its method -> what calling it needs; no other can be called
CATALOG_READS: Final[Mapping[str, Action]] = {
    "audit.begun": Action.READ_AUDIT,
    "audit.rows": Action.READ_AUDIT,
    "audit.verify": Action.READ_AUDIT,
    "contents.devices": Action.LIST_EVENTS,
    "contents.files": Action.LIST_EVENTS,
    "contents.markers": Action.LIST_EVENTS,
    # of any event: what a researcher may have of a released one is read from the event
    "contents.pts_index": Action.READ_UNRELEASED,
    "contents.roles": Action.LIST_EVENTS,
    "contents.screenshots": Action.LIST_EVENTS,
    "contents.signals": Action.LIST_EVENTS,
    "events.find": Action.LIST_EVENTS,
    "events.get": Action.LIST_EVENTS,
    "events.get_sealed": Action.READ_IDENTITY,
    "events.history": Action.LIST_EVENTS,
    "events.sealed_names": Action.READ_IDENTITY,
    "events.was_signed_off": Action.LIST_EVENTS,
    "grants.history": Action.GRANT,
    "grants.key": Action.GRANT,
    "grants.keys": Action.GRANT,
    "moments.decisions": Action.REVIEW,
    "moments.queue": Action.REVIEW,
    # the archive's own `jobs` leave out what a check found in a copy
    "jobs.find": Action.READ_UNRELEASED,
    "jobs.get": Action.READ_UNRELEASED,
    "retention.due": Action.MANAGE_RETENTION,
    "retention.rule_for": Action.MANAGE_RETENTION,
    "retention.rules": Action.MANAGE_RETENTION,
    "retention.sites_without_rule": Action.MANAGE_RETENTION,
    "reviews.corrections": Action.READ_UNRELEASED,
    "reviews.detections_summaries": Action.READ_UNRELEASED,
    "reviews.review": Action.READ_DETECTIONS,
    "reviews.sign_offs": Action.LIST_EVENTS,
    "settings.all": Action.MANAGE_SETTINGS,
    "users.all": Action.MANAGE_USERS,
    "users.get": Action.MANAGE_USERS,
}


class CatalogReader:
    """Reads the catalog of an open archive for the person who signed in; changes nothing.

    Its parts have the methods of those of :class:`recorder_core.catalog.Catalog`. Each asks the
    person's profile for its action in `CATALOG_READS` and is logged. What changes the catalog
    is refused to everybody: the functions of the archive do that.

    Parameters
    ----------
    session : Session
        Of the open archive.

    Attributes
    ----------
    audit, contents, events, grants, jobs, moments, retention, reviews, settings, users
        The parts.
    """

    def __init__(self, session: Session) -> None:
        self.audit = _AuditReader(session, "audit")
        self.contents = _PartReader(session, "contents")
        self.events = _PartReader(session, "events")
        self.grants = _PartReader(session, "grants")
        self.jobs = _PartReader(session, "jobs")
        self.moments = _PartReader(session, "moments")
        self.retention = _PartReader(session, "retention")
        self.reviews = _PartReader(session, "reviews")
        self.settings = _PartReader(session, "settings")
        self.users = _PartReader(session, "users")


class _PartReader:
    """One part of the catalog, such as its events."""

    def __init__(self, session: Session, part: str) -> None:
        self._session = session
        self._part = part

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(getattr(self._session.catalog, self._part), name)
        action = CATALOG_READS.get(f"{self._part}.{name}")
        return partial(self._read, name, method, action)

    def _read(
        self,
        name: str,
        method: Callable[..., Any],
        action: Action | None,
        *arguments: object,
        **options: object,
    ) -> Any:
        if action is None:
            raise NotAllowed(
                "the catalog of an open archive is changed by the functions of the archive, which "
                f"ask the profile and write the log; {self._part}.{name} was not called"
            )
        with self._session.audited(action, detail=f"catalog:{self._part}.{name}"):
            return method(*arguments, **options)


class _AuditReader(_PartReader):
    def head(self) -> AuditHead:
        """Return the last row's number and hash, which say nothing of what is in it."""
        return self._session.catalog.audit.head()
