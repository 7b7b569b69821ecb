"""The review of a copy on one page: queue, picture with the box editor, timeline, sign-off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import traitlets

from recorder_core.errors import DataError, RecorderError
from workbench.widgets.bundle import problem_content
from workbench.widgets.editor import BoxEditor
from workbench.widgets.timeline import Timeline

__all__ = ["Decision", "ReviewDesk", "ReviewRequest"]

#: what a person may ask for, besides a decision and a sign-off
ReviewRequest: TypeAlias = Literal["look", "rank", "rerender", "statement"]
_REQUESTS: Final = ("look", "rank", "rerender", "statement")
_VERDICTS: Final = ("accepted", "corrected", "flagged", "open")
_MAX_ID: Final = 64
_MAX_NOTE: Final = 1000


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about a moment."""

    moment_id: str
    #: accepted, corrected, flagged or open
    verdict: str
    note: str = ""
    #: id of the copy that was looked at
    copy: str = ""
    #: number of the decision about the moment that the page showed; 0: none
    seen: int = 0


class ReviewDesk(BoxEditor, Timeline):
    """The whole page of a review; it decides nothing by itself.

    Parameters
    ----------
    decide : callable
        Called with each `Decision`.
    ask : callable
        Called with each `ReviewRequest`; what it changes is seen at once. "look" comes every few
        seconds: it tells what others did and how far jobs are.
    sign_off : callable
        Called with the id of the copy that is signed off: the one that was looked at.
    draft_key : bytes, optional
        32 bytes that nobody but this person gets, as `RemoteReview.draft_key` returns them.
    **options
        As of `BoxEditor` and `Timeline`.
    """

    #: as the interface has them, with `image`, the address of a thumbnail
    moments: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    #: what is reviewed: event_id, procedure, state, login, copy, signed_off_by; needs_two: a
    #: release needs two reviewers, waits: for the second, has_signed: this person was the first
    about: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    #: the job that runs: kind, progress in [0, 1], state, by; empty: nothing
    job: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    #: what a sign-off states; empty before it is asked for
    statement: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    #: with which the page seals what is not saved yet, where it keeps that in the browser; empty:
    #: it keeps nothing there
    draft_key = traitlets.Bytes().tag(sync=True)
    #: how many corrections the copy does not have yet
    not_rendered = traitlets.Int(0, min=0).tag(sync=True)

    _script = "review.js"

    def __init__(
        self,
        *,
        decide: Callable[[Decision], None],
        ask: Callable[[ReviewRequest], None],
        sign_off: Callable[[str], None],
        draft_key: bytes = b"",
        **options: Any,
    ) -> None:
        super().__init__(draft_key=draft_key, **options)
        self._decide, self._ask, self._sign_off = decide, ask, sign_off
        self._own: dict[str, Any] = {"draft_key": draft_key}
        for name in ("moments", "about", "job", "statement", "not_rendered", "draft_key"):
            self.observe(self._refuse, name)
        #: number of a request -> what was wrong with it; None: nothing
        self._answers: dict[object, dict[str, Any] | None] = {}

    def show(self, **traits: Any) -> None:
        """Show values of traits that only this program sets."""
        self._own |= traits
        with self.hold_sync():
            for name, value in traits.items():
                self.set_trait(name, value)

    def _refuse(self, change: dict[str, Any]) -> None:
        """Restore what a browser has changed: it sends messages, and shows what it is told."""
        name = change["name"]
        if name in self._own and change["new"] != self._own[name]:
            self.set_trait(name, self._own[name])

    def _receive(self, widget: object, content: dict[str, Any], buffers: list[Any]) -> None:
        kind = content.get("kind")
        if kind == "decide":
            self._answer(content, lambda: self._decide(_decision(content)))
        elif kind == "ask" and content.get("what") == "sign_off":
            self._answer(content, lambda: self._sign_off(_looked_at(content)))
        elif kind == "ask" and content.get("what") in _REQUESTS:
            self._answer(content, lambda: self._ask(content["what"]))
        else:
            super()._receive(widget, content, buffers)

    def _answer(self, content: dict[str, Any], work: Callable[[], None]) -> None:
        number = content.get("number")
        # a page that got no answer in time sends the same again: it is not done twice
        if number not in self._answers:
            try:
                work()
            except RecorderError as error:
                self._answers[number] = problem_content(error)
            else:
                self._answers[number] = None
        else:
            # it got no answer because it was cut off: it may have missed what changed, too
            self.send_state([*self._own])
        self.send({"kind": "answer", "number": number, "problem": self._answers[number]})


def _decision(content: dict[str, Any]) -> Decision:
    moment_id, verdict, note = (content.get(name) for name in ("moment", "verdict", "note"))
    if not isinstance(moment_id, str) or len(moment_id) > _MAX_ID:
        raise DataError("a decision names its moment")
    if verdict not in _VERDICTS:
        raise DataError(f"a decision is one of {', '.join(_VERDICTS)}")
    if not isinstance(note, str) or len(note) > _MAX_NOTE:
        raise DataError(f"a note is a text of at most {_MAX_NOTE} characters")
    seen = content.get("seen")
    if not isinstance(seen, int) or isinstance(seen, bool) or seen < 0:
        raise DataError("a decision names the one that the page showed before it")
    return Decision(moment_id, str(verdict), note, _looked_at(content), seen)


def _looked_at(content: dict[str, Any]) -> str:
    copy = content.get("copy")
    if not isinstance(copy, str) or not 0 < len(copy) <= _MAX_ID:
        raise DataError("a decision or a sign-off names the copy that was looked at")
    return copy
