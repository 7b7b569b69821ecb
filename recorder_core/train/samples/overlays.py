"""Draw what people wear in an operating room onto faces: masks, caps, goggles, loupes, shields.

Everything is drawn in the face's own axes: origin between the eyes, one unit is the
distance from there to the middle of the mouth.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recorder_core.model.values.carriers import carrier_repr

__all__ = [
    "FaceAxes",
    "axes_from_box",
    "axes_from_landmarks",
    "draw_cap",
    "draw_face_shield",
    "draw_goggles",
    "draw_loupes",
    "draw_mask",
    "draw_stroke",
    "fill_ellipse",
    "fill_polygon",
    "garment_colour",
    "skin_colour",
]

#: typical colours of drapes, gowns, caps and masks: blue, green, red
_GARMENTS_BGR = np.array(
    [
        (210, 180, 120),
        (190, 140, 80),
        (150, 160, 70),
        (130, 140, 90),
        (120, 90, 40),
        (235, 235, 235),
        (200, 205, 200),
        (110, 130, 60),
        (160, 110, 60),
        (60, 50, 40),
    ],
    np.float32,
)
#: bits of sub-pixel precision of OpenCV's drawing
_SHIFT = 4


@dataclass(frozen=True, slots=True)
class FaceAxes:
    """Where a face is and how it is turned, in picture pixels."""

    __repr__ = carrier_repr

    #: point between the eyes
    origin: NDArray[np.float64]
    #: one unit to the side (towards the larger x of the upright face)
    across: NDArray[np.float64]
    #: one unit from the eyes to the mouth
    down: NDArray[np.float64]
    #: shift of nose and mouth to the side in units; not 0 where the face looks sideways
    lean: float
    #: half the width of the face, in units
    half_width: float

    def place(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn points in face units (N, 2) into pixels."""
        return self.origin + points[:, :1] * self.across + points[:, 1:] * self.down

    def move(self, view: NDArray[np.float64]) -> FaceAxes:
        """Return the axes in a view of the picture, given by its (2, 3) matrix."""
        linear, shift = view[:, :2], view[:, 2]
        return FaceAxes(
            linear @ self.origin + shift,
            linear @ self.across,
            linear @ self.down,
            self.lean,
            self.half_width,
        )


def axes_from_box(box_xyxy_px: NDArray[np.float32]) -> FaceAxes:
    """Guess the axes of an upright face that looks at the camera from its box."""
    x0, y0, x1, y1 = (float(v) for v in box_xyxy_px)
    unit = 0.36 * (y1 - y0)
    return FaceAxes(
        np.array([(x0 + x1) / 2, y0 + 0.42 * (y1 - y0)]),
        np.array([unit, 0.0]),
        np.array([0.0, unit]),
        0.0,
        0.5 * (x1 - x0) / unit,
    )


def axes_from_landmarks(
    points_px: NDArray[np.float32], box_xyxy_px: NDArray[np.float32]
) -> FaceAxes:
    """Measure the axes from five points: left and right eye, nose, mouth corners.

    Points that are not known (NaN) or do not fit the box give `axes_from_box`.
    """
    points = points_px.astype(np.float64)
    eyes, mouth, nose = points[:2].mean(axis=0), points[3:].mean(axis=0), points[2]
    down = mouth - eyes
    unit = float(np.hypot(*down))  # NaN fits nothing below
    box_unit = 0.36 * float(box_xyxy_px[3] - box_xyxy_px[1])
    if not 0.5 * box_unit < unit < 1.8 * box_unit:
        return axes_from_box(box_xyxy_px)
    across = np.array([down[1], -down[0]])
    lean = float((nose - eyes) @ across) / unit**2
    width = float((box_xyxy_px[2] - box_xyxy_px[0]) / 2) / unit
    return FaceAxes(eyes, across, down, float(np.clip(lean, -0.6, 0.6)), min(max(width, 0.7), 1.3))


