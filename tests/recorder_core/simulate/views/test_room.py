"""What the room camera says of a face is what it draws."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from recorder_core.simulate.views.room import FaceInView, RoomCamera

SIZE = (180, 320)
FACES = 4


@pytest.fixture(scope="module")
def camera() -> RoomCamera:
    return RoomCamera(*SIZE, FACES, np.random.default_rng(7), blend_only=False)


def _shoot(
    camera: RoomCamera, seconds: float, screen: NDArray[np.uint8] | None = None
) -> tuple[NDArray[np.uint8], list[FaceInView]]:
    """Take a picture; the same moment has the same noise."""
    camera._grain_rng = np.random.default_rng(0)
    return camera.picture(seconds, screen)


def _differing(
    camera: RoomCamera, number: int, seconds: float
) -> tuple[NDArray[np.bool_], list[FaceInView]]:
    """Return where a picture changes when one face is darkened, and the faces in it."""
    before, faces = _shoot(camera, seconds)
    kept = [level.copy() for level in camera._staff[number].head.maps]
    for level in camera._staff[number].head.maps:
        level[..., :3][level[..., 3] > 127] //= 4
    after, _ = _shoot(camera, seconds)
    for level, old in zip(camera._staff[number].head.maps, kept, strict=True):
        level[:] = old
    return np.any(before != after, axis=2), faces


@pytest.mark.parametrize("number", range(FACES))
@pytest.mark.parametrize("seconds", [2.5, 4.0, 7.5, 9.0])
def test_box_surrounds_exactly_the_drawn_face(
    camera: RoomCamera, number: int, seconds: float
) -> None:
    differs, faces = _differing(camera, number, seconds)
    face = next(item for item in faces if item.face_id == number)
    x0, y0, x1, y1 = face.box_xyxy_px
    y, x = np.nonzero(differs)
    # motion blur, shaking by parts of a pixel and soft edges reach a little over the box
    reach = 3
    assert np.all((x >= x0 - reach) & (x <= x1 + reach))
    assert np.all((y >= y0 - reach) & (y <= y1 + reach))
    if face.visible > 0.7:
        assert np.ptp(x) > 0.75 * (x1 - x0) - 1
        assert np.ptp(y) > 0.75 * (y1 - y0) - 1
        assert differs.sum() > 0.5 * (x1 - x0) * (y1 - y0)


def test_a_hidden_face_is_not_in_the_picture(camera: RoomCamera) -> None:
    hidden = [
        (face.face_id, float(seconds))
        for seconds in np.arange(0.0, 12.0, 0.5)
        for face in _shoot(camera, float(seconds))[1]
        if face.state == "covered" and face.visible == 0
    ]
    assert hidden
    differs, _ = _differing(camera, *hidden[0])
    box = next(
        face.box_xyxy_px for face in _shoot(camera, hidden[0][1])[1] if face.face_id == hidden[0][0]
    )
    # soft edges of what hides it let a little of its rim through
    assert differs.sum() < 0.2 * (box[2] - box[0]) * (box[3] - box[1])


def test_a_face_that_leaves_has_no_box(camera: RoomCamera) -> None:
    present = [
        1 in [face.face_id for face in _shoot(camera, float(seconds))[1]]
        for seconds in np.arange(0.0, 16.0, 0.5)
    ]
    assert 10 < sum(present) < len(present) - 2


def test_the_wall_screen_repeats_the_laparoscope(camera: RoomCamera) -> None:
    scope = np.full((90, 120, 3), (200, 20, 20), np.uint8)
    changed = np.any(_shoot(camera, 0.0)[0] != _shoot(camera, 0.0, scope)[0], axis=2)
    assert 0.01 < changed.mean() < 0.1


def test_an_empty_room_has_no_faces() -> None:
    camera = RoomCamera(*SIZE, 0, np.random.default_rng(1), blend_only=False)
    picture, faces = camera.picture(1.0, None)
    assert faces == []
    assert picture.shape == (*SIZE, 3)
    assert picture.std() > 15
