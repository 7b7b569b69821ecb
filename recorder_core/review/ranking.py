"""From hints to moments: joined where they are of one time and place, the riskiest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from recorder_core.model.values.argument_kinds import check_fields
from recorder_core.review.bare_hints import SeenBoxes, bare_hints
from recorder_core.review.moments import Box, Hint, Moment, Reason, joined_risk
from recorder_core.review.skin_hints import CellMeans, skin_hints
from recorder_core.review.track_hints import (
    Timeline,
    change_hints,
    count_hints,
    end_hints,
    track_lives,
)
from recorder_core.tables import RedactionTable

__all__ = [
    "Evidence",
    "RankingSettings",
    "frame_hints",
    "join_hints",
    "rank_evidence",
    "rank_hints",
    "spot_checks",
    "table_hints",
]

#: hints so far apart in time are of one moment
_JOIN_SECONDS: Final = 0.5
#: a region that is covered by another to this share is the same place
_SAME_PLACE_SHARE: Final = 0.3
#: these are of the whole view
_WITHOUT_PLACE: Final = ("count_drops", "spot_check")


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingSettings:
    """How many moments there are, and how much chance is among them."""

    #: a moment's hints span at most so much, so that one moment can be watched
    max_moment_seconds: float = 12.0
    #: moments below are left out
    min_risk: float = 0.02
    #: the riskiest are kept, at least a few in a short video
    moments_per_hour: float = 100.0
    min_moments: int = 5
    spot_checks_per_hour: float = 10.0
    spot_check_seconds: float = 4.0
    #: of the choice of spot checks
    seed: int = 0

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of one video; what was not computed is empty."""

    timeline: Timeline
    #: all that was planned; what a person lifted does not hide anything
    redactions: RedactionTable
    #: boxes of the job's own inference, those of low scores, too
    detections: Sequence[SeenBoxes] = ()
    #: what another, more sensitive inference saw in some of the frames
    second_look: Sequence[SeenBoxes] = ()
    pictures: Sequence[CellMeans] = ()


def rank_evidence(evidence: Evidence, settings: RankingSettings | None = None) -> list[Moment]:
    """Return the moments of a video in which a face may be exposed, the riskiest first.

    Spot checks stand at the end: chance chose them, so that silence is tested, too.
    """
    hints = [*table_hints(evidence), *frame_hints(evidence)]
    return rank_hints(hints, evidence.timeline, settings)


def rank_hints(
    hints: Iterable[Hint], timeline: Timeline, settings: RankingSettings | None = None
) -> list[Moment]:
    """Return the moments that hints make, the riskiest first, then spot checks."""
    settings = settings or RankingSettings()
    moments = join_hints(hints, timeline, settings)
    kept = [moment for moment in moments if moment.risk >= settings.min_risk]
    kept.sort(key=lambda moment: (-moment.risk, moment.first_frame))
    most = timeline.duration_seconds / 3600 * settings.moments_per_hour
    if len(kept) > max(most, settings.min_moments):
        kept = kept[: max(round(most), settings.min_moments)]
    return kept + spot_checks(timeline, settings)


def table_hints(evidence: Evidence) -> Iterator[Hint]:
    """Yield what the job's own tables say."""
    table, timeline = evidence.redactions, evidence.timeline
    lives = track_lives(table)
    yield from end_hints(lives, timeline)
    yield from change_hints(lives, timeline)
    yield from count_hints(table, timeline)
    yield from bare_hints(evidence.detections, table, timeline, "unconfirmed_boxes")


def frame_hints(evidence: Evidence) -> Iterator[Hint]:
    """Yield what another look at the frames says."""
    table, timeline = evidence.redactions, evidence.timeline
    yield from bare_hints(evidence.second_look, table, timeline, "face_seen_again")
    yield from skin_hints(evidence.pictures, table, timeline)


@dataclass(slots=True)
class _Group:
    """Hints of one time and place."""

    first: int
    stop: int
    region: Box
    reasons: list[Reason]


