from __future__ import annotations

from dataclasses import replace

import pytest

from recorder_core.deidentify.boxes import Box
from recorder_core.deidentify.tracking import SeenBox, SmoothingSettings, Track, Tracker
from recorder_core.errors import SettingsError

SETTINGS = SmoothingSettings()


def _face(x: float, y: float = 100.0, size: float = 40.0) -> Box:
    return (x - size / 2, y - size / 2, x + size / 2, y + size / 2)


def _track(*frames: list[SeenBox], settings: SmoothingSettings = SETTINGS) -> list[Track]:
    tracker = Tracker(settings)
    for index, seen in enumerate(frames):
        tracker.update(index, index / 30, seen)
    return tracker.confirmed_tracks()


@pytest.mark.parametrize(
    "change",
    [
        {"birth_score": 1.2},
        {"min_score": 0.6},
        {"evidence_score": 0.05},
        {"padding_seconds": -0.1},
        {"look_ahead_seconds": float("nan")},
        {"max_gap_seconds": 0.5},
        {"evidence_detections": 0},
        {"evidence_standing_seconds": -1.0},
        {"max_size_ratio": 0.5},
        {"max_growth": 0.9},
    ],
)
def test_contradicting_settings_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        replace(SETTINGS, **change)


def test_growth_is_limited() -> None:
    assert SETTINGS.growth(0) == 1
    assert SETTINGS.growth(0.4) == pytest.approx(1.2)
    assert SETTINGS.growth(60) == SETTINGS.max_growth


def test_a_face_keeps_its_track() -> None:
    (track,) = _track(*([(_face(100 + 3 * i), 0.9)] for i in range(10)))
    assert track.track_id == 0
    assert track.frames == list(range(10))


def test_one_certain_box_confirms_and_its_uncertain_past_belongs_to_it() -> None:
    scores = (0.2, 0.15, 0.55)
    (track,) = _track(*([(_face(100), score)] for score in scores))
    assert track.scores == list(scores)


def test_several_fairly_certain_boxes_confirm() -> None:
    enough = SETTINGS.evidence_detections
    assert _track(*([(_face(100), 0.3)] for _ in range(enough - 1))) == []
    assert len(_track(*([(_face(100), 0.3)] for _ in range(enough)))) == 1


def test_fairly_certain_boxes_far_apart_in_time_do_not_confirm() -> None:
    settings = replace(SETTINGS, evidence_seconds=0.1)
    frames = [[(_face(100), 0.3)] if i % 4 == 0 else [] for i in range(60)]
    assert _track(*frames, settings=settings) == []
    assert len(_track(*frames, settings=replace(settings, evidence_seconds=0.5))) == 1


def test_low_scores_alone_never_confirm() -> None:
    assert _track(*([(_face(100), 0.2)] for _ in range(200))) == []


def test_ids_rise_in_the_order_of_confirmation() -> None:
    tracks = _track(
        [(_face(100), 0.2), (_face(300), 0.9)],
        [(_face(100), 0.9), (_face(300), 0.9)],
        [(_face(500), 0.9)],
    )
    assert [(track.track_id, track.boxes[0]) for track in tracks] == [
        (0, _face(300)),
        (1, _face(100)),
        (2, _face(500)),
    ]


def test_certain_boxes_choose_first() -> None:
    # the uncertain box lies nearer to the track, the certain one still wins it
    (track,) = _track([(_face(100), 0.9)], [(_face(100), 0.2), (_face(110), 0.9)])
    assert track.boxes[-1] == _face(110)


def test_equal_costs_go_to_the_older_track_and_the_first_box() -> None:
    first, second = _track(
        [(_face(100), 0.9), (_face(140), 0.9)], [(_face(120), 0.9), (_face(120), 0.9)]
    )
    assert first.boxes == [_face(100), _face(120)]
    assert second.boxes == [_face(140), _face(120)]


def test_crossing_faces_follow_their_motion() -> None:
    left = [(_face(100 + 6 * i, 100), 0.9) for i in range(40)]
    right = [(_face(340 - 6 * i, 112), 0.9) for i in range(40)]
    tracks = _track(*([a, b] for a, b in zip(left, right, strict=True)))
    assert [track.boxes[-1] for track in tracks] == [left[-1][0], right[-1][0]]


def test_a_jump_across_the_room_starts_a_new_track() -> None:
    assert len(_track([(_face(100), 0.9)], [(_face(400), 0.9)])) == 2


def test_a_box_of_another_size_starts_a_new_track() -> None:
    assert len(_track([(_face(100), 0.9)], [(_face(100, size=100), 0.9)])) == 2


