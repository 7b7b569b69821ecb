"""The room camera: people move in an operating room, and every face's place is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np

from recorder_core.model.faces.detections import TruthState
from recorder_core.simulate.drawing.arrays import Channel, Picture
from recorder_core.simulate.drawing.sprites import Canvas
from recorder_core.simulate.people.body import Stance, lay_arm, lay_torso
from recorder_core.simulate.people.head_view import HeadView, view_head
from recorder_core.simulate.people.staff import Person, Pose, hire_staff, pose_at
from recorder_core.simulate.views.room_decor import MARGIN, SCREEN, Prop, draw_room, make_props

__all__ = ["FaceInView", "RoomCamera"]

#: a face that is turned further is not recognised by a person
_MAX_YAW_DEG: Final = 65.0
#: nor is one of whose frontal area less than this share is seen
_MIN_VISIBLE: Final = 0.35
#: exposure time of a frame, seconds: what moves during it is smeared
_SHUTTER_SECONDS: Final = 1 / 50


@dataclass(frozen=True, slots=True)
class FaceInView:
    """The place and state of one face in one picture of the room camera."""

    #: number of the person, from 0
    face_id: int
    #: (x0, y0, x1, y1) forehead to chin, ear to ear, pixels of the view
    box_xyxy_px: tuple[float, float, float, float]
    #: visible share of the frontal face, 0..1
    visible: float
    state: TruthState


@dataclass(frozen=True, slots=True)
class _Shown:
    """A person as drawn: needed again when everything else has been drawn over."""

    number: int
    person: Person
    pose: Pose
    view: HeadView = field(repr=False)


class RoomCamera:
    """Draws the room view at any moment.

    Parameters
    ----------
    height, width : int
        Size of the view, pixels; 16:9.
    faces : int
        Number of people.
    rng : numpy.random.Generator
        Source of everything random; the same state gives the same pictures.
    blend_only : bool
        Give everybody a face that is an even mixture of both photographs.
    """

    def __init__(
        self, height: int, width: int, faces: int, rng: np.random.Generator, *, blend_only: bool
    ) -> None:
        self._height, self._width = height, width
        self._scale = height / 360
        self._margin = round(MARGIN * self._scale)
        self._background = draw_room(self._scale, rng)
        self._props = make_props(self._scale, rng)
        self._staff = hire_staff(faces, rng, blend_only=blend_only)
        self._vignette = _vignette(height, width)
        self._grain = rng.normal(128, 26, (2 * height, 2 * width)).clip(0, 255).astype(np.uint8)
        self._grain_rng = np.random.default_rng(int(rng.integers(2**31)))

    def picture(
        self, seconds: float, screen_rgb: Picture | None
    ) -> tuple[Picture, list[FaceInView]]:
        """Draw the room at a moment.

        Parameters
        ----------
        seconds : float
            Time since the start of the video.
        screen_rgb : Picture or None
            What the screen on the wall shows; None leaves it dark.

        Returns
        -------
        (Picture, list of FaceInView)
            The picture, and all faces whose box lies at least partly in it.
        """
        canvas = Canvas(self._background.copy(), np.zeros(self._background.shape[:2], np.uint8))
        self._show_on_wall(canvas, screen_rgb)
        shown = self._draw_everybody(canvas, seconds)
        shift = self._shake(seconds)
        faces = [face for item in shown if (face := self._judge(item, canvas, shift))]
        moved = cv2.warpAffine(
            canvas.rgb,
            np.array([[1, 0, -shift[0]], [0, 1, -shift[1]]]),
            (self._width, self._height),
        )
        return self._expose(moved, seconds), faces

    def _show_on_wall(self, canvas: Canvas, screen_rgb: Picture | None) -> None:
        if screen_rgb is None:
            return
        x, y, width, height = (round(v * self._scale) for v in SCREEN)
        small = cv2.resize(screen_rgb, (width, height), interpolation=cv2.INTER_AREA)
        x, y = x + self._margin, y + self._margin
        canvas.rgb[y : y + height, x : x + width] = cv2.convertScaleAbs(small, alpha=1.15, beta=14)

    def _draw_everybody(self, canvas: Canvas, seconds: float) -> list[_Shown]:
        """Draw people and props from far to near."""
        layers: list[tuple[float, Prop | int]] = [
            (prop.hides_below_px * self._scale, prop) for prop in self._props
        ]
        poses = [pose_at(person, seconds, self._scale) for person in self._staff]
        layers += [(self._depth(number, pose), number) for number, pose in enumerate(poses)]
        shown: list[_Shown] = []
        for _, item in sorted(layers, key=lambda layer: layer[0]):
            if isinstance(item, Prop):
                canvas.lay(item.sprite, item.x, item.y)
                self._lay_working_arms(canvas, item, shown)
            elif self._in_sight(poses[item]):
                shown.append(self._draw_person(canvas, item, poses[item], seconds))
        return shown

    def _depth(self, number: int, pose: Pose) -> float:
        """Return the order of drawing: by the face's size, at the table just before it."""
        if self._staff[number].role.at_table:
            return self._props[0].hides_below_px * self._scale - 1 / (1 + pose.head.face_px)
        return pose.head.face_px

    def _in_sight(self, pose: Pose) -> bool:
        reach = 2.2 * pose.head.face_px
        return -reach < pose.head.x_px < self._width + reach

    def _draw_person(self, canvas: Canvas, number: int, pose: Pose, seconds: float) -> _Shown:
        """Draw body, arms and head; arms that lie on the table come after the table."""
        person, margin = self._staff[number], self._margin
        stance = self._stance(pose)
        lay_torso(canvas, person.body, stance)
        if not person.role.at_table:
            for side, wrist in zip((-1, 1), pose.wrists, strict=True):
                lay_arm(canvas, person.body, stance, side, wrist)
        view = view_head(person.head, pose.head)
        view = HeadView(_smear(view.sprite, *self._smear_of(number, seconds)), view.x + margin,
                        view.y + margin, view.face)  # fmt: skip
        canvas.lay(view.sprite, view.x, view.y)
        _mark_owner(canvas, view, number + 1)
        return _Shown(number, person, pose, view)

    def _smear_of(self, number: int, seconds: float) -> tuple[float, float]:
        """Return how far a head moves while the shutter is open, pixels."""
        now = pose_at(self._staff[number], seconds, self._scale).head
        before = pose_at(self._staff[number], seconds - _SHUTTER_SECONDS, self._scale).head
        return now.x_px - before.x_px, now.y_px - before.y_px

    def _lay_working_arms(self, canvas: Canvas, prop: Prop, shown: list[_Shown]) -> None:
        """Hands of the people at the table lie on it."""
        if prop is not self._props[0]:
            return
        for item in shown:
            if item.person.role.at_table:
                for side, wrist in zip((-1, 1), item.pose.wrists, strict=True):
                    lay_arm(canvas, item.person.body, self._stance(item.pose), side, wrist)

    def _stance(self, pose: Pose) -> Stance:
        """Return where a body is on the canvas, which has a margin around the view."""
        head, margin = pose.head, self._margin
        return Stance(head.x_px + margin, head.y_px + margin, head.face_px, pose.body_yaw)

    def _shake(self, seconds: float) -> tuple[float, float]:
        """Return the place of the view on the canvas: a ceiling that trembles a little."""
        margin, unit = self._margin, 0.5 * self._scale
        across = np.sin(2 * np.pi * 0.37 * seconds) + 0.4 * np.sin(2 * np.pi * 6.1 * seconds)
        down = np.sin(2 * np.pi * 0.53 * seconds + 1) + 0.4 * np.sin(2 * np.pi * 7.3 * seconds)
        return margin + unit * float(across), margin + unit * float(down)

    def _expose(self, picture: Picture, seconds: float) -> Picture:
        """Light that is dimmed for the laparoscope and flickers, lens shading, sensor noise."""
        dim = 1.00 + 0.17 * np.tanh(4 * np.sin(2 * np.pi * seconds / 23 + 1.2))
        gain = float(dim * (1 + 0.012 * np.sin(2 * np.pi * 1.3 * seconds)))
        lit = cv2.multiply(picture, self._vignette, scale=gain / 255)
        top, left = (int(self._grain_rng.integers(size)) for size in (self._height, self._width))
        grain = self._grain[top : top + self._height, left : left + self._width]
        noisy = cv2.addWeighted(
            lit, 1.0, cv2.cvtColor(grain, cv2.COLOR_GRAY2RGB), 0.13, -0.13 * 128
        )
        return np.asarray(noisy, np.uint8)

    def _judge(self, item: _Shown, canvas: Canvas, shift: tuple[float, float]) -> FaceInView | None:
        """Measure what is left of a face after everything has been drawn."""
        face_px = item.pose.head.face_px
        box = _face_box(item.view, item.pose)
        clipped = (
            max(0.0, box[0] - shift[0]), max(0.0, box[1] - shift[1]),
            min(float(self._width), box[2] - shift[0]), min(float(self._height), box[3] - shift[1]),
        )  # fmt: skip
        if clipped[2] - clipped[0] < 1 or clipped[3] - clipped[1] < 1:
            return None
        left, top = (round(v) for v in shift)
        sight = canvas.owner[top : top + self._height, left : left + self._width]
        seen = float(np.count_nonzero(sight == item.number + 1))
        share = min(1.0, seen / (item.person.face_area * face_px**2))
        turned = abs(_wrap(item.pose.head.yaw)) >= np.radians(_MAX_YAW_DEG)
        state = _state(item.person, turned, share)
        return FaceInView(item.number, clipped, 0.0 if turned else share, state)


