"""A head turns, nods and tilts; its face is where it should be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recorder_core.simulate.people.head_texture import Head, Outfit, make_head
from recorder_core.simulate.people.head_view import HeadPose, HeadView, frontal_area, view_head
from recorder_core.simulate.people.portraits import pick_identity

POSE = HeadPose(100.0, 60.0, 60.0)


@pytest.fixture(scope="module")
def head() -> Head:
    rng = np.random.default_rng(5)
    return make_head(pick_identity(1, rng, blend_only=True), Outfit("cap", True), rng)


def _place(view: HeadView) -> tuple[float, float, float, float]:
    y, x = np.nonzero(view.face)
    return (
        float(x.min() + view.x),
        float(y.min() + view.y),
        float(x.max() + 1 + view.x),
        float(y.max() + 1 + view.y),
    )


def test_a_frontal_face_reaches_from_cap_to_chin(head: Head) -> None:
    x0, y0, x1, y1 = _place(view_head(head, POSE))
    assert y0 == pytest.approx(60 + 0.12 * 60, abs=4)
    assert y1 == pytest.approx(60 + 1.02 * 60, abs=2)
    assert (x0 + x1) / 2 == pytest.approx(100, abs=1)
    assert 0.65 * 60 < x1 - x0 < 0.9 * 60


def test_the_area_of_a_face_grows_with_its_size(head: Head) -> None:
    small = np.count_nonzero(view_head(head, POSE).face)
    assert small == pytest.approx(frontal_area(head) * 60**2, rel=0.05)


@pytest.mark.parametrize(("yaw_deg", "share"), [(0, 1.0), (60, 0.75), (90, 0.5), (180, 0.0)])
def test_turning_hides_the_face(head: Head, yaw_deg: float, share: float) -> None:
    view = view_head(head, replace(POSE, yaw=float(np.radians(yaw_deg))))
    seen = np.count_nonzero(view.face) / (frontal_area(head) * 60**2)
    assert seen == pytest.approx(share, abs=0.2)


def test_turning_moves_the_face_to_that_side(head: Head) -> None:
    left, right = (_place(view_head(head, replace(POSE, yaw=yaw))) for yaw in (-0.9, 0.9))
    assert left[2] + 5 < right[2]
    assert left[0] + 5 < right[0]


def test_nodding_moves_the_face_down_and_tilting_keeps_its_area(head: Head) -> None:
    assert _place(view_head(head, replace(POSE, pitch=0.35)))[1] > _place(view_head(head, POSE))[1]
    tilted = np.count_nonzero(view_head(head, replace(POSE, roll=0.4)).face)
    assert tilted == pytest.approx(frontal_area(head) * 60**2, rel=0.06)


def test_colours_never_exceed_their_coverage(head: Head) -> None:
    sprite = view_head(head, replace(POSE, yaw=0.5, pitch=0.2, roll=0.2)).sprite
    assert np.all(sprite[..., :3][sprite[..., 3] == 0] == 0)
    assert np.count_nonzero(sprite[..., 3] == 255) > 1000
