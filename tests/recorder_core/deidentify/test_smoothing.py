from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, strategies as st

from recorder_core.deidentify.boxes import Box, box_area, clip_box
from recorder_core.deidentify.smoothing import (
    DecidedFrame,
    SkippedFrame,
    Smoother,
    redact_detections,
    smooth_all,
)
from recorder_core.deidentify.tracking import SmoothingSettings
from recorder_core.errors import DataError, DeidentifyError, SettingsError
from recorder_core.model import FrameDetections, Redaction, View

VIEW = View(0, 0, 640, 360)
RATE = Fraction(1, 30)
SETTINGS = SmoothingSettings()
Frame = FrameDetections | SkippedFrame
#: longest time between detection frames, as a live view asks for
INTERVAL = Fraction(1, 10)


def _face(x: float, y: float = 100.0, size: float = 40.0) -> Box:
    return (x - size / 2, y - size / 2, x + size / 2, y + size / 2)


def _frame(index: int, *seen: tuple[Box, float], pts: int | None = None) -> FrameDetections:
    return FrameDetections(
        index,
        index if pts is None else pts,
        np.array([box for box, _ in seen], np.float32).reshape(-1, 4),
        np.array([score for _, score in seen], np.float32),
    )


def _scores(scores: Sequence[float | None], x_step: float = 0.0) -> list[Frame]:
    """One face: a score per frame, 0 for a miss, None for a frame without detection."""
    frames: list[Frame] = []
    for index, score in enumerate(scores):
        seen = [(_face(100 + x_step * index), score)] if score else []
        frames.append(SkippedFrame(index, index) if score is None else _frame(index, *seen))
    return frames


def _smoother(
    settings: SmoothingSettings = SETTINGS,
    time_base: Fraction = RATE,
    limit: int | None = None,
    interval: Fraction | None = None,
) -> Smoother:
    return Smoother(settings, VIEW, time_base, limit, max_detection_interval_seconds=interval)


def _smooth(frames: Sequence[Frame], **change: float) -> dict[int, list[Redaction]]:
    return smooth_all(frames, replace(SETTINGS, **change), VIEW, RATE)


def _origins(decided: dict[int, list[Redaction]]) -> str:
    """One letter per frame: d, r, f, p, or a dot."""
    return "".join(each[0].origin[0] if each else "." for each in decided.values())


def _centre_x(redaction: Redaction) -> float:
    return (redaction.box_xyxy_px[0] + redaction.box_xyxy_px[2]) / 2


def _covers(outer: Box, inner: Box) -> bool:
    return all(outer[i] <= inner[i] for i in (0, 1)) and all(outer[i] >= inner[i] for i in (2, 3))


# -- what is repaired --------------------------------------------------------------------


def test_a_seen_box_is_used_as_it_is() -> None:
    decided = _smooth(_scores([0.9] * 5))
    assert [[each.box_xyxy_px for each in row] for row in decided.values()] == [[_face(100)]] * 5
    assert {each.track for row in decided.values() for each in row} == {0}
    assert decided[0][0].score == pytest.approx(0.9)


def test_nothing_seen_nothing_redacted() -> None:
    assert _smooth(_scores([0.0] * 4)) == {0: [], 1: [], 2: [], 3: []}


def test_a_gap_is_filled_on_the_straight_line_and_grows() -> None:
    decided = _smooth(_scores([0.9] * 10 + [0.0] * 9 + [0.9] * 10, x_step=2))
    assert _origins(decided) == "d" * 10 + "f" * 9 + "d" * 10
    middle = decided[14][0]
    assert _centre_x(middle) == pytest.approx(128)
    width = middle.box_xyxy_px[2] - middle.box_xyxy_px[0]
    assert width == pytest.approx(40 * (1 + 0.5 * 5 / 30))
    assert math.isnan(middle.score)


