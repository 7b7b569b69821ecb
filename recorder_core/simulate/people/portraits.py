"""Faces for the simulated staff, made of two free photographs.

The photographs come with installed packages; nothing is stored here:

- ``skimage.data.astronaut()``: portrait of Eileen Collins, NASA Great Images
  database, public domain (scikit-image's data README);
- ``grace_hopper.jpg`` of matplotlib's sample data: portrait of Grace Hopper by
  James S. Davis, United States Navy, public domain.

Both are warped to common landmarks and blended, so that every weight gives
another face. Coordinates are *face units*: the origin is the middle of the
hairline, y grows downwards, the chin is at y = 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import cv2
import matplotlib
import numpy as np
from skimage.data import astronaut

from recorder_core.errors import DataError
from recorder_core.simulate.drawing.arrays import Field, Picture
from recorder_core.simulate.drawing.noise import smoothstep

__all__ = ["FRONT_TOP", "PX_PER_FACE", "Identity", "draw_front", "pick_identity"]

#: resolution of the textures, pixels from hairline to chin (the astronaut's face has 123)
PX_PER_FACE: Final = 200
#: the front picture covers x from -FRONT_SIDE to FRONT_SIDE and y from FRONT_TOP to FRONT_BOTTOM
FRONT_SIDE: Final = 0.6
FRONT_TOP: Final = -0.3
FRONT_BOTTOM: Final = 1.1
#: eyes below the hairline, as a part of the way to the chin
_EYE_LINE: Final = 0.385


#: left to right and top to bottom, as seen: brows (3 + 3), eyes (3 + 3), bridge, tip, base and
#: wings of the nose, mouth (left, top, right, bottom), chin, jaw (3 + 3), cheeks (2 + 2), temples
_ASTRONAUT_PX: Final = np.array(
    [
        *[(190, 92), (199, 88), (213, 92), (238, 93), (252, 92), (264, 95)],
        *[(192, 99), (203, 101), (212, 103), (238, 104), (246, 103), (258, 101)],
        *[(224, 103), (224, 126), (224, 133), (210, 130), (237, 130)],
        *[(203, 140), (223, 141), (246, 139), (222, 154), (224, 178)],
        *[(183, 142), (193, 162), (207, 174), (266, 140), (257, 162), (242, 175)],
        *[(181, 124), (182, 103), (269, 124), (270, 103), (186, 85), (268, 88)],
    ],
    float,
)
_HOPPER_PX: Final = np.array(
    [
        *[(190, 165), (215, 160), (240, 168), (283, 165), (310, 158), (345, 165)],
        *[(198, 191), (220, 188), (238, 194), (285, 191), (304, 186), (328, 190)],
        *[(262, 190), (266, 240), (268, 253), (240, 245), (294, 245)],
        *[(226, 276), (264, 274), (308, 275), (264, 293), (265, 331)],
        *[(198, 276), (208, 300), (225, 322), (334, 276), (325, 302), (303, 322)],
        *[(190, 243), (178, 190), (340, 243), (352, 190), (176, 160), (352, 158)],
    ],
    float,
)
#: index of each landmark's mirror image
_MIRROR: Final = np.array(
    [
        *[5, 4, 3, 2, 1, 0, 11, 10, 9, 8, 7, 6, 12, 13, 14, 16, 15, 19, 18, 17, 20, 21],
        *[25, 26, 27, 22, 23, 24, 30, 31, 28, 29, 33, 32],
    ]
)
_EYES: Final = (7, 10)
_CHIN: Final = 21


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes one member of the simulated staff look different from the others."""

    #: share of the second photograph in the skin picture, 0..1
    blend: float
    #: share of the second photograph in the shape; may leave 0..1 a little
    shape: float
    #: width of eyes, nose and mouth relative to the head
    breadth: float
    mirrored: bool
    #: colour of lit skin, RGB 0..255
    skin_rgb: tuple[float, float, float]
    hair_rgb: tuple[float, float, float]
    #: thickness of the hair, face units
    hair_volume: float
    #: how far the hair hangs down at the sides and back, face units
    hair_length: float


_SKINS: Final = [(222, 178, 156), (205, 156, 130), (228, 186, 163), (172, 122, 96), (128, 86, 66)]
_HAIRS: Final = [(92, 66, 44), (38, 28, 24), (150, 118, 74), (120, 116, 112), (66, 40, 26)]


def pick_identity(number: int, rng: np.random.Generator, *, blend_only: bool) -> Identity:
    """Invent a face.

    Parameters
    ----------
    number : int
        Which of the staff, from 0; neighbours get different skin, hair and blends.
    rng : numpy.random.Generator
        Source of the small differences.
    blend_only : bool
        Keep every face an even mixture of both photographs, so that no picture
        shows a real person.
    """
    spread = (0.0, 0.72, 0.38, 1.0, 0.55, 0.2)[number % 6]
    blend = 0.42 + 0.16 * spread if blend_only else 0.05 + 0.90 * spread
    long_hair = number % 3 == 0
    return Identity(
        blend=blend,
        shape=float(np.clip(blend + rng.uniform(-0.25, 0.25), 0.0, 1.1)),
        breadth=float(rng.uniform(0.94, 1.07)),
        mirrored=bool(rng.random() < 0.5),
        skin_rgb=_SKINS[(number * 2 + int(rng.integers(2))) % len(_SKINS)],
        hair_rgb=_HAIRS[(number + int(rng.integers(2))) % len(_HAIRS)],
        hair_volume=float(rng.uniform(0.05, 0.09)) if long_hair else float(rng.uniform(0.02, 0.04)),
        hair_length=0.86 if long_hair else 0.62,
    )


