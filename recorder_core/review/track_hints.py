"""What the tables alone say: tracks that end, begin, jump, or were filled; weak boxes left bare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.model import View
from recorder_core.model.faces.overlaps import box_overlaps
from recorder_core.model.values.carriers import carrier_repr
from recorder_core.review.moments import Box, Hint, Reason, ReasonKind
from recorder_core.review.stretches import frame_runs
from recorder_core.tables import ORIGINS, RedactionTable

__all__ = ["Timeline", "TrackLife", "change_hints", "count_hints", "end_hints", "track_lives"]

#: how far before a beginning and after an end a face may be exposed
_OUTSIDE_SECONDS: Final = 2.0
#: an interruption longer than this is two events
_MAX_INTERRUPTION_SECONDS: Final = 15.0
#: of the same person, in box sizes from end to beginning
_SAME_PERSON_BOXES: Final = 3.0
_SAME_PERSON_RATIO: Final = 1.8
#: a box so near to the edge of the view, in box sizes, leaves or enters there
_EDGE_BOXES: Final = 0.6
#: a gap filled for longer than this is looked at
_MIN_FILLED_SECONDS: Final = 0.5
#: scores below this are unsure
_SURE_SCORE: Final = 0.5
_MIN_UNSURE_SECONDS: Final = 0.5
#: shift in box sizes and ratio of sizes between boxes next to each other
_JUMP_BOXES: Final = 0.8
_RESIZE_RATIO: Final = 1.6
#: a drop of the count lasts at most so long
_MAX_DROP_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Timeline:
    """When each frame is shown, and where faces are searched."""

    __repr__ = carrier_repr

    #: (N,) float64, rising, from the first frame of the video
    seconds: NDArray[np.float64]
    view: View
    #: frames ``[first, stop)`` that the copy shows
    frames: range

    @property
    def duration_seconds(self) -> float:
        """From the first frame of the copy to the last."""
        return float(self.seconds[self.frames.stop - 1] - self.seconds[self.frames.start])

    def between(self, start_seconds: float, stop_seconds: float) -> tuple[int, int]:
        """Return the frames of a span of time, at least one of them."""
        first = int(np.searchsorted(self.seconds, start_seconds - 1e-6))
        stop = int(np.searchsorted(self.seconds, stop_seconds - 1e-6))
        first = min(max(first, self.frames.start), self.frames.stop - 1)
        return first, min(max(stop, first + 1), self.frames.stop)

    def clip(self, box: Sequence[float]) -> Box:
        """Return the part of a box that lies in the view."""
        view = self.view
        left, right = np.clip([box[0], box[2]], view.x, view.x + view.width).tolist()
        top, bottom = np.clip([box[1], box[3]], view.y, view.y + view.height).tolist()
        return left, top, right, bottom


@dataclass(frozen=True, slots=True)
class TrackLife:
    """The redactions of one person, in order of frames."""

    __repr__ = carrier_repr

    track: int
    #: (N,) int64
    frames: NDArray[np.int64]
    #: (N, 4) float64
    boxes: NDArray[np.float64]
    #: (N,) float64, NaN where the detector saw nothing
    scores: NDArray[np.float64]
    #: (N,) int8, places in `ORIGINS`
    origins: NDArray[np.int8]

    @property
    def seen(self) -> NDArray[np.intp]:
        """Rows in which the detector saw the face."""
        return np.flatnonzero(np.isfinite(self.scores))


def track_lives(table: RedactionTable) -> list[TrackLife]:
    """Return the persons that are redacted; what a person lifted does not count."""
    applied = table.applied & (table.tracks >= 0)
    return [
        TrackLife(
            int(track),
            table.frame_index[rows],
            table.boxes_xyxy_px[rows],
            table.scores[rows],
            table.origins[rows],
        )
        for track in np.unique(table.tracks[applied])
        for rows in [np.flatnonzero(applied & (table.tracks == track))]
    ]


def size_of(box: NDArray[np.float64]) -> float:
    """Return the side of the square of the same area."""
    return float(np.sqrt(max(box[2] - box[0], 1.0) * max(box[3] - box[1], 1.0)))


def grown(box: NDArray[np.float64], sizes: float) -> list[float]:
    """Return a box grown by a multiple of its size on each side."""
    by = size_of(box) * sizes
    return [box[0] - by, box[1] - by, box[2] + by, box[3] + by]


@dataclass(frozen=True, slots=True)
class _Tip:
    """The first or the last redaction of a track, away from the edges of view and video."""

    life: TrackLife
    frame: int
    seconds: float
    box: NDArray[np.float64]
    #: mean of the scores next to it
    score: float


def end_hints(lives: Sequence[TrackLife], timeline: Timeline) -> Iterator[Hint]:
    """Yield where tracks end, begin or are interrupted inside the frame."""
    ends = [tip for life in lives if (tip := _tip(life, timeline, -1)) is not None]
    starts = [tip for life in lives if (tip := _tip(life, timeline, 0)) is not None]
    joined: set[int] = set()
    for end in ends:
        start = _continuation(end, starts)
        if start is None:
            yield _outside(end, "track_ends", timeline)
        elif start.seconds > end.seconds:
            joined.add(start.life.track)
            yield _interruption(end, start, timeline)
        else:
            joined.add(start.life.track)
    for start in starts:
        if start.life.track not in joined:
            yield _outside(start, "track_begins", timeline)


def _tip(life: TrackLife, timeline: Timeline, which: int) -> _Tip | None:
    """Return the first (0) or last (-1) redaction of a track, None at an edge."""
    seen = life.seen
    if not len(seen):
        return None
    frame = int(life.frames[which])
    if frame == (timeline.frames.start if which == 0 else timeline.frames.stop - 1):
        return None
    box = life.boxes[seen[which]]
    if _touches_edge(box, timeline.view):
        return None
    near = seen[:3] if which == 0 else seen[-3:]
    score = float(life.scores[near].mean())
    return _Tip(life, frame, float(timeline.seconds[frame]), box, score)


def _touches_edge(box: NDArray[np.float64], view: View) -> bool:
    margin = size_of(box) * _EDGE_BOXES
    return bool(
        box[0] < view.x + margin
        or box[1] < view.y + margin / 3
        or box[2] > view.x + view.width - margin
        or box[3] > view.y + view.height - margin / 3
    )


def _continuation(end: _Tip, starts: Sequence[_Tip]) -> _Tip | None:
    """Return the earliest beginning after an end that is likely of the same person."""
    fitting = [
        start
        for start in starts
        if start.life.track != end.life.track
        and end.seconds - 1.0 < start.seconds < end.seconds + _MAX_INTERRUPTION_SECONDS
        and _is_same_person(end.box, start.box)
    ]
    return min(fitting, key=lambda start: start.seconds, default=None)


def _is_same_person(first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    sizes = sorted((size_of(first), size_of(second)))
    shift = float(np.hypot(*((first[:2] + first[2:] - second[:2] - second[2:]) / 2)))
    return sizes[1] <= _SAME_PERSON_RATIO * sizes[0] and shift <= _SAME_PERSON_BOXES * sizes[1]


def _outside(tip: _Tip, kind: ReasonKind, timeline: Timeline) -> Hint:
    start, stop = tip.seconds, tip.seconds + _OUTSIDE_SECONDS
    if kind == "track_begins":
        start, stop = tip.seconds - _OUTSIDE_SECONDS, tip.seconds
    first, stop_frame = timeline.between(start, stop)
    risk = 0.05 + 0.25 * tip.score
    reason = Reason(kind, risk, _length(timeline, first, stop_frame), tip.life.track)
    return Hint(first, stop_frame, timeline.clip(grown(tip.box, 1.5)), reason)


def _interruption(end: _Tip, start: _Tip, timeline: Timeline) -> Hint:
    first, stop = timeline.between(end.seconds, start.seconds)
    risk = 0.15 + 0.35 * (end.score + start.score) / 2
    boxes = np.array([grown(end.box, 1.0), grown(start.box, 1.0)])
    region = timeline.clip([*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0)])
    reason = Reason("track_interrupted", risk, _length(timeline, first, stop), end.life.track)
    return Hint(first, stop, region, reason)


def _length(timeline: Timeline, first: int, stop: int) -> float:
    last = min(stop, len(timeline.seconds) - 1)
    return round(float(timeline.seconds[last] - timeline.seconds[first]), 3)


def change_hints(lives: Sequence[TrackLife], timeline: Timeline) -> Iterator[Hint]:
    """Yield filled gaps, unsure spans, jumps and changes of size within tracks."""
    filled = ORIGINS.index("filled")
    for life in lives:
        is_unsure = np.nan_to_num(life.scores, nan=1.0) < _SURE_SCORE
        yield from _runs(life, life.origins == filled, "filled_gap", timeline)
        yield from _runs(life, is_unsure, "low_score", timeline)
        yield from _steps(life, timeline)


def _runs(
    life: TrackLife, chosen: NDArray[np.bool_], kind: ReasonKind, timeline: Timeline
) -> Iterator[Hint]:
    minimum, unit = (
        (_MIN_FILLED_SECONDS, 0.08) if kind == "filled_gap" else (_MIN_UNSURE_SECONDS, 0.01)
    )
    for run in frame_runs(np.flatnonzero(chosen)):
        first, stop = int(life.frames[run[0]]), int(life.frames[run[-1]]) + 1
        seconds = _length(timeline, first, stop)
        if seconds >= minimum:
            boxes = life.boxes[run.start : run.stop]
            hull = np.array([*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0)])
            reason = Reason(kind, min(0.3, unit * seconds), seconds, life.track)
            yield Hint(first, stop, timeline.clip(grown(hull, 0.5)), reason)


def _steps(life: TrackLife, timeline: Timeline) -> Iterator[Hint]:
    """Yield where a box differs much from the one before it in which the face was seen."""
    seen = life.seen
    for before, after in zip(seen[:-1].tolist(), seen[1:].tolist(), strict=True):
        seconds = float(
            timeline.seconds[life.frames[after]] - timeline.seconds[life.frames[before]]
        )
        if seconds > 0.3:
            continue
        old, new = life.boxes[before], life.boxes[after]
        sizes = sorted((size_of(old), size_of(new)))
        shift = float(np.hypot(*((old[:2] + old[2:] - new[:2] - new[2:]) / 2))) / sizes[1]
        kind: ReasonKind | None = None
        if shift > _JUMP_BOXES:
            kind = "box_jumps"
        elif sizes[1] > _RESIZE_RATIO * sizes[0]:
            kind = "box_resizes"
        if kind is not None:
            frames = int(life.frames[before]), int(life.frames[after]) + 1
            both = np.array([*np.minimum(old, new)[:2], *np.maximum(old, new)[2:]])
            reason = Reason(kind, 0.04, 0.0, life.track)
            yield Hint(*frames, timeline.clip(grown(both, 0.5)), reason)


def count_hints(table: RedactionTable, timeline: Timeline) -> Iterator[Hint]:
    """Yield short spans in which fewer people are redacted than before and after."""
    frames = table.frame_index[table.applied]
    counts = np.bincount(frames, minlength=timeline.frames.stop)[timeline.frames.start :]
    changes = np.flatnonzero(np.diff(counts)) + 1
    edges = [0, *changes.tolist(), len(counts)]
    view = timeline.view
    whole = (view.x, view.y, view.x + view.width, view.y + view.height)
    for start, stop in pairwise(edges[1:-1]):
        drop = min(counts[start - 1], counts[stop]) - counts[start]
        span = start + timeline.frames.start, stop + timeline.frames.start
        seconds = _length(timeline, *span)
        if drop > 0 and 0.2 <= seconds <= _MAX_DROP_SECONDS:
            yield Hint(*span, timeline.clip(whole), Reason("count_drops", 0.06, seconds))


def uncovered(
    boxes: NDArray[np.float64], redacted: NDArray[np.float64], max_overlap: float
) -> NDArray[np.bool_]:
    """Return which boxes (N, 4) no redaction (M, 4) hides or overlaps by more than a share."""
    if not len(redacted):
        return np.ones(len(boxes), bool)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    sides = (redacted[:, 2:] - redacted[:, :2]) * 0.2
    inside = np.all(
        (centres[:, None] >= redacted[None, :, :2] - sides)
        & (centres[:, None] < redacted[None, :, 2:] + sides),
        axis=2,
    )
    overlaps = box_overlaps(boxes, redacted).max(axis=1)
    return np.asarray(~(inside.any(axis=1) | (overlaps > max_overlap)), bool)
