"""An editor of boxes: a person's corrections of what is redacted."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

import traitlets

from recorder_core.deidentify.corrections import CorrectionPlan
from recorder_core.errors import DataError, RecorderError
from recorder_core.model import CorrectionKeyframe
from workbench.widgets.bundle import checked_number
from workbench.widgets.player import Player

__all__ = ["BoxEditor", "EditedCorrections", "FollowRequest"]

#: what a browser may name in a correction
_FIELDS: Final = {"id", "action", "track", "keyframes", "notes"}
_LONGEST_ID: Final = 80
_LONGEST_NOTE: Final = 1000
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class EditedCorrections:
    """What one person changed since the last save; what others did is not in it."""

    #: every keyframe of each correction that is new or different
    stored: tuple[CorrectionKeyframe, ...]
    #: ids of corrections that are no longer there
    withdrawn: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FollowRequest:
    """A box that is to be followed through the video."""

    track: int
    frame_index: int
    box_xyxy_px: Box
    direction: Literal["forward", "back"]


class BoxEditor(Player):
    """A player on which a person corrects boxes; every change can be undone.

    Parameters
    ----------
    author : str
        Who corrects; written into every row.
    save : callable
        Called with `EditedCorrections` soon after each change. A `RecorderError` that it
        raises is shown to the person, and the work stays on the page.
    follow : callable, optional
        Called with a `FollowRequest`; returns frames and boxes of the same face.
    corrections : sequence of CorrectionKeyframe, optional
        Those that are in force.
    **traits
        As of `Player`; `boxes` from `pack_boxes` with *automatic*, and `frame_size_px`.
    """

    #: id, action, track, keyframes and notes of each
    corrections: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    #: begins the ids of this page's corrections
    session = traitlets.Unicode(read_only=True).tag(sync=True)
    can_follow = traitlets.Bool(False, read_only=True).tag(sync=True)

    _script = "editor.js"

    def __init__(
        self,
        *,
        author: str,
        save: Callable[[EditedCorrections], None],
        follow: Callable[[FollowRequest], Sequence[tuple[int, Box]]] | None = None,
        corrections: Sequence[CorrectionKeyframe] = (),
        **traits: Any,
    ) -> None:
        super().__init__(corrections=_to_browser(corrections), **traits)
        self._author, self._save, self._follow = author, save, follow
        self._stored = _by_id(corrections)
        self.set_trait("session", secrets.token_hex(4))
        self.set_trait("can_follow", follow is not None)

    @traitlets.validate("corrections")
    def _check_corrections(self, proposal: dict[str, Any]) -> list[dict[str, Any]]:
        try:
            for each in proposal["value"]:
                _rows(each, "", "")
        except DataError as exc:
            raise traitlets.TraitError(str(exc)) from exc
        return list(proposal["value"])

    def _receive(self, widget: object, content: dict[str, Any], buffers: list[Any]) -> None:
        kind = content.get("kind")
        if kind == "save":
            self._answer_save(content)
        elif kind == "follow" and self._follow is not None:
            self._answer_follow(content)
        else:
            super()._receive(widget, content, buffers)

    def _answer_save(self, content: dict[str, Any]) -> None:
        revision = content.get("revision")
        try:
            at = self._save_all(content.get("corrections"))
        except (RecorderError, traitlets.TraitError) as exc:
            self.send({"kind": "refused", "revision": revision, "message": str(exc)})
        else:
            self.send({"kind": "saved", "revision": revision, "at": at})

    def _save_all(self, corrections: object) -> str:
        """Check what a browser sent, and pass on what differs from the last save."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        if not isinstance(corrections, list):
            raise DataError("corrections are a list")
        sent = [row for each in corrections for row in _rows(each, self._author, now)]
        width, height = self.frame_size_px
        CorrectionPlan(sent, width, height, len(self._frame_times()))
        grouped = _by_id(sent)
        stored = {key: rows for key, rows in grouped.items() if not self._has(key, rows)}
        withdrawn = tuple(key for key in self._stored if key not in grouped)
        changed = tuple(row for rows in stored.values() for row in rows)
        if changed or withdrawn:
            self._save(EditedCorrections(changed, withdrawn))
        self._stored = {key: stored.get(key) or self._stored[key] for key in grouped}
        return now

    def _has(self, key: str, rows: list[CorrectionKeyframe]) -> bool:
        return [_place(row) for row in self._stored.get(key, [])] == [_place(row) for row in rows]

    def _answer_follow(self, content: dict[str, Any]) -> None:
        direction = content.get("direction")
        if direction not in ("forward", "back") or self._follow is None:
            return
        try:
            frame, box = _keyframe([content.get("frame"), *_listed(content.get("box"))])
            request = FollowRequest(_whole(content.get("track")), frame, box, direction)
            followed = self._follow(request)
        except (RecorderError, traitlets.TraitError) as exc:
            self.send({"kind": "failed", "message": str(exc)})
            return
        boxes = [[frame, *box] for frame, box in followed]
        self.send({"kind": "followed", "track": request.track, "boxes": boxes})


