"""Rows that were put right from elsewhere stay named until an administrator accepts it.

What changed them beside this program, a person or a failing disk, may do so again. A row of the
log says which they were; it counts until the next accepted break.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from recorder_core.catalog.audit.anchors import AuditHead
from recorder_core.catalog.audit.chain import AuditFinding
from recorder_core.catalog.audit.log import AuditLog
from recorder_core.catalog.model.actor import Actor
from recorder_core.catalog.model.codes import is_code, utc_text
from recorder_core.catalog.model.profiles import Action

__all__ = ["log_repaired_rows", "repaired_row_findings"]

#: first word of the detail of such a row of the log
_PUT_RIGHT: Final = "catalog:put_right"
#: before the name of each row of the catalog
_ROW: Final = " row:"
#: more are counted only
_NAMED_ROWS: Final = 30


def log_repaired_rows(log: AuditLog, actor: Actor, names: Sequence[str]) -> None:
    """Write which rows of the catalog were put right; nothing if none was.

    Parameters
    ----------
    log : AuditLog
        Of the catalog that counts now.
    actor : Actor
        Who had signed in.
    names : sequence of str
        Tables and names of the rows, as :func:`mend_rows` returns them.
    """
    if not names:
        return
    named = [_ROW + " ".join(filter(is_code, name.split(" "))) for name in names[:_NAMED_ROWS]]
    more = len(names) - len(named)
    detail = _PUT_RIGHT + "".join(named) + (f" more:{more}" if more else "")
    log.append(actor, Action.REPAIR_MIRROR, detail=detail)


def repaired_row_findings(log: AuditLog, accepted: AuditHead) -> list[AuditFinding]:
    """Return which rows were put right since the last break that was accepted.

    Parameters
    ----------
    log : AuditLog
        Of the catalog in use.
    accepted : AuditHead
        The row before that in which somebody who may accepted the log.
    """
    return [
        AuditFinding(
            "changed",
            row.seq,
            f"{_rows(row.detail)} had been changed outside this program, by somebody or by a "
            f"failing disk, and put right on {utc_text(row.at_utc)} (row {row.seq} of the "
            "log): look for the cause, then have an administrator accept it with 'workbench audit "
            "accept-break'",
        )
        for row in log.beginning_with(Action.REPAIR_MIRROR, _PUT_RIGHT)
        if row.seq > accepted.seq
    ]


def _rows(detail: str) -> str:
    """Return the rows that a detail names, in words."""
    text, _, more = detail.partition(" more:")
    return ", ".join(text.split(_ROW)[1:]) + (f" and {more} more" if more else "")
