"""The rows of the audit log, their hashes, and the search for what somebody changed."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from recorder_core.catalog.audit.anchors import EMPTY_HEAD, AuditHead
from recorder_core.catalog.database.rows import fetch
from recorder_core.catalog.model.codes import utc_text
from recorder_core.errors import CatalogDamaged

__all__ = [
    "ACCEPT_BREAK",
    "CLOCK_TOLERANCE_SECONDS",
    "RESTORED",
    "AuditFinding",
    "AuditReport",
    "AuditRow",
    "FindingKind",
    "Outcome",
    "after_query",
    "beginning_of",
    "fault_after",
    "find_faults",
    "hash_row",
    "read_rows",
    "search_chain",
]

Outcome = Literal["begun", "changed", "done", "refused", "failed"]
FindingKind = Literal[
    "edited", "deleted", "reordered", "truncated", "anchor", "unsigned", "changed", "refused"
]

#: action of the row in which an administrator accepts a break of the log
ACCEPT_BREAK: Final = "accept_audit_break"
#: detail of the row with which a catalog from a backup goes on
RESTORED: Final = "restored"
#: two processes may stamp their rows in the other order by this much
CLOCK_TOLERANCE_SECONDS = 2.0

#: what a row's hash is about, in this order; facts only where there are any
_HASHED_COLUMNS: Final = (
    "seq",
    "at_utc",
    "who",
    "profile",
    "action",
    "event_id",
    "origin",
    "outcome",
    "detail",
    "previous_hash",
    "facts",
)
_PREVIOUS_HASH: Final = _HASHED_COLUMNS.index("previous_hash")
#: what is read where the time of a row is damaged
_NO_TIME: Final = "0001-01-01T00:00:00.000000Z"
_DOMAIN = b"surgery-workbench audit row v1\n"
#: made once: every row of the log is written by it at each sign-in
_JSON: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """Who did what to which event, when, from where, and with what outcome."""

    seq: int
    at_utc: datetime
    who: str
    profile: str
    action: str
    event_id: str | None
    #: where the request came from: local, or an address
    origin: str
    outcome: Outcome
    #: codes only, such as begun:12 or reason:retention
    detail: str
    previous_hash: str
    hash: str
    #: what was changed to what, as JSON; empty in all rows but those with the outcome changed
    facts: str = ""
    #: of the hash, by the key of who acted; empty where nobody had signed in
    signature: str = ""


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """One thing that is wrong with the log, and at which row."""

    kind: FindingKind
    seq: int
    sentence: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What a check of the whole log found."""

    row_count: int
    head: AuditHead
    findings: tuple[AuditFinding, ...]
    #: not wrong, but worth knowing: clock set back, actions that were cut off
    remarks: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Whether no row was edited, deleted, reordered, cut off or changed outside the log."""
        return not self.findings


def hash_row(row: AuditRow) -> str:
    """Return the SHA-256 of a row and of the hash before it.

    Parameters
    ----------
    row : AuditRow
        Its own `hash` and `signature` are not part of the sum; its facts are, where it has any.
    """
    at = {"at_utc": utc_text(row.at_utc)}
    return _hash_content([at.get(name, getattr(row, name)) for name in _HASHED_COLUMNS])


def _hash_content(content: Sequence[object]) -> str:
    *values, facts = content
    content = [*values, facts] if facts else values
    return hashlib.sha256(_DOMAIN + _JSON.encode(content).encode("ascii")).hexdigest()


def after_query() -> str:
    """Return the SELECT of what `find_faults` reads of the rows after one ``seq``, a parameter."""
    return f"SELECT {', '.join(_HASHED_COLUMNS)}, hash FROM audit WHERE seq > ? ORDER BY seq"  # noqa: S608 - constants only


def fault_after(rows: Iterable[sqlite3.Row], head: AuditHead) -> str:
    """Return which of many rows is not as written or does not follow the one before.

    Parameters
    ----------
    rows : iterable of sqlite3.Row
        Of `after_query`.
    head : AuditHead
        The row before the first of them.

    Returns
    -------
    str
        Empty if all are right.
    """
    fault = next(find_faults(rows, head), None)
    if fault is None:
        return ""
    return f"row {fault.start} of the audit log was changed or removed"


def find_faults(rows: Iterable[sqlite3.Row], head: AuditHead) -> Iterator[range]:
    """Yield the numbers at each row that is not as written or does not follow the one before.

    Unlike `search_chain` it makes no objects: it is asked at every sign-in.

    Parameters
    ----------
    rows : iterable of sqlite3.Row
        Of `after_query`.
    head : AuditHead
        The row before the first of them.

    Yields
    ------
    range
        From after the row before it, so with those that are missing, to the row itself.
    """
    last_seq, last_hash = head.seq, head.hash
    for row in rows:
        *content, row_hash = row
        seq, previous_hash = content[0], content[_PREVIOUS_HASH]
        follows = (seq, previous_hash) == (last_seq + 1, last_hash)
        if not follows or not _is_as_hashed(content, row_hash):
            yield range(last_seq + 1, seq + 1)
        last_seq, last_hash = seq, row_hash


def _is_as_hashed(content: Sequence[object], row_hash: str) -> bool:
    """Return whether a row, as SQLite has it, is what was written; a BLOB is nothing of a row."""
    try:
        return _hash_content(content) == row_hash
    except TypeError:
        return False


def read_rows(found: Iterable[sqlite3.Row]) -> list[AuditRow]:
    """Return rows of the log, those that are not as written, too.

    One whose time is damaged bears the earliest, so that its hash is another and it is named.

    Raises
    ------
    CatalogDamaged
        If a row holds something else that no row can be.
    """
    return [_read_row(row) for row in found]


def _read_row(row: sqlite3.Row) -> AuditRow:
    try:
        [read] = fetch(AuditRow, [row])
    except CatalogDamaged:
        [read] = fetch(AuditRow, [{**row, "at_utc": _NO_TIME}])
    return read


def search_chain(rows: Iterable[AuditRow]) -> AuditReport:
    """Check every row against its hash and its predecessor.

    Parameters
    ----------
    rows : iterable of AuditRow
        The whole log, in the order of `seq`.

    Returns
    -------
    AuditReport
        Findings inside the chain; the anchors are checked elsewhere.
    """
    findings: list[AuditFinding] = []
    remarks: list[str] = []
    begun: dict[int, AuditRow] = {}
    last: AuditRow | None = None
    count = 0
    for row in rows:
        findings += _faults(row, last)
        remarks += _clock_remarks(row, last)
        _match_outcome(row, begun)
        last = row
        count += 1
    remarks += [
        f"row {seq}: {row.action} has no outcome: it is still in progress, or was cut off"
        for seq, row in begun.items()
    ]
    head = AuditHead(last.seq, last.hash) if last else EMPTY_HEAD
    return AuditReport(count, head, tuple(findings), tuple(remarks))


def _faults(row: AuditRow, last: AuditRow | None) -> list[AuditFinding]:
    previous = AuditHead(last.seq, last.hash) if last else EMPTY_HEAD
    if hash_row(row) != row.hash:
        return [AuditFinding("edited", row.seq, f"row {row.seq} is not what was written")]
    if row.seq != previous.seq + 1:
        gone = f"rows {previous.seq + 1} to {row.seq - 1} were deleted"
        return [AuditFinding("deleted", row.seq, gone)]
    if row.previous_hash != previous.hash:
        sentence = f"row {row.seq} does not follow row {previous.seq}: rows were swapped"
        return [AuditFinding("reordered", row.seq, sentence)]
    return []


def _clock_remarks(row: AuditRow, last: AuditRow | None) -> list[str]:
    if last is None or last.at_utc - row.at_utc <= timedelta(seconds=CLOCK_TOLERANCE_SECONDS):
        return []
    back = (last.at_utc - row.at_utc).total_seconds()
    return [f"row {row.seq}: the clock was set back by {back:.0f} s; the order of rows is right"]


def _match_outcome(row: AuditRow, begun: dict[int, AuditRow]) -> None:
    if row.outcome == "begun":
        begun[row.seq] = row
        return
    begun.pop(beginning_of(row), None)


def beginning_of(row: AuditRow) -> int:
    """Return the row that said that this action began; 0 for one that has no such row."""
    for word in row.detail.split():
        name, _, value = word.partition(":")
        if name == "begun" and value.isascii() and value.isdecimal():
            return int(value)
    return 0
