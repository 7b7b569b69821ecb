"""Who is in the simulated operating room and how everybody moves.

Motion is written down as keyframes that repeat; between keyframes everything
moves smoothly. Places are pixels of a room view of 640x360.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np

from recorder_core.simulate.people.body import Body, make_body
from recorder_core.simulate.people.head_texture import Head, Headwear, Outfit, make_head
from recorder_core.simulate.people.head_view import HeadPose, frontal_area
from recorder_core.simulate.people.portraits import pick_identity

__all__ = ["MAX_FACES", "Person", "Pose", "hire_staff", "pose_at"]

#: (second, value) pairs in rising order; the first second is 0, the last the period
_Keys = tuple[tuple[float, float], ...]

#: hairline of a standing person: HORIZON + DROP * face height. A camera 2.2 m above the floor
#: sees a head that is 0.5 m lower, and a face is 0.185 m tall.
_HORIZON_PX: Final = 18.0
_DROP: Final = 2.2
#: cloth of scrubs and gowns, RGB
_CLOTHS: Final = [(62, 128, 150), (74, 146, 128), (70, 104, 158), (96, 150, 176), (58, 120, 110)]
_HEADWEAR: Final = [
    (84, 150, 190),
    (76, 158, 130),
    (130, 168, 205),
    (90, 130, 180),
    (150, 190, 170),
]
_MASKS: Final = [(160, 202, 222), (232, 236, 238), (146, 204, 190), (186, 210, 232)]


@dataclass(frozen=True, slots=True)
class Role:
    """A part in the play, in pixels of a 640x360 room view, degrees and seconds."""

    headwear: Headwear
    masked: bool
    gowned: bool
    x_px: _Keys
    face_px: _Keys
    yaw_deg: _Keys
    pitch_deg: _Keys = ((0, 4), (1, 4))
    #: 1 while the right forearm is held in front of the face
    arm_up: _Keys = ((0, 0), (1, 0))
    walking: bool = False
    #: hands work on the table
    at_table: bool = False


_ROLES: Final[tuple[Role, ...]] = (
    Role(  # the surgeon looks from the patient to the screen and up into the room
        "cap", True, True,
        x_px=((0, 212), (5, 226), (10, 204), (15, 212)),
        face_px=((0, 37), (6, 40), (15, 37)),
        yaw_deg=((0, 12), (3, 14), (3.7, -8), (6, -12), (6.6, 32), (9, 24), (9.8, 82), (11.6, 86),
                 (12.4, 15), (15, 12)),
        pitch_deg=((0, 20), (3, 18), (3.7, 4), (6, 4), (6.6, 18), (9, 16), (9.8, 0), (12, 0),
                   (15, 20)),
        at_table=True,
    ),
    Role(  # the circulating nurse comes in from the right, walks past the camera and leaves
        "none", False, False,
        x_px=((0, 700), (2.5, 604), (5, 562), (8, 350), (11, 205), (13.6, -150), (16, -150)),
        face_px=((0, 30), (2.5, 36), (5, 50), (8, 60), (11, 78), (13.6, 90), (16, 90)),
        yaw_deg=((0, -50), (2, -36), (3.4, -10), (6, -24), (8.5, 5), (9.8, -4), (11, -18),
                 (13, -55), (16, -55)),
        pitch_deg=((0, 6), (9, 12), (16, 6)),
        walking=True,
    ),
    Role(  # the assistant turns to the instrument table behind, and wipes the forehead
        "cap", False, True,
        x_px=((0, 424), (4, 418), (7, 436), (12.5, 424)),
        face_px=((0, 38), (6.5, 35), (12.5, 38)),
        yaw_deg=((0, -14), (2, -18), (2.7, 14), (4.6, 10), (5.4, 95), (6.2, 178), (7.6, 186),
                 (8.6, 300), (9.2, 348), (12.5, 346)),
        pitch_deg=((0, 15), (2, 15), (2.7, 3), (9, 4), (12.5, 15)),
        arm_up=((0, 0), (9.6, 0), (10.1, 1), (11.1, 1), (11.6, 0), (12.5, 0)),
        at_table=True,
    ),
    Role(  # the anaesthetist steps behind the screen on the boom
        "none", True, False,
        x_px=((0, 580), (3.5, 586), (4.6, 532), (5.8, 526), (6.6, 572), (11, 580)),
        face_px=((0, 26), (5, 25), (11, 26)),
        yaw_deg=((0, -12), (2.6, -22), (4.0, -36), (6, -30), (7, -4), (8.6, 22), (11, -12)),
    ),
    Role(  # a visitor looks in from the left
        "bonnet", True, False,
        x_px=((0, -60), (2.5, 76), (6, 92), (10, 80), (13, -70), (17, -70)),
        face_px=((0, 30), (6, 32), (17, 30)),
        yaw_deg=((0, 46), (2.2, 30), (3.2, 5), (7, 16), (9.6, -10), (10.4, -60), (17, -60)),
        walking=True,
    ),
    Role(  # a student stands between surgeon and assistant
        "bonnet", False, False,
        x_px=((0, 318), (5, 330), (9, 310), (14, 318)),
        face_px=((0, 29), (7, 28), (14, 29)),
        yaw_deg=((0, 4), (4, -8), (6, 22), (9, 16), (11, -24), (14, 4)),
        pitch_deg=((0, 12), (5, 4), (9, 14), (14, 12)),
    ),
    Role(  # somebody hurries past, close to the camera
        "cap", True, False,
        x_px=((0, -170), (3, -170), (5.2, 800), (13, 800)),
        face_px=((0, 86), (13, 90)),
        yaw_deg=((0, 52), (4, 34), (4.6, 50), (13, 52)),
        walking=True,
    ),
    Role(  # a technician at the far wall
        "cap", False, False,
        x_px=((0, 496), (4, 470), (8, 488), (13, 496)),
        face_px=((0, 24), (13, 24)),
        yaw_deg=((0, 10), (3, -16), (6, -70), (8, -76), (10, 8), (13, 10)),
    ),
)  # fmt: skip
#: how many people can be in the room
MAX_FACES: Final = len(_ROLES)


@dataclass(frozen=True, slots=True)
class Person:
    """One member of the simulated staff."""

    role: Role = field(repr=False)
    head: Head = field(repr=False)
    body: Body = field(repr=False)
    #: area of the face seen from the front, face units squared
    face_area: float
    #: this person's delay against the role's script
    delay_seconds: float
    offset_px: float


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a person is at one moment."""

    head: HeadPose
    body_yaw: float
    #: places of the wrists, left and right in the picture, face units
    wrists: tuple[tuple[float, float], tuple[float, float]]
    #: the forearm is between the face and the camera
    arm_up: bool