def _by_id(rows: Sequence[CorrectionKeyframe]) -> dict[str, list[CorrectionKeyframe]]:
    grouped: dict[str, list[CorrectionKeyframe]] = {}
    for row in rows:
        grouped.setdefault(row.correction_id, []).append(row)
    return grouped


def _place(row: CorrectionKeyframe) -> tuple[object, ...]:
    return row.action, row.track, row.frame_index, row.box_xyxy_px, row.note


def _to_browser(rows: Sequence[CorrectionKeyframe]) -> list[dict[str, Any]]:
    return [
        {
            "id": key,
            "action": each[0].action,
            "track": each[0].track,
            "keyframes": [[row.frame_index, *row.box_xyxy_px] for row in each],
            "notes": [row.note for row in each],
        }
        for key, each in _by_id(rows).items()
    ]


def _rows(correction: object, author: str, now: str) -> list[CorrectionKeyframe]:
    """Return a correction that a browser sent as rows, each field checked."""
    if not isinstance(correction, dict) or set(correction) != _FIELDS:
        raise DataError(f"a correction has {', '.join(sorted(_FIELDS))}, and nothing else")
    key, action = correction["id"], correction["action"]
    if not isinstance(key, str) or not 0 < len(key) <= _LONGEST_ID or not key.isprintable():
        raise DataError(f"the id of a correction is a text of at most {_LONGEST_ID} characters")
    if action not in ("add", "remove"):
        raise DataError("a correction is of the action add or remove")
    keyframes, notes = _listed(correction["keyframes"]), _listed(correction["notes"])
    if not keyframes or len(keyframes) != len(notes):
        raise DataError("a correction has at least one keyframe, and a note for each")
    track = _whole(correction["track"])
    return [
        CorrectionKeyframe(key, action, *_keyframe(_listed(each)), track, author, now, _note(note))
        for each, note in zip(keyframes, notes, strict=True)
    ]


def _keyframe(numbers: list[object]) -> tuple[int, Box]:
    if len(numbers) != 5:
        raise DataError("a keyframe is its frame and the four edges of a box")
    frame = _whole(numbers[0])
    if frame < 0:
        raise DataError("frames are counted from 0")
    try:
        x0, y0, x1, y1 = map(checked_number, numbers[1:])
    except traitlets.TraitError as exc:
        raise DataError(str(exc)) from exc
    return frame, (x0, y0, x1, y1)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < -1:
        raise DataError("frames and tracks are whole numbers")
    return value


def _listed(value: object) -> list[object]:
    if not isinstance(value, list):
        raise DataError("keyframes, boxes and notes are lists")
    return value


def _note(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_NOTE:
        raise DataError(f"a note is a text of at most {_LONGEST_NOTE} characters")
    return value