@lru_cache(maxsize=1)
def _photographs() -> tuple[Field, Field]:
    """Read both photographs, RGB 0..255."""
    path = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    hopper = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if hopper is None:
        raise DataError(
            f"matplotlib's sample picture {path.name} is missing; install matplotlib again "
            "with its sample data"
        )
    portrait: Picture = astronaut()  # type: ignore[no-untyped-call]
    return np.asarray(portrait, np.float32), np.asarray(hopper, np.float32)


def _to_face_units(points_px: Field) -> Field:
    """Turn, shift and scale landmarks so that eyes and chin lie where they belong; make even."""
    left, right = points_px[list(_EYES)]
    middle, along = (left + right) / 2, (right - left) / np.linalg.norm(right - left)
    axes = np.array([along, [-along[1], along[0]]])
    turned = (points_px - middle) @ axes.T
    units = turned * (1.0 - _EYE_LINE) / turned[_CHIN, 1] + (0.0, _EYE_LINE)
    return np.asarray((units + units[_MIRROR] * (-1.0, 1.0)) / 2)


def _spline_kernel(a: Field, b: Field) -> Field:
    """Thin-plate kernel r^2 log r between two sets of points."""
    square = ((a[:, None, :] - b[None, :, :]) ** 2).sum(-1)
    return np.asarray(square * np.log(np.maximum(square, 1e-12)) / 2)


def _warp(photograph: Field, source_px: Field, target: Field) -> Field:
    """Warp a photograph so that its landmarks come to lie on `target` (thin-plate spline)."""
    n = len(target)
    rim = np.hstack([np.ones((n, 1)), target])
    system = np.block(
        [[_spline_kernel(target, target) + 1e-4 * np.eye(n), rim], [rim.T, np.zeros((3, 3))]]
    )
    weights = np.linalg.solve(system, np.vstack([source_px, np.zeros((3, 2))]))
    x, y = _front_grid(step=8)
    spots = np.stack([x.ravel(), y.ravel()], axis=1)
    mapped = (
        _spline_kernel(spots, target) @ weights[:n]
        + np.hstack([np.ones((len(spots), 1)), spots]) @ weights[n:]
    )
    height, width = _front_grid(step=1)[0].shape
    coarse = mapped.reshape(*x.shape, 2).astype(np.float32)
    columns, rows = cv2.split(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))
    return cv2.remap(photograph, columns, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def _front_grid(step: int) -> tuple[Field, Field]:
    """Return x and y in face units of each `step`-th pixel of the front picture."""
    width = round(2 * FRONT_SIDE * PX_PER_FACE)
    height = round((FRONT_BOTTOM - FRONT_TOP) * PX_PER_FACE)
    columns = (np.arange(width // step) + 0.5) * step / PX_PER_FACE - FRONT_SIDE
    rows = (np.arange(height // step) + 0.5) * step / PX_PER_FACE + FRONT_TOP
    x, y = np.meshgrid(columns, rows)
    return x, y


def _match_skin(front: Field, skin_rgb: tuple[float, float, float]) -> Field:
    """Match the middle of the face to the wanted mean colour and a common contrast."""
    x, y = _front_grid(step=1)
    skin = front[(np.abs(x) < 0.26) & (y > 0.25) & (y < 0.92)]
    mean, spread = skin.mean(axis=0), skin.std(axis=0).mean()
    target = np.asarray(skin_rgb, np.float32) * 0.90
    contrast = min(1.35, 36.0 / float(spread)) * (0.55 + 0.45 * target / target[0])
    matched = (front - mean) * contrast * (target[0] / 205.0) ** 0.5 + target
    return np.asarray(np.clip(matched, 4, 252))


def _smooth_forehead(front: Field) -> Field:
    """Paint forehead skin over the fringe and the cap of the photographs."""
    x, y = _front_grid(step=1)
    rows = (y > 0.235) & (y < 0.275) & (np.abs(x) < 0.2)
    tone = np.median(front[rows], axis=0)
    light = (1.0 - 1.3 * x**2 - 0.30 * (0.25 - y)).astype(np.float32)[..., None]
    share = smoothstep(0.255, 0.20, y - 0.10 * x**2)[..., None]
    return np.asarray(front * (1 - share) + np.clip(tone * light, 0, 250) * share, np.float32)


def draw_front(identity: Identity) -> Field:
    """Return the face seen from the front.

    Returns
    -------
    ndarray of float32, shape (280, 240, 3)
        RGB 0..255; `PX_PER_FACE` pixels per face unit. Valid on the face; what is
        around it is the photographs' background.
    """
    first, second = _to_face_units(_ASTRONAUT_PX), _to_face_units(_HOPPER_PX)
    target = first * (1 - identity.shape) + second * identity.shape
    inner = np.exp(-((target[:, 0] / 0.3) ** 4))
    target[:, 0] *= 1 + (identity.breadth - 1) * inner
    warped = [
        _match_skin(np.asarray(_warp(photo, marks, target), np.float32), identity.skin_rgb)
        for photo, marks in zip(_photographs(), (_ASTRONAUT_PX, _HOPPER_PX), strict=True)
    ]
    front = warped[0] * (1 - identity.blend) + warped[1] * identity.blend
    front = _smooth_forehead(np.asarray(front, np.float32))
    return np.ascontiguousarray(front[:, ::-1] if identity.mirrored else front)
