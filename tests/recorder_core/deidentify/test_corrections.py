from __future__ import annotations

import math

import pytest
from hypothesis import given, strategies as st

from recorder_core.deidentify.boxes import Box
from recorder_core.deidentify.corrections import (
    CorrectionPlan,
    apply_corrections,
    touched_frames,
)
from recorder_core.errors import DataError
from recorder_core.model import CorrectionAction, CorrectionKeyframe, Redaction

SIZE = (640, 360)


def _key(
    correction_id: int,
    action: CorrectionAction,
    frame_index: int,
    box: Box = (10, 10, 30, 30),
    track: int = -1,
) -> CorrectionKeyframe:
    return CorrectionKeyframe(
        correction_id, action, frame_index, box, track, "reviewer", "2025-01-01T00:00:00Z"
    )


def _redaction(frame_index: int, x: float, track: int) -> Redaction:
    return Redaction(frame_index, (x, 100, x + 20, 130), "detected", track, 0.9)


def _recording(frames: int) -> dict[int, list[Redaction]]:
    return {i: [_redaction(i, 100, 0), _redaction(i, 300, 1)] for i in range(frames)}


def test_without_corrections_nothing_changes() -> None:
    recording = _recording(3)
    applied = apply_corrections(recording, [], *SIZE)
    assert applied.redactions == recording
    assert applied.lifted == {}


def test_an_added_box_moves_linearly_and_both_ends_belong_to_it() -> None:
    keys = [
        _key(5, "add", 2, (0, 0, 20, 20)),
        _key(5, "add", 4, (40, 20, 80, 40)),
        _key(5, "add", 5, (40, 20, 80, 40)),
    ]
    applied = apply_corrections({i: [] for i in range(8)}, keys, *SIZE).redactions
    assert [len(applied[i]) for i in range(8)] == [0, 0, 1, 1, 1, 1, 0, 0]
    assert applied[3][0].box_xyxy_px == (20, 10, 50, 30)
    assert applied[3][0].origin == "corrected"
    assert math.isnan(applied[3][0].score)


def test_one_keyframe_lives_in_one_frame() -> None:
    applied = apply_corrections({0: [], 1: [], 2: []}, [_key(1, "add", 1)], *SIZE).redactions
    assert [len(row) for row in applied.values()] == [0, 1, 0]


def test_a_removal_lifts_its_track_wherever_that_is() -> None:
    keys = [_key(9, "remove", 1, track=1), _key(9, "remove", 3, track=1)]
    applied = apply_corrections(_recording(5), keys, *SIZE)
    tracks = [[each.track for each in row] for row in applied.redactions.values()]
    assert tracks == [[0, 1], [0], [0], [0], [0, 1]]
    assert applied.lifted == {9: [_redaction(i, 300, 1) for i in (1, 2, 3)]}


def test_a_removal_without_track_lifts_centres_inside_its_box() -> None:
    # the centre of track 0 is (110, 115); right and bottom edges are exclusive
    def removed(box: Box) -> list[int]:
        applied = apply_corrections(_recording(1), [_key(1, "remove", 0, box)], *SIZE)
        return [each.track for each in applied.lifted[1]]

    assert removed((110, 115, 120, 120)) == [0]
    assert removed((90, 90, 110, 140)) == []
    assert removed((90, 90, 330, 140)) == [0, 1]


def test_a_removal_that_finds_nothing_is_still_named() -> None:
    applied = apply_corrections(_recording(1), [_key(4, "remove", 0, track=77)], *SIZE)
    assert applied.lifted == {4: []}


def test_a_removal_never_lifts_what_a_person_added() -> None:
    keys = [_key(1, "add", 0, (100, 100, 120, 130)), _key(2, "remove", 0, (90, 90, 330, 140))]
    for rows in (keys, keys[::-1]):
        (only,) = apply_corrections(_recording(1), rows, *SIZE).redactions[0]
        assert only.origin == "corrected"


