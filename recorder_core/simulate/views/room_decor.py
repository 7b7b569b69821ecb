"""The furniture of the simulated operating room: what stands behind and in front of people.

Everything is drawn in pixels of a 640x360 view, several times larger, and then
reduced, so that edges are soft as in a photograph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from recorder_core.model.values.carriers import carrier_repr
from recorder_core.simulate.drawing.arrays import Channel, Field, Picture, Sprite
from recorder_core.simulate.drawing.noise import fractal_noise, smoothstep
from recorder_core.simulate.drawing.sprites import cloth, premultiply

__all__ = ["MARGIN", "SCREEN", "Prop", "draw_room", "make_props"]

#: pixels around the view that a shaking camera may bring into sight
MARGIN: Final = 8
#: the screen on the wall that repeats the laparoscope: x, y, width, height
SCREEN: Final = (294, 42, 96, 72)
_ZOOM: Final = 2

_Color = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Prop:
    """A thing that stands in front of smaller (more distant) faces."""

    __repr__ = carrier_repr

    sprite: Sprite
    x: int
    y: int
    #: it hides people whose faces are smaller than this, pixels of a 640x360 view
    hides_below_px: float


class _Drawing:
    """A sheet on which shapes are drawn in view pixels."""

    def __init__(self, scale: float) -> None:
        self.unit = scale * _ZOOM
        self.height, self.width = (round((v + 2 * MARGIN) * self.unit) for v in (360, 640))
        self.rgb = np.zeros((self.height, self.width, 3), np.float32)
        self.y, self.x = np.mgrid[0 : self.height, 0 : self.width].astype(np.float32) / self.unit
        self.x -= MARGIN
        self.y -= MARGIN

    def points(self, outline: Sequence[tuple[float, float]]) -> NDArray[np.int32]:
        """Turn view pixels into sixteenths of sheet pixels."""
        places = (np.array(outline, float) + MARGIN) * self.unit * 16
        return places.round().astype(np.int32)

    def mask(self, outline: Sequence[tuple[float, float]]) -> Channel:
        """Return the coverage of a polygon."""
        sheet = np.zeros((self.height, self.width), np.uint8)
        cv2.fillPoly(sheet, [self.points(outline)], 255, cv2.LINE_AA, 4)
        return sheet

    def polygon(self, outline: Sequence[tuple[float, float]], color: _Color) -> None:
        """Fill a polygon."""
        cv2.fillPoly(self.rgb, [self.points(outline)], color, cv2.LINE_AA, 4)

    def box(self, x: float, y: float, width: float, height: float, color: _Color) -> None:
        """Fill an upright box that is lit from above."""
        for part in range(4):
            tone = 1.08 - 0.06 * part
            top, bottom = y + height * part / 4, y + height * (part + 1) / 4
            shade = (color[0] * tone, color[1] * tone, color[2] * tone)
            self.polygon([(x, top), (x + width, top), (x + width, bottom), (x, bottom)], shade)

    def line(self, start: tuple[float, float], stop: tuple[float, float], color: _Color,
             width: float) -> None:  # fmt: skip
        """Draw a straight bar."""
        ends = self.points([start, stop])
        thick = max(1, round(width * self.unit))
        cv2.line(self.rgb, ends[0].tolist(), ends[1].tolist(), color, thick, cv2.LINE_AA, 4)

    def disc(self, center: tuple[float, float], axes: tuple[float, float], color: _Color) -> None:
        """Fill an upright ellipse."""
        place = self.points([center])[0].tolist()
        size = [round(v * self.unit * 16) for v in axes]
        cv2.ellipse(self.rgb, place, size, 0, 0, 360, color, -1, cv2.LINE_AA, 4)

    def finish(self) -> Field:
        """Reduce to view pixels."""
        size = (round(self.width / _ZOOM), round(self.height / _ZOOM))
        return np.asarray(cv2.resize(self.rgb, size, interpolation=cv2.INTER_AREA), np.float32)


def draw_room(scale: float, rng: np.random.Generator) -> Picture:
    """Draw the empty room: walls, floor, cupboards, screens, machines.

    Parameters
    ----------
    scale : float
        Height of the room view relative to 360 pixels.
    rng : numpy.random.Generator
        Source of dirt and of what lies on the shelves.

    Returns
    -------
    Picture
        The view with `MARGIN` (scaled) pixels more on each side.
    """
    sheet = _Drawing(scale)
    _draw_shell(sheet, rng)
    _draw_door(sheet)
    _draw_shelves(sheet, rng)
    _draw_screen_on_wall(sheet)
    _draw_machine(sheet)
    _draw_trolley(sheet, rng)
    picture = cv2.GaussianBlur(sheet.finish(), (0, 0), 0.7)
    grime = 0.95 + 0.08 * fractal_noise(picture.shape[:2], (5, 9), 4, rng)
    return np.clip(picture * grime[..., None], 0, 255).astype(np.uint8)


def _draw_shell(sheet: _Drawing, rng: np.random.Generator) -> None:
    """Draw walls with panels, a ceiling with lights, and a shining floor."""
    light = 1.08 - 0.00045 * np.abs(sheet.x - 330) - 0.0008 * np.abs(sheet.y - 90)
    sheet.rgb[:] = light[..., None] * np.array([178, 192, 188], np.float32)
    for x in range(-4, 660, 82):
        sheet.line((x, -10), (x, 262), (158, 171, 168), 1.0)
    sheet.polygon([(-10, -10), (660, -10), (660, 14), (-10, 20)], (150, 156, 156))
    for x in (60, 250, 470):
        sheet.polygon([(x, -10), (x + 96, -10), (x + 84, 6), (x + 12, 7)], (250, 252, 248))
    floor = sheet.y > 258
    gloss = fractal_noise(sheet.x.shape, (4, 6), 3, rng)
    shine = (
        0.86 + 0.16 * gloss + 0.22 * np.exp(-(((sheet.x - 330) / 120) ** 2)) * (sheet.y - 258) / 110
    )
    sheet.rgb[floor] = (shine[..., None] * np.array([128, 146, 154], np.float32))[floor]
    sheet.polygon([(-10, 251), (660, 251), (660, 260), (-10, 260)], (112, 124, 124))
    for x in (-500, -200, 100, 330, 560, 860, 1160):
        sheet.line((330 + (x - 330) * 0.55, 260), (x, 372), (116, 132, 140), 0.8)


def _draw_door(sheet: _Drawing) -> None:
    """Draw a sliding door with a window."""
    sheet.box(14, 66, 92, 190, (150, 164, 172))
    sheet.box(18, 70, 84, 186, (196, 204, 204))
    sheet.box(46, 92, 28, 44, (92, 108, 118))
    sheet.line((50, 132), (68, 96), (150, 166, 174), 3)
    sheet.box(92, 160, 4, 34, (110, 116, 120))


def _draw_shelves(sheet: _Drawing, rng: np.random.Generator) -> None:
    """Draw a glass cupboard with boxes, and a clock above it."""
    sheet.box(118, 84, 112, 172, (206, 210, 206))
    sheet.box(123, 90, 102, 104, (120, 134, 140))
    tints = np.array(
        [(206, 210, 214), (120, 160, 196), (222, 196, 120), (150, 190, 160), (210, 130, 110)]
    )
    for shelf in (122, 156, 190):
        x = 126.0
        while x < 216:
            width, height = rng.uniform(6, 17), rng.uniform(12, 27)
            tint = tints[rng.integers(len(tints))] * rng.uniform(0.7, 0.95)
            sheet.box(x, shelf - height, min(width, 223 - x), height, tuple(tint.tolist()))
            x += width + rng.uniform(0.8, 4)
        sheet.line((123, shelf), (225, shelf), (216, 220, 220), 1.6)
    sheet.line((174, 90), (174, 194), (190, 196, 196), 2.0)
    for y in (204, 222, 240):
        sheet.box(123, y, 102, 15, (190, 196, 194))
        sheet.box(166, y + 5, 16, 2.5, (120, 126, 130))
    sheet.disc((254, 62), (13, 13), (70, 74, 78))
    sheet.disc((254, 62), (11, 11), (236, 238, 234))
    sheet.line((254, 62), (254, 54), (40, 40, 44), 1.2)
    sheet.line((254, 62), (260, 64), (40, 40, 44), 1.2)


def _draw_screen_on_wall(sheet: _Drawing) -> None:
    """Draw the frame of the screen that repeats the laparoscope, on a column."""
    x, y, width, height = SCREEN
    sheet.box(x + width / 2 - 5, y + height, 10, 150, (120, 128, 134))
    sheet.box(x - 4, y - 4, width + 8, height + 9, (38, 42, 46))


def _draw_machine(sheet: _Drawing) -> None:
    """Draw the anaesthesia machine with screens, bellows and hoses; an infusion stand."""
    sheet.box(586, 120, 60, 190, (196, 200, 196))
    sheet.box(592, 128, 48, 34, (30, 36, 42))
    for row, tint in enumerate([(70, 210, 110), (220, 200, 80), (90, 190, 225)]):
        xs = np.linspace(594, 637, 40)
        ys = 136 + 9 * row + 2.4 * np.sin(xs * (0.9 + 0.5 * row))
        cv2.polylines(sheet.rgb, [sheet.points(list(zip(xs, ys, strict=True)))], False, tint,
                      max(1, round(0.6 * sheet.unit)), cv2.LINE_AA, 4)  # fmt: skip
    for y in (172, 200, 228, 256):
        sheet.box(590, y, 52, 22, (174, 180, 178))
        sheet.box(606, y + 9, 20, 3, (110, 116, 118))
    sheet.line((566, 96), (566, 300), (150, 156, 160), 2.4)
    sheet.line((556, 98), (576, 98), (150, 156, 160), 2.0)
    sheet.box(551, 100, 10, 20, (214, 224, 226))
    sheet.box(571, 100, 10, 18, (222, 214, 190))


def _draw_trolley(sheet: _Drawing, rng: np.random.Generator) -> None:
    """Draw an instrument trolley with drawers and coloured bins."""
    sheet.box(246, 206, 62, 72, (104, 118, 150))
    for y in (212, 228, 244, 260):
        sheet.box(250, y, 54, 12, (128, 142, 172))
    for x, tint in ((248, (222, 190, 60)), (262, (200, 70, 60)), (280, (90, 140, 190))):
        sheet.box(x, 206 - rng.uniform(10, 16), 12, 16, tint)
    sheet.box(458, 214, 36, 58, (176, 182, 184))
    sheet.box(454, 206, 44, 9, (96, 150, 120))


def make_props(scale: float, rng: np.random.Generator) -> list[Prop]:
    """Draw what stands between people and the camera: table, lamp, screen on a boom."""
    return [_table(scale, rng), _lamp(scale), _boom(scale)]


def _cut(sheet: _Drawing, mask: Channel, hides_below_px: float) -> Prop:
    """Reduce a drawing and cut its mask out as a prop."""
    picture = sheet.finish()
    size = (picture.shape[1], picture.shape[0])
    share = cv2.resize(mask, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    x, y, width, height = cv2.boundingRect((share > 0.01).astype(np.uint8))
    inside = (slice(y, y + height), slice(x, x + width))
    return Prop(premultiply(picture[inside], share[inside]), x, y, hides_below_px)


def _table(scale: float, rng: np.random.Generator) -> Prop:
    """Draw the draped patient: a table top seen from above, a bulge, hanging cloth, trocars."""
    sheet = _Drawing(scale)
    top = [(96, 268), (150, 254), (300, 244), (480, 252), (548, 268), (584, 304), (64, 304)]
    front = [(64, 300), (584, 300), (598, 372), (50, 372)]
    whole = cv2.max(sheet.mask(top), sheet.mask(front))
    hanging = cloth(sheet.mask(front), (52, 118, 128), rng, 0.55)[..., :3]
    flat = cloth(whole, (74, 152, 158), rng, 0.45)[..., :3]
    sheet.rgb[:] = np.where(sheet.mask(front)[..., None] > 127, hanging, flat)
    edge = 26 * np.exp(-(((sheet.y - 300) / 2.2) ** 2))
    bulge = np.exp(-(((sheet.x - 318) / 150) ** 2 + ((sheet.y - 262) / 26) ** 2))
    sheet.rgb += (edge + 26 * bulge)[..., None]
    sheet.disc((322, 266), (52, 10), (180, 206, 204))
    sheet.disc((322, 267), (36, 6.5), (196, 142, 112))
    for x, lean in ((300, -30), (322, 2), (346, 34)):
        sheet.line((x, 266), (x + lean, 236), (66, 70, 76), 2.6)
        sheet.disc((x, 266), (4, 3), (210, 214, 216))
    handles = np.zeros_like(whole)
    for x, lean in ((300, -30), (322, 2), (346, 34)):
        ends = sheet.points([(x, 266), (x + lean, 236)])
        cv2.line(handles, ends[0].tolist(), ends[1].tolist(), 255,
                 max(1, round(2.6 * sheet.unit)), cv2.LINE_AA, 4)  # fmt: skip
    return _cut(sheet, cv2.max(whole, handles), 48.0)


def _lamp(scale: float) -> Prop:
    """Draw an operating lamp on its arm, seen from the side and below."""
    sheet = _Drawing(scale)
    sheet.rgb[:] = (176, 182, 184)
    sheet.line((262, -12), (262, 26), (186, 192, 194), 7)
    sheet.line((262, 24), (346, 14), (200, 204, 206), 6)
    sheet.disc((372, 22), (50, 15), (214, 218, 218))
    sheet.disc((372, 27), (44, 10), (252, 252, 244))
    glow = np.exp(-(((sheet.x - 372) / 34) ** 2 + ((sheet.y - 29) / 7) ** 2))
    sheet.rgb += 60 * glow[..., None]
    mask = np.zeros((sheet.height, sheet.width), np.uint8)
    for start, stop, width in (((262, -12), (262, 26), 7), ((262, 24), (346, 14), 6)):
        ends = sheet.points([start, stop])
        cv2.line(mask, ends[0].tolist(), ends[1].tolist(), 255, round(width * sheet.unit),
                 cv2.LINE_AA, 4)  # fmt: skip
    place, size = (
        sheet.points([(372, 23)])[0].tolist(),
        [round(v * sheet.unit * 16) for v in (50, 16)],
    )
    cv2.ellipse(mask, place, size, 0, 0, 360, 255, -1, cv2.LINE_AA, 4)
    sheet.rgb *= (0.75 + 0.35 * smoothstep(34, 0, sheet.y))[..., None]
    return _cut(sheet, mask, 60.0)


def _boom(scale: float) -> Prop:
    """Draw a screen that hangs from the ceiling and hides who steps behind it."""
    sheet = _Drawing(scale)
    outline = [(506, 62), (554, 58), (556, 106), (508, 111)]
    sheet.polygon([(500, 50), (562, 50), (562, 120), (500, 120)], (44, 48, 54))
    sheet.polygon([(510, 66), (551, 62), (552, 102), (511, 106)], (70, 84, 96))
    for y, tint in ((72, (90, 200, 120)), (82, (210, 190, 90)), (92, (100, 180, 215))):
        sheet.line((514, y + 1), (546, y - 2), tint, 1.2)
    sheet.line((530, -12), (530, 62), (186, 190, 192), 5)
    mask = sheet.mask(outline)
    ends = sheet.points([(530, -12), (530, 62)])
    cv2.line(mask, ends[0].tolist(), ends[1].tolist(), 255, round(5 * sheet.unit), cv2.LINE_AA, 4)
    return _cut(sheet, mask, 30.0)
