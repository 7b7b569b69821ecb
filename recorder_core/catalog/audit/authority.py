"""Which action may change what in the catalog, as the signed rows of the log are read.

A signature shows who wrote a row. This says whether that row may say what it says: who signs
may still have written, with a program of their own, that another released a copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from recorder_core.catalog.audit.chain import ACCEPT_BREAK, AuditRow
from recorder_core.catalog.model.life import EventState
from recorder_core.catalog.model.profiles import Action

__all__ = ["changes_table", "step_fault"]

#: tables that decide who may do what, and what changing them takes
_AUTHORITIES: Final[Mapping[str, frozenset[str]]] = {
    "users": frozenset({Action.MANAGE_USERS, ACCEPT_BREAK}),
    "settings": frozenset({Action.MANAGE_USERS, Action.MANAGE_SETTINGS, ACCEPT_BREAK}),
    "retention_rules": frozenset({Action.MANAGE_RETENTION, ACCEPT_BREAK}),
}
_KEYS: Final = frozenset({"files", "grants", "sealed_keys", "sealed_records"})
_STEPS: Final = frozenset({"events", "event_states"})
_COPY: Final = _KEYS | _STEPS | {"pts_indexes", "detections_summaries"}
_CONTENTS: Final = frozenset(
    {"pts_indexes", "markers", "screenshots", "signals", "devices", "event_views"}
)
_RECORDING: Final = _KEYS | _STEPS | _CONTENTS
_REVIEW: Final = frozenset({"reviews", "sign_offs", "moment_queues"})
_EVERYTHING: Final = _COPY | _RECORDING | _REVIEW | {"corrections", "moment_decisions"}
#: what else an action may change; an action that is not named changes nothing
_CHANGES: Final[Mapping[str, frozenset[str]]] = {
    Action.RECORD: _RECORDING,
    Action.IMPORT_EVENT: _RECORDING,
    Action.FINALISE_EVENT: _RECORDING,
    Action.MARK: frozenset({"markers", "sealed_records"}),
    Action.TAKE_SCREENSHOT: _KEYS | {"screenshots"},
    Action.WRITE_IDENTITY: _KEYS | {"devices"},
    Action.DEIDENTIFY: _COPY | _REVIEW | {"corrections", "event_views"},
    Action.REVIEW: _STEPS | _REVIEW | {"moment_decisions", "sealed_records"},
    Action.CORRECT: frozenset({"corrections", "sealed_records"}),
    Action.SIGN_OFF: _KEYS | _STEPS | {"reviews", "sign_offs"},
    Action.REOPEN_REVIEW: _KEYS | _STEPS | {"reviews", "sign_offs"},
    Action.REPORT_FULL: _KEYS,
    Action.REPORT_DEIDENTIFIED: _KEYS,
    Action.ARCHIVE_EVENT: _STEPS,
    Action.DELETE_EVENT: _EVERYTHING,
    Action.GRANT: _KEYS,
    Action.MANAGE_USERS: _KEYS,
    Action.MANAGE_SETTINGS: _KEYS,
    # what was lost is entered again; nobody reviews or corrects by a repair
    Action.REPAIR_MIRROR: _COPY | _RECORDING,
    ACCEPT_BREAK: _EVERYTHING,
}
#: into which steps of its life an action takes an event; an archived one goes back, too
_STEPS_OF: Final[Mapping[str, frozenset[str]]] = {
    Action.RECORD: frozenset({EventState.RECORDING, EventState.RECORDED}),
    Action.IMPORT_EVENT: frozenset({EventState.RECORDING, EventState.RECORDED}),
    Action.FINALISE_EVENT: frozenset({EventState.RECORDING, EventState.RECORDED}),
    Action.REPAIR_MIRROR: frozenset(
        {EventState.RECORDING, EventState.RECORDED, EventState.DEIDENTIFIED}
    ),
    Action.DEIDENTIFY: frozenset({EventState.RECORDED, EventState.DEIDENTIFIED}),
    Action.REVIEW: frozenset({EventState.IN_REVIEW}),
    Action.SIGN_OFF: frozenset({EventState.IN_REVIEW, EventState.SIGNED_OFF}),
    Action.REOPEN_REVIEW: frozenset({EventState.IN_REVIEW}),
    Action.ARCHIVE_EVENT: frozenset(EventState) - {EventState.DELETED},
    Action.DELETE_EVENT: frozenset({EventState.RECORDED, EventState.DELETED}),
}

#: row of the catalog -> its values, as they were stated
_Known = Mapping[str, Mapping[str, object] | None]


def changes_table(action: str, table: str) -> bool:
    """Return whether an action is one that changes a table.

    Parameters
    ----------
    action : str
        As the log has it.
    table : str
        Of the catalog.
    """
    if table in _AUTHORITIES:
        return action in _AUTHORITIES[table]
    return table in _CHANGES.get(action, frozenset())


def step_fault(known: _Known, row: AuditRow, name: str, values: Mapping[str, object]) -> str | None:
    """Return why a row of the log may not state a step of an event or a review; None if it may.

    Each step is stated by who took it, in an action that leads there; who accepts a log that was
    broken states the steps of everybody.

    Parameters
    ----------
    known : mapping
        What was stated before.
    row : AuditRow
        Of the log.
    name : str
        Row of the catalog.
    values : mapping
        What is said of it now.
    """
    table, _, key = name.partition(" ")
    if row.action == ACCEPT_BREAK:
        return None
    if table == "reviews":
        is_allowed = _may_sign(row, values)
    elif table == "sign_offs":
        is_allowed = row.action == Action.SIGN_OFF and values.get("reviewer") == row.who
    elif table == "moment_decisions":
        is_allowed = values.get("author") == row.who
    elif table in _STEPS:
        is_allowed = _may_step(known, row, key.split(" ")[0], values)
    else:
        return None
    what = f"states {name}, which {row.who} may not by {row.action.replace('_', ' ')}"
    return None if is_allowed else what


def _may_sign(row: AuditRow, values: Mapping[str, object]) -> bool:
    signer = values.get("signed_off_by")
    return signer is None or (row.action == Action.SIGN_OFF and signer == row.who)


def _may_step(known: _Known, row: AuditRow, event_id: str, values: Mapping[str, object]) -> bool:
    state = values.get("state")
    if state not in _STEPS_OF.get(row.action, frozenset()):
        return False
    if "changed_by" not in values:
        return True  # the event itself; what is released is decided by its steps
    is_back = row.action == Action.ARCHIVE_EVENT and state != EventState.ARCHIVED
    is_known = not is_back or state == _before_archived(known, event_id)
    return values["changed_by"] == row.who and is_known


def _before_archived(known: _Known, event_id: str) -> object:
    """Return the newest step of an event that is not that it was archived."""
    steps = {
        name: values["state"]
        for name, values in known.items()
        if values and name.startswith(f"event_states {event_id} ")
    }
    newest = sorted(steps, key=lambda name: int(name.split(" ")[-1]))
    left = [steps[name] for name in newest if steps[name] != EventState.ARCHIVED]
    return left[-1] if left else None
