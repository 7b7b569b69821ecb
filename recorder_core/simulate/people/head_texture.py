"""The skin, hair, cap and mask of a head, unrolled like a world map.

Columns are the angle around the head's vertical axis (0 at the nose, growing to
the right ear of the picture), rows the height in face units. A fourth channel
marks the face: forehead to chin, ear to ear.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np

from recorder_core.model.values.carriers import carrier_repr
from recorder_core.simulate.drawing.arrays import Channel, Field, Sprite
from recorder_core.simulate.drawing.noise import fractal_noise, smooth_curve, smoothstep
from recorder_core.simulate.people.portraits import (
    FRONT_SIDE,
    FRONT_TOP,
    PX_PER_FACE,
    Identity,
    draw_front,
)

__all__ = ["ANGLES", "BOTTOM", "TOP", "Head", "Outfit", "make_head"]

#: columns of the map, half a degree each
ANGLES: Final = 720
#: rows of the map reach from TOP to BOTTOM, face units
TOP: Final = -0.36
BOTTOM: Final = 1.08
_ROWS: Final = round((BOTTOM - TOP) * PX_PER_FACE)
#: half width of the head below its widest place, (y, x) in face units: breadth 15.3 cm for a
#: face of 18.5 cm, narrowing to jaw and chin as in the portraits
_OUTLINE: Final = [
    (0.20, 0.410), (0.38, 0.402), (0.52, 0.388), (0.64, 0.370), (0.74, 0.340), (0.83, 0.293),
    (0.91, 0.236), (0.96, 0.186), (1.00, 0.136), (1.03, 0.080), (1.05, 0.0),
]  # fmt: skip
#: depth of a head relative to its breadth (19.5 cm to 15.3 cm)
_DEPTH_RATIO: Final = 1.27
#: the face ends in front of the ear
_FACE_ANGLE_DEG: Final = 70.0

Headwear = Literal["none", "cap", "bonnet"]


@dataclass(frozen=True, slots=True)
class Outfit:
    """What somebody wears on the head."""

    headwear: Headwear
    masked: bool
    headwear_rgb: tuple[float, float, float] = (70.0, 130.0, 170.0)
    mask_rgb: tuple[float, float, float] = (150.0, 195.0, 215.0)


@dataclass(frozen=True, slots=True)
class Head:
    """A head as a map and a solid shape; arrays over rows reach from TOP to BOTTOM."""

    __repr__ = carrier_repr

    outfit: Outfit
    skin_rgb: tuple[float, float, float]
    #: maps (rows, ANGLES, 4) uint8 of full, half, quarter ... size; channel 3 marks the face
    maps: tuple[Channel, ...]
    #: (rows,) float32: half width, face units
    width: Field
    #: (rows,) float32: half depth
    depth: Field
    #: (rows,) float32: how far the axis lies in front of the neck
    forward: Field
    #: (rows, ANGLES) float32: how far nose, chin and mask stand out
    relief: Field


def _grid() -> tuple[Field, Field]:
    """Return angle (degrees, -180..180) and height (face units) of each map pixel."""
    angle = (np.arange(ANGLES, dtype=np.float32) + 0.5) * 360 / ANGLES - 180
    height = (np.arange(_ROWS, dtype=np.float32) + 0.5) / PX_PER_FACE + TOP
    grid = np.meshgrid(angle, height)
    return np.asarray(grid[0], np.float32), np.asarray(grid[1], np.float32)


def _half_width(padding: float, reach: float) -> Field:
    """Return the half width of each row; hair or cap of `padding` thickness ends at y `reach`."""
    y = _grid()[1][:, 0]
    points = np.array(_OUTLINE)
    below = np.interp(y, points[:, 0], points[:, 1])
    below += padding * smoothstep(reach, reach - 0.25, y) * (y >= 0.2)
    crown = -0.24 - padding
    rise = np.clip((0.2 - y) / (0.2 - crown), 0, 1)
    above = (0.41 + padding) * np.sqrt(1 - rise**2.4) * (y > crown)
    return np.asarray(np.where(y < 0.2, above, below), np.float32)


def _lay(under: Field, color: Field, share: Field) -> Field:
    """Mix a colour field over another."""
    return np.asarray(under + (color - under) * share[..., None], np.float32)


def _skin_map(identity: Identity, width: Field, rng: np.random.Generator) -> Field:
    """Wrap the portrait around the front; paint sides, neck and ears in its skin colour."""
    angle, height = _grid()
    front = draw_front(identity)
    x = width[:, None] * np.sin(np.radians(angle))
    columns = ((x + FRONT_SIDE) * PX_PER_FACE - 0.5).astype(np.float32)
    rows = ((height - FRONT_TOP) * PX_PER_FACE - 0.5).astype(np.float32)
    wrapped = cv2.remap(front, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mottle = 0.90 + 0.12 * fractal_noise(angle.shape, (6, 16), 3, rng)
    shade = mottle * (0.92 - 0.20 * smoothstep(0.72, 1.0, height))
    side = shade[..., None] * np.asarray(identity.skin_rgb, np.float32)
    # the photographs' own hair begins further in at the temples
    rim = 50 + 14 * smoothstep(0.25, 0.6, height)
    skin = _lay(side, wrapped, smoothstep(0, -18, np.abs(angle) - rim))
    return _draw_ears(skin, identity)


def _draw_ears(skin: Field, identity: Identity) -> Field:
    """Paint an ear on either side: a lit rim around a darker shell."""
    angle, height = _grid()
    tone = np.asarray(identity.skin_rgb)
    away = np.hypot((np.abs(angle) - 93) / 11, (height - 0.48) / 0.135)
    skin = _lay(skin, 0.97 * tone, smoothstep(1.06, 0.94, away))
    shell = np.hypot((np.abs(angle) - 91) / 6, (height - 0.46) / 0.085)
    return _lay(skin, tone * (0.70, 0.58, 0.54), 0.75 * smoothstep(1.1, 0.5, shell))


def _hair_line(identity: Identity, angle: Field) -> Field:
    """Return down to which height the hair reaches at each angle."""
    side = 0.40 if identity.hair_length < 0.7 else 0.62
    return smooth_curve(
        [(0, 0.045), (44, 0.09), (66, 0.17), (80, side), (100, identity.hair_length)], np.abs(angle)
    )


def _add_hair(skin: Field, identity: Identity, rng: np.random.Generator) -> Field:
    """Lay combed hair over the crown, the sides and the back."""
    angle, height = _grid()
    strands = fractal_noise(angle.shape, (7, 130), 2, rng) * 0.6
    strands += fractal_noise(angle.shape, (4, 26), 3, rng) * 0.5
    gloss = 0.25 * np.exp(-(((height + 0.08) / 0.10) ** 2))
    color = (0.45 + 0.62 * strands + gloss)[..., None] * np.asarray(identity.hair_rgb, np.float32)
    ragged = _hair_line(identity, angle) + 0.06 * (
        fractal_noise(angle.shape, (2, 70), 2, rng) - 0.5
    )
    over_ear = (np.abs(np.abs(angle) - 93) < 12) & (np.abs(height - 0.49) < 0.14)
    share = smoothstep(0.02, -0.02, height - ragged)
    if identity.hair_length < 0.7:
        share = np.where(over_ear, 0, share)
    return _lay(skin, np.clip(color, 0, 250), np.asarray(share, np.float32))


def _cap_line(headwear: Headwear, angle: Field) -> Field:
    """Return down to which height the cap reaches at each angle."""
    if headwear == "bonnet":
        return smooth_curve([(0, 0.10), (55, 0.17), (90, 0.46), (140, 0.66)], np.abs(angle))
    return smooth_curve([(0, 0.12), (55, 0.17), (90, 0.30), (140, 0.60)], np.abs(angle))


def _add_headwear(skin: Field, outfit: Outfit, rng: np.random.Generator) -> Field:
    """Lay a cap with folds (a bonnet with gathers) and its shadow over the head."""
    angle, height = _grid()
    line = _cap_line(outfit.headwear, angle)
    gathers = fractal_noise(angle.shape, (2.5, 60 if outfit.headwear == "bonnet" else 10), 3, rng)
    shade = 0.70 + 0.42 * gathers + 0.10 * smoothstep(0.1, -0.25, height)
    hem = np.exp(-(((line - height - 0.035) / 0.012) ** 2))
    color = (shade - 0.18 * hem)[..., None] * np.asarray(outfit.headwear_rgb, np.float32)
    shadow = 0.40 * smoothstep(0.07, 0.0, height - line) * (height > line)
    skin = skin * (1 - shadow[..., None])
    return _lay(skin, np.clip(color, 0, 250), smoothstep(0.008, -0.008, height - line))


def _mask_share(angle: Field, height: Field) -> Field:
    """Return where the mask lies: over nose and mouth, around the chin, back to the cheeks."""
    upper = smooth_curve([(0, 0.475), (14, 0.51), (40, 0.545), (70, 0.60)], np.abs(angle))
    inside = smoothstep(-0.008, 0.008, height - upper) * smoothstep(72, 69, np.abs(angle))
    return np.asarray(inside * smoothstep(1.06, 1.03, height), np.float32)


def _add_mask(skin: Field, outfit: Outfit, rng: np.random.Generator) -> Field:
    """Lay a pleated surgical mask with its ear loops over the lower face."""
    angle, height = _grid()
    turn = np.abs(angle)
    sag = 0.03 * np.cos(np.radians(angle * 1.2))
    shade = 0.86 + 0.10 * fractal_noise(angle.shape, (5, 30), 3, rng)
    for pleat in (0.63, 0.74, 0.85):
        edge = height - pleat - sag
        shade += 0.10 * np.exp(-((edge / 0.02) ** 2)) - 0.26 * np.exp(
            -(((edge - 0.025) / 0.014) ** 2)
        )
    shade *= 1.0 - 0.25 * smoothstep(0.80, 1.05, height) - 0.18 * smoothstep(45, 70, turn)
    color = shade[..., None] * np.asarray(outfit.mask_rgb, np.float32)
    upper = 0.615 - 0.24 * smoothstep(68, 96, turn)
    lower = 0.80 - 0.22 * smoothstep(68, 100, turn)
    loop = np.minimum(np.abs(height - upper), np.abs(height - lower)) < 0.012
    loop &= (turn > 68) & (turn < 100)
    skin = _lay(skin, np.full(3, 225, np.float32), 0.85 * loop.astype(np.float32))
    return _lay(skin, np.clip(color, 0, 250), _mask_share(angle, height))


def _relief(outfit: Outfit) -> Field:
    """Return how far each place stands out of the smooth head, face units."""
    angle, height = _grid()
    ridge = smoothstep(0.36, 0.62, height) * smoothstep(0.66, 0.62, height)
    nose = 0.13 * ridge * np.exp(-((angle / 9.0) ** 2))
    chin = 0.05 * np.exp(-((angle / 26.0) ** 2 + ((height - 0.94) / 0.07) ** 2))
    brow = 0.02 * np.exp(-((angle / 30.0) ** 2 + ((height - 0.29) / 0.05) ** 2))
    relief = np.asarray(nose + chin + brow, np.float32)
    if outfit.masked:
        cup = 0.085 * np.exp(-((angle / 42.0) ** 2 + ((height - 0.70) / 0.20) ** 4))
        share = _mask_share(angle, height)
        relief = np.asarray(relief * (1 - share) + np.maximum(cup, 0.5 * nose) * share, np.float32)
    return cv2.GaussianBlur(relief, (0, 0), 3.0)


def _face_share(outfit: Outfit) -> Field:
    """Mark the face: from the hairline or cap to the chin, between the ears."""
    angle, height = _grid()
    top = np.full(angle.shape, 0.03, np.float32)
    if outfit.headwear != "none":
        top = _cap_line(outfit.headwear, angle)
    inside = (height > top) & (height < 1.02) & (np.abs(angle) < _FACE_ANGLE_DEG)
    return inside.astype(np.float32)


def make_head(identity: Identity, outfit: Outfit, rng: np.random.Generator) -> Head:
    """Build the map and the shape of one head."""
    padding, reach = identity.hair_volume, identity.hair_length
    if outfit.headwear != "none":
        padding, reach = (0.10, 0.66) if outfit.headwear == "bonnet" else (0.045, 0.55)
    width = _half_width(padding, reach)
    painted = _skin_map(identity, _half_width(0.0, 0.5), rng)
    painted = _add_hair(painted, identity, rng)
    if outfit.headwear != "none":
        painted = _add_headwear(painted, outfit, rng)
    if outfit.masked:
        painted = _add_mask(painted, outfit, rng)
    full = np.dstack([np.clip(painted, 0, 255), _face_share(outfit) * 255]).astype(np.uint8)
    maps: list[Sprite] = [full]
    for _ in range(3):
        maps.append(cv2.resize(maps[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    height = _grid()[1][:, 0]
    forward = 0.10 * smoothstep(0.35, 0.9, height)
    depth = np.asarray(width * _DEPTH_RATIO, np.float32)
    return Head(outfit, identity.skin_rgb, tuple(maps), width, depth, forward, _relief(outfit))