def garment_colour(rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw a colour of cloth, blue, green, red in 0..255."""
    colour = _GARMENTS_BGR[rng.integers(len(_GARMENTS_BGR))] * rng.uniform(0.6, 1.15)
    return np.asarray(np.clip(colour + rng.normal(0, 10, 3), 0, 255), np.float32)


def skin_colour(rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw a colour of skin, dark to light, blue, green, red in 0..255."""
    return np.array([110, 140, 190], np.float32) * np.float32(rng.uniform(0.4, 1.2))


def fill_polygon(
    picture: NDArray[np.uint8],
    points: NDArray[np.float64],
    colour: NDArray[np.float32],
    opacity: float = 1.0,
    shade: float = 0.0,
) -> None:
    """Fill a polygon with a soft edge; `shade` keeps that share of the light below it."""
    low = np.floor(points.min(axis=0)).astype(int) - 2
    high = np.ceil(points.max(axis=0)).astype(int) + 3
    x0, y0 = np.maximum(low, 0)
    x1, y1 = np.minimum(high, picture.shape[1::-1])
    if x1 <= x0 or y1 <= y0:
        return
    cover = np.zeros((y1 - y0, x1 - x0), np.uint8)
    fixed = np.rint((points - (x0 + 0.5, y0 + 0.5)) * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(cover, [fixed], 255, cv2.LINE_AA, _SHIFT)
    part = picture[y0:y1, x0:x1].astype(np.float32)
    paint = np.broadcast_to(colour, part.shape)
    if shade:
        light = part.mean(axis=2, keepdims=True) / max(float(part.mean()), 1.0)
        paint = paint * (1 - shade + shade * light)
    alpha = cover[..., None] * np.float32(opacity / 255)
    picture[y0:y1, x0:x1] = np.clip(part + (paint - part) * alpha, 0, 255).astype(np.uint8)


def fill_ellipse(
    picture: NDArray[np.uint8],
    centre: NDArray[np.float64],
    radii: NDArray[np.float64],
    turn: float,
    colour: NDArray[np.float32],
) -> None:
    """Fill an ellipse turned by `turn` radians; some of the light below it stays."""
    angles = np.linspace(0, 2 * np.pi, 20)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii
    turned = circle @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    fill_polygon(picture, centre + turned, colour, shade=0.2)


def draw_stroke(
    picture: NDArray[np.uint8], ends: NDArray[np.float64], colour: NDArray[np.float32], width: float
) -> None:
    """Draw a straight stroke between two points (2, 2), at least 0.7 px wide."""
    along = ends[1] - ends[0]
    normal = (
        np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-6) * max(width, 0.7) / 2
    )
    fill_polygon(
        picture,
        np.array([ends[0] + normal, ends[1] + normal, ends[1] - normal, ends[0] - normal]),
        colour,
    )


def draw_mask(picture: NDArray[np.uint8], axes: FaceAxes, rng: np.random.Generator) -> None:
    """Draw a surgical mask over nose, mouth and chin; changes the picture."""
    colour, half, lean = garment_colour(rng), axes.half_width, axes.lean
    top = rng.uniform(0.22, 0.5)
    bottom = rng.uniform(1.6, 1.95)
    outline = np.array(
        [
            (-half, top + 0.2),
            (-0.5 * half + 0.5 * lean, top + 0.06),
            (0.9 * lean, top),
            (0.5 * half + 0.5 * lean, top + 0.06),
            (half, top + 0.2),
            (0.93 * half + 0.2 * lean, 1.1),
            (0.55 * half + 0.5 * lean, bottom - 0.1),
            (0.6 * lean, bottom),
            (-0.55 * half + 0.5 * lean, bottom - 0.1),
            (-0.93 * half + 0.2 * lean, 1.1),
        ]
    )
    outline += rng.normal(0, 0.03, outline.shape)
    fill_polygon(picture, axes.place(outline), colour, rng.uniform(0.88, 1.0), shade=0.35)
    size = float(np.hypot(*axes.down))
    for depth in rng.uniform(top + 0.3, bottom - 0.3, rng.integers(0, 4)):
        ends = axes.place(np.array([(-0.75 * half, depth), (0.75 * half, depth)]))
        draw_stroke(picture, ends, colour * np.float32(rng.uniform(0.75, 0.92)), 0.04 * size)


def draw_cap(picture: NDArray[np.uint8], axes: FaceAxes, rng: np.random.Generator) -> None:
    """Draw a surgical cap over hair and forehead; changes the picture."""
    # the second kind is a bouffant cap: over the ears, and higher
    wide, high = ((1.0, 1.2), (1.0, 1.45)) if rng.random() < 0.7 else ((1.15, 1.45), (1.2, 1.9))
    colour, half = garment_colour(rng), axes.half_width * rng.uniform(*wide)
    edge, height = -rng.uniform(0.2, 0.75), rng.uniform(*high)
    angles = np.linspace(np.pi, 2 * np.pi, 14)
    dome = np.stack([half * np.cos(angles), edge + height * np.sin(angles)], axis=1)
    sag = rng.uniform(-0.12, 0.2)
    front = np.array(
        [
            (half, edge + 0.35 * rng.random()),
            (0.5 * half, edge + sag),
            (0, edge + 1.2 * sag),
            (-0.5 * half, edge + sag),
            (-half, edge + 0.35 * rng.random()),
        ]
    )
    outline = np.concatenate([dome, front]) + rng.normal(0, 0.025, (19, 2))
    fill_polygon(picture, axes.place(outline), colour, 1.0, shade=0.3)
    size = float(np.hypot(*axes.down))
    if rng.random() < 0.25:
        _draw_pattern(picture, axes, (half, edge - 0.75 * height, edge), rng)
    if rng.random() < 0.5:
        band = axes.place(np.array([(-0.95 * half, edge), (0.95 * half, edge)]))
        draw_stroke(picture, band, colour * np.float32(rng.uniform(0.7, 0.95)), 0.08 * size)


def draw_goggles(picture: NDArray[np.uint8], axes: FaceAxes, rng: np.random.Generator) -> None:
    """Draw goggles, glasses or a clear visor in front of the eyes; changes the picture."""
    half = axes.half_width * rng.uniform(0.85, 1.0)
    bottom = rng.uniform(0.25, 0.4) if rng.random() < 0.7 else rng.uniform(0.9, 1.7)
    top = -rng.uniform(0.25, 0.5)
    outline = np.array(
        [
            (-half, top),
            (half, top),
            (half * 0.97, bottom),
            (axes.lean, bottom - 0.08),
            (-half * 0.97, bottom),
        ]
    )
    tint = rng.uniform(90, 255, 3).astype(np.float32)
    fill_polygon(picture, axes.place(outline), tint, rng.uniform(0.12, 0.45))
    frame = np.full(3, rng.uniform(10, 200), np.float32)
    corners, size = axes.place(outline), float(np.hypot(*axes.down))
    for start in range(len(corners)):
        ends = np.array([corners[start], corners[(start + 1) % len(corners)]])
        draw_stroke(picture, ends, frame, rng.uniform(0.04, 0.12) * size)


def _draw_pattern(
    picture: NDArray[np.uint8],
    axes: FaceAxes,
    span: tuple[float, float, float],
    rng: np.random.Generator,
) -> None:
    """Print dots or stripes on cloth: half its width, its top and bottom, in face units."""
    half, top, bottom = span
    colour, size = garment_colour(rng), float(np.hypot(*axes.down))
    if rng.random() < 0.5:
        for _ in range(rng.integers(6, 20)):
            place = np.array([[rng.uniform(-0.8, 0.8) * half, rng.uniform(top, bottom)]])
            radii = np.full(2, rng.uniform(0.03, 0.1) * size)
            fill_ellipse(picture, axes.place(place)[0], radii, 0.0, colour)
        return
    for x in np.linspace(-0.75, 0.75, int(rng.integers(3, 8))):
        ends = axes.place(np.array([(0.7 * x * half, top), (x * half, bottom)]))
        draw_stroke(picture, ends, colour, rng.uniform(0.03, 0.08) * size)


def draw_loupes(picture: NDArray[np.uint8], axes: FaceAxes, rng: np.random.Generator) -> None:
    """Draw magnifying loupes, and sometimes a head lamp; changes the picture."""
    size, dark = float(np.hypot(*axes.down)), np.full(3, rng.uniform(5, 90), np.float32)
    half, drop = axes.half_width, rng.uniform(-0.05, 0.2)
    bar = axes.place(np.array([(-half, drop - 0.1), (half, drop - 0.1)]))
    draw_stroke(picture, bar, dark, rng.uniform(0.06, 0.14) * size)
    for side in (-1, 1):
        x, reach = side * 0.42 * half + 0.4 * axes.lean, rng.uniform(0.18, 0.3)
        barrel = np.array([(x, drop), (x + 0.3 * axes.lean, drop + 0.12)])
        for place, share in zip(axes.place(barrel), (1.0, 0.85), strict=True):
            fill_ellipse(picture, place, np.full(2, share * reach * size), 0.0, dark)
        glass = rng.uniform(60, 230, 3).astype(np.float32)
        fill_ellipse(picture, axes.place(barrel)[1], np.full(2, 0.6 * reach * size), 0.0, glass)
    if rng.random() < 0.4:
        lamp = axes.place(np.array([[rng.uniform(-0.1, 0.1), drop - rng.uniform(0.3, 0.6)]]))[0]
        fill_ellipse(picture, lamp, np.full(2, 0.2 * size), 0.0, dark)
        light = np.full(3, rng.uniform(200, 255), np.float32)
        fill_ellipse(picture, lamp, np.full(2, 0.13 * size), 0.0, light)


def draw_face_shield(picture: NDArray[np.uint8], axes: FaceAxes, rng: np.random.Generator) -> None:
    """Draw a clear shield from the forehead to below the chin; changes the picture."""
    half, size = axes.half_width * rng.uniform(1.05, 1.25), float(np.hypot(*axes.down))
    top, bottom = -rng.uniform(0.6, 1.0), rng.uniform(1.8, 2.4)
    outline = np.array(
        [
            (-half, top),
            (half, top),
            (half, bottom - 0.4),
            (0.5 * half, bottom),
            (-0.5 * half, bottom),
            (-half, bottom - 0.4),
        ]
    )
    film = rng.uniform(170, 255, 3).astype(np.float32)
    fill_polygon(picture, axes.place(outline), film, rng.uniform(0.05, 0.3))
    for x in rng.uniform(-0.8, 0.8, rng.integers(1, 4)) * half:
        # light that the film throws back
        width = rng.uniform(0.04, 0.2)
        streak = np.array([(x, top), (x + width, top), (x + 1.3 * width, bottom), (x, bottom)])
        shine = np.full(3, 255, np.float32)
        fill_polygon(picture, axes.place(streak), shine, rng.uniform(0.1, 0.5))
    foam = garment_colour(rng) if rng.random() < 0.5 else np.full(3, 235, np.float32)
    band = axes.place(np.array([(-half, top), (half, top)]))
    draw_stroke(picture, band, foam, rng.uniform(0.12, 0.3) * size)
