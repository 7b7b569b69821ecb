from __future__ import annotations

import numpy as np
import pytest

from recorder_core.train.samples.overlays import (
    axes_from_box,
    axes_from_landmarks,
    draw_cap,
    draw_face_shield,
    draw_goggles,
    draw_loupes,
    draw_mask,
    draw_stroke,
    fill_ellipse,
    fill_polygon,
)

BOX = np.array([60, 40, 140, 150], np.float32)
#: eyes, nose and mouth of an upright face in the box
UPRIGHT = np.array([[80, 85], [120, 85], [100, 105], [85, 125], [115, 125]], np.float32)


def _changed_rows(draw, axes):
    picture = np.full((200, 200, 3), 120, np.uint8)
    draw(picture, axes, np.random.default_rng(3))
    return np.flatnonzero((picture != 120).any(axis=(1, 2)))


def test_axes_of_an_upright_face():
    axes = axes_from_landmarks(UPRIGHT, BOX)
    assert axes.origin == pytest.approx([100, 85])
    assert axes.down == pytest.approx([0, 40])
    assert axes.across == pytest.approx([40, 0])
    assert axes.lean == pytest.approx(0)
    assert axes.half_width == pytest.approx(1)


def test_axes_of_a_turned_face_that_looks_aside():
    turn = np.deg2rad(30)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    points = UPRIGHT.copy()
    points[2, 0] += 12
    axes = axes_from_landmarks((points @ rotation.T).astype(np.float32), BOX)
    assert axes.down == pytest.approx(rotation @ [0, 40], abs=1e-3)
    assert axes.lean == pytest.approx(0.3, abs=1e-3)


@pytest.mark.parametrize("points", [np.full((5, 2), np.nan), UPRIGHT * 10, UPRIGHT * 0.01])
def test_landmarks_that_do_not_fit_give_the_axes_of_the_box(points):
    axes, expected = axes_from_landmarks(points.astype(np.float32), BOX), axes_from_box(BOX)
    assert axes.origin == pytest.approx(expected.origin)
    assert axes.down == pytest.approx(expected.down)


def test_moving_axes_moves_their_points():
    axes = axes_from_box(BOX)
    view = np.array([[-0.5, 0.1, 30], [0.1, 0.5, 4]])
    points = np.array([[0.3, -1.0], [1.0, 1.5]])
    expected = axes.place(points) @ view[:, :2].T + view[:, 2]
    assert axes.move(view).place(points) == pytest.approx(expected)


def test_each_garment_lies_where_it_is_worn():
    axes = axes_from_landmarks(UPRIGHT, BOX)
    mask, cap, goggles = (_changed_rows(d, axes) for d in (draw_mask, draw_cap, draw_goggles))
    assert mask.min() > 88
    assert mask.max() > 140
    assert cap.max() < 85
    assert cap.min() < 50
    assert goggles.min() < 82
    assert goggles.max() > 88
    loupes, shield = (_changed_rows(d, axes) for d in (draw_loupes, draw_face_shield))
    # over the eyes, and not over the mouth
    assert loupes.min() < 85 < loupes.max() < 115
    # from the forehead to below the chin
    assert shield.min() < 65
    assert shield.max() > 150


@pytest.mark.parametrize("seed", range(12))
def test_cloth_stays_cloth_whatever_is_printed_on_it(seed):
    picture = np.full((200, 200, 3), 120, np.uint8)
    draw_cap(picture, axes_from_landmarks(UPRIGHT, BOX), np.random.default_rng(seed))
    rows, columns = np.nonzero((picture != 120).any(axis=2))
    assert rows.max() < 90
    assert columns.min() > 30
    assert columns.max() < 170


@pytest.mark.parametrize("draw", [draw_mask, draw_cap, draw_goggles, draw_loupes, draw_face_shield])
def test_garments_outside_the_picture_are_left_out(draw):
    axes = axes_from_box(BOX + 1000)
    assert len(_changed_rows(draw, axes)) == 0


def test_shapes_have_the_size_they_were_given():
    picture, white = np.zeros((100, 100, 3), np.uint8), np.full(3, 255, np.float32)
    square = np.array([[10, 10], [40, 10], [40, 30], [10, 30]], np.float64)
    fill_polygon(picture, square, white)
    assert picture[..., 0].sum() / 255 == pytest.approx(600, rel=0.15)
    picture[:] = 0
    draw_stroke(picture, np.array([[10, 50], [90, 50]], np.float64), white, 6)
    assert picture[..., 0].sum() / 255 == pytest.approx(480, rel=0.25)
    picture[:] = 100
    fill_ellipse(picture, np.array([50.0, 50.0]), np.array([20.0, 10.0]), 0.5, white)
    assert (picture[..., 0] > 180).sum() == pytest.approx(np.pi * 200, rel=0.15)


def test_an_opacity_mixes():
    picture = np.full((50, 50, 3), 100, np.uint8)
    square = np.array([[5, 5], [45, 5], [45, 45], [5, 45]], np.float64)
    fill_polygon(picture, square, np.full(3, 200, np.float32), opacity=0.5)
    assert picture[25, 25].tolist() == [150, 150, 150]
