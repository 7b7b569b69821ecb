"""Link the detections of one face over time into a track.

Every frame's boxes, down to a low score, are joined to the tracks so far: certain
boxes first, then uncertain ones [1]_. A box that fits no track starts a tentative
one. A tentative track is confirmed by one certain box or by several fairly certain
ones close in time; then all its boxes count, the earlier uncertain ones too.

A frame that the detector searches is a *detection frame*. Where these are close in time, boxes
are counted; where they are far apart, as in a recording of one frame a second, a box stands for
the time until the next one, because no more evidence was searched meanwhile. For the same reason
boxes of two consecutive detection frames may be one face however long the time between them.

Why greedy assignment: with fewer than 30 faces that rarely overlap, taking the best
pair first gives the optimal assignment except where faces cross, and there a swap of
two faces moves no redaction: both boxes are covered either way. Greedy is also exact
to reproduce: ties go to the older track, then to the better box.

References
----------
.. [1] Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection
   Box", ECCV 2022, section 3: high scores first, then low ones above 0.1.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Final, TypeAlias

from recorder_core.deidentify.boxes import Box, shift_box
from recorder_core.errors import SettingsError

__all__ = ["PREDICTION_SECONDS", "SeenBox", "SmoothingSettings", "Track", "Tracker"]

#: seconds of a track from which its speed is measured
_SPEED_WINDOW_SECONDS: Final = 0.4
#: shortest time a speed is divided by: boxes shake by some pixels from frame to frame
_SPEED_MIN_SECONDS: Final = 0.1
#: a person keeps a speed for about this long; a longer gap is predicted no farther
PREDICTION_SECONDS: Final = 0.5
#: cost of a pair is its distance in box sizes, plus this per unit of difference in size,
#: plus this per second of gap, minus this for a confirmed track
_RATIO_WEIGHT: Final = 0.5
_GAP_WEIGHT: Final = 0.5
_CONFIRMED_BONUS: Final = 0.2

#: a box and its score
SeenBox: TypeAlias = tuple[Box, float]


@dataclass(frozen=True, slots=True)
class SmoothingSettings:
    """How detections are linked over time and what is repaired.

    Scores of 0.1 and 0.5 are ByteTrack's; times, distances and growth are
    engineering judgement for people in a room, tried on synthetic trajectories.
    """

    #: one box with this score confirms a track
    birth_score: float = 0.5
    #: boxes below are noise and ignored
    min_score: float = 0.1
    #: this many boxes of at least `evidence_score` within a time confirm too
    evidence_score: float = 0.25
    evidence_detections: int = 4
    evidence_seconds: float = 1.0
    #: as do fewer that stand for so long, each until the next detection frame: 4 boxes
    #: 0.1 s apart do
    evidence_standing_seconds: float = 0.4
    #: how much of the future is known when a frame is decided
    look_ahead_seconds: float = 2.0
    #: longest gap between boxes of a confirmed track that a certain box closes, where there
    #: were detection frames meanwhile
    max_gap_seconds: float = 2.0
    #: the same for an uncertain box, or for a tentative track
    max_rescue_gap_seconds: float = 1.0
    #: a track is prolonged by this much before its first and after its last box, and through
    #: all frames between them and the detection frame before or after
    padding_seconds: float = 0.4
    #: largest distance from the predicted centre that links, in box sizes; grows with
    #: the gap. Equal faces that overlap by an IoU of 0.2 or more are nearer than 0.8
    max_distance_boxes: float = 0.8
    distance_growth_boxes_per_second: float = 2.0
    distance_limit_boxes: float = 2.0
    #: largest ratio of two linked boxes' sizes
    max_size_ratio: float = 2.0
    #: growth of a filled or padded box per second from the nearest seen box
    growth_per_second: float = 0.5
    #: largest growth, as a factor on both sides
    max_growth: float = 1.5

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not (value >= 0 and math.isfinite(value)):
                raise SettingsError(f"{each.name} is {value}; it must be 0 or more")
        if not self.min_score <= self.evidence_score <= self.birth_score <= 1:
            raise SettingsError(
                f"scores must increase from min_score ({self.min_score}) over evidence_score "
                f"({self.evidence_score}) to birth_score ({self.birth_score}), at most 1"
            )
        if self.max_rescue_gap_seconds > self.max_gap_seconds:
            raise SettingsError(
                f"max_rescue_gap_seconds ({self.max_rescue_gap_seconds}) must not be longer "
                f"than max_gap_seconds ({self.max_gap_seconds})"
            )
        if self.evidence_detections < 1 or self.max_size_ratio < 1 or self.max_growth < 1:
            raise SettingsError(
                "evidence_detections, max_size_ratio and max_growth must be at least 1"
            )

    @classmethod
    def from_threshold(cls, score: float | None) -> SmoothingSettings:
        """Return settings in which a single box with a score confirms a track.

        Several boxes of half that score confirm one too, as they usually do.

        Parameters
        ----------
        score : float or None
            In [0.1, 1]; None: the usual one.

        Raises
        ------
        SettingsError
            If it lies outside.
        """
        usual = cls()
        if score is None:
            return usual
        if not usual.min_score <= score <= 1:
            raise SettingsError(
                f"the threshold is {score:g}, but must lie between {usual.min_score:g} and 1"
            )
        share = usual.evidence_score / usual.birth_score
        return cls(birth_score=score, evidence_score=max(share * score, usual.min_score))

    def reach_boxes(self, gap_seconds: float) -> float:
        """Return how far a box may lie from its track's prediction, in box sizes."""
        reach = self.max_distance_boxes + self.distance_growth_boxes_per_second * gap_seconds
        return min(reach, self.distance_limit_boxes)

    def growth(self, seconds: float) -> float:
        """Return the factor by which a box grows this long after or before it was seen."""
        return min(self.max_growth, 1.0 + self.growth_per_second * seconds)

    @property
    def history_seconds(self) -> float:
        """How much of a track's past can still change a decision."""
        return max(self.max_gap_seconds, self.padding_seconds) + _SPEED_WINDOW_SECONDS


