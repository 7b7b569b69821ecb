"""Heads of the audit log that were kept elsewhere, compared with the rows that are there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from recorder_core.catalog.audit.anchors import AuditHead, read_anchor
from recorder_core.catalog.audit.chain import AuditFinding
from recorder_core.errors import AuditError

__all__ = ["compare_anchor", "compare_head", "read_leniently", "read_or_fault"]


def read_or_fault(path: Path) -> AuditHead | AuditError:
    """Return the head in an anchor file, or why there is none."""
    try:
        return read_anchor(path) or AuditError(f"the audit anchor {path} is missing")
    except AuditError as error:
        return error


def compare_anchor(
    path: Path, found: AuditHead | AuditError, hashes: Mapping[int, str]
) -> list[AuditFinding]:
    """Compare the head in an anchor file with the rows.

    Parameters
    ----------
    path : Path
        The anchor.
    found : AuditHead or AuditError
        What :func:`read_or_fault` said of it, before the rows were read: what another process
        appends meanwhile is in the rows then.
    hashes : mapping
        Number of each row -> its hash.
    """
    if isinstance(found, AuditError):
        return [AuditFinding("anchor", 0, str(found))]
    return compare_head(found, hashes, f"the anchor {path}")


def compare_head(head: AuditHead, hashes: Mapping[int, str], what: str) -> list[AuditFinding]:
    """Compare one head with the rows; `what` names in words where it comes from."""
    if head.seq == 0 or hashes.get(head.seq) == head.hash:
        return []
    if head.seq not in hashes:
        last = max(hashes, default=0)
        sentence = f"the log ends at row {last}, {what} names row {head.seq}: its end was cut off"
        return [AuditFinding("truncated", head.seq, sentence)]
    return [AuditFinding("edited", head.seq, f"row {head.seq} is not the one that {what} names")]


def read_leniently(path: Path) -> AuditHead | None:
    """Return the head in an anchor file; None for a missing or damaged one."""
    try:
        return read_anchor(path)
    except AuditError:
        # a damaged anchor counts as absent here; verify names it
        return None
