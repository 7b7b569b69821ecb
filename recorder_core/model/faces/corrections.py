"""A person's change to what is redacted: :class:`Correction`, as rows of a table and as JSON.

A correction never overwrites what a detector saw. Frames are counted from 0 in the source; boxes
are pixels of its frame, right and bottom edges exclusive.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal, TypeAlias, get_args

from recorder_core.errors import DataError

__all__ = [
    "MAX_ID_CHARACTERS",
    "MAX_NOTE_CHARACTERS",
    "Correction",
    "CorrectionAction",
    "CorrectionKeyframe",
    "Keyframe",
    "group_corrections",
]

Box: TypeAlias = tuple[float, float, float, float]
CorrectionAction = Literal["add", "remove"]
MAX_ID_CHARACTERS: Final = 80
MAX_NOTE_CHARACTERS: Final = 2000


@dataclass(frozen=True, slots=True)
class CorrectionKeyframe:
    """A row of a table of corrections: one keyframe, with what its correction says.

    Rows that share ``correction_id`` are one :class:`Correction`.
    """

    correction_id: str
    action: CorrectionAction
    frame_index: int
    box_xyxy_px: Box
    track: int
    author: str
    #: UTC, ISO 8601
    created_utc: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Keyframe:
    """Where the box of a correction is in one frame."""

    frame_index: int
    #: (x0, y0, x1, y1), source-frame pixels
    box_xyxy_px: Box
    #: of a person, to this keyframe
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        box = list(self.box_xyxy_px)
        return {"frame_index": self.frame_index, "box_xyxy_px": box, "note": self.note}

    @classmethod
    def from_dict(cls, content: object) -> Keyframe:
        """Return what `to_dict` returned; DataError if it is anything else."""
        known = _fields("a keyframe", content, {"frame_index", "box_xyxy_px"}, {"note"})
        box = known["box_xyxy_px"]
        if not isinstance(box, list | tuple) or len(box) != 4:
            raise DataError("the box of a keyframe has four edges: x0, y0, x1 and y1, in pixels")
        x0, y0, x1, y1 = map(_edge, box)
        frame = _whole(known["frame_index"])
        if frame < 0:
            raise DataError("the frames of a correction are counted from 0")
        note = _text("the note of a keyframe", known.get("note", ""), MAX_NOTE_CHARACTERS)
        return cls(frame, (x0, y0, x1, y1), note)


@dataclass(frozen=True, slots=True)
class Correction:
    """A person's change: ``add`` redacts a box, ``remove`` lifts redactions.

    It lives from its first to its last keyframe, both included; between two the box moves
    linearly. ``remove`` lifts the redactions of `track` or, with track -1, those whose centre lies
    inside the box.

    Raises
    ------
    DataError
        If it has no keyframe, they are not in increasing order, or the action is unknown.
    """

    correction_id: str
    action: CorrectionAction
    #: at least one, in order of frames
    keyframes: tuple[Keyframe, ...]
    #: -1: about a place, not a track
    track: int = -1
    author: str = ""
    #: UTC, ISO 8601
    created_utc: str = ""

    def __post_init__(self) -> None:
        if self.action not in get_args(CorrectionAction):
            raise DataError(
                f"correction {self.correction_id} has the unknown action {self.action!r}"
            )
        if not self.keyframes:
            raise DataError(f"correction {self.correction_id} needs at least one keyframe")
        frames = [each.frame_index for each in self.keyframes]
        for before, after in pairwise(frames):
            if after <= before:
                raise DataError(
                    f"correction {self.correction_id} has keyframe {after} after keyframe "
                    f"{before}; keyframes must be in increasing order"
                )

    @property
    def content(self) -> tuple[object, ...]:
        """What it does, whatever its id, author and notes."""
        places = tuple((each.frame_index, *map(float, each.box_xyxy_px)) for each in self.keyframes)
        return self.action, self.track, places

    @property
    def notes(self) -> tuple[str, ...]:
        """The note of each keyframe."""
        return tuple(each.note for each in self.keyframes)

    def rows(self) -> tuple[CorrectionKeyframe, ...]:
        """Return its rows in a table: one for each keyframe."""
        return tuple(
            CorrectionKeyframe(
                self.correction_id,
                self.action,
                each.frame_index,
                each.box_xyxy_px,
                self.track,
                self.author,
                self.created_utc,
                each.note,
            )
            for each in self.keyframes
        )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values: the one form of a correction in files, interfaces and pages."""
        return {
            "correction_id": self.correction_id,
            "action": self.action,
            "track": self.track,
            "author": self.author,
            "created_utc": self.created_utc,
            "keyframes": [each.to_dict() for each in self.keyframes],
        }

    @classmethod
    def from_dict(cls, content: object) -> Correction:
        """Return the correction that `to_dict` wrote.

        Parameters
        ----------
        content : object
            JSON values. `track`, `author`, `created_utc` and notes may be left out.

        Raises
        ------
        DataError
            If it is no correction, or says more than one.
        """
        needed, others = {"correction_id", "action", "keyframes"}, {"track", *_SAID}
        known = _fields("a correction", content, needed, others)
        key = _text("the id of a correction", known["correction_id"], MAX_ID_CHARACTERS)
        if not key or not key.isprintable():
            raise DataError(
                f"the id of a correction is a text of 1 to {MAX_ID_CHARACTERS} printable characters"
            )
        action, keyframes = known["action"], known["keyframes"]
        if action not in get_args(CorrectionAction):
            raise DataError("a correction is of the action add or remove")
        if not isinstance(keyframes, list | tuple) or not keyframes:
            raise DataError("a correction has a list of at least one keyframe")
        said = {name: _text(name, known.get(name, ""), MAX_ID_CHARACTERS) for name in _SAID}
        track = _whole(known.get("track", -1))
        return cls(key, action, tuple(map(Keyframe.from_dict, keyframes)), track, **said)


#: texts that whoever receives a correction may know better
_SAID: Final = ("author", "created_utc")


def group_corrections(rows: Iterable[CorrectionKeyframe]) -> list[Correction]:
    """Return the corrections that rows of a table say, in the order of their first rows.

    Raises
    ------
    DataError
        If rows of one correction differ in action or track, or as for :class:`Correction`.
    """
    grouped: dict[str, list[CorrectionKeyframe]] = {}
    for row in rows:
        grouped.setdefault(row.correction_id, []).append(row)
    return [_of_rows(each) for each in grouped.values()]


def _of_rows(rows: list[CorrectionKeyframe]) -> Correction:
    first = rows[0]
    if any((row.action, row.track) != (first.action, first.track) for row in rows):
        raise DataError(
            f"correction {first.correction_id} mixes actions or tracks; make one for each"
        )
    return Correction(
        first.correction_id,
        first.action,
        tuple(Keyframe(row.frame_index, row.box_xyxy_px, row.note) for row in rows),
        first.track,
        first.author,
        first.created_utc,
    )


def _fields(what: str, content: object, needed: set[str], others: set[str]) -> Mapping[str, Any]:
    if not isinstance(content, Mapping) or not needed <= set(content) <= needed | others:
        names = ", ".join(sorted(needed | others))
        raise DataError(f"{what} has {names}, and nothing else")
    return content


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < -1:
        raise DataError("the frames and tracks of a correction are whole numbers")
    return value


def _edge(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise DataError("each edge of a box is a finite number")
    return float(value)


def _text(what: str, value: object, most: int) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise DataError(f"{what} is a text of at most {most} characters")
    return value
