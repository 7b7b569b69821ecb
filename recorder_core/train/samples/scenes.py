"""Made operating-room scenes: heads from photos in gowns, caps and masks, in empty rooms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recorder_core.model.values.carriers import carrier_repr
from recorder_core.train.samples.overlays import (
    FaceAxes,
    axes_from_landmarks,
    draw_cap,
    draw_face_shield,
    draw_goggles,
    draw_loupes,
    draw_mask,
    draw_stroke,
    fill_polygon,
    garment_colour,
    skin_colour,
)
from recorder_core.train.samples.views import transform_boxes, warp_picture

__all__ = ["Head", "SceneSettings", "paste_people", "paste_person"]

#: height of a face in the units of `FaceAxes` (eyes to mouth)
_UNITS_PER_FACE = 1 / 0.36
#: circle of radius 1
_ANGLES = np.linspace(0, 2 * np.pi, 24)
_CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)


@dataclass(frozen=True, slots=True)
class SceneSettings:
    """What the people in a made scene look like."""

    max_people: int = 6
    #: faces of photos of a smaller height are too coarse to paste
    min_source_px: float = 28.0
    #: height of a face, drawn evenly on a logarithmic scale
    face_px: tuple[float, float] = (11.0, 60.0)
    max_turn_degrees: float = 40.0
    cap_share: float = 0.8
    #: masks drawn on faces that wear none
    mask_share: float = 0.85
    goggles_share: float = 0.25
    loupes_share: float = 0.0
    shield_share: float = 0.0
    #: heads seen from behind or from above: a cap over shoulders, labelled as a face,
    #: because it has to be redacted too
    turned_away_share: float = 0.12


@dataclass(frozen=True, slots=True)
class Head:
    """A face of a photo that can be pasted."""

    __repr__ = carrier_repr

    picture_bgr: NDArray[np.uint8]
    #: (4,) float32
    box_xyxy_px: NDArray[np.float32]
    #: (5, 2) float32, NaN where unknown
    landmarks_px: NDArray[np.float32]
    has_mask: bool


def paste_people(
    picture_bgr: NDArray[np.uint8],
    heads: Sequence[Head],
    rng: np.random.Generator,
    settings: SceneSettings,
) -> NDArray[np.float32]:
    """Paste one person for each head into a square picture; changes the picture.

    Parameters
    ----------
    picture_bgr : ndarray of shape (size, size, 3), uint8
    heads : sequence of Head
    rng : numpy.random.Generator
    settings : SceneSettings

    Returns
    -------
    ndarray of shape (M, 4), float32
        Boxes of the faces that were pasted; a person that would hide another's face
        is left out.
    """
    boxes: list[NDArray[np.float32]] = []
    low, high = settings.face_px
    base = np.exp(rng.uniform(np.log(low), np.log(high)))
    for head in heads:
        face_px = float(np.clip(base * np.exp(rng.normal(0, 0.25)), low, high))
        centre = rng.uniform(0.08, 0.92, 2) * picture_bgr.shape[0]
        taken = np.array([*(centre - 1.1 * face_px), *(centre + 1.1 * face_px)], np.float32)
        if any((taken[:2] < b[2:]).all() and (b[:2] < taken[2:]).all() for b in boxes):
            continue
        if rng.random() < settings.turned_away_share:
            boxes.append(_draw_turned_away(picture_bgr, centre, face_px, rng))
        else:
            boxes.append(paste_person(picture_bgr, head, (centre, face_px), rng, settings))
    return np.array(boxes, np.float32).reshape(-1, 4)


def _choose_pose(
    head: Head,
    centre: NDArray[np.float64],
    face_px: float,
    rng: np.random.Generator,
    settings: SceneSettings,
) -> NDArray[np.float64]:
    """Return the matrix (2, 3) from the photo's pixels to the scene's."""
    box = head.box_xyxy_px
    zoom = face_px / float(box[3] - box[1])
    # small turns are more frequent than large ones
    turn = np.deg2rad(settings.max_turn_degrees) * rng.uniform(-1, 1) * rng.random()
    # seen from above a face is foreshortened
    squash, mirror = rng.uniform(0.75, 1.05), rng.choice([-1.0, 1.0])
    cos, sin = np.cos(turn), np.sin(turn)
    linear = np.array([[cos, -sin], [sin, cos]]) @ np.diag([mirror * zoom, zoom * squash])
    middle = (box[:2] + box[2:]) / 2.0
    return np.hstack([linear, (centre - linear @ middle)[:, None]])


def paste_person(
    picture: NDArray[np.uint8],
    head: Head,
    place: tuple[NDArray[np.float64], float],
    rng: np.random.Generator,
    settings: SceneSettings,
) -> NDArray[np.float32]:
    """Paste one person at a place into a square picture; changes the picture.

    What the person wears is drawn last, so that the same random numbers give the same
    person in the same pose whatever the settings let them wear.

    Parameters
    ----------
    picture : ndarray of shape (size, size, 3), uint8
    head : Head
    place : (ndarray of shape (2,), float)
        Centre and height of the face, in pixels.
    rng : numpy.random.Generator
    settings : SceneSettings

    Returns
    -------
    ndarray of shape (4,), float32
        Box of the face.
    """
    view = _choose_pose(head, *place, rng, settings)
    axes = axes_from_landmarks(head.landmarks_px, head.box_xyxy_px).move(view)
    box: NDArray[np.float32] = transform_boxes(head.box_xyxy_px[None], view)[0]
    unit = float(box[3] - box[1]) / _UNITS_PER_FACE
    # a body leans half as much as its head
    lean = 0.5 * np.arctan2(-axes.down[0], axes.down[1])
    _draw_body(picture, _upright(axes.origin, unit, lean), rng)
    _paste_head(picture, head, view)
    if not head.has_mask and rng.random() < settings.mask_share:
        draw_mask(picture, axes, rng)
    if rng.random() < settings.goggles_share:
        draw_goggles(picture, axes, rng)
    if rng.random() < settings.loupes_share:
        draw_loupes(picture, axes, rng)
    if rng.random() < settings.cap_share:
        draw_cap(picture, axes, rng)
    if rng.random() < settings.shield_share:
        draw_face_shield(picture, axes, rng)
    return box


def _upright(origin: NDArray[np.float64], unit: float, turn: float) -> FaceAxes:
    cos, sin = np.cos(turn), np.sin(turn)
    return FaceAxes(origin, np.array([cos, sin]) * unit, np.array([-sin, cos]) * unit, 0.0, 1.0)


def _draw_body(picture: NDArray[np.uint8], axes: FaceAxes, rng: np.random.Generator) -> None:
    """Draw a gown's shoulders under a head; its chin is 1.8 units below the eyes."""
    colour, depth = garment_colour(rng), rng.uniform(4.0, 8.0)
    wide, neck = rng.uniform(1.7, 2.6), rng.uniform(0.5, 0.9)
    half = [(neck, 1.2), (0.7 * wide, 2.0), (wide, 2.8), (1.05 * wide, depth)]
    outline = np.array([*half, *((-x, y) for x, y in reversed(half))])
    outline += rng.normal(0, 0.08, outline.shape)
    fill_polygon(picture, axes.place(outline), colour, shade=0.15)
    unit = float(np.hypot(*axes.down))
    for _ in range(rng.integers(0, 5)):
        top, bottom = rng.uniform(-wide, wide, 2)
        fold = axes.place(np.array([(top, 2.6), (bottom, depth)]))
        shade = colour * np.float32(rng.uniform(0.6, 0.95))
        draw_stroke(picture, fold, shade, rng.uniform(0.05, 0.25) * unit)


