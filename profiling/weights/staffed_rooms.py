"""Compose photographed people into a picture of an empty operating room.

People stand on the floor: how high a face is in the picture decides how large it is.
Their light is that of the room around them. Used by `make_or_validation`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from recorder_core.train.samples.overlays import draw_stroke, fill_polygon, garment_colour
from recorder_core.train.samples.scenes import Head, SceneSettings, paste_person

__all__ = ["Person", "Place", "RoomSettings", "choose_places", "compose", "cut_out", "light_head"]

#: side of the part of the picture in which one person is drawn, in face heights, and how
#: far its middle lies below the face's: a body reaches about three face heights down
_TILE_FACES: Final = 7.0
_TILE_DROP: Final = 1.2
#: a body from the face's centre: half its width, up and down, in face heights
_BODY: Final = np.array([-1.15, -0.9, 1.15, 3.2])
_FEET: Final = 6.8
#: an operating table: height of a face beside it, in pixels of the room's picture; how
#: far its top and its foot lie below the horizon, and half its length, in face heights
_TABLE_FACE_PX: Final = 55.0
_TABLE_TOP, _TABLE_FOOT, _TABLE_HALF = 5.6, 9.3, 4.4
#: tries to find a place for one person before the room is full
_TRIES: Final = 20


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """How a camera frames a room, and how people are spread over it.

    Lengths are pixels of a room's picture of 1280x960, taken by a camera a little above
    the people's heads; for another camera they differ.
    """

    people: tuple[int, int] = (2, 5)
    #: height of a face, drawn evenly on a logarithmic scale: behind the table, and close
    face_px: tuple[float, float] = (28.0, 110.0)
    #: height of the camera's horizon, as a share of the picture's height
    horizon: float = 0.40
    #: how far a face is below the horizon, in face heights: standing to seated
    drop_faces: tuple[float, float] = (1.4, 3.6)
    #: width and height of the view that is made
    view_px: tuple[int, int] = (1280, 720)
    #: most the room is enlarged in the view
    max_zoom: float = 1.4


@dataclass(frozen=True, slots=True)
class RoomView:
    """An empty room as one camera frames it."""

    #: (height, width, 3) uint8
    picture_bgr: NDArray[np.uint8] = field(repr=False)
    #: row of the horizon; may lie outside the picture
    horizon_px: float
    #: pixels of the view for each pixel of the room's picture
    zoom: float


@dataclass(frozen=True, slots=True)
class Person:
    """A photographed person who can be put into a room."""

    head: Head = field(repr=False)
    #: file and number of the face, so that a miss can be traced to its photo
    source: str

    @property
    def height_px(self) -> float:
        """Height of the face in its photo."""
        return float(self.head.box_xyxy_px[3] - self.head.box_xyxy_px[1])


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody stands, and the random numbers that decide on pose and clothes."""

    centre: NDArray[np.float64]
    face_px: float
    seed: int

    @property
    def face_xyxy_px(self) -> NDArray[np.float64]:
        """The face, however it is turned, and a little more."""
        reach = 0.7 * self.face_px
        return np.concatenate([self.centre - reach, self.centre + reach])

    def hides(self, other: Place) -> bool:
        """Return whether this person's body may cover the other's face."""
        body, face = np.tile(self.centre, 2) + _BODY * self.face_px, other.face_xyxy_px
        return bool((body[:2] < face[2:]).all() and (face[:2] < body[2:]).all())


def cut_out(head: Head) -> Head:
    """Return a head with no more of its photo than is pasted."""
    box = head.box_xyxy_px
    margin = 0.8 * (box[2:] - box[:2])
    left, top = np.maximum(box[:2] - margin, 0).astype(int)
    right, bottom = (box[2:] + margin).astype(int)
    shift = np.array([left, top], np.float32)
    return Head(
        head.picture_bgr[top:bottom, left:right].copy(),
        box - np.tile(shift, 2),
        head.landmarks_px - shift,
        head.has_mask,
    )


