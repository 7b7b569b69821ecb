"""The page on which a reviewer answers one question, whether any face got through.

The notebook calls `review_page`. All that it reads and changes goes through the server's interface
as the user who opened the page; no key is in this process.
"""

from __future__ import annotations

import os
from typing import Any, Final, cast

from recorder_core.errors import RecorderError, SettingsError, WrongState
from recorder_core.jobs.archive import EventCorrections, copy_id
from recorder_core.jobs.archive.words import COPY_STATES, EventState, Job, Verdict
from recorder_core.model import Correction
from recorder_core.model.values.phrase import phrase
from workbench.client import RemoteArchive, RemoteEvent, ReviewMoments, open_served_archive
from workbench.dashboards.cards import problem_card
from workbench.dashboards.ranking import RankingStart
from workbench.widgets import (
    Decision,
    EditedCorrections,
    ReviewDesk,
    ReviewRequest,
    copy_seconds,
    frame_traits,
    pack_signals,
)
from workbench.wire import API_PATH

__all__ = ["ReviewPage", "review_page"]

#: jobs of a review that this page shows
_JOBS: Final = ("rank", "rerender")
_ENDED_BADLY: Final = ("failed", "interrupted")
#: wide enough for a part of it as a thumbnail
_PICTURE_PX: Final = 960


def review_page() -> Any:
    """Return what the notebook displays: the page of the event in its address, or what is wrong."""
    try:
        archive = open_served_archive()
        event = archive.event(os.environ["WORKBENCH_PAGE"].rpartition("/")[2])
        if event.row.state not in COPY_STATES:
            return _no_copy_card(event)
        return ReviewPage(archive, event).desk
    except KeyError:
        said = "This page is opened from the library of 'workbench serve'"
        return problem_card("nothing_to_review", SettingsError(said))
    except RecorderError as error:
        return problem_card("nothing_to_review", error)


def _no_copy_card(event: RemoteEvent) -> Any:
    said = phrase(
        "no_copy_yet",
        "event {event} is {state}: it has no de-identified copy to review yet. Make one on the "
        "page of the event",
        event=event.event_id,
        state=event.row.state,
    )
    waits = event.row.state is EventState.RECORDED
    return problem_card(
        "nothing_to_review",
        SettingsError(said),
        event_to_deidentify=event.event_id if waits else "",
    )


