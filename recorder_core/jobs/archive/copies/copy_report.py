"""What the report beside a de-identified copy says of it: read once, before anything is sealed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from recorder_core.catalog import Action
from recorder_core.catalog.contents import UNKNOWN_HASH
from recorder_core.errors import DataError
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event import ArchivedEvent
from recorder_core.jobs.copy_warnings import CopyWarning, copy_warnings
from recorder_core.model.json_text import parse_json

__all__ = ["CopyReport", "read_copy_report", "read_copy_warnings"]

_ROLE: Final = "deidentification"
_UNREADABLE: Final = (
    "the report that was added with the copy does not say how safe the copy is: add the copy again"
)
#: where the origins of boxes that no detection is behind stand
_REPAIRED: Final = ("filled", "rescued", "padded")
#: what reading something else raises
_NO_REPORT: Final = (
    *(ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError),
)
#: what a column of the catalog holds
_MAX_COUNT: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What is noted of a copy in the catalog.

    Attributes
    ----------
    source_sha256, copy_sha256 : str
        Hashes of the video that the copy was made from, and of the copy.
    detector, method : str
        Which detector found the faces, and how they were redacted.
    weights_sha256 : str
        Hash of the weights where the job's fingerprint proves it, else zeros.
    frames_checked, boxes, tracks, repaired_boxes, longest_repaired_gap_frames : int
        Counts; the frames are those that the detector looked at.
    """

    source_sha256: str = field(repr=False)
    copy_sha256: str = field(repr=False)
    detector: str
    method: str
    weights_sha256: str
    frames_checked: int
    boxes: int
    tracks: int
    repaired_boxes: int
    longest_repaired_gap_frames: int


def read_copy_report(path: Path) -> CopyReport:
    """Read the report that ``workbench deidentify`` wrote beside a copy.

    Raises
    ------
    DataError
        If there is none, or it is another file.
    """
    try:
        report = parse_json(path.read_bytes())
        return _parsed(report)
    except FileNotFoundError as error:
        raise DataError(
            f"there is no {path.name} beside the copy; add what 'workbench deidentify' wrote"
        ) from error
    except (OSError, *_NO_REPORT) as error:
        raise DataError(f"{path.name} is not a report of 'workbench deidentify'") from error


def read_copy_warnings(archive: Archive, event: ArchivedEvent) -> list[CopyWarning] | None:
    """Return what the report that was added with a copy warns of; None for who may not read it.

    Parameters
    ----------
    archive : Archive
        Open.
    event : ArchivedEvent
        Of this archive.

    Returns
    -------
    list of CopyWarning or None
        Empty where there is no copy, or its report warns of nothing.
    """
    if not any(row.role == _ROLE for row in event.files()):
        return []
    me = archive._session.identity.actor.user_id
    if not archive.may(Action.READ_DETECTIONS) or me not in archive.reader_ids(
        event.event_id, _ROLE
    ):
        return None
    with event.open_file(_ROLE) as file:
        content = file.readall()
    try:
        return copy_warnings(parse_json(content))
    except _NO_REPORT:
        return [CopyWarning("unreadable_report", 1, (_UNREADABLE,))]


def _parsed(report: Any) -> CopyReport:
    settings, redactions = report["settings"], report["redactions"]
    for frame in settings["frame_span"]:
        _count(frame)
    copy_warnings(report)  # what cannot be read later is refused now
    return CopyReport(
        source_sha256=_text(report["source"]["sha256"]),
        copy_sha256=_text(report["copy"]["sha256"]),
        detector=_text(settings["detector"]["name"]),
        method=_text(settings["redaction"]["method"]),
        frames_checked=_frames_checked(report),
        boxes=_count(redactions["regions"]),
        tracks=_count(redactions["tracks"]),
        repaired_boxes=_count(sum(_count(redactions["by_origin"][each]) for each in _REPAIRED)),
        longest_repaired_gap_frames=_count(report["longest_repaired_gap_pictures"]),
        weights_sha256=_weights_sha256(report),
    )


def _frames_checked(report: Any) -> int:
    checked = _count(report["looked_at_pictures"])
    if checked > _count(report["copy"]["pictures"]):
        raise ValueError("more frames were looked at than there are")
    return checked


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is expected")
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or not 0 <= value <= _MAX_COUNT:
        raise TypeError("a count is expected")
    return value


def _weights_sha256(report: Mapping[str, Any]) -> str:
    from recorder_core.detect import load_weights

    options = dict(report["settings"])
    for added in ("view_px", "frame_span"):
        options.pop(added, None)
    weights = load_weights(None).sha256
    facts = {
        "version": str(report["program"]).rpartition(" ")[2],
        "source": report["source"]["sha256"],
        "weights": weights,
        "options": options,
    }
    text = json.dumps(facts, sort_keys=True).encode()
    return weights if hashlib.sha256(text).hexdigest() == report["job"] else UNKNOWN_HASH
