"""Heads of the audit log that were kept elsewhere, compared with the rows that are there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from recorder_core.catalog.audit.anchors import AuditHead, read_anchor
from recorder_core.catalog.audit.chain import AuditFinding
from recorder_core.errors import AuditError

__all__ = ["compare_anchor", "compare_head", "read_leniently"]


def compare_anchor(path: Path, hashes: Mapping[int, str]) -> list[AuditFinding]:
    """Compare the head in an anchor file with the rows.

    Parameters
    ----------
    path : Path
        The anchor.
    hashes : mapping
        Number of each row -> its hash.
    """
    try:
        anchor = read_anchor(path)
    except AuditError as error:
        return [AuditFinding("anchor", 0, str(error))]
    if anchor is None:
        return [AuditFinding("anchor", 0, f"the audit anchor {path} is missing")]
    return compare_head(anchor, hashes, f"the anchor {path}")


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