def hire_staff(faces: int, rng: np.random.Generator, *, blend_only: bool) -> list[Person]:
    """Choose the people of the room.

    Parameters
    ----------
    faces : int
        How many, at most `MAX_FACES`.
    rng : numpy.random.Generator
        Source of faces, colours and timing.
    blend_only : bool
        Give everybody an even mixture of both photographs for a face.
    """
    return [_hire(number, rng, blend_only) for number in range(faces)]


def _hire(number: int, rng: np.random.Generator, blend_only: bool) -> Person:
    role = _ROLES[number]
    identity = pick_identity(number, rng, blend_only=blend_only)
    shade = rng.uniform(0.9, 1.08)
    cloth_rgb, cap_rgb = _CLOTHS[number % len(_CLOTHS)], _HEADWEAR[number % len(_HEADWEAR)]
    outfit = Outfit(
        role.headwear, role.masked, (shade * cap_rgb[0], shade * cap_rgb[1], shade * cap_rgb[2]),
        _MASKS[(number // 2 + int(rng.integers(2))) % len(_MASKS)],
    )  # fmt: skip
    body = make_body(cloth_rgb, identity.skin_rgb, rng, gowned=role.gowned)
    head = make_head(identity, outfit, rng)
    delay, offset = float(rng.uniform(0, 1.2)), float(rng.uniform(-6, 6))
    return Person(role, head, body, frontal_area(head), delay, offset)


def _read(keys: _Keys, seconds: float) -> float:
    """Read a repeating keyframe curve."""
    at = seconds % keys[-1][0]
    for (start, low), (stop, high) in pairwise(keys):
        if at <= stop:
            part = (at - start) / (stop - start)
            return low + (high - low) * part * part * (3 - 2 * part)
    return keys[-1][1]


def pose_at(person: Person, seconds: float, scale: float) -> Pose:
    """Return a person's pose at a moment.

    Parameters
    ----------
    person : Person
        Who.
    seconds : float
        Time since the start of the video.
    scale : float
        Height of the room view relative to 360 pixels.
    """
    role, at = person.role, seconds + person.delay_seconds
    sway = np.sin(0.9 * at + person.offset_px)
    face = _read(role.face_px, at)
    bob = 0.035 * np.sin(2 * np.pi * 1.9 * at) if role.walking else 0.012 * sway
    head = HeadPose(
        x_px=(_read(role.x_px, at) + person.offset_px + 1.5 * sway) * scale,
        y_px=(_HORIZON_PX + (_DROP + bob) * face) * scale,
        face_px=face * scale,
        yaw=float(np.radians(_read(role.yaw_deg, at) + 3.0 * sway)),
        pitch=float(np.radians(_read(role.pitch_deg, at) + 1.5 * np.sin(1.7 * at))),
        roll=float(np.radians(4.0 * np.sin(0.63 * at + 2 * person.offset_px))),
    )
    lifted = _read(role.arm_up, at)
    turn = _turn_of_body(head.yaw)
    return Pose(head, turn, _wrists(role, at, lifted), arm_up=lifted > 0.4)


def _turn_of_body(yaw: float) -> float:
    """Turn a body by a third of a glance and by all of a full turn."""
    wrapped = (yaw + np.pi) % (2 * np.pi) - np.pi
    follow = 0.35 + 0.65 * np.clip((abs(wrapped) - 1.2) / 1.2, 0, 1)
    return float(wrapped * follow)


def _wrists(
    role: Role, at: float, lifted: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Move hands: they work on the table, swing in walking, or go up to the face."""
    if role.at_table:
        left = (-0.55 + 0.18 * np.sin(1.3 * at), 3.80 + 0.14 * np.sin(2.1 * at))
        right = (0.60 + 0.16 * np.sin(1.7 * at + 1), 3.80 + 0.14 * np.sin(1.1 * at + 2))
    else:
        swing = 0.35 * np.sin(2 * np.pi * 0.95 * at) if role.walking else 0.05 * np.sin(at)
        left, right = (-1.12 + swing, 4.45), (1.12 + swing, 4.45)
    right = (
        float(right[0] + (0.02 - right[0]) * lifted),
        float(right[1] + (0.55 - right[1]) * lifted),
    )
    return (float(left[0]), float(left[1])), right