def _state(person: Person, turned: bool, share: float) -> TruthState:
    if turned:
        return "turned"
    if share < _MIN_VISIBLE:
        return "covered"
    if person.role.masked:
        return "masked" if person.role.headwear == "none" else "masked+capped"
    return "plain" if person.role.headwear == "none" else "capped"


def _wrap(angle: float) -> float:
    return float((angle + np.pi) % (2 * np.pi) - np.pi)


def _mark_owner(canvas: Canvas, view: HeadView, owner: int) -> None:
    """Write down which canvas pixels show this face."""
    height, width = canvas.owner.shape
    left, top = max(0, view.x), max(0, view.y)
    right = min(width, view.x + view.face.shape[1])
    bottom = min(height, view.y + view.face.shape[0])
    if right > left and bottom > top:
        face = view.face[top - view.y : bottom - view.y, left - view.x : right - view.x]
        canvas.owner[top:bottom, left:right][face] = owner


def _face_box(view: HeadView, pose: Pose) -> tuple[float, float, float, float]:
    """Return the box around the face on the canvas; of a head from behind, where it would be."""
    shape = view.face
    if not shape.any():
        rows = np.arange(shape.shape[0]) + view.y - pose.head.y_px
        level = (rows > 0.1 * pose.head.face_px) & (rows < 1.1 * pose.head.face_px)
        shape = (view.sprite[..., 3] > 127) & level[:, None]
    x, y, width, height = cv2.boundingRect(shape.astype(np.uint8))
    return (
        float(view.x + x),
        float(view.y + y),
        float(view.x + x + width),
        float(view.y + y + height),
    )


def _smear(sprite: Picture, across: float, down: float) -> Picture:
    """Blur a sprite along its motion."""
    length = float(np.hypot(across, down))
    if length < 1.2:
        return sprite
    size = 2 * int(np.ceil(length / 2)) + 1
    kernel = np.zeros((size, size), np.float32)
    middle, reach = size // 2, np.array([across, down]) / 2
    ends = [tuple(round(float(middle * 16 + sign * v * 16)) for v in reach) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA, 4)
    return np.asarray(cv2.filter2D(sprite, -1, kernel / kernel.sum()), np.uint8)


def _vignette(height: int, width: int) -> Channel:
    """Return the lens shading as an RGB factor of 255."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    shade = 255 * (1.0 - 0.16 * (0.8 * x**2 + 0.5 * y**2))
    return np.dstack([shade] * 3).astype(np.uint8)