class ReviewPage:
    """One event that is reviewed, and the widget that shows it.

    Parameters
    ----------
    archive : RemoteArchive
        Open, for a reviewer.
    event : RemoteEvent
        With a copy.

    Attributes
    ----------
    desk : ReviewDesk
        The page.
    """

    def __init__(self, archive: RemoteArchive, event: RemoteEvent) -> None:
        self._archive, self._event = archive, event
        self._login = str(archive.person()["login"])
        #: id of the copy that the page shows: its pictures, and the moments if it is ranked
        self._copy = copy_id(event)
        #: whether a copy of other frames has come in place of the one that the page shows
        self._is_outdated = False
        self._ranking = RankingStart(lambda: self._start("rank"), self._newest_job)
        if event.row.state is EventState.DEIDENTIFIED:
            event.reviewing.begin()
        found = event.corrections()
        statement = event.reviewing.statement()
        self._api = f"{API_PATH}/events/{event.event_id}"
        self._first, self._count = int(statement["first_frame"]), int(statement["frame_count"])
        x, y, width, height = map(int, statement["view_px"])
        self._view_px = x, y, width, height
        self.desk = ReviewDesk(
            author=self._login,
            decide=self._decide,
            ask=self._ask,
            sign_off=self._sign_off,
            save=self._save,
            read=self._read,
            draft_key=event.reviewing.draft_key(),
            corrections=[each.correction for each in found.in_force],
            version=found.version,
            first_frame=self._first,
            **self._media(has_room=any(each.role == "room" for each in event.files())),
        )
        self._show_not_rendered(found)
        self._look(is_first=True)

    # ---- what is shown

    def _media(self, *, has_room: bool) -> dict[str, Any]:
        """Return what the player and the timeline show.

        `has_room`: the room was kept as it was seen, beside a video that hides it.
        """
        event = self._event
        seconds, start = copy_seconds(event)
        files = f"{self._api}/files"
        is_whole = self._archive.frame_count(event.event_id) == len(seconds) and self._first == 0
        # who was given the copy alone looks at that
        sees_original = is_whole and event.is_sealed_to_me("original")
        has_room = has_room and sees_original and event.is_sealed_to_me("room")
        room = event.room_view() if has_room else None
        return {
            "url": f"{files}/original" if sees_original else "",
            "copy_url": self._copy_url(),
            "room_url": f"{files}/room" if room else "",
            "room_px": [room.x, room.y, room.width, room.height] if room else [],
            "frame_count": len(seconds),
            "start_seconds": start,
            "frame_seconds_url": f"{self._api}/frames/deidentified?format=float64",
            "boxes_url": self._boxes_url(),
            **frame_traits(event, seconds, self._view_px),
            **_signals(event),
        }

    def _boxes_url(self) -> str:
        """Return where the browser finds the boxes of the copy; one made anew has another."""
        query = f"?first_frame={self._first}" if self._first else ""
        return f"{self._api}/boxes{query}#{self._copy}"

    def _copy_url(self) -> str:
        """Return where the browser finds the copy, and by which id it names what it showed."""
        return f"{self._api}/files/deidentified#{self._copy}"

    def _about(self, found: ReviewMoments) -> dict[str, Any]:
        row = self._event.row
        return {
            "event_id": row.event_id,
            "procedure": row.procedure_code,
            "state": found.state.value,
            "login": self._login,
            "copy": self._copy,
            "signed_off_by": ", ".join(found.signed_off_by),
            # the first of two sign-offs is there: who made it, waits; who did not, makes the other
            "waits": found.is_half_signed,
            "has_signed": found.is_half_signed and self._login in found.signed_off_by,
            "needs_two": found.reviewers_needed > 1,
        }

    def _show_moments(self, found: ReviewMoments) -> None:
        pictures = f"{self._api}/pictures/deidentified"
        shown = [
            _shifted(each, self._first)
            | {"image": f"{pictures}/{_middle(each) - self._first}?width_px={_PICTURE_PX}"}
            for each in found.moments
        ]
        self.desk.show(moments=shown, about=self._about(found))

    def _show_corrections(self) -> None:
        """Show how many corrections the copy lacks, and those of others since the last look."""
        found = self._event.corrections()
        self._show_not_rendered(found)
        if found.version != self.desk.version:
            self.desk.rebase([each.correction for each in found.in_force], found.version)

    def _show_not_rendered(self, found: EventCorrections) -> None:
        self.desk.show(not_rendered=sum(each.state == "not rendered" for each in found))

    # ---- what is asked

    def _ask(self, request: ReviewRequest) -> None:
        if request == "rank":
            self._start("rank")
        elif request == "rerender":
            self._start("rerender")
        elif request == "statement":
            self._show_statement()
        self._look()

    def _sign_off(self, copy: str) -> None:
        self._event.reviewing.sign_off(copy=copy)
        self._show_statement()
        self._look()

    def _show_statement(self) -> None:
        self.desk.show(statement=dict(self._event.reviewing.statement()))

    def _look(self, *, is_first: bool = False) -> None:
        """Show what others did, and how far jobs are; begin ranking where nobody did."""
        self._refuse_outdated()
        found = self._event.reviewing.moments()
        newest = self._newest_job()
        if found.copy is not None and found.copy != self._copy:
            self._show_another(found)
        else:
            self._show_moments(found)
            if not is_first:
                self._show_corrections()
        if found.copy is None and (newest is None or newest.state not in ("queued", "running")):
            has_failed = newest is not None and newest.state in _ENDED_BADLY and not is_first
            newest = newest if has_failed else self._ranking.begin()
        self._show_job(newest)

    def _newest_job(self) -> Job | None:
        known = self._archive.jobs(event=self._event.event_id)
        return next((each for each in reversed(known) if each.kind in _JOBS), None)

    def _start(self, kind: str) -> Job:
        return self._archive.start_job(kind, self._event.event_id)

    def _show_another(self, found: ReviewMoments) -> None:
        """Show another copy than before, once all that belongs to it has come.

        Raises
        ------
        WrongState
            If it has other frames than the one before, whose times the page has.
        """
        statement = self._event.reviewing.statement()
        if (statement["first_frame"], statement["frame_count"]) != (self._first, self._count):
            self._is_outdated = True
            self._refuse_outdated()
        corrections = self._event.corrections()
        self._copy = str(found.copy)
        # the browser must not see the pictures of one copy with the moments of another
        with self.desk.hold_sync():
            self.desk.boxes_url, self.desk.copy_url = self._boxes_url(), self._copy_url()
            self._show_moments(found)
            self._show_not_rendered(corrections)
        self.desk.rebase([each.correction for each in corrections.in_force], corrections.version)

    def _refuse_outdated(self) -> None:
        if self._is_outdated:
            raise WrongState(
                phrase(
                    "other_frames",
                    "a copy with other frames was made meanwhile: load this page again",
                )
            )

    def _show_job(self, job: Job | None) -> None:
        shown: dict[str, Any] = {}
        if job is None and self._ranking.waits:
            shown = {"kind": "rank", "state": "full", "progress": 0.0}
        elif job is not None and job.state in ("queued", "running", *_ENDED_BADLY):
            shown = {
                "kind": job.kind,
                "state": "failed" if job.state in _ENDED_BADLY else job.state,
                "progress": job.progress,
                "by": job.created_by,
                "error": job.error_class or job.state,
            }
        self.desk.show(job=shown)

    # ---- what is changed

    def _decide(self, decision: Decision) -> None:
        verdict = cast(Verdict, decision.verdict)
        self._event.reviewing.decide(
            decision.moment_id,
            verdict,
            note=decision.note,
            copy=decision.copy,
            seen=decision.seen,
        )
        self._look()

    def _read(self) -> tuple[list[Correction], int]:
        found = self._event.corrections()
        return [each.correction for each in found.in_force], found.version

    def _save(self, edited: EditedCorrections) -> Any:
        self._refuse_outdated()
        saved = self._event.save_corrections(edited.stored, edited.withdrawn, seen=edited.seen)
        self._show_not_rendered(self._event.corrections())
        return saved


def _middle(reviewed: Any) -> int:
    moment = reviewed["moment"]
    return (int(moment["first_frame"]) + int(moment["stop_frame"])) // 2


def _shifted(reviewed: Any, first: int) -> dict[str, Any]:
    """Return a moment by the frames of the copy."""
    moment = dict(reviewed["moment"])
    moment |= {name: moment[name] - first for name in ("first_frame", "stop_frame")}
    return dict(reviewed) | {"moment": moment}


def _signals(event: RemoteEvent) -> dict[str, Any]:
    """Return what the timeline shows of the signals of an event."""
    try:
        found = event.each_signal()
    except RecorderError:
        return {}
    return pack_signals(found)
