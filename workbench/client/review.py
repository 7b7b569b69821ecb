"""The review of an event's copy over HTTP: moments, decisions, sign-off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from recorder_core.jobs.archive.words import RELEASED_STATES, Event, EventState, Verdict
from workbench.client.connection import Connection
from workbench.wire import from_json

__all__ = ["RemoteReview", "ReviewMoments"]


@dataclass(frozen=True, slots=True)
class ReviewMoments:
    """The moments of a copy as the server sends them."""

    #: id of the copy's file; None before its moments are ranked
    copy: str | None
    #: as the interface describes them: the riskiest first, with what was decided about each
    moments: tuple[Mapping[str, Any], ...] = field(repr=False)
    #: of the event
    state: EventState
    #: reviewers who signed the copy off, the earliest first
    signed_off_by: tuple[str, ...] = ()
    #: how many different reviewers a release needs
    reviewers_needed: int = 1

    @property
    def is_half_signed(self) -> bool:
        """Whether the copy waits for a second reviewer's sign-off."""
        is_open = self.state not in RELEASED_STATES
        return is_open and 0 < len(self.signed_off_by) < self.reviewers_needed


class RemoteReview:
    """The review of one event of a server.

    Parameters
    ----------
    connection : Connection
        To the server.
    event_id : str
        Which event.
    """

    def __init__(self, connection: Connection, event_id: str) -> None:
        self._connection = connection
        self._path = f"/events/{event_id}"

    def moments(self) -> ReviewMoments:
        """Return the moments of the copy, and what was decided about each."""
        found = self._connection.get(f"{self._path}/review/moments").json()
        state = EventState(found["state"])
        signed, needed = tuple(found["signed_off_by"]), int(found["reviewers_needed"])
        return ReviewMoments(found["copy"], tuple(found["moments"]), state, signed, needed)

    def statement(self) -> Mapping[str, Any]:
        """Return what a sign-off of the copy states; the counts are None before the ranking."""
        found: Mapping[str, Any] = self._connection.get(f"{self._path}/review/statement").json()
        statement: Mapping[str, Any] = found["statement"]
        return statement

    def draft_key(self) -> bytes:
        """Return what seals this person's unsaved work on the event, wherever it is kept."""
        found = self._connection.get(f"{self._path}/review/draft-key").json()
        return bytes.fromhex(found["draft_key"])

    def decide(
        self,
        moment_id: str,
        verdict: Verdict,
        *,
        note: str = "",
        copy: str | None = None,
        seen: int | None = None,
    ) -> None:
        """Decide about a moment; see :func:`recorder_core.jobs.archive.decide_moment`."""
        known = {"copy": copy, "seen": seen}
        content = {"verdict": verdict, "note": note} | _given(known)
        self._connection.post(f"{self._path}/review/moments/{moment_id}", content)

    def begin(self) -> Event:
        """Record that a reviewer looks at the copy now."""
        return self._step("begin")

    def sign_off(self, *, copy: str | None = None) -> Event:
        """Sign the copy off; see :func:`recorder_core.jobs.archive.sign_off`."""
        return self._step("sign-off", _given({"copy": copy}))

    def _step(self, step: str, content: Mapping[str, Any] = MappingProxyType({})) -> Event:
        answer = self._connection.post(f"{self._path}/review/{step}", dict(content)).json()
        return from_json(Event, answer["event"])


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
