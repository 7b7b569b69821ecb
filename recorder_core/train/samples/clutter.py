"""Draw what is mistaken for faces, and what stands in front of them.

Arms, elbows, hands, instruments, lamps, dome cameras, screens that show the operation;
lamp arms, poles and drapes.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from recorder_core.train.samples.overlays import (
    draw_stroke,
    fill_ellipse,
    fill_polygon,
    garment_colour,
    skin_colour,
)

__all__ = ["draw_clutter", "draw_in_front", "show_screen"]

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
        kind = rng.integers(7)
        if kind == 0:
            _draw_arm(picture_bgr, start, turn, rng)
        elif kind == 6:
            _draw_hand(picture_bgr, start, turn, rng)
        elif kind == 5:
            _draw_drape(picture_bgr, rng)
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


def draw_in_front(picture_bgr: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw one to three lamp arms, poles, drapes or hands over everything; changes the picture.

    Parameters
    ----------
    picture_bgr : ndarray of shape (size, size, 3), uint8
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (size, size), uint8
        1 where something was drawn.
    """
    before = picture_bgr.copy()
    for _ in range(rng.integers(1, 4)):
        kind = rng.random()
        if kind < 0.45:
            _draw_lamp_arm(picture_bgr, rng)
        elif kind < 0.7:
            place, turn = rng.uniform(0, picture_bgr.shape[0], 2), rng.uniform(0, 2 * np.pi)
            _draw_hand(picture_bgr, place, turn, rng)
        else:
            _draw_drape(picture_bgr, rng)
    return np.asarray((picture_bgr != before).any(axis=2), np.uint8)


