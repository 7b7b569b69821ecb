from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from recorder_core.datasets import LabelledFace
from recorder_core.datasets.formats.keyframes import (
    KEYFRAME_TOLERANCE_PX,
    Keyframe,
    find_keyframes,
    interpolate_track,
)
from recorder_core.errors import DataError


def _face(left, **fields):
    return LabelledFace((left, 10, left + 20, 40), **fields)


def _left(track):
    return {frame: face.box_xyxy_px[0] for frame, face in track.items()}


def test_a_box_moves_linearly_between_keyframes():
    track = interpolate_track([Keyframe(2, _face(0)), Keyframe(6, _face(8))], 7)
    assert _left(track) == {2: 0, 3: 2, 4: 4, 5: 6, 6: 8}


def test_the_last_keyframe_holds_to_the_end():
    assert _left(interpolate_track([Keyframe(2, _face(3))], 5)) == {2: 3, 3: 3, 4: 3}


def test_outside_lasts_until_the_next_keyframe():
    track = interpolate_track(
        [Keyframe(0, _face(0)), Keyframe(2, _face(4, outside=True)), Keyframe(5, _face(9))], 7
    )
    # on its way out the box goes on moving
    assert _left(track) == {0: 0, 1: 2, 2: 4, 5: 9, 6: 9}
    assert [frame for frame, face in track.items() if face.outside] == [2]


def test_other_facts_stay_until_the_next_keyframe():
    track = interpolate_track(
        [Keyframe(0, _face(0, occluded=True)), Keyframe(3, _face(3, mask="with_mask"))], 5
    )
    assert [face.occluded for face in track.values()] == [True, True, True, False, False]
    assert [face.mask for face in track.values()][2:4] == ["unknown", "with_mask"]


@pytest.mark.parametrize("second", [4, 3])
def test_keyframes_must_be_in_order(second):
    with pytest.raises(DataError, match=f"the keyframe of frame {second} comes after frame 4"):
        interpolate_track([Keyframe(4, _face(0)), Keyframe(second, _face(1))], 9)


def test_a_straight_way_needs_two_keyframes():
    track = {frame: _face(1.5 * frame) for frame in range(10_000)}
    assert [k.frame_index for k in find_keyframes(track, 10_000)] == [0, 9_999]


def test_a_bend_is_a_keyframe_and_the_end_is_outside():
    track = {frame: _face(abs(frame - 5)) for frame in range(2, 9)}
    keyframes = find_keyframes(track, 20)
    assert [k.frame_index for k in keyframes] == [2, 5, 8, 9]
    assert [k.face.outside for k in keyframes] == [False, False, False, True]


def test_no_keyframe_is_beyond_the_end():
    track = {frame: _face(0) for frame in range(3)}
    assert [k.frame_index for k in find_keyframes(track, 3)] == [0, 2]


_faces = st.builds(
    _face,
    st.integers(0, 6).map(float),
    occluded=st.booleans(),
    mask=st.sampled_from(["unknown", "with_mask"]),
)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.dictionaries(st.integers(0, 14), _faces, min_size=1), st.integers(15, 18))
def test_keyframes_give_the_track_again(track, stop_frame):
    again = interpolate_track(find_keyframes(track, stop_frame), stop_frame)
    shown = {frame: face for frame, face in again.items() if not face.outside}
    assert sorted(shown) == sorted(track)
    for frame, face in track.items():
        assert (shown[frame].occluded, shown[frame].mask) == (face.occluded, face.mask)
        np.testing.assert_allclose(
            shown[frame].box_xyxy_px, face.box_xyxy_px, atol=1.001 * KEYFRAME_TOLERANCE_PX
        )
