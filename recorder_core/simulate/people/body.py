"""Bodies in scrubs and gowns, and arms that bend.

Coordinates are face units as in `head_texture`: x = 0 is the middle of the body,
y = 0 the hairline, y = 1 the chin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from recorder_core.model.values.carriers import carrier_repr
from recorder_core.simulate.drawing.arrays import Channel, Field, Sprite
from recorder_core.simulate.drawing.sprites import Canvas, cloth

__all__ = ["Body", "Stance", "lay_arm", "lay_torso", "make_body"]

#: resolution of the sprites, pixels per face unit
_PX: Final = 60
#: the torso sprite covers x from -_SIDE to _SIDE and y from _TOP to _BOTTOM
_SIDE: Final = 1.5
_TOP: Final = 0.7
_BOTTOM: Final = 8.7
_SHOULDER: Final = (1.0, 1.74)
_UPPER_ARM: Final = 1.50
_FOREARM: Final = 1.40

_Outline = list[tuple[float, float]]

# the right half of each outline, from the neck down (proportions of a standing adult)
_TOP_SHIRT: Final[_Outline] = [
    (0.34, 1.24), (0.62, 1.33), (0.98, 1.46), (1.16, 1.66), (1.16, 2.15), (1.02, 2.35),
    (0.94, 3.3), (1.02, 4.3), (1.06, 4.9), (0.0, 4.95),
]  # fmt: skip
_GOWN: Final[_Outline] = [
    (0.30, 1.14), (0.62, 1.30), (1.00, 1.46), (1.20, 1.70), (1.18, 2.3), (1.08, 3.2),
    (1.12, 4.5), (1.22, 6.9), (0.0, 6.95),
]  # fmt: skip
_TROUSERS: Final[_Outline] = [
    (1.02, 4.6),
    (1.0, 5.6),
    (0.86, 7.2),
    (0.78, 8.4),
    (0.16, 8.4),
    (0.0, 5.4),
]
_NECK: Final[_Outline] = [(0.25, 0.72), (0.26, 1.1), (0.40, 1.45), (0.0, 1.95)]
_COLLAR: Final[_Outline] = [(0.32, 1.18), (0.14, 1.55), (0.0, 1.82)]
_SHOES: Final[_Outline] = [(0.16, 8.35), (0.80, 8.35), (0.86, 8.62), (0.14, 8.62)]
#: colour of sterile gloves
_GLOVE_RGB: Final = (226.0, 222.0, 205.0)


@dataclass(frozen=True, slots=True)
class Stance:
    """Where a body is."""

    #: canvas position of the face units' origin
    x_px: float
    y_px: float
    #: pixels per face unit
    face_px: float
    #: direction of the body, radians; 0 faces the camera
    yaw: float


@dataclass(frozen=True, slots=True)
class Body:
    """A dressed body without its head."""

    __repr__ = carrier_repr

    front: Sprite
    back: Sprite
    upper_arm: Sprite
    forearm: Sprite


def _shape(half: _Outline) -> Channel:
    """Fill an outline and its mirror image on a sheet of the torso's size."""
    sheet = np.zeros((round((_BOTTOM - _TOP) * _PX), round(2 * _SIDE * _PX)), np.uint8)
    closed = [*half, (0.0, half[0][1])]
    for sign in (1, -1):
        points = [((sign * x + _SIDE) * _PX * 16, (y - _TOP) * _PX * 16) for x, y in closed]
        cv2.fillPoly(sheet, [np.array(points).round().astype(np.int32)], 255, cv2.LINE_AA, 4)
    return sheet


def _over(under: Sprite, upper: Sprite) -> Sprite:
    """Lay one sprite over another of the same size."""
    through = 1.0 - upper[..., 3:].astype(np.float32) / 255
    return (upper + under * through + 0.5).astype(np.uint8)


def _limb(length: float, radii: tuple[float, float]) -> Channel:
    """Return the outline of a tapering limb that hangs down from the middle of the top."""
    reach = max(radii) + 0.04
    sheet = np.zeros((round((length + 2 * reach) * _PX), round(2 * reach * _PX)), np.uint8)
    steps = np.linspace(0, 1, 24)
    for step in steps:
        radius = (radii[0] * (1 - step) + radii[1] * step) * _PX
        center = (reach * _PX, (reach + step * length) * _PX)
        place = tuple(round(v * 16) for v in center)
        cv2.circle(sheet, place, round(radius * 16), 255, -1, cv2.LINE_AA, 4)
    return sheet


def _dress_limb(shape: Channel, sleeve: Sprite, bare: Sprite, sleeve_length: float) -> Sprite:
    """Cover a bare limb with a sleeve of a length relative to the limb's."""
    rows = np.linspace(0, 1, shape.shape[0])[:, None, None]
    covered = np.clip((sleeve_length - rows) * shape.shape[0] / 2 + 0.5, 0, 1)
    return np.asarray(sleeve * covered + bare * (1 - covered) + 0.5).astype(np.uint8)