def test_two_removals_share_nothing() -> None:
    keys = [_key(1, "remove", 0, track=0), _key(2, "remove", 0, (90, 90, 330, 140))]
    applied = apply_corrections(_recording(1), keys, *SIZE)
    assert {key: [each.track for each in row] for key, row in applied.lifted.items()} == {
        1: [0],
        2: [1],
    }


def test_an_added_box_over_the_edge_is_clipped() -> None:
    keys = [_key(1, "add", 0, (-10, 350, 5, 400))]
    assert apply_corrections({0: []}, keys, *SIZE).redactions[0][0].box_xyxy_px == (0, 350, 5, 360)


def test_the_input_is_not_changed() -> None:
    recording = _recording(1)
    apply_corrections(recording, [_key(1, "remove", 0, track=0), _key(2, "add", 0)], *SIZE)
    assert recording == _recording(1)


def test_a_plan_works_frame_by_frame() -> None:
    plan = CorrectionPlan([_key(3, "remove", 0, track=0)], *SIZE)
    kept, lifted = plan.apply(0, _recording(1)[0])
    assert [each.track for each in kept] == [1]
    assert lifted == [(3, _redaction(0, 100, 0))]
    assert plan.removals == [3]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ([_key(7, "add", 0), _key(7, "remove", 1)], "correction 7 mixes"),
        ([_key(7, "add", 0, track=1), _key(7, "add", 1, track=2)], "correction 7 mixes"),
        ([_key(7, "add", 3), _key(7, "add", 2)], "correction 7 has keyframe 2 after"),
        ([_key(7, "add", 3), _key(7, "add", 3)], "correction 7 has keyframe 3 after"),
        ([_key(7, "add", 0, (10, 10, 10, 30))], "correction 7, keyframe 0: .* no area"),
        ([_key(7, "add", 0, (10, 30, 20, 10))], "correction 7, keyframe 0: .* no area"),
        ([_key(7, "remove", 0, (640, 0, 650, 10))], "correction 7, keyframe 0: .* outside"),
        ([_key(7, "add", 0, (0, 0, math.nan, 10))], "correction 7, keyframe 0: .* numbers"),
        ([_key(7, "lift", 0)], "correction 7 has the unknown action"),  # type: ignore[arg-type]
    ],
)
def test_bad_corrections_are_named(keys: list[CorrectionKeyframe], message: str) -> None:
    with pytest.raises(DataError, match=message):
        apply_corrections({0: []}, keys, *SIZE)


def test_keyframes_of_two_corrections_may_alternate() -> None:
    keys = [_key(1, "add", 0), _key(2, "add", 3), _key(1, "add", 5), _key(2, "add", 4)]
    assert touched_frames(keys) == [range(6)]


def test_touched_frames_are_merged_spans() -> None:
    keys = [
        _key(3, "add", 20),
        _key(1, "add", 2),
        _key(1, "add", 5),
        _key(2, "remove", 6),
        _key(2, "remove", 8),
    ]
    assert touched_frames(keys) == [range(2, 9), range(20, 21)]
    assert touched_frames([]) == []


_edges = st.tuples(st.integers(-50, 600), st.integers(1, 100))


@given(st.lists(st.tuples(_edges, _edges), min_size=1, max_size=5), st.integers(1, 4))
def test_added_boxes_always_reach_into_the_frame(
    boxes: list[tuple[tuple[int, int], tuple[int, int]]], step: int
) -> None:
    keys = [
        _key(1, "add", step * i, (x, y, x + w, y + h))
        for i, ((x, w), (y, h)) in enumerate(boxes)
        if x + w > 0 and y + h > 0 and y < 360
    ]
    applied = apply_corrections({i: [] for i in range(20)}, keys, *SIZE).redactions
    touched = {i for span in touched_frames(keys) for i in span}
    for i, row in applied.items():
        assert bool(row) == (i in touched)
        for each in row:
            x0, y0, x1, y1 = each.box_xyxy_px
            assert 0 <= x0 < x1 <= 640
            assert 0 <= y0 < y1 <= 360
