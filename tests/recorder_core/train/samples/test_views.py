from __future__ import annotations

import numpy as np
import pytest

from recorder_core.train.samples.views import (
    ViewSettings,
    choose_view,
    transform_boxes,
    transform_landmarks,
    transform_points,
    warp_picture,
)

PLAIN = np.zeros((64, 64, 3), np.uint8)


def test_the_chosen_face_has_the_drawn_height_and_lies_inside():
    settings = ViewSettings(size_px=320, turn_share=0, max_stretch=1.0)
    face = np.array([500, 300, 560, 380], np.float32)
    heights = []
    for seed in range(60):
        view = choose_view(np.random.default_rng(seed), (720, 1280), face, settings)
        moved = transform_boxes(face[None], view)[0]
        heights.append(moved[3] - moved[1])
        centre = (moved[:2] + moved[2:]) / 2
        assert ((centre > 0) & (centre < 320)).all()
    assert min(heights) >= settings.min_face_px - 0.01
    assert max(heights) <= settings.max_zoom * 80 + 0.01
    small = np.mean([settings.small_face_px[0] <= h <= settings.small_face_px[1] for h in heights])
    assert small > 0.5


def test_boxes_follow_the_pixels():
    picture = np.zeros((200, 300, 3), np.uint8)
    picture[60:100, 120:150] = 255
    box = np.array([[120, 60, 150, 100]], np.float32)
    settings = ViewSettings(size_px=128, turn_share=0, small_share=0, min_face_px=30)
    for seed in range(8):
        rng = np.random.default_rng(seed)
        view = choose_view(rng, picture.shape[:2], box[0], settings)
        shown = warp_picture(picture, view, 128, np.zeros((128, 128, 3), np.uint8))
        rows, columns = np.nonzero(shown[..., 0] > 127)
        found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        expected = transform_boxes(box, view)[0].clip(0, 128)
        assert found == pytest.approx(expected, abs=1.6)


def test_a_turned_box_is_that_of_the_turned_ellipse():
    turn = np.deg2rad(30)
    view = np.array([[np.cos(turn), -np.sin(turn), 50], [np.sin(turn), np.cos(turn), 20]])
    box = np.array([[-10, -20, 10, 20]], np.float32)
    angles = np.linspace(0, 2 * np.pi, 2000)
    ellipse = transform_points(np.stack([10 * np.cos(angles), 20 * np.sin(angles)], axis=1), view)
    expected = [*ellipse.min(axis=0), *ellipse.max(axis=0)]
    assert transform_boxes(box, view)[0] == pytest.approx(expected, abs=0.01)


def test_shrinking_averages_instead_of_skipping():
    stripes = np.zeros((512, 512, 3), np.uint8)
    stripes[:, ::2] = 200
    view = np.array([[0.125, 0, 0], [0, 0.125, 0]])
    shown = warp_picture(stripes, view, 64, PLAIN)
    assert np.abs(shown[4:-4, 4:-4].astype(int) - 100).max() <= 1


def test_outside_the_picture_is_the_background():
    background = np.full((64, 64, 3), 7, np.uint8)
    shown = warp_picture(np.full((8, 8, 3), 200, np.uint8), np.eye(2, 3), 64, background)
    assert (shown[20:] == 7).all()
    assert (shown[1:7, 1:7] == 200).all()
    assert (background == 7).all()


def test_a_picture_without_a_face_is_shown_too():
    view = choose_view(np.random.default_rng(1), (540, 960), None, ViewSettings(turn_share=0))
    assert 320 / 540 * 0.7 < abs(view[1, 1]) < 320 / 540 * 3


def test_mirrored_landmarks_change_sides():
    points = np.array([[[2, 3], [8, 3], [5, 5], [3, 8], [7, 8]]], np.float32)
    mirror = np.array([[-1.0, 0, 10], [0, 1, 0]])
    moved = transform_landmarks(points, mirror)
    assert moved[0].tolist() == [[2, 3], [8, 3], [5, 5], [3, 8], [7, 8]]
    shift = np.array([[1.0, 0, 4], [0, 1, 1]])
    assert transform_landmarks(points, shift)[0, 0].tolist() == [6, 4]