def make_body(
    cloth_rgb: tuple[float, float, float],
    skin_rgb: tuple[float, float, float],
    rng: np.random.Generator,
    *,
    gowned: bool,
) -> Body:
    """Dress a body in scrubs, or in a sterile gown with gloves.

    Parameters
    ----------
    cloth_rgb : (float, float, float)
        Colour of the cloth in full light, 0..255.
    skin_rgb : (float, float, float)
        Colour of the skin in full light, 0..255.
    rng : numpy.random.Generator
        Where the folds lie.
    gowned : bool
        Gown and gloves instead of short-sleeved scrubs.
    """
    legs = _over(
        cloth(_shape(_SHOES), (60, 62, 70), rng, 0.1), cloth(_shape(_TROUSERS), cloth_rgb, rng)
    )
    neck = cloth(_shape(_NECK), skin_rgb, rng, 0.05)
    shirt = cloth(_shape(_GOWN if gowned else _TOP_SHIRT), cloth_rgb, rng, 0.7)
    back = _over(_over(legs, neck), shirt)
    front = back if gowned else _over(back, cloth(_shape(_COLLAR), skin_rgb, rng, 0.0))
    upper, lower = _limb(_UPPER_ARM, (0.33, 0.25)), _limb(_FOREARM + 0.35, (0.23, 0.15))
    sleeves = [cloth(limb, cloth_rgb, rng, 0.6) for limb in (upper, lower)]
    bare = [cloth(limb, _GLOVE_RGB if gowned else skin_rgb, rng, 0.05) for limb in (upper, lower)]
    # scrubs end above the elbow; of a gown only the hands come out
    lengths = (1.1, 0.74) if gowned else (0.62, -1.0)
    return Body(
        front,
        back,
        _dress_limb(upper, sleeves[0], bare[0], lengths[0]),
        _dress_limb(lower, sleeves[1], bare[1], lengths[1]),
    )


def lay_torso(canvas: Canvas, body: Body, stance: Stance) -> None:
    """Lay neck, torso and legs onto a canvas."""
    sprite = body.front if np.cos(stance.yaw) > -0.2 else body.back
    scale = stance.face_px / _PX
    wide = scale * _breadth(stance.yaw)
    across = [wide, 0, stance.x_px - _SIDE * _PX * wide]
    down = [0, scale, stance.y_px + _TOP * stance.face_px]
    canvas.lay_transformed(sprite, np.array([across, down]))


def _breadth(yaw: float) -> float:
    """Return the apparent breadth of the shoulders (a body is about 0.6 times as deep as wide)."""
    return float(np.hypot(np.cos(yaw), 0.62 * np.sin(yaw)))


def lay_arm(
    canvas: Canvas, body: Body, stance: Stance, side: int, wrist: tuple[float, float]
) -> None:
    """Lay one arm, bent so that the wrist comes to lie at `wrist`.

    Parameters
    ----------
    canvas : Canvas
        Changed in place.
    body : Body
        The sprites.
    stance : Stance
        Where the body is.
    side : {-1, 1}
        Left or right in the picture.
    wrist : (float, float)
        Wanted place of the wrist, face units.
    """
    shoulder = np.array([side * _SHOULDER[0] * _breadth(stance.yaw), _SHOULDER[1]])
    way = np.array(wrist) - shoulder
    distance = float(np.clip(np.hypot(*way), 0.5, 0.995 * (_UPPER_ARM + _FOREARM)))
    way *= distance / max(float(np.hypot(*way)), 1e-6)
    bend = np.arccos((_UPPER_ARM**2 + distance**2 - _FOREARM**2) / (2 * _UPPER_ARM * distance))
    direction = np.arctan2(way[1], way[0]) - side * bend
    elbow = shoulder + _UPPER_ARM * np.array([np.cos(direction), np.sin(direction)])
    canvas.lay_transformed(body.upper_arm, _hang(body.upper_arm, stance, shoulder, elbow))
    canvas.lay_transformed(body.forearm, _hang(body.forearm, stance, elbow, shoulder + way))


def _hang(sprite: Sprite, stance: Stance, start: Field, stop: Field) -> Field:
    """Return the transform by which a limb hangs from `start` towards `stop` (face units)."""
    along = (stop - start) / max(float(np.hypot(*(stop - start))), 1e-6)
    scale = stance.face_px / _PX
    turn = scale * np.array([[along[1], along[0]], [-along[0], along[1]]])
    middle = sprite.shape[1] / 2
    origin = np.array([stance.x_px, stance.y_px]) + start * stance.face_px - turn @ (middle, middle)
    return np.column_stack([turn, origin])
