"""The audit log: nothing is done that cannot be logged.

:meth:`AuditLog.audited` wraps an action. It asks the profile's permission, writes that
the action begins, and then how it ended; a refusal is written too. If the log cannot
be written, or if rows are missing from it, the action does not happen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from recorder_core.catalog.anchors import (
    EMPTY_HEAD,
    AuditHead,
    read_anchor,
    replace_anchor,
    write_anchor,
)
from recorder_core.catalog.chain import (
    CLOCK_TOLERANCE_SECONDS,
    AuditFinding,
    AuditReport,
    AuditRow,
    Outcome,
    beginning_of,
    hash_row,
    search_chain,
)
from recorder_core.catalog.codes import Clock, check_code, parse_utc
from recorder_core.catalog.database import Database
from recorder_core.catalog.profiles import Profile, require
from recorder_core.catalog.rows import fetch, insert
from recorder_core.errors import AuditError, CatalogError, NotAllowed

__all__ = ["Actor", "AuditLog"]

#: the action of the row with which a person goes on after a break
_ACCEPT_BREAK = "accept_audit_break"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, as what, and from where."""

    user_id: str
    profile: Profile
    #: "local", or the address of the browser
    origin: str = "local"

    def __post_init__(self) -> None:
        check_code(self.user_id, "user_id")
        check_code(self.origin, "origin")


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
        if not anchors:
            raise AuditError("the audit log needs at least one anchor file outside the database")
        self._database = database
        self._clock = clock
        self._anchors = tuple(anchors)
        self._remembering = (*anchors, *followers)
        #: anchors that could not be written, with the reason; others could
        self.anchor_faults: tuple[str, ...] = ()

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
                insert(connection, "audit", row)
                head = AuditHead(row.seq, row.hash)
                self._database.after_commit("anchors", lambda: self._write_anchors(head))
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
                f"{action} is done, but the log could not be told how it ended: do not repeat it; "
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
        return fetch(AuditRow, found)

    def begun(self, action: str) -> list[AuditRow]:
        """Return the rows that say that an action began, without those that failed.

        They were done, are going on, or were cut off.
        """
        rows = fetch(
            AuditRow,
            self._database.read("SELECT * FROM audit WHERE action = ? ORDER BY seq", action),
        )
        failed = {beginning_of(row) for row in rows if row.outcome in ("failed", "refused")}
        return [row for row in rows if row.outcome == "begun" and row.seq not in failed]

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
        rows = self.rows()
        report = search_chain(rows)
        hashes = {row.seq: row.hash for row in rows}
        findings = list(report.findings)
        for path in self._remembering:
            findings += self._compare_anchor(path, hashes)
        for head in kept_heads:
            findings += _compare_head(head, hashes, "a head that was kept")
        return replace(report, findings=tuple(findings))

    def catch_up_anchors(self) -> None:
        """Move anchors that a crash or an absent disk left behind to the present head.

        An anchor that contradicts the log is left as it is: it is the evidence.
        """
        head = self.head()
        behind = []
        for path in self._anchors:
            anchor = self._read_leniently(path)
            if anchor is not None and anchor.seq < head.seq and self._holds(anchor):
                behind.append(path)
        # a disk that cannot be written is told of; the next row finds out whether all cannot
        self._move_anchors(behind, head)

    def accept_break(self, actor: Actor) -> AuditRow:
        """Go on after a damaged or restored log; a row says what was missing and who knew.

        The time of that row is the latest from then on, even if the clock was ahead before.

        Raises
        ------
        NotAllowed
            Unless an administrator asks.
        """
        require(actor.profile, "manage_settings")
        head = self.head()
        seen = [
            str(anchor.seq) for anchor in map(self._read_leniently, self._remembering) if anchor
        ]
        for path in self._remembering:
            replace_anchor(path, head)
        detail = f"break_at:{head.seq} anchored:{'/'.join(seen) or 'none'}"
        lag = self.clock_lag_seconds()
        detail += f" clock_behind_seconds:{lag:.0f}" if lag else ""
        return self.append(actor, _ACCEPT_BREAK, detail=detail)

    def clock_lag_seconds(self) -> float:
        """Return by how much the clock is behind the latest time in the log, 0 if it is not.

        Only rows since the last accepted break count: a clock that was once ahead would
        otherwise be believed for ever.
        """
        latest = self._database.read(
            "SELECT max(at_utc) FROM audit WHERE seq >= (SELECT coalesce(max(seq), 0) FROM audit "
            "WHERE action = ?)",
            _ACCEPT_BREAK,
        )[0][0]
        if latest is None:
            return 0.0
        lag = parse_utc(latest) - self._clock()
        tolerance = timedelta(seconds=CLOCK_TOLERANCE_SECONDS)
        return lag.total_seconds() if lag > tolerance else 0.0

    def _ask(self, actor: Actor, action: str, event_id: str | None, detail: str) -> None:
        try:
            require(actor.profile, action)
        except NotAllowed:
            self.append(actor, action, event_id, outcome="refused", detail=detail)
            raise

    def _next_row(
        self, actor: Actor, action: str, event_id: str | None, outcome: Outcome, detail: str
    ) -> AuditRow:
        last = self.head()
        self._check_anchors(last)
        row = AuditRow(
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
        return replace(row, hash=hash_row(row))

    def _check_anchors(self, head: AuditHead) -> None:
        """Refuse to write after a log that is shorter than, or other than, anchored."""
        anchors = [self._read_leniently(path) for path in self._remembering]
        if all(anchor is None for anchor in anchors):
            raise AuditError(
                "every anchor of the audit log is missing or damaged, so nothing is done; put "
                "it back, or have an administrator accept the break"
            )
        for anchor in anchors:
            if anchor is not None and not self._holds(anchor):
                raise AuditError(
                    f"the audit log ends at row {head.seq} but its anchor names another row "
                    f"{anchor.seq}: rows are missing or changed, so nothing is done; restore the "
                    "catalog, or have an administrator accept the break"
                )

    def _holds(self, anchor: AuditHead) -> bool:
        if anchor.seq == 0:
            return True
        found = self._database.read("SELECT hash FROM audit WHERE seq = ?", anchor.seq)
        return bool(found) and found[0]["hash"] == anchor.hash

    def _write_anchors(self, head: AuditHead) -> None:
        self._move_anchors(self._anchors, head)
        if len(self.anchor_faults) == len(self._anchors):
            raise AuditError(f"{'; '.join(self.anchor_faults)}: nothing more is done")

    def _move_anchors(self, paths: Sequence[Path], head: AuditHead) -> None:
        faults: list[str] = []
        for path in paths:
            try:
                write_anchor(path, head)
            except AuditError as error:
                faults.append(str(error))
        self.anchor_faults = tuple(faults)

    def _read_leniently(self, path: Path) -> AuditHead | None:
        try:
            return read_anchor(path)
        except AuditError:
            # a damaged anchor counts as absent here; verify names it
            return None

    def _compare_anchor(self, path: Path, hashes: dict[int, str]) -> list[AuditFinding]:
        try:
            anchor = read_anchor(path)
        except AuditError as error:
            return [AuditFinding("anchor", 0, str(error))]
        if anchor is None:
            return [AuditFinding("anchor", 0, f"the audit anchor {path} is missing")]
        return _compare_head(anchor, hashes, f"the anchor {path}")


def _compare_head(head: AuditHead, hashes: dict[int, str], what: str) -> list[AuditFinding]:
    if head.seq == 0 or hashes.get(head.seq) == head.hash:
        return []
    if head.seq not in hashes:
        last = max(hashes, default=0)
        sentence = f"the log ends at row {last}, {what} names row {head.seq}: its end was cut off"
        return [AuditFinding("truncated", head.seq, sentence)]
    return [AuditFinding("edited", head.seq, f"row {head.seq} is not the one that {what} names")]