@dataclass(slots=True, eq=False)
class Track:
    """The boxes of one face, in order of time, at most one per frame."""

    #: -1 while the track is tentative; then 0, 1, 2 ... in the order of confirmation
    track_id: int = -1
    frames: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    #: times of the latest fairly certain boxes, and for how long each of them stands
    evidence: deque[tuple[float, float]] = field(default_factory=deque)
    #: shift in pixels per second at the last box
    velocity: tuple[float, float] = (0.0, 0.0)

    @property
    def confirmed(self) -> bool:
        """Return whether there is evidence enough to redact."""
        return self.track_id >= 0

    def add(self, frame_index: int, seconds: float, box: Box, score: float) -> None:
        """Append a box that is later than all others."""
        self.frames.append(frame_index)
        self.seconds.append(seconds)
        self.boxes.append(box)
        self.scores.append(score)
        self.velocity = self.velocity_at(len(self.frames) - 1, -1)

    def velocity_at(self, index: int, step: int) -> tuple[float, float]:
        """Return the speed next to one box, from the boxes before (-1) or after (+1) it.

        Parameters
        ----------
        index : int
            Which of the track's boxes.
        step : int
            -1 reads earlier boxes, +1 later ones.

        Returns
        -------
        tuple of float
            Shift of the centre in pixels per second, right and down; 0 for a lone box.
        """
        start = self.seconds[index]
        if step < 0:
            other = bisect_left(self.seconds, start - _SPEED_WINDOW_SECONDS, 0, index)
        else:
            other = bisect_right(self.seconds, start + _SPEED_WINDOW_SECONDS, index) - 1
        here, there = self.boxes[index], self.boxes[other]
        duration = max(abs(self.seconds[other] - start), _SPEED_MIN_SECONDS) * 2 * step
        return (
            (there[0] + there[2] - here[0] - here[2]) / duration,
            (there[1] + there[3] - here[1] - here[3]) / duration,
        )

    def predict(self, seconds: float) -> Box:
        """Return where the last box would be now at constant speed."""
        ahead = min(seconds - self.seconds[-1], PREDICTION_SECONDS)
        return shift_box(self.boxes[-1], self.velocity[0] * ahead, self.velocity[1] * ahead)

    def forget_before(self, seconds: float) -> None:
        """Drop boxes older than this but for the last of them; tracks may live for hours."""
        stale = max(0, bisect_left(self.seconds, seconds) - 1)
        for column in (self.frames, self.seconds, self.boxes, self.scores):
            del column[:stale]


