"""The audit log: nothing is done that cannot be logged.

:meth:`AuditLog.audited` wraps an action. It asks the profile's permission, writes that
the action begins, and then how it ended; a refusal is written too. If the log cannot
be written, or if rows are missing from it, the action does not happen.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from recorder_core.catalog.audit.acting import Acting
from recorder_core.catalog.audit.anchors import EMPTY_HEAD, AuditHead
from recorder_core.catalog.audit.chain import (
    ACCEPT_BREAK,
    CLOCK_TOLERANCE_SECONDS,
    AuditReport,
    AuditRow,
    Outcome,
    after_query,
    beginning_of,
    fault_after,
    hash_row,
    read_rows,
    search_chain,
)
from recorder_core.catalog.audit.log_anchors import LogAnchors
from recorder_core.catalog.audit.unstated import UnstatedRows
from recorder_core.catalog.audit.verifying import compare_anchor, compare_head
from recorder_core.catalog.database.connection import Database
from recorder_core.catalog.database.rows import fetch, insert
from recorder_core.catalog.database.statements import Changes, Facts, facts_text
from recorder_core.catalog.model.actor import Actor
from recorder_core.catalog.model.codes import Clock, check_code, parse_utc
from recorder_core.catalog.model.profiles import require
from recorder_core.errors import AuditError, CatalogDamaged, CatalogError, NotAllowed

__all__ = ["AuditLog"]


class AuditLog:
    """The hash chain in the table ``audit`` and its anchors.

    Parameters
    ----------
    database : Database
        Migrated.
    clock : callable
        Gives the time of each row.
    anchors : sequence of Path
        Files that remember the head; written with every row.
    followers : sequence of Path, optional
        Files on other disks that remember an earlier head, of the copy of the catalog there;
        they are compared, and written by whoever makes that copy.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        anchors: Sequence[Path],
        followers: Sequence[Path] = (),
    ) -> None:
        self._database = database
        self._clock = clock
        self._anchors = LogAnchors(database, anchors, followers)
        self._changes = Changes(database)
        self._acting = Acting()
        self._is_guarded = False
        #: refuses to state what was changed outside this program, once it is known who signs
        self.unstated: UnstatedRows | None = None
        database.before_commit = self._state_changes

    @property
    def anchor_faults(self) -> tuple[str, ...]:
        """Anchors that could not be written, with the reason; others could."""
        return self._anchors.faults

    @contextmanager
    def audited(
        self, actor: Actor, action: str, event_id: str | None = None, *, detail: str = ""
    ) -> Iterator[AuditRow]:
        """Ask permission, log, act, log the outcome.

        Parameters
        ----------
        actor : Actor
            Who asks.
        action : Action
            What is asked for.
        event_id : str, optional
            The event that it is about.
        detail : str, default ""
            Codes separated by spaces, such as ``reason:retention``; never free text.

        Yields
        ------
        AuditRow
            The row that says that the action began.

        Raises
        ------
        NotAllowed
            If the profile may not do this; the refusal is logged.
        AuditError
            If the log cannot be written, or inside a transaction, whose rollback would
            take the row with it.
        """
        if self._database.in_transaction:
            raise AuditError("an audited action must not begin inside a transaction")
        self._ask(actor, action, event_id, detail)
        begun = self.append(actor, action, event_id, outcome="begun", detail=detail)
        link = f"begun:{begun.seq}"
        try:
            with self.acting(actor, action, event_id):
                yield begun
        except BaseException as error:
            ending = f"{link} error:{type(error).__name__}"
            outcome: Outcome = "refused" if isinstance(error, NotAllowed) else "failed"
            # what went wrong first is what the person must read
            with suppress(AuditError):
                self.append(actor, action, event_id, outcome=outcome, detail=ending)
            raise
        self._append_done(actor, action, event_id, link)

    def append(
        self,
        actor: Actor,
        action: str,
        event_id: str | None = None,
        *,
        outcome: Outcome = "done",
        detail: str = "",
        facts: Facts | None = None,
    ) -> AuditRow:
        """Write one row and remember it in the anchors; on the disk when this returns.

        Inside a transaction the row is part of it, and the anchors follow its commit.

        Raises
        ------
        AuditError
            If the row or every anchor cannot be written, or if the log is shorter than
            an anchor says.
        """
        check_code(action, "action")
        if event_id is not None:
            check_code(event_id, "event_id")
        for word in detail.split(" ") if detail else ():
            check_code(word, "detail")
        try:
            with self._database.write() as connection:
                row = self._next_row(actor, action, event_id, outcome, detail)
                row = _completed(row, actor, facts or {})
                insert(connection, "audit", row)
                head = AuditHead(row.seq, row.hash)
                self._database.after_commit("anchors", lambda: self._anchors.write(head))
        except AuditError:
            raise
        except CatalogError as error:
            raise AuditError(f"this cannot be logged, so it is not done: {error}") from error
        return row

    def _append_done(self, actor: Actor, action: str, event_id: str | None, link: str) -> None:
        try:
            self.append(actor, action, event_id, outcome="done", detail=link)
        except AuditError as error:
            raise AuditError(
                f"{action} is done, but its outcome could not be logged: do not repeat it; "
                f"look at the archive with 'workbench archive status' ({error.__cause__ or error})"
            ) from error

    def rows(self, *, event_id: str | None = None, newest: int | None = None) -> list[AuditRow]:
        """Return rows in the order in which they were written.

        Parameters
        ----------
        event_id : str, optional
            Only those about this event.
        newest : int, optional
            Only the last so many of them.
        """
        found = self._database.read(
            "SELECT * FROM (SELECT * FROM audit WHERE ?1 IS NULL OR event_id = ?1 "
            "ORDER BY seq DESC LIMIT ?2) ORDER BY seq",
            event_id,
            -1 if newest is None else newest,
        )
        return read_rows(found)

    def begun(self, action: str) -> list[AuditRow]:
        """Return the rows that say that an action began, without those that failed.

        They were done, are going on, or were cut off.
        """
        rows = read_rows(
            self._database.read("SELECT * FROM audit WHERE action = ? ORDER BY seq", action),
        )
        failed = {beginning_of(row) for row in rows if row.outcome in ("failed", "refused")}
        return [row for row in rows if row.outcome == "begun" and row.seq not in failed]

    def beginning_with(self, action: str, detail: str) -> list[AuditRow]:
        """Return the rows of an action whose detail begins with these words, oldest first."""
        sql = "SELECT * FROM audit WHERE action = ?1 AND substr(detail, 1, ?2) = ?3 ORDER BY seq"
        return read_rows(self._database.read(sql, action, len(detail), detail))

    def head(self) -> AuditHead:
        """Return the last row's number and hash; print it to have a third anchor."""
        found = self._database.read("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
        return fetch(AuditHead, found)[0] if found else EMPTY_HEAD

    def verify(self, kept_heads: Sequence[AuditHead] = ()) -> AuditReport:
        """Check the whole log against itself, the anchors and heads kept elsewhere.

        Parameters
        ----------
        kept_heads : sequence of AuditHead
            Printed or written down at some earlier time.

        Returns
        -------
        AuditReport
            Every edited, deleted, exchanged and cut-off row that can be told.
        """
        anchored = self._anchors.read()
        rows = self.rows()
        report = search_chain(rows)
        hashes = {row.seq: row.hash for row in rows}
        findings = [*report.findings]
        for path, found in anchored.items():
            findings += compare_anchor(path, found, hashes)
        for head in kept_heads:
            findings += compare_head(head, hashes, "a head that was kept")
        return replace(report, findings=tuple(findings))

    def catch_up_anchors(self) -> None:
        """Move anchors that a crash or an absent disk left behind to the present head.

        An anchor that contradicts the log is left as it is: it is the evidence.
        """
        self._anchors.catch_up(self.head())

    def chain_fault(self, after: AuditHead = EMPTY_HEAD) -> str:
        """Return in words what is wrong with the chain of rows; empty if nothing is.

        Parameters
        ----------
        after : AuditHead
            The row before the first that is looked at.
        """
        return fault_after(self._database.read(after_query(), after.seq), after)

    def newest_signed(self) -> AuditRow | None:
        """Return the newest row that bears a signature."""
        sql = "SELECT * FROM audit WHERE signature != '' ORDER BY seq DESC LIMIT 1"
        return next(iter(read_rows(self._database.read(sql))), None)

    def accept_break(
        self, actor: Actor, stated: Facts | None = None, *, aside: Sequence[str] = ()
    ) -> AuditRow:
        """Continue after a damaged or restored log; a row says what was missing and who knew.

        The time of that row is the latest from then on, even if the clock was ahead before.

        Parameters
        ----------
        actor : Actor
            An administrator.
        stated : mapping, optional
            Every protected row of the catalog as it is, and those that were removed.
        aside : sequence of str, optional
            Folders in which other catalogs were set aside.

        Raises
        ------
        NotAllowed
            Unless an administrator asks.
        """
        require(actor.profile, "manage_settings")
        head = self.head()
        seen = [str(anchor.seq) for anchor in self._anchors.heads() if anchor]
        self._anchors.replace(head)
        detail = f"break_at:{head.seq} anchored:{'/'.join(seen) or 'none'}"
        lag = self.clock_lag_seconds()
        detail += f" clock_behind_seconds:{lag:.0f}" if lag else ""
        detail += "".join(f" set_aside:{name}" for name in aside)
        return self.append(actor, ACCEPT_BREAK, detail=detail, facts=stated)

    def guard(self) -> None:
        """From now on refuse changes of protected rows outside an audited action."""
        self._is_guarded = True

    @property
    def is_acting(self) -> bool:
        """Whether an action that was asked for and logged is going on."""
        return bool(self._acting)

    def clock_lag_seconds(self) -> float:
        """Return by how much the clock is behind the latest time in the log, 0 if it is not.

        Only rows since the last accepted break count: a clock that was once ahead would
        otherwise be believed for ever.
        """
        latest = self._database.read(
            "SELECT max(at_utc) FROM audit WHERE seq >= (SELECT coalesce(max(seq), 0) FROM audit "
            "WHERE action = ?)",
            ACCEPT_BREAK,
        )[0][0]
        if latest is None:
            return 0.0
        try:
            lag = parse_utc(latest) - self._clock()
        except CatalogDamaged:
            return 0.0  # a damaged row: nothing that rests on the log is done before it is accepted
        tolerance = timedelta(seconds=CLOCK_TOLERANCE_SECONDS)
        return lag.total_seconds() if lag > tolerance else 0.0

    @contextmanager
    def acting(self, actor: Actor, action: str, event_id: str | None = None) -> Iterator[None]:
        """State what is changed inside in this person's name; without a row of its own."""
        with self._acting.doing(actor, action, event_id):
            yield

    def state_now(self, facts: Facts | None = None) -> AuditRow:
        """State what the transaction has changed so far, or what is given; return the row.

        Raises
        ------
        AuditError
            Outside an action, or if a row was changed outside this program before.
        """
        doing = self._acting.innermost()
        if doing is None:
            raise AuditError("no user is signed in, in whose name a change could be stated")
        actor, action, event_id = doing
        with self._database.write() as connection:
            before, changed = self._changes.before(connection), self._changes.take(connection)
            if self.unstated is not None:
                self.unstated.refuse(before, changed)
            return self.append(actor, action, event_id, outcome="changed", facts=facts or changed)

    def _state_changes(self, connection: sqlite3.Connection) -> None:
        """Write what a transaction changed into the log, signed, before it is committed."""
        if not self._changes.any(connection):
            return
        doing = self._acting.innermost()
        if doing is not None and doing[0].sign is not None:
            self.state_now()
        elif doing is not None:
            self._changes.take(connection)  # nobody vouches for this archive yet
        elif self._is_guarded:
            raise NotAllowed(
                "the catalog of an open archive is changed by the functions of the archive, which "
                "ask the profile and write the log; nothing was stored"
            )

    def _ask(self, actor: Actor, action: str, event_id: str | None, detail: str) -> None:
        try:
            require(actor.profile, action)
        except NotAllowed:
            self.append(actor, action, event_id, outcome="refused", detail=detail)
            raise

    def _next_row(
        self,
        actor: Actor,
        action: str,
        event_id: str | None,
        outcome: Outcome,
        detail: str,
    ) -> AuditRow:
        last = self.head()
        self._anchors.check(last)
        return AuditRow(
            seq=last.seq + 1,
            at_utc=self._clock(),
            who=actor.user_id,
            profile=actor.profile.value,
            action=str(action),
            event_id=event_id,
            origin=actor.origin,
            outcome=outcome,
            detail=detail,
            previous_hash=last.hash,
            hash="",
        )


def _completed(row: AuditRow, actor: Actor, facts: Facts) -> AuditRow:
    """Return a row with its facts, its hash and its signature."""
    row = replace(row, facts=facts_text(facts) if facts else "")
    row = replace(row, hash=hash_row(row))
    return replace(row, signature=actor.sign(row.hash)) if actor.sign else row