def join_hints(
    hints: Iterable[Hint], timeline: Timeline, settings: RankingSettings
) -> list[Moment]:
    """Join hints that overlap in time and place; the riskiest attract the others."""
    groups: list[_Group] = []
    for hint in sorted(hints, key=lambda each: (-each.reason.risk, each.first_frame)):
        for group in groups:
            if _fits(hint, group, timeline, settings):
                group.first = min(group.first, hint.first_frame)
                group.stop = max(group.stop, hint.stop_frame)
                if hint.reason.kind not in _WITHOUT_PLACE:
                    group.region = _hull(group.region, hint.region_xyxy_px)
                group.reasons.append(hint.reason)
                break
        else:
            span = hint.first_frame, hint.stop_frame
            groups.append(_Group(*span, hint.region_xyxy_px, [hint.reason]))
    return [_moment(group, timeline) for group in groups]


def _fits(hint: Hint, group: _Group, timeline: Timeline, settings: RankingSettings) -> bool:
    seconds = timeline.seconds
    last = len(seconds) - 1
    starts = seconds[hint.first_frame], seconds[group.first]
    stops = seconds[min(hint.stop_frame, last)], seconds[min(group.stop, last)]
    if max(starts) > min(stops) + _JOIN_SECONDS:
        return False
    own = float(stops[1] - starts[1])
    if max(stops) - min(starts) > max(settings.max_moment_seconds, own):
        return False
    return _covered(hint.region_xyxy_px, group.region) >= _SAME_PLACE_SHARE


def _covered(box: Box, other: Box) -> float:
    """Return the share of the smaller region that the other covers."""
    sides = [min(box[i + 2], other[i + 2]) - max(box[i], other[i]) for i in (0, 1)]
    return max(0.0, sides[0]) * max(0.0, sides[1]) / min(_area(box), _area(other))


def _hull(box: Box, other: Box) -> Box:
    return (
        min(box[0], other[0]),
        min(box[1], other[1]),
        max(box[2], other[2]),
        max(box[3], other[3]),
    )


def _area(box: Box) -> float:
    return max(box[2] - box[0], 1.0) * max(box[3] - box[1], 1.0)


def _moment(group: _Group, timeline: Timeline) -> Moment:
    best: dict[str, Reason] = {}
    for reason in group.reasons:
        if reason.kind not in best or reason.risk > best[reason.kind].risk:
            best[reason.kind] = reason
    reasons = tuple(
        replace(each, risk=round(each.risk, 4))
        for each in sorted(best.values(), key=lambda reason: -reason.risk)
    )
    span = group.first, group.stop
    times = _times(timeline, *span)
    x0, y0, x1, y1 = (round(edge, 1) for edge in group.region)
    return Moment(*span, *times, (x0, y0, x1, y1), reasons, round(joined_risk(reasons), 4))


def _times(timeline: Timeline, first: int, stop: int) -> tuple[float, float]:
    seconds = timeline.seconds
    stop_seconds = seconds[min(stop, len(seconds) - 1)]
    return round(float(seconds[first]), 3), round(float(stop_seconds), 3)


def spot_checks(timeline: Timeline, settings: RankingSettings) -> list[Moment]:
    """Return spans that chance chooses evenly over the video, in order; at least one."""
    frames = timeline.frames
    start, stop = timeline.seconds[frames.start], timeline.seconds[frames.stop - 1]
    count = max(1, round((stop - start) / 3600 * settings.spot_checks_per_hour))
    rng = np.random.default_rng(settings.seed)
    width = float(stop - start) / count
    view = timeline.view
    whole = timeline.clip((view.x, view.y, view.x + view.width, view.y + view.height))
    moments = []
    for number in range(count):
        room = max(0.0, width - settings.spot_check_seconds)
        begin = float(start) + number * width + float(rng.random()) * room
        span = timeline.between(begin, begin + settings.spot_check_seconds)
        times = _times(timeline, *span)
        reason = Reason("spot_check", 0.0, round(times[1] - times[0], 3))
        moments.append(Moment(*span, *times, whole, (reason,), 0.0))
    return moments
