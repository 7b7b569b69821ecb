from __future__ import annotations

import numpy as np
import pytest

from recorder_core.model.frames.colours import planes_of_rgb, rgb_of_planes


@pytest.mark.parametrize(
    ("rgb", "yuv"),
    # ITU-T T.871: white, black, pure red and blue
    [
        ((255, 255, 255), (255, 128, 128)),
        ((0, 0, 0), (0, 128, 128)),
        ((255, 0, 0), (76, 85, 255)),
        ((0, 0, 255), (29, 255, 107)),
    ],
)
def test_colours_have_the_levels_of_the_standard(
    rgb: tuple[int, int, int], yuv: tuple[int, int, int]
) -> None:
    planes = planes_of_rgb(np.full((3, 5, 3), rgb, np.uint8))
    assert [np.unique(plane).tolist() for plane in (planes.y, planes.u, planes.v)] == [
        [level] for level in yuv
    ]
    assert planes.u.shape == (2, 3)


def test_colours_come_back() -> None:
    blocks = np.random.default_rng(3).integers(30, 226, (12, 9, 3), dtype=np.uint8)
    picture = blocks.repeat(2, axis=0).repeat(2, axis=1)
    back = rgb_of_planes(planes_of_rgb(picture)).astype(int)
    assert np.abs(back - picture).max() <= 2


def test_the_planes_of_a_turned_picture_have_rows_that_lie_side_by_side() -> None:
    picture = np.random.default_rng(5).integers(0, 256, (10, 6, 3), dtype=np.uint8)
    for mirrored in (picture, picture[:, ::-1]):
        for turns in range(4):
            turned = np.rot90(mirrored, turns)
            planes, own = planes_of_rgb(turned), planes_of_rgb(turned.copy())
            for name in ("y", "u", "v"):
                assert getattr(planes, name).strides[1] == 1
                np.testing.assert_array_equal(getattr(planes, name), getattr(own, name))