def show_screen(
    picture_bgr: NDArray[np.uint8], content_bgr: NDArray[np.uint8], rng: np.random.Generator
) -> None:
    """Hang a screen that shows a picture into another, seen from aside; changes that one.

    Parameters
    ----------
    picture_bgr : ndarray of shape (size, size, 3), uint8
    content_bgr : ndarray of shape (height, width, 3), uint8
        What is on the screen, whole; nothing of it is labelled.
    rng : numpy.random.Generator
    """
    size, (height, width) = picture_bgr.shape[0], content_bgr.shape[:2]
    wide = size * np.exp(rng.uniform(np.log(0.05), np.log(0.6)))
    half = np.array([wide, wide * height / width * rng.uniform(0.75, 1.1)]) / 2
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float64)
    corners[:, 1] *= 1 + rng.uniform(-0.2, 0.2) * corners[:, 0]
    turn, centre = rng.uniform(-0.25, 0.25), rng.uniform(0, size, 2)
    along = np.array([_direction(turn), _direction(turn + np.pi / 2)])
    frame = np.full(3, rng.uniform(5, 220), np.float32)
    rim = 1 + rng.uniform(0.02, 0.12)
    fill_polygon(picture_bgr, centre + (rim * corners * half) @ along, frame)
    outline = (centre + (corners * half) @ along).astype(np.float32)
    shrink = min(1.0, 1.5 * wide / width)
    small = cv2.resize(content_bgr, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    bright = np.clip(small * rng.uniform(0.6, 1.3) + rng.uniform(0, 40), 0, 255).astype(np.uint8)
    bottom, right = bright.shape[0], bright.shape[1]
    edges = np.array([(0, 0), (right, 0), (right, bottom), (0, bottom)], np.float32)
    cv2.warpPerspective(
        bright,
        cv2.getPerspectiveTransform(edges, outline),
        (size, size),
        dst=picture_bgr,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_TRANSPARENT,
    )


def _draw_hand(
    picture: NDArray[np.uint8], centre: NDArray[np.float64], turn: float, rng: np.random.Generator
) -> None:
    """Draw a hand, bare or gloved, its fingers together or spread, and the wrist."""
    palm, spread = rng.uniform(5, 40), rng.uniform(0.05, 0.35)
    bare = skin_colour(rng) if rng.random() < 0.6 else _GLOVE_BGR * np.float32(rng.uniform(0.5, 1))
    wrist = np.array([centre, centre - _direction(turn) * palm * rng.uniform(1.5, 4)])
    draw_stroke(picture, wrist, bare * np.float32(0.93), palm * rng.uniform(0.9, 1.3))
    fill_ellipse(picture, centre, np.array([0.95, 0.8]) * palm, turn, bare)
    for finger in range(5):
        is_thumb = finger == 4
        way = turn + (1.1 + spread if is_thumb else (finger - 1.5) * spread)
        side = _direction(turn + np.pi / 2) * palm * (0.6 if is_thumb else 0.38 * (finger - 1.5))
        root = centre + side + _direction(turn) * palm * (0.0 if is_thumb else 0.6)
        long = palm * rng.uniform(0.3, 1.1)  # short: bent
        tip, thick = root + _direction(way) * long, palm * rng.uniform(0.32, 0.42)
        shade = bare * np.float32(rng.uniform(0.85, 1.05))
        draw_stroke(picture, np.array([root, tip]), shade, thick)
        fill_ellipse(picture, tip, np.full(2, thick / 2), 0.0, shade)
        if rng.random() < 0.6:
            edge = np.array([root, tip]) + _direction(way + np.pi / 2) * thick / 2
            draw_stroke(picture, edge, bare * np.float32(0.7), 0.05 * palm)


def _draw_lamp_arm(picture: NDArray[np.uint8], rng: np.random.Generator) -> None:
    """Draw a pole or jointed arm, in half of the cases with a lamp at its end."""
    size, turn = picture.shape[0], rng.uniform(0, 2 * np.pi)
    colour = np.full(3, rng.uniform(60, 245), np.float32)
    start, thick = rng.uniform(0, size, 2), rng.uniform(0.01, 0.05) * size
    for _ in range(rng.integers(1, 4)):
        end = start + _direction(turn) * rng.uniform(0.2, 0.6) * size
        draw_stroke(picture, np.array([start, end]), colour, thick)
        fill_ellipse(picture, end, np.full(2, 0.8 * thick), 0.0, colour * np.float32(0.8))
        start, turn = end, turn + rng.uniform(-1.2, 1.2)
    if rng.random() < 0.5:
        flat, reach = rng.uniform(0.3, 1.0), rng.uniform(0.04, 0.14) * size
        fill_ellipse(picture, start, np.array([reach, flat * reach]), turn, colour)
        light = np.full(3, rng.uniform(220, 255), np.float32)
        fill_ellipse(picture, start, np.array([0.8, 0.8 * flat]) * reach, turn, light)


def _draw_drape(picture: NDArray[np.uint8], rng: np.random.Generator) -> None:
    """Hang a cloth with folds into the picture, from one of its edges."""
    size, colour = picture.shape[0], garment_colour(rng)
    along, into = rng.uniform(0.15, 0.6) * size, rng.uniform(0.1, 0.35) * size
    left = rng.uniform(-0.2, 1.0) * size
    outline = np.array([(left, -2.0), (left + along, -2.0), (left + along, into), (left, into)])
    outline[2:, 1] += rng.normal(0, 0.2 * into, 2)
    quarter = int(rng.integers(4))
    fill_polygon(picture, _turn(outline, quarter, size), colour, shade=0.2)
    for x in rng.uniform(left, left + along, rng.integers(2, 6)):
        fold = np.array([(x, 0.0), (x + rng.normal(0, 0.05) * along, 0.9 * into)])
        shade = colour * np.float32(rng.uniform(0.65, 0.95))
        draw_stroke(picture, _turn(fold, quarter, size), shade, rng.uniform(0.005, 0.02) * size)


def _turn(points: NDArray[np.float64], quarters: int, size: int) -> NDArray[np.float64]:
    """Turn points by quarters about the middle of a square."""
    for _ in range(quarters):
        points = np.stack([size - points[:, 1], points[:, 0]], axis=1)
    return points


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
    if rng.random() < 0.5:
        _draw_housing(picture, centre, 1.25 * reach, ring, rng)
    dome = centre + np.array([0, rng.uniform(0.0, 0.5) * reach])
    if rng.random() < 0.4:
        # light along the rim of the glass
        shine = np.full(3, rng.uniform(150, 255), np.float32)
        edge = dome + rng.uniform(-0.08, 0.08, 2) * reach
        fill_ellipse(picture, edge, np.array([1.06, 1.06 * deep]) * reach, turn, shine)
    fill_ellipse(picture, dome, np.array([1, deep]) * reach, turn, glass.astype(np.float32))
    for _ in range(rng.integers(1, 4)):
        light = np.full(3, rng.uniform(150, 255), np.float32)
        spot = dome + rng.uniform(-0.5, 0.5, 2) * reach
        fill_ellipse(picture, spot, rng.uniform(0.06, 0.2, 2) * reach, turn, light)
    if rng.random() < 0.4:
        lens = np.full(3, rng.uniform(0, 40), np.float32)
        lower = dome + np.array([0, 0.2 * reach])
        fill_ellipse(picture, lower, np.full(2, 0.35 * reach), 0.0, lens)


def _draw_housing(
    picture: NDArray[np.uint8],
    centre: NDArray[np.float64],
    half: float,
    colour: NDArray[np.float32],
    rng: np.random.Generator,
) -> None:
    """Draw the light case of a dome camera above its ring, and the tube that it hangs from."""
    high, narrow = rng.uniform(0.7, 1.8) * half, rng.uniform(0.5, 1.0) * half
    shoulder = rng.uniform(0.4, 0.9) * high
    sides = np.array([(half, 0), (half, -shoulder), (narrow, -high)])
    outline = centre + np.concatenate([sides, sides[::-1] * [-1, 1]])
    fill_polygon(picture, outline, colour * np.float32(rng.uniform(0.9, 1.05)))
    tube = np.array([centre - [0, high], centre - [0, high + rng.uniform(0.3, 3) * half]])
    draw_stroke(picture, tube, colour * np.float32(0.9), rng.uniform(0.5, 1.2) * half)


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
