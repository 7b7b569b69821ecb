"""What a person says who signs a copy off: what was looked at, what was corrected, what is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from recorder_core.catalog import Action, MomentDecision
from recorder_core.errors import NotInCatalog
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import find_on
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.archive.event.present_copy import copy_id, read_copy_report
from recorder_core.jobs.archive.review.reviewing import present_queue
from recorder_core.jobs.archive.review.second_review import reviewers_needed, signers

__all__ = [
    "MomentCounts",
    "ReviewStatement",
    "count_moments",
    "event_statement",
]

#: no face in n random spans: with 95 % confidence at most 3/n of all spans have one (Hanley and
#: Lippman-Hand, "If nothing goes wrong, is everything all right?", JAMA 249, 1983)
_RULE_OF_THREE: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentCounts:
    """How many moments of a copy were decided, and how."""

    moments: int
    #: still to be looked at
    left: int
    flagged: int
    corrected: int
    #: spans that chance chose, those of them that were decided, and those of these with a face, in
    #: this copy or in one before it was rendered again
    spot_checks: int
    spot_checks_done: int
    spot_checks_with_faces: int

    @property
    def missed_share_bound(self) -> float | None:
        """Share of spans that may show a face, at most, with 95 % confidence; None: not known."""
        if self.spot_checks_with_faces or self.spot_checks_done < _RULE_OF_THREE:
            return None
        return _RULE_OF_THREE / self.spot_checks_done

    @property
    def detail(self) -> str:
        """The numbers as the log takes them."""
        return (
            f"moments:{self.moments} left:{self.left} flagged:{self.flagged} "
            f"corrected:{self.corrected} spot_checks:{self.spot_checks_done}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewStatement:
    """What is known of a copy when it is signed off."""

    #: names exactly the copy
    copy: str
    #: None before the moments are ranked
    counts: MomentCounts | None
    #: of the source: the first that the copy shows, and how many it shows
    first_frame: int
    frame_count: int
    #: part of the frame in which faces were searched: x, y, width and height
    view_px: tuple[int, int, int, int]
    #: frames on which the detector ran; None where the copy's report does not say it
    frames_checked: int | None
    #: in force
    corrections: int
    #: longest span in which a face was redacted without being seen, in seconds; None: not known
    longest_gap_seconds: float | None
    #: reviewers who signed this copy off, the earliest first
    signed_off_by: tuple[str, ...] = ()
    #: how many different reviewers a release needs
    reviewers_needed: int = 1


def count_moments(session: Session, event: ArchivedEvent) -> MomentCounts | None:
    """Return how many moments of the present copy were decided; the caller has asked.

    None before they are ranked, or where the event has no copy.
    """
    try:
        queue = present_queue(session, event)
    except NotInCatalog:
        return None
    if queue is None:
        return None
    # one that was corrected and rendered again has another reason besides
    spots = [
        each
        for each in queue.moments
        if any(reason.kind == "spot_check" for reason in each.moment.reasons)
    ]
    had_faces = _moments_with_faces(session.catalog.moments.decisions(event.event_id))
    return MomentCounts(
        moments=len(queue.moments),
        left=len(queue.of_state("open")),
        flagged=len(queue.of_state("flagged")),
        corrected=len(queue.of_state("corrected")),
        spot_checks=len(spots),
        spot_checks_done=sum(each.state in ("accepted", "corrected") for each in spots),
        spot_checks_with_faces=sum(each.moment.moment_id in had_faces for each in spots),
    )


def _moments_with_faces(decisions: Sequence[MomentDecision]) -> set[str]:
    """Return the ids of moments that were corrected, by the last decision about each copy."""
    last = {(each.moment_id, each.copy_id): each.verdict for each in decisions}
    return {moment_id for (moment_id, _), verdict in last.items() if verdict == "corrected"}


def event_statement(archive: Archive, event: str) -> ReviewStatement:
    """Return what a sign-off of the copy of an event states.

    Raises
    ------
    NotAllowed, NoKeyMatches
        If the profile may not review, or cannot open the tables of the copy.
    WrongState
        If the event has no copy.
    """
    session, found = find_on(archive, event, Action.REVIEW)
    session.ask(Action.REVIEW)
    report = read_copy_report(found)
    return ReviewStatement(
        copy=copy_id(found),
        counts=count_moments(session, found),
        first_frame=report.frame_span.start,
        frame_count=len(report.frame_span),
        view_px=_view_px(report.view),
        frames_checked=report.detection_frames,
        corrections=len(session.catalog.reviews.corrections(found.event_id)),
        longest_gap_seconds=report.longest_repaired_gap_seconds,
        signed_off_by=signers(session, found),
        reviewers_needed=reviewers_needed(session),
    )


def _view_px(text: str) -> tuple[int, int, int, int]:
    x, y, width, height = map(int, text.split(","))
    return x, y, width, height