def test_low_scores_are_rescued_by_the_past_and_by_the_future() -> None:
    decided = _smooth(_scores([0.15, 0.2, 0.12, 0.9, 0.9, 0.15, 0.1]))
    assert _origins(decided) == "rrrddrr"
    assert decided[0][0].score == pytest.approx(0.15)


def test_low_scores_without_a_certain_box_are_not_redacted() -> None:
    assert _origins(_smooth(_scores([0.2] * 90))) == "." * 90


def test_a_rescue_reaches_as_far_back_as_the_look_ahead() -> None:
    decided = _smooth(_scores([0.2] * 40 + [0.9]), look_ahead_seconds=1.0)
    assert _origins(decided) == "." * 10 + "r" * 30 + "d"


def test_one_certain_box_is_padded_on_both_sides() -> None:
    decided = _smooth(_scores([0.0] * 20 + [0.9] + [0.0] * 20))
    assert _origins(decided) == "." * 8 + "p" * 12 + "d" + "p" * 12 + "." * 8


def test_padding_follows_the_motion_and_stays_in_the_view() -> None:
    frames = [_frame(i) for i in range(60)]
    for i in range(20, 40):
        frames[i] = _frame(i, (_face(30 + 30 * (i - 20)), 0.9))
    decided = _smooth(frames)
    x0, _, x1, _ = decided[40][0].box_xyxy_px
    assert (x0, x1) == (pytest.approx(630 - 20 * (1 + 0.5 / 30)), 640)
    assert decided[19][0].box_xyxy_px[0] == 0
    # beyond the edge of the view nothing is left of the padded box
    assert decided[43] == []
    assert decided[17] == []


def test_a_gap_longer_than_allowed_is_padded_at_both_ends() -> None:
    decided = _smooth(_scores([0.9] * 5 + [0.0] * 70 + [0.9] * 5))
    assert _origins(decided) == "d" * 5 + "p" * 12 + "." * 46 + "p" * 12 + "d" * 5
    assert decided[0][0].track == 0
    assert decided[79][0].track == 1


