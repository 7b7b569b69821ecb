"""An editor of boxes: a person's corrections of what is redacted."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal, Protocol

import numpy as np
import traitlets

from recorder_core.deidentify.corrections import CorrectionPlan
from recorder_core.errors import DataError, EditConflict, RecorderError, SettingsError
from recorder_core.model import Correction, Keyframe
from workbench.widgets.bundle import checked_number, problem_content
from workbench.widgets.player import Player

__all__ = ["BoxEditor", "EditedCorrections", "FollowRequest"]

#: what a browser does not say of a correction: that is who saves it, and when
_NOT_OF_PAGE: Final = ("author", "created_utc")
Box = tuple[float, float, float, float]
#: of seconds: a time that a person types is that of a frame
_DECIMALS: Final = 6
#: of each number of `frame_seconds`
_TIME_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class EditedCorrections:
    """What one person changed since the last save; what others did is not in it."""

    #: each correction that is new or different; the latter by its id in the archive
    stored: tuple[Correction, ...]
    #: ids of corrections that are no longer there
    withdrawn: tuple[str, ...]
    #: the version of the corrections that this person saw last
    seen: int = 0


class Saved(Protocol):
    """What became of corrections that were saved, as `save_event_corrections` returns it."""

    @property
    def ids(self) -> Mapping[str, str]:
        """Id that was given -> id under which it is kept."""

    @property
    def version(self) -> int:
        """Of the corrections as they are now."""


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
        Called with `EditedCorrections` soon after each change; returns which ids they have now and
        the version, as `save_event_corrections` and `RemoteEvent.save_corrections` do, or None
        where they keep their ids. A `RecorderError` that it raises is shown to the person, and the
        work stays on the page.
    read : callable, optional
        Returns the corrections that are in force, and their version. With it, an `EditConflict` of
        *save* is no error: the page takes over what others changed, and saves again.
    follow : callable, optional
        Called with a `FollowRequest`; returns frames and boxes of the same face.
    corrections : sequence of Correction, optional
        Those that are in force.
    version : int, default 0
        Of these corrections.
    first_frame : int, default 0
        Of the source, that the video begins with: the page counts frames from there, corrections
        name those of the source. Corrections of other frames than it shows are left as they are.
    **traits
        As of `Player`; `boxes` from `pack_boxes` with *automatic*, and `frame_size_px`.
    """

    #: of the corrections that this person saw last
    version: int
    #: as `Correction.to_dict`, without author and time
    corrections: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    #: begins the ids of this page's corrections
    session = traitlets.Unicode(read_only=True).tag(sync=True)
    can_follow = traitlets.Bool(False, read_only=True).tag(sync=True)

    _script = "editor.js"

    def __init__(
        self,
        *,
        author: str,
        save: Callable[[EditedCorrections], Saved | None],
        read: Callable[[], tuple[Sequence[Correction], int]] | None = None,
        follow: Callable[[FollowRequest], Sequence[tuple[int, Box]]] | None = None,
        corrections: Sequence[Correction] = (),
        version: int = 0,
        first_frame: int = 0,
        **traits: Any,
    ) -> None:
        count = traits.get("frame_count") or len(traits.get("frame_seconds", b"")) // _TIME_BYTES
        #: those of the source that the page shows
        self._frames = range(first_frame, first_frame + count)
        self._stored = {each.correction_id: each for each in corrections}
        super().__init__(corrections=self._shown_rows(), **traits)
        self._author, self._save, self._read, self._follow = author, save, read, follow
        #: counts the lists of corrections that the page was given
        self._base = 0
        #: which of the pages that show this widget saved last
        self._view: object = None
        #: id on the page -> id under which it is kept, where that is another
        self._ids: dict[str, str] = {}
        self.version = version
        self.set_trait("session", secrets.token_hex(4))
        self.set_trait("can_follow", follow is not None)

    @traitlets.validate("corrections")
    def _check_corrections(self, proposal: dict[str, Any]) -> list[dict[str, Any]]:
        try:
            for each in proposal["value"]:
                _correction(each, "", "")
        except DataError as exc:
            raise traitlets.TraitError(str(exc)) from exc
        return list(proposal["value"])

    def rebase(self, corrections: Sequence[Correction], version: int) -> None:
        """Show what others changed; the page keeps what its person changed since the last save."""
        known = {self._ids.get(key, key) for key in self._stored}
        authors = {each.author for each in corrections if each.correction_id not in known}
        self._stored = {each.correction_id: each for each in corrections}
        self._ids, self._base, self.version = {}, self._base + 1, version
        self._send_base(sorted(authors - {self._author}))

    def hide(
        self, start_seconds: float, stop_seconds: float, box_xyxy_px: Box, *, note: str = ""
    ) -> None:
        """Hide a box in a span of time, as if it had been drawn on the page, and save that.

        Parameters
        ----------
        start_seconds, stop_seconds : float
            As the player shows them, the stop exclusive.
        box_xyxy_px : tuple of float
            Left, top, right and bottom, in pixels of the frame.
        note : str, optional
            Why.

        Raises
        ------
        SettingsError
            If no frame is shown in that span.
        RecorderError
            If it is not saved, as what *save* raises.
        """
        seconds = self._frame_times().round(_DECIMALS)
        first, stop = np.searchsorted(seconds, [start_seconds, stop_seconds]).tolist()
        if first >= stop:
            raise SettingsError(
                f"no frame is shown from second {start_seconds:g} to {stop_seconds:g}; the video "
                f"ends at second {self.end_seconds:g}"
            )
        frames = sorted({first, stop - 1})
        keyframes = tuple(Keyframe(frame, box_xyxy_px, note) for frame in frames)
        drawn = Correction(f"{self.session}-{secrets.token_hex(4)}", "add", keyframes)
        self._save_all([*self._shown_rows(), _to_browser(drawn)])
        self._base += 1
        self._send_base()

    def _send_base(self, by: Sequence[str] = ()) -> None:
        rows = self._share_stored()
        self.send({"kind": "rebase", "base": self._base, "corrections": rows, "by": list(by)})

    def _share_stored(self) -> list[dict[str, Any]]:
        """Return what is saved, and begin with it where the widget is shown once more."""
        rows = self._shown_rows()
        self.corrections = rows
        return rows

    def _shown_rows(self) -> list[dict[str, Any]]:
        """Return what is saved of the frames that the page shows, by its count of them."""
        shown = [each for each in self._stored.values() if self._is_shown(each)]
        return [_to_browser(_moved(each, -self._frames.start)) for each in shown]

    def _is_shown(self, correction: Correction) -> bool:
        return all(each.frame_index in self._frames for each in correction.keyframes)

    def _receive(self, widget: object, content: dict[str, Any], buffers: list[Any]) -> None:
        kind = content.get("kind")
        if kind == "save":
            self._answer_save(content)
        elif kind == "follow" and self._follow is not None:
            self._answer_follow(content)
        else:
            super()._receive(widget, content, buffers)

    def _answer_save(self, content: dict[str, Any]) -> None:
        answer = {"revision": content.get("revision"), "view": content.get("view")}
        if self._view not in (None, answer["view"]):
            self._base += 1
        self._view = answer["view"]
        if content.get("base", 0) != self._base:
            # the page knows nothing yet of what others changed: saved, it would undo that
            self._send_base()
            return
        try:
            at = self._save_all(content.get("corrections"))
        except EditConflict as exc:
            self._answer_conflict(answer, exc)
        except (RecorderError, traitlets.TraitError) as exc:
            self.send({"kind": "refused", **answer, "problem": problem_content(exc)})
        else:
            self.send({"kind": "saved", **answer, "base": self._base, "at": at})
            self._share_stored()

    def _answer_conflict(self, answer: dict[str, object], conflict: EditConflict) -> None:
        try:
            if self._read is None:
                raise conflict
            self.rebase(*self._read())
        except RecorderError as exc:
            self.send({"kind": "refused", **answer, "problem": problem_content(exc)})

    def _save_all(self, corrections: object) -> str:
        """Check what a browser sent, and pass on what differs from the last save."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        if not isinstance(corrections, list):
            raise DataError("corrections are a list")
        sent = {}
        for each in corrections:
            correction = _correction(each, self._author, now)
            sent[correction.correction_id] = correction
        if len(sent) < len(corrections):
            raise DataError("two corrections have the same id")
        width, height = self.frame_size_px
        rows = [row for each in sent.values() for row in each.rows()]
        CorrectionPlan(rows, width, height, self.frame_count)
        others = {key: each for key, each in self._stored.items() if not self._is_shown(each)}
        moved = {key: _moved(each, self._frames.start) for key, each in sent.items()}
        self._pass_on(others | moved)
        return now

    def _pass_on(self, sent: dict[str, Correction]) -> None:
        """Save what differs from the last save, and keep under which ids it is known."""
        changed = {key: each for key, each in sent.items() if not self._has(key, each)}
        gone = [key for key in self._stored if key not in sent]
        if changed or gone:
            stored = tuple(
                replace(each, correction_id=self._ids.get(key, key))
                for key, each in changed.items()
            )
            withdrawn = tuple(self._ids.get(key, key) for key in gone)
            saved = self._save(EditedCorrections(stored, withdrawn, self.version))
            for key in gone:
                self._ids.pop(key, None)
            if saved is not None:
                self.version = saved.version
                for key, each in zip(changed, stored, strict=True):
                    self._ids[key] = saved.ids[each.correction_id]
        self._stored = {key: changed.get(key, self._stored.get(key, sent[key])) for key in sent}

    def _has(self, key: str, correction: Correction) -> bool:
        kept = self._stored.get(key)
        return kept is not None and (kept.content, kept.notes) == (
            correction.content,
            correction.notes,
        )

    def _answer_follow(self, content: dict[str, Any]) -> None:
        direction = content.get("direction")
        if direction not in ("forward", "back") or self._follow is None:
            return
        try:
            frame, box = _keyframe([content.get("frame"), *_listed(content.get("box"))])
            frame += self._frames.start
            request = FollowRequest(_whole(content.get("track")), frame, box, direction)
            followed = self._follow(request)
        except (RecorderError, traitlets.TraitError) as exc:
            self.send({"kind": "failed", "problem": problem_content(exc)})
            return
        boxes = [[frame - self._frames.start, *box] for frame, box in followed]
        self.send({"kind": "followed", "track": request.track, "boxes": boxes})


def _to_browser(correction: Correction) -> dict[str, Any]:
    content = correction.to_dict()
    return {name: content[name] for name in content if name not in _NOT_OF_PAGE}


def _moved(correction: Correction, frames: int) -> Correction:
    """Return a correction that many frames later."""
    keyframes = (
        replace(each, frame_index=each.frame_index + frames) for each in correction.keyframes
    )
    return replace(correction, keyframes=tuple(keyframes))


def _correction(content: object, author: str, now: str) -> Correction:
    """Return a correction that a browser sent, each field checked."""
    if not isinstance(content, dict):
        raise DataError("corrections are objects")
    return Correction.from_dict(content | {"author": author, "created_utc": now})


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
