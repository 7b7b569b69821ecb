"""The catalog: what exists, in which state, who may read it, and who did what."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from recorder_core.catalog.audit.anchors import EMPTY_HEAD, read_anchor, write_anchor
from recorder_core.catalog.audit.chain import AuditRow
from recorder_core.catalog.audit.leaps import ClockLeap, find_leap
from recorder_core.catalog.audit.ledger import Ledger, Verifier, read_ledger
from recorder_core.catalog.audit.ledger_reader import PEOPLE, LedgerReader, PeopleLedger, log_rows
from recorder_core.catalog.audit.log import AuditLog
from recorder_core.catalog.audit.unstated import UnstatedRows
from recorder_core.catalog.database.connection import BUSY_TIMEOUT_SECONDS, Database
from recorder_core.catalog.database.migrating import migrate
from recorder_core.catalog.database.migrations import MIGRATIONS
from recorder_core.catalog.database.schema import check_schema
from recorder_core.catalog.database.statements import PROTECTED, Facts, present_facts
from recorder_core.catalog.events.contents import Contents
from recorder_core.catalog.events.events import Events
from recorder_core.catalog.events.moments import Moments
from recorder_core.catalog.events.retention import Retention
from recorder_core.catalog.events.reviews import Reviews
from recorder_core.catalog.events.views import Views
from recorder_core.catalog.jobs import Jobs
from recorder_core.catalog.model.actor import Actor
from recorder_core.catalog.model.codes import Clock, check_code, utc_now
from recorder_core.catalog.model.life import DELETION_REASONS, DeletionReason
from recorder_core.catalog.model.profiles import Action
from recorder_core.catalog.people import Grants, Users
from recorder_core.catalog.settings import Settings
from recorder_core.errors import AuditError, CatalogBusy, CatalogError, NotAllowed
from recorder_core.model.values.phrase import phrase

__all__ = ["Catalog"]


class Catalog:
    """One open catalog; a context manager.

    Parameters
    ----------
    path : Path
        Made by :meth:`create`.
    anchors : sequence of Path, optional
        Files that remember the head of the audit log; default is ``audit-head.json``
        beside the catalog.
    followers : sequence of Path, optional
        Anchors on other disks, which whoever copies the catalog there writes; they are compared.
    clock : callable, optional
        Gives the time; for tests.
    busy_timeout_seconds : float, default 10
        How long to wait for another process.
    free_space : callable, optional
        Called before each transaction, so that a full disk has space for it.

    Raises
    ------
    CatalogError
        If it cannot be opened; SchemaTooNew, CatalogDamaged or CatalogBusy where fitting.

    Attributes
    ----------
    events : Events
    contents : Contents
    moments : Moments
    views : Views
    reviews : Reviews
    users : Users
    grants : Grants
    jobs : Jobs
    retention : Retention
    settings : Settings
    audit : AuditLog
    """

    def __init__(
        self,
        path: Path,
        *,
        anchors: Sequence[Path] | None = None,
        followers: Sequence[Path] = (),
        clock: Clock = utc_now,
        busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS,
        free_space: Callable[[], None] | None = None,
    ) -> None:
        self.path, self._clock = path, clock
        self._database = Database(
            path, busy_timeout_seconds=busy_timeout_seconds, free_space=free_space
        )
        try:
            self.applied_migrations = tuple(migrate(self._database, clock))
            self._database.watch_schema(partial(check_schema, applied=MIGRATIONS))
            anchors = anchors or (_default_anchor(path),)
            self.audit = AuditLog(self._database, clock, anchors, followers)
            self.audit.catch_up_anchors()
        except BaseException:
            self._database.close()
            raise
        self.events = Events(self._database, clock)
        self.contents = Contents(self._database, self.events, clock)
        self.reviews = Reviews(self._database, self.events, clock)
        self.moments = Moments(self._database, self.events, clock)
        self.views = Views(self._database, self.events, clock)
        self.users = Users(self._database, clock)
        self.grants = Grants(self._database, self.events, clock)
        self.jobs = Jobs(self._database, clock)
        self.retention = Retention(self._database, self.events, clock)
        self.settings = Settings(self._database)
        self._people = LedgerReader(self._database)

    @classmethod
    def create(
        cls, path: Path, *, anchors: Sequence[Path] | None = None, clock: Clock = utc_now
    ) -> Self:
        """Make a new catalog and open it.

        Parameters
        ----------
        path : Path
            File that does not exist, in a folder that does.
        anchors : sequence of Path, optional
            As for opening.
        clock : callable, optional
            As for opening.

        Raises
        ------
        CatalogError
            If the file exists or the folder cannot be written.
        AuditError
            If an anchor remembers a log: the catalog that it belongs to is gone.
        """
        _make_empty(path, anchors or (_default_anchor(path),))
        return cls(path, anchors=anchors, clock=clock)

    def audited(
        self, actor: Actor, action: Action, event_id: str | None = None, *, detail: str = ""
    ) -> AbstractContextManager[AuditRow]:
        """Wrap an action: ask the profile, log, act, log the outcome.

        See :meth:`recorder_core.catalog.AuditLog.audited`.
        """
        return self.audit.audited(actor, action, event_id, detail=detail)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Store everything that is written inside together, or nothing of it."""
        with self._database.write():
            yield

    def actor(self, user_id: str, *, origin: str = "local") -> Actor:
        """Return a user as who acts, with the profile that the catalog knows.

        Raises
        ------
        NotAllowed
            If the user is disabled.
        NotInCatalog
            If there is no such user.
        """
        user = self.users.get(user_id)
        if user.is_disabled:
            raise NotAllowed(phrase("user_disabled", "this user is disabled; ask an administrator"))
        return Actor(user.user_id, user.profile, origin)

    def delete_event(self, actor: Actor, event_id: str, reason: DeletionReason) -> bool:
        """Destroy the keys and the names of an event for ever; the audit log says who and why.

        Without its keys an encrypted file is noise, on every disk and in every backup of
        the files. What remains is a row without names: id, times, procedure code.

        Parameters
        ----------
        actor : Actor
            An administrator.
        event_id : str
            An event that is not recording.
        reason : str
            One of `DELETION_REASONS`.

        Returns
        -------
        bool
            Whether the write-ahead log is empty too. If False another process was
            reading: call :meth:`empty_journal` until it is True.

        Raises
        ------
        NotAllowed, AuditError
            If the profile may not, or if it cannot be logged.
        WrongState
            If the event is recording or deleted, or if the site keeps it longer.
        CatalogError
            If the reason is its age, and the clock is behind the audit log or may be ahead.
        """
        if reason not in DELETION_REASONS:
            raise CatalogError(f"a deletion needs one of the reasons {', '.join(DELETION_REASONS)}")
        with self.audited(actor, Action.DELETE_EVENT, event_id, detail=f"reason:{reason}"):
            if reason == "retention":
                self.check_ages()
            with self._database.write():
                self.retention.check_deletion(self.events.get(event_id), reason)
                self.events.shred(event_id, actor.user_id)
        return self.empty_journal()

    def present(self, rows: Iterable[str] = PROTECTED) -> Facts:
        """Return the values of every protected row as they are now, or those of some.

        Parameters
        ----------
        rows : iterable of str, optional
            Tables, or tables and the beginning of what names their rows.
        """
        return present_facts(self._database.read, rows)

    def ledger(
        self, trust: str, verify: Verifier, *, tables: Sequence[str] = (), rows: Sequence[str] = ()
    ) -> Ledger:
        """Return what the signed rows of the audit log state.

        Parameters
        ----------
        trust : str
            Hash of the row on which the trust in this log rests.
        verify : callable
            Checks one signature.
        tables : sequence of str, optional
            Read only what changes these, which is fast; all when neither these nor rows are given.
        rows : sequence of str, optional
            Read what changes these too.
        """
        return read_ledger(log_rows(self._database, trust, tables, rows), trust, verify)

    def ledger_and_present(
        self, trust: str, verify: Verifier, tables: Sequence[str] = ()
    ) -> tuple[Ledger, Facts]:
        """Return what the log states of tables, and their rows, both of one moment.

        Read apart, what another process writes in between would look changed without an entry.

        Parameters
        ----------
        trust, verify
            As for :meth:`ledger`.
        tables : sequence of str, optional
            Tables, or tables and the beginning of what names their rows; all when not given.
        """
        with self._database.still():
            found = log_rows(self._database, trust, tables)
            present = self.present(tables or PROTECTED)
        return read_ledger(found, trust, verify), present

    def people_and_present(self, trust: str, verify: Verifier) -> tuple[PeopleLedger, Facts]:
        """Return what the log states of users and settings, and their rows, both of one moment."""
        with self._database.still():
            return self.people_ledger(trust, verify), self.present(PEOPLE)

    def refuse_unstated(self, trust: str, verify: Verifier) -> None:
        """From now on refuse to state a row that was not, before, what the log states of it.

        Parameters
        ----------
        trust : str
            Hash of the row on which the trust in this log rests; nothing is refused where there
            is none.
        verify : callable
            Checks one signature.
        """
        if trust:
            self.audit.unstated = UnstatedRows(
                self._database,
                lambda: self.people_ledger(trust, verify).ledger,
                lambda names: self.ledger(trust, verify, tables=PEOPLE, rows=names),
            )

    def check_stated(self, rows: Iterable[str]) -> None:
        """Check that rows may be changed: they are what the log states, or nobody signs yet.

        Parameters
        ----------
        rows : iterable of str
            Tables, or tables and the beginning of what names their rows.

        Raises
        ------
        AuditError
            If one was changed outside this program.
        """
        if self.audit.unstated is not None:
            self.audit.unstated.check(self.present(rows))

    def people_ledger(self, trust: str, verify: Verifier) -> PeopleLedger:
        """Return what the signed rows of the audit log state of users and settings.

        Rows that were read before, and that nobody else can have changed since, are not read
        again: it is asked before anything is given to anybody.

        Parameters
        ----------
        trust : str
            Hash of the row on which the trust in this log rests.
        verify : callable
            Checks one signature.
        """
        return self._people.read(trust, verify)

    def empty_journal(self) -> bool:
        """Cut the write-ahead log, which may hold what was deleted; False if it is in use."""
        try:
            return self._database.empty_journal()
        except CatalogBusy:
            return False

    def check(self) -> None:
        """Check every page, index and reference; CatalogDamaged if one is wrong."""
        self._database.check()

    def check_clock(self) -> None:
        """Raise a CatalogError if the clock was set back and cannot tell an event's age."""
        lag = self.audit.clock_lag_seconds()
        if lag:
            raise CatalogError(
                f"the clock of this computer is {lag:.0f} s behind the latest time in the audit "
                "log, so ages cannot be told and nothing is deleted; set the clock first, or, if "
                "it is right now and was ahead before, have an administrator accept that with "
                "'workbench audit accept-break'"
            )

    def check_ages(self) -> None:
        """Raise a CatalogError if the clock may be wrong, and nothing is deleted for its age."""
        self.check_clock()
        leap = self.clock_leap()
        if leap:
            raise CatalogError(
                f"the audit log has no entry between {leap.before:%Y-%m-%d} and "
                f"{leap.after:%Y-%m-%d}: the archive was not used, or the clock of this computer "
                "is ahead, and nothing is deleted for its age; set the clock, or, if it is right, "
                "have an administrator say so with 'workbench retention confirm-clock DATE', with "
                "the date of today"
            )

    def clock_leap(self) -> ClockLeap | None:
        """Return the first silence of the log that makes the clock doubtful; None if none does."""
        rows = self._database.read("SELECT at_utc, action, detail FROM audit ORDER BY seq")
        return find_leap(map(tuple, rows), self._clock())

    def tell_commits(self, call: Callable[[], None]) -> None:
        """Call `call` after every commit of this process; it must not wait."""
        self._database.on_commit = call

    def close(self) -> None:
        """Close the catalog."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _default_anchor(path: Path) -> Path:
    return path.with_name("audit-head.json")


def _make_empty(path: Path, anchors: Sequence[Path]) -> None:
    """Make the anchors first: a catalog without any is one whose log was tampered with."""
    check_code(path.name, "the file name of the catalog")
    if path.exists():
        raise CatalogError(f"there is already a catalog at {path}; open it")
    for anchor in anchors:
        known = read_anchor(anchor)
        if known is not None and known.seq > 0:
            raise AuditError(
                f"the audit anchor {anchor} remembers {known.seq} rows of a catalog that is gone; "
                "restore that catalog, or move the anchor away to keep it as evidence"
            )
        write_anchor(anchor, EMPTY_HEAD)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        raise CatalogError(
            f"no catalog can be created at {path} ({os.strerror(error.errno or 0)}); check the "
            "folder"
        ) from error
