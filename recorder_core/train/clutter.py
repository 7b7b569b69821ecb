"""Draw what is mistaken for faces: arms, elbows, gloves, instruments, lamps, dome cameras."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recorder_core.train.overlays import (
    draw_stroke,
    fill_ellipse,
    garment_colour,
    skin_colour,
)

__all__ = ["draw_clutter"]

#: latex glove: blue, green, red
_GLOVE_BGR = np.array([225, 230, 235], np.float32)


def draw_clutter(picture_bgr: NDArray[np.uint8], rng: np.random.Generator) -> None:
    """Draw up to five such things; changes the picture, and nothing of it is labelled.

    Parameters
    ----------
    picture_bgr : ndarray of shape (height, width, 3), uint8
    rng : numpy.random.Generator
    """
    for _ in range(rng.integers(1, 6)):
        start, turn = rng.uniform(0, picture_bgr.shape[0], 2), rng.uniform(0, 2 * np.pi)
        kind = rng.integers(5)
        if kind == 0:
            _draw_arm(picture_bgr, start, turn, rng)
        elif kind == 4:
            _draw_dome_camera(picture_bgr, start, rng)
        elif kind == 1:
            grey = np.full(3, rng.uniform(60, 240), np.float32)
            ends = np.array([start, start + _direction(turn) * rng.uniform(20, 140)])
            draw_stroke(picture_bgr, ends, grey, rng.uniform(1, 6))
        else:
            lamp = np.full(3, rng.uniform(180, 255), np.float32)
            colour = lamp if kind == 2 else garment_colour(rng)
            fill_ellipse(picture_bgr, start, rng.uniform(3, 22, 2), turn, colour)


def _direction(turn: float) -> NDArray[np.float64]:
    return np.array([np.cos(turn), np.sin(turn)])


def _draw_dome_camera(
    picture: NDArray[np.uint8], centre: NDArray[np.float64], rng: np.random.Generator
) -> None:
    """Draw a dark glossy half sphere under a light ring, as ceiling cameras look."""
    reach = rng.uniform(4, 30)
    ring = np.full(3, rng.uniform(140, 250), np.float32)
    glass = np.full(3, rng.uniform(15, 110), np.float32) * rng.uniform(0.85, 1.15, 3)
    flat, deep = rng.uniform(0.35, 0.9), rng.uniform(0.6, 1.0)
    turn = rng.uniform(-0.4, 0.4)
    fill_ellipse(picture, centre, np.array([1.25, 1.25 * flat]) * reach, turn, ring)
    dome = centre + np.array([0, rng.uniform(0.0, 0.5) * reach])
    fill_ellipse(picture, dome, np.array([1, deep]) * reach, turn, glass.astype(np.float32))
    for _ in range(rng.integers(1, 4)):
        light = np.full(3, rng.uniform(150, 255), np.float32)
        spot = dome + rng.uniform(-0.5, 0.5, 2) * reach
        fill_ellipse(picture, spot, rng.uniform(0.06, 0.2, 2) * reach, turn, light)
    if rng.random() < 0.4:
        lens = np.full(3, rng.uniform(0, 40), np.float32)
        lower = dome + np.array([0, 0.2 * reach])
        fill_ellipse(picture, lower, np.full(2, 0.35 * reach), 0.0, lens)


def _draw_arm(
    picture: NDArray[np.uint8], start: NDArray[np.float64], turn: float, rng: np.random.Generator
) -> None:
    thick, sleeve, skin = rng.uniform(6, 26), garment_colour(rng), skin_colour(rng)
    glove = skin if rng.random() < 0.4 else _GLOVE_BGR * np.float32(rng.uniform(0.7, 1))
    bend = turn + rng.uniform(-1.6, 1.6)
    elbow = start + _direction(turn) * thick * rng.uniform(1.5, 4)
    hand = elbow + _direction(bend) * thick * rng.uniform(1.5, 4)
    below = sleeve if rng.random() < 0.5 else skin
    draw_stroke(picture, np.array([start, elbow]), sleeve, thick)
    draw_stroke(picture, np.array([elbow, hand]), below, thick * 0.85)
    fill_ellipse(picture, elbow, np.full(2, thick * 0.5), 0.0, sleeve)
    fill_ellipse(picture, hand, np.array([thick * 0.6, thick * 0.45]), bend, glove)
