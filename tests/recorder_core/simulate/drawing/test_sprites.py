"""Sprites are laid over a canvas and cut at its edges."""

from __future__ import annotations

import numpy as np

from recorder_core.simulate.drawing.sprites import Canvas, cloth, premultiply


def _red(height: int, width: int, alpha: float = 1.0) -> np.ndarray:
    color = np.full((height, width, 3), (250.0, 0.0, 0.0))
    return premultiply(color, np.full((height, width), alpha))


def test_a_half_transparent_sprite_mixes() -> None:
    canvas = Canvas.of_size(10, 10)
    canvas.rgb[:] = 100
    canvas.lay(_red(4, 4, 0.5), 3, 3)
    assert np.allclose(canvas.rgb[4, 4], (175, 50, 50), atol=1)
    assert np.all(canvas.rgb[0] == 100)


def test_what_lies_outside_is_cut_off() -> None:
    canvas = Canvas.of_size(10, 10)
    for x, y in ((-3, -3), (8, 8), (-20, 0), (0, 30)):
        canvas.lay(_red(5, 5), x, y)
    assert canvas.rgb[1, 1, 0] == 250
    assert canvas.rgb[9, 9, 0] == 250
    assert canvas.rgb[5, 5, 0] == 0


def test_an_opaque_sprite_takes_the_face_away() -> None:
    canvas = Canvas.of_size(10, 10)
    canvas.owner[:] = 1
    canvas.lay(_red(4, 4, 0.3), 0, 0)
    canvas.lay(_red(4, 4), 6, 6)
    assert np.all(canvas.owner[:4, :4] == 1)
    assert np.all(canvas.owner[6:, 6:] == 0)


def test_a_transformed_sprite_lies_where_the_matrix_says() -> None:
    canvas = Canvas.of_size(40, 40)
    canvas.lay_transformed(_red(4, 4), np.array([[2.0, 0, 10], [0, 2.0, 20]]))
    y, x = np.nonzero(canvas.rgb[..., 0] > 125)
    assert (x.min(), y.min()) == (10, 20)
    assert 16 <= x.max() <= 18
    canvas.lay_transformed(_red(4, 4), np.array([[1.0, 0, 400], [0, 1.0, 20]]))


def test_cloth_is_opaque_inside_and_shaded() -> None:
    mask = np.zeros((60, 60), np.uint8)
    mask[10:50, 10:50] = 255
    sprite = cloth(mask, (60, 120, 160), np.random.default_rng(0))
    assert sprite[30, 30, 3] == 255
    assert sprite[0, 0, 3] == 0
    assert sprite[20:40, 20:40, 2].std() > 2
