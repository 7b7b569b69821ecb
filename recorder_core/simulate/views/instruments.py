"""Laparoscopic instruments: a grasper and a dissector on long shafts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from recorder_core.model.values.carriers import carrier_repr
from recorder_core.simulate.drawing.arrays import Channel, Field, Sprite
from recorder_core.simulate.drawing.sprites import premultiply

__all__ = ["SHADOW_SHRINK", "Instrument", "make_instruments"]

_Color = tuple[int, int, int]

#: the sprite of an instrument in pixels of a picture 720 pixels high; the tip is at the right
_LENGTH: Final = 760
_HEIGHT: Final = 150
_SHAFT: Final = 27
_JAW: Final = 118
#: jaws are drawn at this many angles
_POSITIONS: Final = 7
_WIDEST_DEG: Final = 24.0
#: shadows are soft, so their sprites are this much smaller
SHADOW_SHRINK: Final = 8.0


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument that enters from one corner and works in the middle."""

    __repr__ = carrier_repr

    #: closed to open
    sprites: tuple[Sprite, ...]
    #: (height, width) uint8: darkness of the shadow, reduced by SHADOW_SHRINK
    shadow: Channel
    #: pixels of the picture per pixel of a picture 720 high
    unit: float
    #: where the trocar is, parts of the picture's width and height (outside the picture)
    entry: tuple[float, float]
    #: middle of the tip's motion, parts of the picture's width and height
    work: tuple[float, float]
    #: makes this instrument's motion differ from the other's
    phase: float

    def tip(self, seconds: float) -> tuple[float, float]:
        """Return where the tip is, parts of the picture's width and height."""
        at = seconds + self.phase
        x = self.work[0] + 0.07 * np.sin(0.8 * at) + 0.03 * np.sin(2.1 * at)
        y = self.work[1] + 0.08 * np.sin(0.6 * at + 1) + 0.03 * np.sin(1.7 * at)
        return float(x), float(y)

    def jaws(self, seconds: float) -> Sprite:
        """Return the sprite with the jaws as they are at a moment."""
        opening = 0.5 + 0.5 * np.sin(1.9 * (seconds + 3 * self.phase))
        return self.sprites[round(float(opening) * (_POSITIONS - 1))]

    def matrix(self, seconds: float, size: tuple[int, int]) -> Field:
        """Return the transform that lays the sprite from the trocar to the tip.

        Parameters
        ----------
        seconds : float
            Moment.
        size : (int, int)
            Width and height of the picture, pixels.
        """
        start, stop = (np.array(spot) * size for spot in (self.entry, self.tip(seconds)))
        along = (stop - start) / np.hypot(*(stop - start))
        turn = np.array([[along[0], -along[1]], [along[1], along[0]]])
        anchor = np.array([_LENGTH, _HEIGHT / 2]) * self.unit
        return np.column_stack([turn, stop - turn @ anchor])


def make_instruments(unit: float, rng: np.random.Generator) -> list[Instrument]:
    """Make the two instruments of the simulated operation."""
    left = _sprites(unit, (196, 200, 204), dark=False)
    right = _sprites(unit, (184, 186, 190), dark=True)
    phases = [float(phase) for phase in rng.uniform(0, 20, 2)]
    return [
        Instrument(left, _shadow(left[0], unit), unit, (-0.10, 0.86), (0.42, 0.55), phases[0]),
        Instrument(right, _shadow(right[0], unit), unit, (1.08, 0.70), (0.60, 0.47), phases[1]),
    ]


def _sprites(unit: float, steel_rgb: _Color, *, dark: bool) -> tuple[Sprite, ...]:
    """Draw an instrument with its jaws from closed to open."""
    angles = np.linspace(2.0, _WIDEST_DEG, _POSITIONS)
    return tuple(_draw(unit, float(angle), steel_rgb, dark) for angle in angles)


def _shadow(sprite: Sprite, unit: float) -> Channel:
    """Return the soft shadow of an instrument, reduced by `SHADOW_SHRINK`."""
    blurred = cv2.GaussianBlur(cv2.extractChannel(sprite, 3), (0, 0), 9 * unit)
    height, width = (max(1, round(v / SHADOW_SHRINK)) for v in blurred.shape)
    small = cv2.resize(blurred, (width, height), interpolation=cv2.INTER_AREA)
    return cv2.convertScaleAbs(small, alpha=0.6)


class _Sheet:
    """What one instrument is drawn on."""

    def __init__(self, unit: float) -> None:
        size = (round(_HEIGHT * unit), round(_LENGTH * unit))
        self.unit = unit
        self.color = np.zeros((*size, 3), np.float32)
        self.mask = np.zeros(size, np.uint8)

    def tube(self, path: list[tuple[float, float]], radius: float, tint: _Color) -> None:
        """Draw a metal tube: narrowing bands from dark edges to a bright line above the middle."""
        bands = [(1.0, 0.20), (0.90, 0.38), (0.75, 0.56), (0.58, 0.76), (0.40, 0.98), (0.20, 1.22)]
        for share, tone in bands:
            lift = -0.35 * radius * (1 - share)
            places = np.array([(x, _HEIGHT / 2 + y + lift) for x, y in path]) * self.unit * 16
            line = [places.round().astype(np.int32)]
            thick = max(1, round(2 * radius * share * self.unit))
            shade = (tint[0] * tone, tint[1] * tone, tint[2] * tone)
            cv2.polylines(self.color, line, False, shade, thick, cv2.LINE_AA, 4)
            if share == 1.0:
                cv2.polylines(self.mask, line, False, 255, thick, cv2.LINE_AA, 4)

    def finish(self) -> Sprite:
        """Soften the drawing and cut it out."""
        smooth = cv2.GaussianBlur(self.color, (0, 0), max(0.6, 0.8 * self.unit))
        alpha = cv2.GaussianBlur(self.mask, (0, 0), max(0.5, 0.9 * self.unit))
        return premultiply(smooth, alpha.astype(np.float32) / 255)


def _draw(unit: float, angle_deg: float, steel_rgb: _Color, dark: bool) -> Sprite:
    """Draw shaft, joint and two jaws as shaded cylinders."""
    sheet = _Sheet(unit)
    neck, lean = _LENGTH - _JAW, np.radians(angle_deg)
    sheet.tube([(0, 0), (neck - 26, 0)], _SHAFT, (46, 48, 54) if dark else steel_rgb)
    sheet.tube([(neck - 30, 0), (neck + 8, 0)], _SHAFT * 0.84, steel_rgb)
    for side in (-1, 1):
        bend = (neck + 0.5 * _JAW * np.cos(lean), side * 0.5 * _JAW * np.sin(lean))
        end = (neck + (_JAW - 6) * np.cos(lean), side * (_JAW - 6) * np.sin(0.7 * lean))
        sheet.tube([(neck, side * 3), bend, end], _SHAFT * 0.42, steel_rgb)
    place = (round(neck * unit * 16), round(_HEIGHT / 2 * unit * 16))
    cv2.circle(sheet.color, place, round(5 * unit * 16), (96, 98, 102), -1, cv2.LINE_AA, 4)
    return sheet.finish()
