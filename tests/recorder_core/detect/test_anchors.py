from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays

from recorder_core.detect.anchors import (
    PUBLISHED_ANCHORS,
    AnchorSettings,
    decode_boxes,
    encode_boxes,
    make_anchors,
)
from recorder_core.errors import SettingsError


def test_published_anchors_of_640_pixels_are_16800():
    anchors = make_anchors(640, 640, PUBLISHED_ANCHORS)
    assert anchors.shape == (16800, 4)
    assert anchors.dtype == np.float32


def test_first_and_last_anchor_of_each_level():
    anchors = make_anchors(64, 96, PUBLISHED_ANCHORS)
    # 8x12, 4x6 and 2x3 places with two anchors each
    starts = [0, 8 * 12 * 2, 8 * 12 * 2 + 4 * 6 * 2]
    assert anchors[starts[0]].tolist() == [4, 4, 16, 16]
    assert anchors[starts[0] + 1].tolist() == [4, 4, 32, 32]
    assert anchors[starts[0] + 2].tolist() == [12, 4, 16, 16]
    assert anchors[starts[0] + 24].tolist() == [4, 12, 16, 16]
    assert anchors[starts[1]].tolist() == [8, 8, 64, 64]
    assert anchors[starts[2]].tolist() == [16, 16, 256, 256]
    assert anchors[-1].tolist() == [80, 48, 512, 512]
    assert len(anchors) == starts[2] + 2 * 3 * 2


def test_sizes_that_no_step_divides_are_rounded_up():
    assert len(make_anchors(33, 65, PUBLISHED_ANCHORS)) == 2 * (5 * 9 + 3 * 5 + 2 * 3)


def test_anchors_are_kept_and_cannot_be_changed():
    anchors = make_anchors(48, 48, PUBLISHED_ANCHORS)
    assert make_anchors(48, 48, AnchorSettings()) is anchors
    with pytest.raises(ValueError, match="read-only"):
        anchors[0, 0] = 1


def test_decoding_by_hand():
    anchors = np.array([[100, 50, 16, 32]], np.float32)
    offsets = np.array([[1, -1, np.log(2) / 0.2, 0]], np.float32)
    # centre (101.6, 46.8), size (32, 32)
    expected = [[85.6, 30.8, 117.6, 62.8]]
    assert decode_boxes(offsets, anchors) == pytest.approx(np.array(expected), abs=1e-4)


def test_zero_offsets_are_the_anchor():
    anchors = make_anchors(64, 64, PUBLISHED_ANCHORS)
    boxes = decode_boxes(np.zeros_like(anchors), anchors)
    assert np.array_equal(boxes[:, 2:] - boxes[:, :2], anchors[:, 2:])


@given(
    arrays(np.float32, (5, 2), elements=st.floats(-50, 700, width=32)),
    arrays(np.float32, (5, 2), elements=st.floats(1, 600, width=32)),
)
def test_encoding_is_the_inverse_of_decoding(corner, size):
    boxes = np.concatenate([corner, corner + size], axis=1)
    anchors = make_anchors(64, 64, PUBLISHED_ANCHORS)[[0, 1, 50, 130, -1]]
    again = decode_boxes(encode_boxes(boxes, anchors), anchors)
    assert again == pytest.approx(boxes, abs=0.02)


def test_variances_are_used():
    anchors = np.array([[100, 50, 20, 20]], np.float32)
    offsets = np.array([[1, 0, 0, 0]], np.float32)
    moved = decode_boxes(offsets, anchors, (0.5, 0.2))
    assert moved[0].tolist() == [100, 40, 120, 60]


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps_px": (8, 16)},
        {"variances": (0.0, 0.2)},
        {"min_sizes_px": ((16, 32), (64, -1), (256, 512))},
        {"min_sizes_px": ((16, 32), (), (256, 512))},
        {"min_sizes_px": (), "steps_px": ()},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(SettingsError):
        AnchorSettings(**wrong)


def test_a_picture_without_pixels_is_refused():
    with pytest.raises(SettingsError, match="0x64"):
        make_anchors(64, 0, PUBLISHED_ANCHORS)


def test_shapes_other_than_squares_are_torchvisions():
    settings = AnchorSettings(
        ((32, 64), (64, 128)), (8, 16), (1.0, 1.0), (0.5, 1.0, 2.0), 0.0, whole_halves=True
    )
    assert settings.count == 6
    # halves of 45.25, 32, 22.6 and so on, rounded; shape by shape, both sizes of each
    assert settings.shapes_px(0).tolist() == [
        [46, 22],
        [90, 46],
        [32, 32],
        [64, 64],
        [22, 46],
        [46, 90],
    ]
    anchors = make_anchors(16, 24, settings)
    assert anchors.shape == ((2 * 3 + 1 * 2) * 6, 4)
    assert anchors[0].tolist() == [0, 0, 46, 22]
    assert anchors[6 * 4 + 2].tolist() == [8, 8, 32, 32]


def test_anchors_come_back_as_they_were_written():
    settings = AnchorSettings(((4,), (8,)), (2, 4), (0.5, 0.25), (1.25,), 0.25, whole_halves=True)
    values = dataclasses.asdict(settings)
    assert AnchorSettings.from_values(values) == settings
    old = {name: values[name] for name in ("min_sizes_px", "steps_px", "variances")}
    assert AnchorSettings.from_values(old).aspect_ratios == (1.0,)
    with pytest.raises(KeyError):
        AnchorSettings.from_values({"steps_px": [8]})


def test_levels_with_different_numbers_of_anchors_have_no_common_count():
    with pytest.raises(SettingsError, match="the same number of anchors on every level"):
        _ = AnchorSettings(((8,), (16, 32)), (8, 16)).count


def test_absurd_offsets_give_large_but_finite_boxes():
    anchors = make_anchors(32, 32, AnchorSettings(((16,),), (16,)))
    boxes = decode_boxes(np.full((4, 4), 1e6, np.float32), anchors)
    assert np.isfinite(boxes).all()
    assert (boxes[:, 2] - boxes[:, 0]).max() < 16 * 3000