def choose_view(
    room_bgr: NDArray[np.uint8], settings: RoomSettings, rng: np.random.Generator
) -> RoomView:
    """Frame a part of a room, mirrored half the time: no two cameras see the same.

    Without it every picture would show the same few things, and one thing that looks
    like a face would decide all false boxes.
    """
    width, height = settings.view_px
    fit = width / room_bgr.shape[1]
    zoom = fit * rng.uniform(1.0, settings.max_zoom)
    columns, rows = round(width / zoom), round(height / zoom)
    left = int(rng.integers(room_bgr.shape[1] - columns + 1))
    # people stand on the floor: its far edge is in the view
    top = int(rng.integers(max(1, round(settings.horizon * room_bgr.shape[0]))))
    top = min(top, room_bgr.shape[0] - rows)
    part = room_bgr[top : top + rows, left : left + columns]
    picture = cv2.resize(part, settings.view_px, interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
    horizon_px = (settings.horizon * room_bgr.shape[0] - top) * zoom
    return RoomView(np.ascontiguousarray(picture, np.uint8), horizon_px, zoom)


def choose_places(
    view: RoomView,
    largest_px: Sequence[float],
    settings: RoomSettings,
    rng: np.random.Generator,
) -> list[Place | None]:
    """Spread people over a room so that nobody stands before another's face.

    Parameters
    ----------
    view : RoomView
    largest_px : sequence of float
        For each person the largest face that the photo gives: a face is never enlarged.
    settings : RoomSettings
    rng : numpy.random.Generator

    Returns
    -------
    list of Place or None
        For each person; None where the room is full.
    """
    height, width = view.picture_bgr.shape[:2]
    taken: list[Place] = []
    places: list[Place | None] = []
    for largest in largest_px:
        sizes = np.minimum(np.array(settings.face_px) * view.zoom, largest)
        found = None
        for _ in range(_TRIES):
            face_px = float(np.exp(rng.uniform(*np.log(sizes))))
            y = view.horizon_px + rng.uniform(*settings.drop_faces) * face_px
            x = rng.uniform(face_px, width - face_px)
            place = Place(np.array([x, y]), face_px, int(rng.integers(2**31)))
            inside = face_px < y < height - face_px
            if inside and not any(_in_the_way(place, each) for each in taken):
                found = place
                taken.append(place)
                break
        places.append(found)
    return places


def _in_the_way(a: Place, b: Place) -> bool:
    near, far = (a, b) if a.face_px > b.face_px else (b, a)
    return near.hides(far)


def light_head(head: Head, room_bgr: NDArray[np.uint8], gain: float) -> Head:
    """Apply the light and half the tint of the room to a head.

    Parameters
    ----------
    head : Head
    room_bgr : ndarray of shape (height, width, 3), uint8
        The room around the place of the face.
    gain : float
        Brightness of skin relative to its surroundings.
    """
    x0, y0, x1, y1 = head.box_xyxy_px.astype(int)
    skin = max(float(head.picture_bgr[max(y0, 0) : y1, max(x0, 0) : x1].mean()), 1.0)
    around = room_bgr.mean(axis=(0, 1))
    light = max(float(around.mean()), 1.0)
    factor = np.clip(gain * light / skin, 0.6, 1.5) * np.sqrt(around / light)
    return replace(head, picture_bgr=np.clip(head.picture_bgr * factor, 0, 255).astype(np.uint8))


def compose(
    view: RoomView, crowd: Sequence[tuple[Place, Person]], wear: SceneSettings
) -> tuple[NDArray[np.uint8], list[NDArray[np.float32]]]:
    """Compose people and an operating table into a room.

    Parameters
    ----------
    view : RoomView
    crowd : sequence of (Place, Person)
        At least one.
    wear : SceneSettings
        What they wear.

    Returns
    -------
    (ndarray of shape (height, width, 3) uint8, list of ndarray of shape (4,) float32)
        The picture, and the box of each face, in the order of the people.
    """
    height, width = view.picture_bgr.shape[:2]
    margin = round(_TILE_FACES * max(place.face_px for place, _ in crowd))
    sides = (margin, margin, margin, margin)
    padded = cv2.copyMakeBorder(view.picture_bgr, *sides, cv2.BORDER_REPLICATE)
    canvas = np.asarray(padded, np.uint8)
    table_px = _TABLE_FACE_PX * view.zoom
    boxes: dict[int, NDArray[np.float32]] = {}
    far_to_near = sorted(range(len(crowd)), key=lambda number: crowd[number][0].face_px)
    behind = [number for number in far_to_near if crowd[number][0].face_px <= table_px]
    for number in behind:
        boxes[number] = _put_person(canvas, margin, crowd[number], wear)
    above_table = np.array([width / 2, view.horizon_px]) + margin
    _draw_table(canvas, above_table, table_px, np.random.default_rng(crowd[0][0].seed))
    for number in far_to_near[len(behind) :]:
        boxes[number] = _put_person(canvas, margin, crowd[number], wear)
    picture = canvas[margin : margin + height, margin : margin + width].copy()
    return picture, [boxes[number] for number in range(len(crowd))]


def _put_person(
    canvas: NDArray[np.uint8], margin: int, pair: tuple[Place, Person], wear: SceneSettings
) -> NDArray[np.float32]:
    """Draw one person; return the box of the face without the canvas's margin."""
    place, person = pair
    rng = np.random.default_rng(place.seed)
    centre, size = place.centre + margin, round(_TILE_FACES * place.face_px)
    _draw_legs(canvas, centre, place.face_px, rng)
    left, top = np.floor(centre - [size / 2, size / 2 - _TILE_DROP * place.face_px]).astype(int)
    x0, y0, x1, y1 = place.face_xyxy_px.astype(int) + margin
    head = light_head(person.head, canvas[y0:y1, x0:x1], rng.uniform(0.7, 1.1))
    tile = canvas[top : top + size, left : left + size]
    box = paste_person(tile, head, (centre - (left, top), place.face_px), rng, wear)
    return box + np.tile(np.array([left - margin, top - margin], np.float32), 2)


def _draw_legs(
    canvas: NDArray[np.uint8], face: NDArray[np.float64], face_px: float, rng: np.random.Generator
) -> None:
    """Draw trousers from under the gown to the floor."""
    colour = garment_colour(rng)
    for side in (-0.32, 0.32):
        ends = face + np.array([[side, 1.0], [1.15 * side, _FEET]]) * face_px
        draw_stroke(canvas, ends, colour, 0.5 * face_px)


def _draw_table(
    canvas: NDArray[np.uint8], above: NDArray[np.float64], unit_px: float, rng: np.random.Generator
) -> None:
    """Draw an operating table under drapes; `above` is a point on the horizon above it."""
    colour, x = garment_colour(rng), rng.uniform(-6, 6)
    top, foot = 0.85 * _TABLE_HALF, _TABLE_HALF
    ends = [(-top, _TABLE_TOP), (top, _TABLE_TOP), (foot, _TABLE_FOOT), (-foot, _TABLE_FOOT)]
    edge = np.array(ends) + np.array([x, 0.0])
    fill_polygon(canvas, above + edge * unit_px, colour, shade=0.15)
    for place in rng.uniform(-top, top, 9):
        fold = np.array([(place + x, _TABLE_TOP + 0.2), (1.1 * place + x, _TABLE_FOOT)])
        shade = colour * np.float32(rng.uniform(0.7, 0.95))
        draw_stroke(canvas, above + fold * unit_px, shade, 0.15 * unit_px)