def _paste_head(picture: NDArray[np.uint8], head: Head, view: NDArray[np.float64]) -> None:
    x0, y0, x1, y1 = (float(v) for v in head.box_xyxy_px)
    width, height = x1 - x0, y1 - y0
    # only the part of the photo around the head is warped
    left, top = max(0, int(x0 - 0.5 * width)), max(0, int(y0 - 0.5 * height))
    part = head.picture_bgr[top : int(y1 + 0.5 * height) + 1, left : int(x1 + 0.5 * width) + 1]
    moved = view.copy()
    moved[:, 2] += view[:, :2] @ [left, top]
    warped = warp_picture(part, moved, picture.shape[0], picture)
    alpha = _soft_ellipse(picture.shape[:2], _head_outline(x0, y0, width, height, view))
    picture[:] = (picture + (warped.astype(np.float32) - picture) * alpha).astype(np.uint8)


def _head_outline(
    x0: float, y0: float, width: float, height: float, view: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the outline of the head (24, 2): wider than the face, and higher at the top."""
    centre = np.array([x0 + 0.5 * width, y0 + 0.44 * height])
    outline = centre + _CIRCLE * [0.66 * width, 0.66 * height]
    return np.asarray(outline @ view[:, :2].T + view[:, 2])


def _soft_ellipse(size: tuple[int, int], outline: NDArray[np.float64]) -> NDArray[np.float32]:
    cover = np.zeros((*size, 3), np.uint8)
    fill_polygon(cover, outline, np.full(3, 255, np.float32))
    softness = max(0.5, 0.03 * float(np.ptp(outline[:, 1])))
    blurred = cv2.GaussianBlur(cover[..., :1], (0, 0), softness)
    return np.asarray(blurred.reshape(*size, 1), np.float32) / np.float32(255)


def _draw_turned_away(
    picture: NDArray[np.uint8],
    centre: NDArray[np.float64],
    face_px: float,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Draw a capped head from behind or from above, over shoulders; return its box."""
    unit = face_px / _UNITS_PER_FACE
    axes = _upright(centre - [0, 0.1 * face_px], unit, np.deg2rad(rng.uniform(-30, 30)))
    _draw_body(picture, axes, rng)
    skin, hair, cap = skin_colour(rng), skin_colour(rng) * np.float32(0.3), garment_colour(rng)

    def oval(x: float, y: float, across: float, down: float) -> NDArray[np.float64]:
        return axes.place(_CIRCLE * [across, down] + [x, y])

    fill_polygon(picture, oval(0, 1.2, 0.55, 0.8), skin, shade=0.2)
    fill_polygon(picture, oval(0, 0.3, 1.0, 1.3), hair if rng.random() < 0.6 else skin)
    for side in (-1.02, 1.02):
        if rng.random() < 0.5:
            fill_polygon(picture, oval(side, 0.4, 0.16, 0.3), skin)
    low = rng.uniform(0.1, 1.2)
    fill_polygon(picture, oval(0, 0.4 * low - 0.55, 1.1, 0.75 + 0.5 * low), cap)
    for _ in range(rng.integers(1, 4)):
        # light and folds, so that it is no flat disc
        spot = oval(*rng.uniform(-0.5, 0.4, 2), *rng.uniform(0.15, 0.5, 2))
        fill_polygon(picture, spot, np.clip(cap * rng.uniform(0.7, 1.25), 0, 255), 0.5)
    half = np.array([1.1 * unit, 0.51 * face_px])
    return np.asarray(np.concatenate([centre - half, centre + half]), np.float32)