@pytest.mark.parametrize("every", [2, 3])
def test_skipped_frames_get_the_boxes_between(every: int) -> None:
    scores = [0.9 if index % every == 0 else None for index in range(31)]
    decided = _smooth(_scores(scores, x_step=4))
    assert _origins(decided)[: 30 // every * every] == ("d" + "f" * (every - 1)) * (30 // every)
    for index in range(30 // every * every):
        assert _centre_x(decided[index][0]) == pytest.approx(100 + 4 * index, abs=1e-3)


def _sparse(
    scores: Sequence[float | None], frame_seconds: float, **change: float
) -> dict[int, list[Redaction]]:
    """Decide frames that are far apart; scores as for `_scores`."""
    return smooth_all(_scores(scores), replace(SETTINGS, **change), VIEW, Fraction(frame_seconds))


@pytest.mark.parametrize("frame_seconds", [0.5, 1, 5, 60])
def test_a_weak_face_in_sparse_frames_is_hidden(frame_seconds: float) -> None:
    assert _origins(_sparse([0.0, 0.3, 0.3, 0.0, 0.0], frame_seconds)) == ".rr.."
    assert _origins(_sparse([0.0, 0.0, 0.3, 0.0, 0.0], frame_seconds)) == "..r.."
    assert _origins(_sparse([0.0, 0.2, 0.2, 0.0, 0.0], frame_seconds)) == "....."


@pytest.mark.parametrize("frame_seconds", [0.5, 1, 5, 60])
def test_a_faint_box_beside_a_certain_one_is_rescued_in_sparse_frames(frame_seconds: float) -> None:
    assert _origins(_sparse([0.12, 0.9, 0.12], frame_seconds)) == "rdr"


def test_frames_between_distant_looks_are_hidden_as_the_looks_say() -> None:
    # the detector looks every 3 s, at frames half a second apart
    looks = [score for look in (0.0, 0.9, 0.9, 0.0) for score in (look, *[None] * 5)]
    assert _origins(_sparse(looks, 0.5)) == ".ppppp" + "dfffff" + "dppppp" + "......"


def test_what_is_padded_far_moves_no_farther_than_a_prediction() -> None:
    frames: list[Frame] = [_frame(0, (_face(100), 0.9)), _frame(1, (_face(130), 0.9))]
    frames += [SkippedFrame(index, index) for index in range(2, 60)]
    decided = smooth_all(frames, SETTINGS, VIEW, Fraction(1, 10))
    # 300 px a second, for half a second
    for index in (6, 59):
        assert _centre_x(decided[index][0]) == pytest.approx(130 + 150)


@pytest.mark.parametrize(("limit", "ready"), [(None, 0), (30, 10)])
def test_a_frame_waits_for_the_next_look_but_for_no_more_frames_than_allowed(
    limit: int | None, ready: int
) -> None:
    smoother = _smoother(time_base=Fraction(1, 10), limit=limit)
    smoother.push(_frame(0, (_face(100), 0.3)))
    for index in range(1, 40):
        smoother.push(SkippedFrame(index, index))
    assert smoother.pop_ready() == [DecidedFrame(index, [], False) for index in range(ready)]
    smoother.push(_frame(40, (_face(100), 0.9)))
    decided = [*smoother.pop_ready(), *smoother.finish()]
    # what was decided without the next look stays as it was
    assert [each.frame_index for each in decided if each.redactions] == list(range(ready, 41))
    assert all(each.is_final for each in decided)


def test_crossing_faces_stay_covered() -> None:
    left = [_face(100 + 6 * i, 100) for i in range(40)]
    right = [_face(340 - 6 * i, 112) for i in range(40)]
    frames = [_frame(i, (left[i], 0.9), (right[i], 0.8)) for i in range(40)]
    for i in range(17, 24):  # one hides the other
        frames[i] = _frame(i, (left[i], 0.9))
    decided = _smooth(frames)
    for i, row in decided.items():
        assert len(row) == 2
        for box in (left[i], right[i]):
            best = max(box_area(clip_box(each.box_xyxy_px, box) or (0, 0, 0, 0)) for each in row)
            assert best > 0.9 * box_area(box)


def test_variable_frame_rate_counts_seconds_not_frames() -> None:
    # time base 1/1000 s; the gap of 5 frames lasts 2.5 s in one file, 0.2 s in the other
    def decide(step: int) -> str:
        pts = [0, 33, 66, *(66 + step * (i + 1) for i in range(6)), 99 + 6 * step + 66]
        seen = {0, 1, 2, 8, 9}
        frames = [
            _frame(i, *([(_face(100), 0.9)] if i in seen else []), pts=time)
            for i, time in enumerate(pts)
        ]
        return _origins(smooth_all(frames, SETTINGS, VIEW, Fraction(1, 1000)))

    assert decide(33) == "dddfffffdd"
    assert decide(420) == "ddd.....dd"


def test_filled_boxes_of_a_variable_rate_lie_where_time_puts_them() -> None:
    pts = [0, 10, 100]
    frames: list[Frame] = [
        _frame(0, (_face(100), 0.9), pts=0),
        SkippedFrame(1, pts[1]),
        _frame(2, (_face(120), 0.9), pts=pts[2]),
    ]
    decided = smooth_all(frames, SETTINGS, VIEW, Fraction(1, 1000))
    assert _centre_x(decided[1][0]) == pytest.approx(102)


def test_equal_timestamps_are_borne() -> None:
    frames: list[Frame] = [
        _frame(0, (_face(100), 0.9), pts=5),
        SkippedFrame(1, 5),
        _frame(2, (_face(104), 0.9), pts=5),
    ]
    decided = _smooth(frames)
    assert _origins(decided) == "dfd"
    assert _centre_x(decided[1][0]) == pytest.approx(102)


def test_a_scene_cut_pads_the_old_scene_and_the_new() -> None:
    frames = [_frame(i, (_face(100 if i < 30 else 500), 0.9)) for i in range(60)]
    decided = _smooth(frames)
    assert [len(decided[i]) for i in (17, 18, 29, 30, 41, 42)] == [1, 2, 2, 2, 2, 1]
    assert {each.track for each in decided[30]} == {0, 1}


def test_boxes_that_cannot_matter_are_left_out() -> None:
    outside = _face(900)
    empty = (50.0, 50.0, 50.0, 80.0)
    assert _smooth([_frame(0, (outside, 0.9), (empty, 0.9), (_face(100), 0.05))]) == {0: []}


def test_a_box_over_the_edge_is_clipped_to_the_view() -> None:
    view = View(320, 180, 320, 180)
    decided = smooth_all([_frame(0, (_face(320, 200), 0.9))], SETTINGS, view, RATE)
    assert decided[0][0].box_xyxy_px == (320, 180, 340, 220)


def test_a_score_that_float32_rounds_down_still_counts() -> None:
    assert float(np.float32(0.7)) < 0.7
    assert _origins(_smooth(_scores([0.7]), birth_score=0.7)) == "d"


# -- streaming ---------------------------------------------------------------------------


def test_frames_are_ready_when_their_look_ahead_is_full() -> None:
    smoother = _smoother()
    for index in range(60):
        smoother.push(_frame(index))
    assert smoother.pop_ready() == []
    smoother.push(SkippedFrame(60, 60))
    assert smoother.pop_ready() == [DecidedFrame(0, [], is_final=True)]
    assert smoother.pop_ready() == []


def test_the_caller_bounds_the_look_ahead() -> None:
    smoother = _smoother(limit=3)
    for index in range(5):
        smoother.push(_frame(index))
    assert smoother.pop_ready() == [DecidedFrame(index, [], False) for index in (0, 1)]
    # the video has ended: nothing more can become known
    assert smoother.finish() == [DecidedFrame(index, [], True) for index in (2, 3, 4)]


def test_what_is_decided_before_its_look_ahead_is_over_is_not_final() -> None:
    """A face that becomes certain later is missing in it; with the whole look-ahead it is not."""
    frames = [_frame(index, (_face(100), 0.2 if index < 10 else 0.9)) for index in range(90)]
    early, whole = _smoother(limit=3), _smoother()
    for frame in frames:
        early.push(frame)
        whole.push(frame)
    hidden_late, hidden = early.pop_ready(), whole.pop_ready()
    assert [each.is_final for each in hidden_late] == [False] * 87
    assert [bool(each.redactions) for each in hidden_late] == [False] * 7 + [True] * 80
    assert len(hidden) >= 29
    assert all(each.is_final and each.redactions for each in hidden)


def _decided(smoother: Smoother, frames: Sequence[Frame]) -> list[tuple[DecidedFrame, int]]:
    """Return what is decided, and the frame that was the latest then."""
    decided = []
    for frame in frames:
        smoother.push(frame)
        decided += [(each, frame.frame_index) for each in smoother.pop_ready()]
    return decided + [(each, len(frames) - 1) for each in smoother.finish()]


def _searched_at(detection_frames: Iterable[int], count: int) -> list[Frame]:
    """Frames without a face, of which the detector searched some."""
    chosen = set(detection_frames)
    return [
        _frame(index) if index in chosen else SkippedFrame(index, index) for index in range(count)
    ]


def test_no_frame_is_final_while_the_detector_is_behind() -> None:
    """One frame a second is searched, and a face is there between two of these frames."""
    settings = replace(SETTINGS, look_ahead_seconds=1.0)
    frames = _searched_at(range(0, 120, 30), 120)
    decided = _decided(_smoother(settings, limit=40, interval=INTERVAL), frames)
    shown = [each for each, _ in decided if 31 <= each.frame_index <= 57]
    # nobody has seen the face, and none of these frames may be shown
    assert [each.redactions for each in shown] == [[]] * 27
    assert not any(each.is_final for each in shown)
    # nor are those of the end, after the last detection frame and before it
    assert not any(each.is_final for each, _ in decided)


def test_frames_are_final_until_a_detector_falls_behind_and_once_it_has_caught_up() -> None:
    settings = replace(SETTINGS, look_ahead_seconds=1.0)
    searched = [*range(0, 91, 3), *range(120, 241, 3)]
    decided = _decided(_smoother(settings, interval=INTERVAL), _searched_at(searched, 241))
    final = [each.frame_index for each, _ in decided if each.is_final]
    # 91 to 119 were not searched; frame 64 is decided while 94 is the latest: a face in it may
    # be one that only they show for certain
    assert final == [*range(64), *range(120, 241)]


def test_a_detector_that_keeps_the_interval_leaves_every_frame_final() -> None:
    # a tenth of a second is three frames, whatever a float makes of it
    decided = _decided(_smoother(interval=INTERVAL), _searched_at(range(0, 200, 3), 201))
    assert all(each.is_final for each, _ in decided)
    # nor does a pause of the source, in which there are no frames, matter
    frames = [_frame(index, pts=index if index < 50 else index + 900) for index in range(100)]
    assert all(each.is_final for each, _ in _decided(_smoother(interval=INTERVAL), frames))


def test_what_comes_before_the_first_detection_frame_is_final_where_that_is_near() -> None:
    for first, is_final in ((3, True), (4, False)):
        frames = _searched_at(range(first, 100), 100)
        decided = _decided(_smoother(interval=INTERVAL), frames)
        assert [each.is_final for each, _ in decided] == [is_final] * first + [True] * (100 - first)
    # without any detection frame nothing was searched
    decided = _decided(_smoother(interval=INTERVAL), _searched_at([], 3))
    assert not any(each.is_final for each, _ in decided)


def test_a_track_is_not_filled_through_another_picture() -> None:
    """A face is seen before and after a second in which another camera is shown."""
    frames = _scores([0.9] * 6 + [0.0] * 36 + [0.9] * 6)
    origins = {}
    for cuts in ((), (6,), (6, 42)):
        smoother = _smoother()
        for frame in frames:
            smoother.push(frame, is_cut=frame.frame_index in cuts)
        origins[cuts] = _origins({each.frame_index: each.redactions for each in smoother.finish()})
    # 0.4 seconds are 12 frames
    assert origins[6, 42] == "d" * 6 + "p" * 12 + "." * 12 + "p" * 12 + "d" * 6
    # one cut may be a lamp that was switched on
    assert origins[()] == origins[(6,)] == "d" * 6 + "f" * 36 + "d" * 6


def test_without_look_ahead_the_past_still_repairs() -> None:
    frames = _scores([0.2, 0.9, 0.2, 0.0, 0.9])
    decided = smooth_all(frames, SETTINGS, VIEW, RATE, max_look_ahead_frames=0)
    assert _origins(decided) == ".drpd"


def test_the_first_frame_of_a_segment_may_have_any_index() -> None:
    smoother = _smoother()
    smoother.push(_frame(700, (_face(100), 0.9)))
    assert [each.frame_index for each in smoother.finish()] == [700]


def test_a_missing_frame_is_refused() -> None:
    smoother = _smoother()
    smoother.push(_frame(0))
    with pytest.raises(DataError, match="frame 2 follows frame 0"):
        smoother.push(_frame(2))


def test_time_that_runs_backwards_is_refused() -> None:
    smoother = _smoother()
    smoother.push(_frame(0, pts=30))
    with pytest.raises(DataError, match="earlier"):
        smoother.push(_frame(1, pts=29))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_boxes_that_are_not_numbers_are_refused(bad: float) -> None:
    with pytest.raises(DataError, match="not a number"):
        _smooth([_frame(0, ((1.0, 2.0, bad, 4.0), 0.9))])
    with pytest.raises(DataError, match="not a number"):
        _smooth([_frame(0, (_face(100), bad))])


def test_a_finished_smoother_takes_no_frame() -> None:
    smoother = _smoother()
    smoother.finish()
    with pytest.raises(DeidentifyError):
        smoother.push(_frame(0))


def test_impossible_limits_are_refused() -> None:
    with pytest.raises(SettingsError):
        _smoother(time_base=Fraction(0))
    with pytest.raises(SettingsError):
        _smoother(limit=-1)
    with pytest.raises(SettingsError):
        _smoother(interval=Fraction(-1))


# -- properties --------------------------------------------------------------------------

_seen = st.tuples(
    st.builds(
        lambda x, y, w, h: (float(x), float(y), float(x + w), float(y + h)),
        st.integers(-30, 650),
        st.integers(-30, 370),
        st.integers(1, 120),
        st.integers(1, 120),
    ),
    st.integers(0, 100).map(lambda percent: percent / 100),
)


@st.composite
def _recordings(draw: st.DrawFn) -> list[Frame]:
    frames: list[Frame] = []
    pts = 0
    for index in range(draw(st.integers(0, 25))):
        pts += draw(st.integers(0, 40))
        if draw(st.booleans()):
            frames.append(SkippedFrame(index, pts))
        else:
            frames.append(_frame(index, *draw(st.lists(_seen, max_size=4)), pts=pts))
    return frames


_limits = st.none() | st.integers(0, 12)


@given(_recordings(), _limits)
def test_every_certain_box_is_covered_in_its_frame(frames: list[Frame], limit: int | None) -> None:
    decided = smooth_all(frames, SETTINGS, VIEW, RATE, limit)
    for frame in frames:
        if isinstance(frame, SkippedFrame):
            continue
        shapes = [each.box_xyxy_px for each in decided[frame.frame_index]]
        for (x0, y0, x1, y1), score in zip(
            frame.boxes_xyxy_px.tolist(), frame.scores.tolist(), strict=True
        ):
            inside = clip_box((x0, y0, x1, y1), (0, 0, 640, 360))
            if score >= SETTINGS.birth_score and inside:
                assert any(_covers(shape, inside) for shape in shapes)


@given(_recordings(), _limits, st.data())
def test_results_do_not_depend_on_when_frames_are_popped(
    frames: list[Frame], limit: int | None, data: st.DataObject
) -> None:
    smoother = _smoother(limit=limit)
    streamed: list[DecidedFrame] = []
    for frame in frames:
        smoother.push(frame)
        if data.draw(st.booleans()):
            streamed += smoother.pop_ready()
    streamed += smoother.finish()
    whole = smooth_all(frames, SETTINGS, VIEW, RATE, limit)
    # repr: NaN scores are not equal to themselves
    assert repr([each.redactions for each in streamed]) == repr([*whole.values()])
    assert [each.frame_index for each in streamed] == [*whole] == list(range(len(frames)))


@given(_recordings(), _limits)
def test_every_redaction_is_a_box_in_the_view_with_its_own_track(
    frames: list[Frame], limit: int | None
) -> None:
    first_seen: list[int] = []
    for index, row in smooth_all(frames, SETTINGS, VIEW, RATE, limit).items():
        tracks = [each.track for each in row]
        assert tracks == sorted(set(tracks))
        first_seen += [track for track in tracks if track not in first_seen]
        for each in row:
            assert each.frame_index == index
            assert box_area(each.box_xyxy_px) > 0
            assert _covers((0, 0, 640, 360), each.box_xyxy_px)
            assert math.isnan(each.score) == (each.origin in ("filled", "padded"))


@given(_recordings())
def test_more_look_ahead_never_redacts_fewer_faces(frames: list[Frame]) -> None:
    # in a view so wide that no speed, which the look-ahead tells, moves a padded box out of it
    wide, shift = View(0, 0, 20_000, 20_000), 10_000
    moved = [
        replace(each, boxes_xyxy_px=each.boxes_xyxy_px + np.float32(shift))
        if isinstance(each, FrameDetections)
        else each
        for each in frames
    ]
    short = smooth_all(moved, SETTINGS, wide, RATE, max_look_ahead_frames=2)
    long = smooth_all(moved, SETTINGS, wide, RATE)
    for index, row in short.items():
        assert {each.track for each in row} <= {each.track for each in long[index]}


@st.composite
def _searches(draw: st.DrawFn) -> list[Frame]:
    """Frames without a face at any rate, some of them searched: often, seldom, or by turns."""
    rate = draw(st.sampled_from([1, 10, 24, 30, 50, 60, 120]))
    frame_times = [round(1000 * index / rate) for index in range(draw(st.integers(1, 250)))]
    shift, index = 0, -1
    chosen = set()
    while index < len(frame_times):
        index += draw(st.integers(1, 8) | st.integers(1, 90))
        chosen.add(index)
    frames: list[Frame] = []
    for index, pts in enumerate(frame_times):
        shift += draw(st.sampled_from([0] * 30 + [700])) if index % 10 == 9 else 0
        time = pts + shift
        is_chosen = index in chosen
        frames.append(_frame(index, pts=time) if is_chosen else SkippedFrame(index, time))
    return frames


def _unsearched(frames: Sequence[Frame], interval_ms: Fraction) -> set[int]:
    """Return the frames of too long a stretch, found for each from the whole video."""
    detected = [each.frame_index for each in frames if isinstance(each, FrameDetections)]
    unsearched = set()
    for index in range(len(frames)):
        place = bisect_left(detected, index)
        if place < len(detected) and detected[place] == index:
            continue
        start = frames[detected[place - 1] if place else 0].pts
        stop = frames[detected[place] if place < len(detected) else -1].pts
        if not detected or stop - start > interval_ms:
            unsearched.add(index)
    return unsearched


@given(
    _searches(),
    st.sampled_from([0.0, 0.5, 1.0, 2.0]),
    st.none() | st.sampled_from([0, 3, 40, 74]),
    st.sampled_from([Fraction(1, 30), Fraction(1, 10), Fraction(1, 2)]),
)
def test_a_frame_is_final_exactly_where_it_and_its_look_ahead_were_searched(
    frames: list[Frame], look_ahead_seconds: float, limit: int | None, interval: Fraction
) -> None:
    settings = replace(SETTINGS, look_ahead_seconds=look_ahead_seconds)
    smoother = _smoother(settings, Fraction(1, 1000), limit, interval)
    unsearched = _unsearched(frames, interval * 1000)
    detected = [each.pts for each in frames if isinstance(each, FrameDetections)]
    for each, latest in _decided(smoother, frames):
        index, pts = each.frame_index, frames[each.frame_index].pts
        known = range(index, latest + 1)
        if not each.is_final:
            is_early = limit is not None and len(known) > limit
            assert is_early or unsearched & {*known}
            continue
        assert index not in unsearched
        assert min(abs(pts - time) for time in detected) <= interval * 1000
        is_over = frames[latest].pts - pts >= look_ahead_seconds * 1000
        assert is_over or latest == len(frames) - 1
        # but for the last of it, which the next detection frame may still cover
        sure = (look_ahead_seconds - interval) * 1000
        assert not any(k in unsearched and frames[k].pts - pts < sure for k in known)


def test_redactions_before_repair_are_the_detections_above_a_score() -> None:
    face, other = (100.0, 50.0, 140.0, 90.0), (200.0, 50.0, 240.0, 90.0)
    frame = FrameDetections(
        0, 0, np.array([face, other], np.float32), np.array([0.6, 0.4], np.float32)
    )
    before = redact_detections([frame, SkippedFrame(1, 1)], min_score=0.5)
    assert [each.box_xyxy_px for each in before[0]] == [face]
    assert before[1] == []