@pytest.mark.parametrize(
    ("gap_seconds", "score", "tracks"),
    [(1.9, 0.9, 1), (2.1, 0.9, 2), (0.9, 0.2, 1), (1.1, 0.2, 1)],
)
def test_gaps_are_closed_by_certain_boxes_longer_than_by_uncertain_ones(
    gap_seconds: float, score: float, tracks: int
) -> None:
    tracker = Tracker(SETTINGS)
    tracker.update(0, 0.0, [(_face(100), 0.9)])
    tracker.update(1, 0.1, [])
    tracker.update(2, gap_seconds, [(_face(100), score)])
    found = tracker.confirmed_tracks()
    assert len(found) == tracks
    joined = gap_seconds <= (2.0 if score > 0.5 else 1.0)
    assert len(found[0].frames) == (2 if joined else 1)


@pytest.mark.parametrize("gap_seconds", [1.0, 5.0, 60.0])
def test_two_looks_in_a_row_are_linked_however_long_the_gap(gap_seconds: float) -> None:
    tracker = Tracker(SETTINGS)
    tracker.update(0, 0.0, [(_face(100), 0.9)])
    tracker.update(1, gap_seconds, [(_face(100), 0.15)])
    (track,) = tracker.confirmed_tracks()
    assert track.frames == [0, 1]


def _looks(interval: float, scores: list[float]) -> int:
    """Return how many tracks a face gets that has these scores, so many seconds apart."""
    tracker = Tracker(SETTINGS)
    for index, score in enumerate(scores):
        tracker.update(index, index * interval, [(_face(100), score)] if score else [])
    tracker.finish()
    return len(tracker.confirmed_tracks())


@pytest.mark.parametrize(
    ("interval", "needed"),
    [(1 / 30, 4), (0.1, 4), (0.15, 3), (0.2, 2), (0.39, 2), (0.4, 1), (1.0, 1), (5.0, 1)],
)
def test_a_fairly_certain_box_counts_for_the_time_until_the_next_look(
    interval: float, needed: int
) -> None:
    assert _looks(interval, [0.0, *[0.3] * (needed - 1), 0.0]) == 0
    assert _looks(interval, [0.0, *[0.3] * needed, 0.0]) == 1


def test_boxes_below_the_evidence_never_stand_however_long() -> None:
    assert _looks(5.0, [0.2] * 20) == 0


def test_a_box_before_a_pause_stands_for_it() -> None:
    tracker = Tracker(SETTINGS)
    for index in range(10):
        tracker.update(index, index / 10, [(_face(100), 0.3)] if index == 9 else [])
    assert tracker.confirmed_tracks() == []
    tracker.update(10, 4.0, [])
    assert len(tracker.confirmed_tracks()) == 1


def test_the_boxes_of_the_last_look_stand_as_long_as_those_before() -> None:
    assert _looks(1.0, [0.0, 0.3]) == 1
    assert _looks(0.1, [0.0, 0.3]) == 0
    # nobody has looked again
    assert _looks(1.0, [0.3]) == 1


def test_evidence_is_not_kept_once_a_track_is_confirmed() -> None:
    (track,) = _track(*([(_face(100), 0.9)] for _ in range(50)))
    assert not track.evidence


def test_speed_is_measured_before_and_after_a_box() -> None:
    track = Track()
    for i in range(31):
        track.add(i, i / 30, _face(100 + (2 * i if i <= 15 else 30)), 0.9)
    assert track.velocity_at(15, -1) == pytest.approx((60, 0))
    assert track.velocity_at(15, 1) == pytest.approx((0, 0))
    assert track.velocity_at(0, 1) == pytest.approx((60, 0))
    assert track.velocity_at(0, -1) == (0, 0)


def test_a_lone_pair_of_boxes_is_not_taken_for_a_run() -> None:
    track = Track()
    track.add(0, 0.0, _face(100), 0.9)
    track.add(1, 1 / 30, _face(103), 0.9)
    assert track.velocity == pytest.approx((30, 0))


def test_prediction_stops_after_half_a_second() -> None:
    track = Track()
    for i in range(10):
        track.add(i, i / 30, _face(100 + 2 * i), 0.9)
    assert track.predict(9 / 30 + 0.1) == pytest.approx(_face(118 + 6))
    assert track.predict(9 / 30 + 1.5) == pytest.approx(_face(118 + 30))


def test_a_long_life_does_not_fill_the_memory() -> None:
    tracker = Tracker(SETTINGS)
    for i in range(3000):
        tracker.update(i, i / 30, [(_face(100), 0.9), (_face(300), 0.15)])
        tracker.forget_before(i / 30)
    (track,) = tracker.confirmed_tracks()
    assert len(track.frames) < 2.1 * SETTINGS.history_seconds * 30
    assert track.frames[-1] == 2999
    for i in range(3000, 3200):
        tracker.update(i, i / 30, [])
        tracker.forget_before(i / 30)
    assert tracker.confirmed_tracks() == []