class Tracker:
    """Joins each frame's boxes to the tracks so far.

    Parameters
    ----------
    settings : SmoothingSettings
        What links and what confirms.
    """

    def __init__(self, settings: SmoothingSettings) -> None:
        self._settings = settings
        self._live: list[Track] = []
        self._ended: list[Track] = []
        self._next_id = 0
        #: time of the latest detection frame, and how long after the one before it was
        self._last_seconds = -math.inf
        self._interval_seconds = math.inf

    def confirmed_tracks(self) -> list[Track]:
        """Return the confirmed tracks that are still kept, in the order of their ids."""
        tracks = [track for track in (*self._ended, *self._live) if track.confirmed]
        tracks.sort(key=lambda track: track.track_id)
        return tracks

    def update(self, frame_index: int, seconds: float, seen: Sequence[SeenBox]) -> None:
        """Join one frame's boxes, all of at least the lowest score.

        Parameters
        ----------
        frame_index : int
            Larger than in the call before.
        seconds : float
            Not smaller than in the call before.
        seen : sequence of (box, score)
            Boxes with sides longer than 0, in any order.
        """
        self._interval_seconds = seconds - self._last_seconds
        self._let_stand(self._interval_seconds)
        self._end_lost_tracks(seconds)
        joined = self._match(seconds, seen)
        for index, (box, score) in enumerate(seen):
            track = joined.get(index)
            if track is None:
                track = Track()
                self._live.append(track)
            track.add(frame_index, seconds, box, score)
            if score >= self._settings.evidence_score and not track.confirmed:
                track.evidence.append((seconds, 0.0))
                self._confirm(track, score)
        self._last_seconds = seconds

    def finish(self) -> None:
        """Keep the boxes of the last detection frame as long as those of the one before."""
        self._let_stand(self._interval_seconds)

    def forget_before(self, seconds: float) -> None:
        """Drop what can no longer change a frame at this time or later."""
        limit = seconds - self._settings.history_seconds
        self._ended = [track for track in self._ended if track.seconds[-1] >= limit]
        for track in self._live:
            # the list is moved seldom, and never emptied: a live track's last box stays
            if track.seconds[0] < limit - self._settings.history_seconds:
                track.forget_before(min(limit, track.seconds[-1]))

    def _let_stand(self, duration_seconds: float) -> None:
        """Count the boxes of the latest detection frame for the time until the next one."""
        for track in self._live:
            if not track.confirmed and track.evidence:
                seconds, _ = track.evidence[-1]
                if seconds == self._last_seconds:
                    track.evidence[-1] = seconds, duration_seconds
                    self._confirm(track, 0.0)

    def _is_within(self, track: Track, gap_seconds: float, limit_seconds: float) -> bool:
        """Return whether a track may go on: no detection frame since, or not long ago."""
        return gap_seconds <= limit_seconds or track.seconds[-1] == self._last_seconds

    def _end_lost_tracks(self, seconds: float) -> None:
        """Retire tracks that no box of now can join; tentative ones leave for good."""
        longest = (self._settings.max_rescue_gap_seconds, self._settings.max_gap_seconds)
        kept: list[Track] = []
        for track in self._live:
            if self._is_within(track, seconds - track.seconds[-1], longest[track.confirmed]):
                kept.append(track)
            elif track.confirmed:
                self._ended.append(track)
        self._live = kept

    def _confirm(self, track: Track, score: float) -> None:
        """Assign an id to a tentative track once its boxes are evidence enough."""
        settings, evidence = self._settings, track.evidence
        while evidence[-1][0] - evidence[0][0] > settings.evidence_seconds:
            evidence.popleft()
        several = len(evidence) >= settings.evidence_detections
        standing = sum(stood for _, stood in evidence) >= settings.evidence_standing_seconds
        if several or standing or score >= settings.birth_score:
            track.track_id = self._next_id
            self._next_id += 1
            evidence.clear()

    def _match(self, seconds: float, seen: Sequence[SeenBox]) -> dict[int, Track]:
        """Return the track that each box joins, by the box's index."""
        joined: dict[int, Track] = {}
        taken: set[int] = set()
        # certain boxes first; then the smallest cost; then the older track
        for _, _, row, index in sorted(self._pairs(seconds, seen)):
            if row not in taken and index not in joined:
                joined[index] = self._live[row]
                taken.add(row)
        return joined

    def _pairs(
        self, seconds: float, seen: Sequence[SeenBox]
    ) -> Iterator[tuple[bool, float, int, int]]:
        """Yield (uncertain, cost, track's row, box's index) of every pair that fits."""
        settings = self._settings
        boxes = [
            (index, score < settings.birth_score, *_centre_and_size(box))
            for index, (box, score) in enumerate(seen)
        ]
        for row, track in enumerate(self._live):
            gap = seconds - track.seconds[-1]
            is_recent = self._is_within(track, gap, settings.max_rescue_gap_seconds)
            reach = settings.reach_boxes(gap)
            bonus = _CONFIRMED_BONUS if track.confirmed else 0.0
            x, y, size = _centre_and_size(track.predict(seconds))
            for index, uncertain, box_x, box_y, box_size in boxes:
                larger, smaller = (size, box_size) if size > box_size else (box_size, size)
                distance = math.hypot(box_x - x, box_y - y) / larger
                if distance > reach or larger > settings.max_size_ratio * smaller:
                    continue
                if uncertain and not is_recent:
                    continue
                cost = distance + _RATIO_WEIGHT * (larger / smaller - 1) + _GAP_WEIGHT * gap
                yield uncertain, cost - bonus, row, index


def _centre_and_size(box: Box) -> tuple[float, float, float]:
    """Return the centre and the side of the square of the same area, in pixels."""
    x0, y0, x1, y1 = box
    return (x0 + x1) / 2, (y0 + y1) / 2, math.sqrt((x1 - x0) * (y1 - y0))
