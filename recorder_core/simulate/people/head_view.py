"""A head seen from any side: each pixel is traced back to the head's map."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from recorder_core.model.values.carriers import carrier_repr
from recorder_core.simulate.drawing.arrays import Field, Sprite
from recorder_core.simulate.people.head_texture import ANGLES, BOTTOM, TOP, Head
from recorder_core.simulate.people.portraits import PX_PER_FACE

__all__ = ["HeadPose", "HeadView", "frontal_area", "view_head"]

#: height around which the head nods and tilts, face units
_PIVOT_Y: Final = 0.80
#: half width, top and bottom of the patch that an upright head fills, face units
_PATCH: Final = (0.66, -0.42, 1.16)
#: repetitions of the trace; more change nothing that can be seen up to a nod of 25 degrees
_STEPS: Final = 3


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Where a head is and where it looks; angles in radians."""

    #: middle of the hairline of a head that looks straight ahead, canvas pixels
    x_px: float
    y_px: float
    #: hairline to chin, pixels
    face_px: float
    #: 0 looks into the camera, positive to the right of the picture
    yaw: float = 0.0
    #: positive looks down
    pitch: float = 0.0
    #: positive tilts clockwise
    roll: float = 0.0


@dataclass(frozen=True, slots=True)
class HeadView:
    """A drawn head."""

    __repr__ = carrier_repr

    sprite: Sprite = field(repr=False)
    #: canvas position of the sprite's left top corner
    x: int
    y: int
    #: (height, width) bool: pixels of the sprite that belong to the face
    face: NDArray[np.bool_]


def _patch_grid(pose: HeadPose) -> tuple[int, int, Field, Field]:
    """Return the patch's corner on the canvas and each pixel's place in upright face units."""
    lean = abs(np.sin(pose.roll))
    side, top, bottom = _PATCH[0] + lean, _PATCH[1] - 0.3 * lean, _PATCH[2] + 0.3 * lean
    left, upper = (int(np.floor(v)) for v in (
        pose.x_px - side * pose.face_px, pose.y_px + top * pose.face_px
    ))  # fmt: skip
    columns = np.arange(left, int(pose.x_px + side * pose.face_px) + 2, dtype=np.float32)
    rows = np.arange(upper, int(pose.y_px + bottom * pose.face_px) + 2, dtype=np.float32)
    u = ((columns + 0.5 - pose.x_px) / pose.face_px)[None, :]
    v = ((rows + 0.5 - pose.y_px) / pose.face_px)[:, None] - _PIVOT_Y
    cosine, sine = np.float32(np.cos(pose.roll)), np.float32(np.sin(pose.roll))
    return left, upper, u * cosine + v * sine, v * cosine - u * sine + _PIVOT_Y


def _trace(head: Head, pose: HeadPose, u: Field, v: Field) -> tuple[Field, Field, Field, Field]:
    """Find the angle and height on the head under each pixel.

    Each row of a head is an ellipse, so the place under a pixel has a closed
    form; relief and nodding are added by repeating it with the offsets of the
    place found first.

    Returns
    -------
    tuple of four ndarrays of float32
        Angle (radians), height (face units), distance inside the outline (face
        units, negative outside), and cosine between surface and line of sight.
    """
    sine, cosine = np.float32(np.sin(pose.yaw)), np.float32(np.cos(pose.yaw))
    dip, rise = np.float32(np.sin(pose.pitch)), np.float32(np.cos(pose.pitch))
    reach = np.hypot(head.width * cosine, head.depth * sine) + np.float32(1e-4)
    phase = np.arctan2(head.depth * sine, head.width * cosine)
    toward = np.hypot(head.width * sine, head.depth * cosine)
    y, yaw = v, float(pose.yaw)
    out, relief = np.float32(0), np.zeros_like(v)
    for step in range(_STEPS):
        row = np.clip((y - TOP) * PX_PER_FACE, 0, len(reach) - 1).astype(np.intp)
        radius = reach[row]
        across = (u - head.forward[row] * sine - out) / radius
        bounded = np.clip(across, -1, 1)
        angle = np.arcsin(bounded) - phase[row]
        facing = np.sqrt(1 - bounded * bounded)
        if step == 0:
            column = ((angle / (2 * np.pi) + 0.5) * ANGLES).astype(np.intp) % ANGLES
            relief = head.relief[row, column]
            out = relief * np.sin(angle + yaw)
        front = toward[row] * facing + head.forward[row] * cosine + relief
        y = 0.5 * y + 0.5 * (((v - _PIVOT_Y) - front * dip) / rise + _PIVOT_Y)
    inside = np.where(radius > 0.01, (1 - np.abs(across)) * radius, -1)
    return angle, y, np.minimum(inside, 1.05 - y), facing


def view_head(head: Head, pose: HeadPose, light: float = -0.3) -> HeadView:
    """Draw a head.

    Parameters
    ----------
    head : Head
        Its map and shape.
    pose : HeadPose
        Where it is and where it looks.
    light : float
        Horizontal direction of the main light, -1 (left) to 1 (right).
    """
    left, top, u, v = _patch_grid(pose)
    angle, y, inside, facing = _trace(head, pose, u, v)
    level = int(np.clip(np.log2(PX_PER_FACE / pose.face_px), 0, len(head.maps) - 1))
    shrink = 0.5**level
    columns = ((angle / (2 * np.pi) + 0.5) % 1.0) * (ANGLES * shrink) - 0.5
    rows = np.clip(y - TOP, 0, BOTTOM - TOP) * (PX_PER_FACE * shrink) - 0.5
    texture = cv2.remap(
        head.maps[level], columns.astype(np.float32), rows.astype(np.float32),
        cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP,
    )  # fmt: skip
    alpha = np.clip(inside * pose.face_px + 0.5, 0, 1)
    sideways = np.sign(u) * np.sqrt(np.maximum(0, 1 - facing * facing))
    shade = 0.66 + 0.36 * facing + 0.14 * light * sideways - 0.10 * (v - 0.4)
    weight = alpha * shade
    sprite = np.empty((*alpha.shape, 4), np.uint8)
    sprite[..., :3] = np.minimum(texture[..., :3] * weight[..., None], 255)
    sprite[..., 3] = alpha * 255
    face = (texture[..., 3] > 127) & (alpha > 0.5)
    return HeadView(sprite, left, top, face)


def frontal_area(head: Head) -> float:
    """Return the area of the face seen from the front, face units squared."""
    face = view_head(head, HeadPose(0.0, 0.0, 100.0)).face
    return float(np.count_nonzero(face)) / 100.0**2
