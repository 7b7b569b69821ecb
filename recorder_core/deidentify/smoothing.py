"""Time repairs what a frame misses.

A frame is decided once the look-ahead behind it is known, so that its redactions
rest on the past and on the future: gaps between the boxes of a track are filled,
uncertain boxes of a track that is certain earlier or later are rescued, and every
track is padded before its first and after its last box, at least as far as the detector
did not look again. What cannot be told apart is redacted: a wrong region costs some
frame, a missed face costs privacy.

Between two cuts lies another picture. A track that is seen before the first and after the second,
and not between them, is padded into that picture as into any frame, and not filled through it.

A repaired box is never smaller than a seen one: it grows with the time to the
nearest box of its track, because a head may move meanwhile. The box of a frame in
which the detector saw the face is used as it is.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from recorder_core.deidentify.boxes import (
    Box,
    clip_box,
    grow_box,
    interpolate_boxes,
    shift_box,
    view_box,
)
from recorder_core.deidentify.tracking import (
    PREDICTION_SECONDS,
    SmoothingSettings,
    Track,
    Tracker,
)
from recorder_core.errors import DataError, DeidentifyError, SettingsError
from recorder_core.model.faces.detections import FrameDetections, Origin, Redaction
from recorder_core.model.frames.views import View

__all__ = ["DecidedFrame", "SkippedFrame", "Smoother", "smooth_all"]


@dataclass(frozen=True, slots=True)
class DecidedFrame:
    """What is redacted in one frame."""

    frame_index: int
    #: by rising track
    redactions: list[Redaction]
    #: the look-ahead was over, or the video had ended, and all frames from this one on had been
    #: searched; see `Smoother`. Where it is False, a face may be missing: nobody may see the frame
    #: as it is
    is_final: bool


@dataclass(frozen=True, slots=True)
class SkippedFrame:
    """A frame on which the detector did not run; its boxes come from its neighbours."""

    frame_index: int
    #: int, in the stream's time base
    pts: int


@dataclass(frozen=True, slots=True)
class _Moment:
    """A frame that is decided."""

    frame_index: int
    seconds: float
    #: detection frames next to it, itself if it is one
    detection_frames: tuple[int, ...]
    #: the first frame after the last cut, and the first after the next one
    picture: tuple[float, float]

    def is_apart(self, track: Track, after: int) -> bool:
        """Return whether cuts divide it from one box of a track and from that before."""
        first, stop = self.picture
        return track.frames[after - 1] < first and stop <= track.frames[after]


class Smoother:
    """Decides frame by frame what is redacted, looking ahead and back in time.

    Push every frame in order; take decided frames with `pop_ready`; `finish` gives
    the rest. Decisions depend on what was pushed, never on when `pop_ready` is called.

    A frame is *searched* if it is a detection frame, or lies in a stretch without one that is no
    longer than the limit. A stretch lasts from one detection frame to the next; the first may
    begin with the video, the last ends with the latest frame. A detector that is behind leaves
    longer ones, and what they show is not known: no frame of them is final, nor one whose
    look-ahead reaches into them.

    Parameters
    ----------
    settings : SmoothingSettings
        What is linked and repaired.
    view : View
        Part of the frame that is searched for faces; redactions are clipped to it.
    time_base : Fraction
        Seconds per unit of pts.
    max_look_ahead_frames : int, optional
        Most frames held back while their future is awaited; bounds the caller's memory and
        delay. A shorter look-ahead repairs less, and what was decided without the rest of it
        is not final. None: only seconds count.
    max_detection_interval_seconds : Fraction or None
        Longest time between two detection frames that counts as searched. It changes what is
        final, never what is redacted. None: any.

    Raises
    ------
    SettingsError
        If the time base is not above 0, or the limit of frames or of time is negative.
    """

    def __init__(
        self,
        settings: SmoothingSettings,
        view: View,
        time_base: Fraction,
        max_look_ahead_frames: int | None = None,
        *,
        max_detection_interval_seconds: Fraction | None,
    ) -> None:
        if time_base <= 0:
            raise SettingsError(f"time base {time_base} must be above 0 seconds")
        if max_look_ahead_frames is not None and max_look_ahead_frames < 0:
            raise SettingsError(f"a look-ahead of {max_look_ahead_frames} frames is negative")
        interval = max_detection_interval_seconds
        if interval is not None and interval < 0:
            raise SettingsError(f"a detection interval of {interval} seconds is negative")
        self._settings = settings
        self._limits = view_box(view)
        self._time_base = time_base
        self._max_frames = math.inf if max_look_ahead_frames is None else max_look_ahead_frames
        self._tracker = Tracker(settings)
        self._waiting: deque[tuple[int, float]] = deque()
        #: index and seconds of each detection frame, from the last one before the frames that wait
        self._detection_frames: deque[tuple[int, float]] = deque()
        #: in units of pts
        self._max_interval: Fraction | float = (
            math.inf if interval is None else interval / time_base
        )
        #: index and pts of the last detection frame; until there is one, of the video's beginning
        self._stretch_start: tuple[int, int] | None = None
        self._last_unsearched_index = -1
        #: index and seconds of the first frame after each cut
        self._cuts: deque[tuple[int, float]] = deque()
        self._ready: list[DecidedFrame] = []
        self._last: tuple[int, float] | None = None
        self._finished = False

    def push(self, frame: FrameDetections | SkippedFrame, *, is_cut: bool = False) -> None:
        """Add the next frame.

        Parameters
        ----------
        frame : FrameDetections or SkippedFrame
            The frame after the one pushed before.
        is_cut : bool
            It shows an altogether other picture than that one.

        Raises
        ------
        DataError
            If a frame is missing, time runs backwards, or a box is not a number.
        DeidentifyError
            If the smoother is finished.
        """
        seconds = frame.pts * self._time_base.numerator / self._time_base.denominator
        self._check_order(frame.frame_index, seconds)
        if isinstance(frame, FrameDetections):
            self._track(frame, seconds)
        if is_cut:
            self._cuts.append((frame.frame_index, seconds))
        self._measure_stretch(frame)
        self._last = (frame.frame_index, seconds)
        self._waiting.append(self._last)
        self._decide(seconds)

    def pop_ready(self) -> list[DecidedFrame]:
        """Return the frames decided since the last call, in order."""
        ready, self._ready = self._ready, []
        return ready

    def finish(self) -> list[DecidedFrame]:
        """Decide every frame that still waits; return all that were not popped."""
        self._finished = True
        self._tracker.finish()
        while self._waiting:
            self._decide_first(is_known=bool(self._detection_frames))
        return self.pop_ready()

    def _check_order(self, frame_index: int, seconds: float) -> None:
        if self._finished:
            raise DeidentifyError("the smoother is finished; make a new one for more frames")
        if self._last is None:
            return
        if frame_index != self._last[0] + 1:
            raise DataError(
                f"frame {frame_index} follows frame {self._last[0]}: push every frame in order, "
                "and those without detection as skipped"
            )
        if seconds < self._last[1]:
            raise DataError(
                f"frame {frame_index} is {self._last[1] - seconds:.3f} s earlier than the frame "
                "before it; remux the file so that its timestamps increase"
            )

    def _track(self, frame: FrameDetections, seconds: float) -> None:
        """Pass the boxes that can matter to the tracker."""
        seen = []
        rows = zip(frame.boxes_xyxy_px.tolist(), frame.scores.tolist(), strict=True)
        for (x0, y0, x1, y1), raw_score in rows:
            if not math.isfinite(x0 + y0 + x1 + y1 + raw_score):
                raise DataError(
                    f"frame {frame.frame_index} has a box or score that is not a number"
                )
            # float32 cannot hold most settings: 0.7 must not fall below a birth score of 0.7
            score = round(raw_score, 6)
            box = (x0, y0, x1, y1)
            if score >= self._settings.min_score and clip_box(box, self._limits):
                seen.append((box, score))
        self._tracker.update(frame.frame_index, seconds, seen)
        self._detection_frames.append((frame.frame_index, seconds))

    def _measure_stretch(self, frame: FrameDetections | SkippedFrame) -> None:
        """Note the frames without detection until now where they last too long."""
        index, is_searched = frame.frame_index, isinstance(frame, FrameDetections)
        if self._stretch_start is None:
            self._stretch_start = index - 1, frame.pts
        start_index, start_pts = self._stretch_start
        last_index = index - 1 if is_searched else index
        if last_index > start_index and frame.pts - start_pts > self._max_interval:
            self._last_unsearched_index = last_index
        if is_searched:
            self._stretch_start = index, frame.pts

    def _decide(self, now_seconds: float) -> None:
        """Decide the frames whose look-ahead is full."""
        horizon = now_seconds - self._settings.look_ahead_seconds
        decided = False
        while self._waiting:
            is_known = self._is_known(horizon)
            if not is_known and len(self._waiting) <= self._max_frames:
                break
            self._decide_first(is_known=is_known)
            decided = True
        if decided:
            self._forget(*(self._waiting or self._detection_frames or [(0, now_seconds)])[0])

    def _is_known(self, horizon_seconds: float) -> bool:
        """Return whether the first frame that waits has its future: a detection frame since."""
        frame_index, seconds = self._waiting[0]
        return (
            seconds <= horizon_seconds
            and bool(self._detection_frames)
            and self._detection_frames[-1][0] > frame_index
        )

    def _forget(self, frame_index: int, seconds: float) -> None:
        """Drop what changes no frame from this one on."""
        while len(self._detection_frames) > 1 and self._detection_frames[1][0] <= frame_index:
            self._detection_frames.popleft()
        before = self._detection_frames[0][1] if self._detection_frames else seconds
        self._tracker.forget_before(min(before, seconds))
        limit = min(before, seconds) - self._settings.history_seconds
        while self._cuts and self._cuts[0][1] < limit:
            self._cuts.popleft()

    def _decide_first(self, *, is_known: bool) -> None:
        frame_index, seconds = self._waiting.popleft()
        around = self._detection_frames_around(frame_index)
        moment = _Moment(frame_index, seconds, around, self._picture_around(frame_index))
        redactions = []
        for track in self._tracker.confirmed_tracks():
            redaction = _redact_track(track, moment, self._settings, self._limits)
            if redaction is not None:
                redactions.append(redaction)
        is_final = is_known and self._last_unsearched_index < frame_index
        self._ready.append(DecidedFrame(frame_index, redactions, is_final))

    def _detection_frames_around(self, frame_index: int) -> tuple[int, ...]:
        """Return the last detection frame until a frame and the first from it on, if any."""
        before = [frame for frame, _ in self._detection_frames if frame <= frame_index][-1:]
        after = next((frame for frame, _ in self._detection_frames if frame >= frame_index), None)
        return tuple(before) if after is None else (*before, after)

    def _picture_around(self, frame_index: int) -> tuple[float, float]:
        """Return the last cut until a frame and the first after it."""
        cuts = [-math.inf, *(cut for cut, _ in self._cuts), math.inf]
        place = bisect_right(cuts, frame_index)
        return cuts[place - 1], cuts[place]


def smooth_all(
    frames: Iterable[FrameDetections | SkippedFrame],
    settings: SmoothingSettings,
    view: View,
    time_base: Fraction,
    max_look_ahead_frames: int | None = None,
) -> dict[int, list[Redaction]]:
    """Run a `Smoother` over a finished table of detections.

    Parameters
    ----------
    frames : iterable of FrameDetections or SkippedFrame
        Every frame in order.
    settings, view, time_base, max_look_ahead_frames
        As for `Smoother`; the same values give the same redactions.

    Returns
    -------
    dict
        Frame index -> redactions, for every frame, in order.
    """
    smoother = Smoother(
        settings, view, time_base, max_look_ahead_frames, max_detection_interval_seconds=None
    )
    decided: list[DecidedFrame] = []
    for frame in frames:
        smoother.push(frame)
        decided += smoother.pop_ready()
    decided += smoother.finish()
    return {each.frame_index: each.redactions for each in decided}


def _redact_track(
    track: Track, moment: _Moment, settings: SmoothingSettings, limits: Box
) -> Redaction | None:
    """Return what one confirmed track hides in one frame, if anything."""
    frame_index, seconds = moment.frame_index, moment.seconds
    after = bisect_left(track.frames, frame_index)
    origin: Origin
    score = math.nan
    if after < len(track.frames) and track.frames[after] == frame_index:
        box, score = track.boxes[after], track.scores[after]
        origin = "detected" if score >= settings.birth_score else "rescued"
    elif 0 < after < len(track.frames) and not moment.is_apart(track, after):
        box, origin = _fill(track, after, seconds, settings), "filled"
    else:
        nearest, step = _nearest(track, after, seconds)
        is_far = abs(seconds - track.seconds[nearest]) > settings.padding_seconds
        # there is no detection frame between the one that has the face and this frame
        if is_far and track.frames[nearest] not in moment.detection_frames:
            return None
        box, origin = _pad(track, nearest, step, seconds, settings), "padded"
    clipped = clip_box(box, limits)
    if clipped is None:
        return None
    return Redaction(frame_index, clipped, origin, track.track_id, score)


def _nearest(track: Track, after: int, seconds: float) -> tuple[int, int]:
    """Return the box of a track that is nearest in time, and where the next one to it lies."""
    if after == len(track.frames):
        return after - 1, -1
    if after == 0 or track.seconds[after] - seconds < seconds - track.seconds[after - 1]:
        return after, 1
    return after - 1, -1


def _fill(track: Track, after: int, seconds: float, settings: SmoothingSettings) -> Box:
    """Return the box between two seen ones, grown with the time to the nearer one."""
    start, stop = track.seconds[after - 1], track.seconds[after]
    share = (seconds - start) / (stop - start) if stop > start else 0.5
    box = interpolate_boxes(track.boxes[after - 1], track.boxes[after], share)
    return grow_box(box, settings.growth(min(seconds - start, stop - seconds)))


def _pad(track: Track, nearest: int, step: int, seconds: float, settings: SmoothingSettings) -> Box:
    """Return the box outside the track's ends, moved on at the speed of that end."""
    offset = seconds - track.seconds[nearest]
    right, down = track.velocity_at(nearest, step)
    moved = max(-PREDICTION_SECONDS, min(offset, PREDICTION_SECONDS))
    box = shift_box(track.boxes[nearest], right * moved, down * moved)
    return grow_box(box, settings.growth(abs(offset)))


def redact_detections(
    frames: Iterable[FrameDetections | SkippedFrame], min_score: float
) -> dict[int, list[Redaction]]:
    """Redact exactly what the detector saw in each frame: the state before repair."""
    redactions: dict[int, list[Redaction]] = {}
    for frame in frames:
        redactions[frame.frame_index] = []
        if isinstance(frame, SkippedFrame):
            continue
        rows = zip(frame.boxes_xyxy_px.tolist(), frame.scores.tolist(), strict=True)
        redactions[frame.frame_index] = [
            Redaction(frame.frame_index, (x0, y0, x1, y1), "detected", -1, score)
            for (x0, y0, x1, y1), score in rows
            if score >= min_score
        ]
    return redactions
