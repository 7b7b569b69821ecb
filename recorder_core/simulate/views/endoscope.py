"""A laparoscope's picture: wet tissue that breathes, two instruments, highlights, smoke."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from recorder_core.simulate.drawing.arrays import Channel, Field, Picture
from recorder_core.simulate.drawing.noise import fractal_noise, smoothstep, value_noise
from recorder_core.simulate.drawing.sprites import Canvas
from recorder_core.simulate.views.instruments import SHADOW_SHRINK, make_instruments

__all__ = ["Endoscope"]

#: the tissue sheet is this much larger than the picture, so that the camera can move
_SHEET: Final = 1.5
#: displacement maps are kept this much smaller and enlarged for each picture
_COARSE: Final = 8
_BREATHS_HZ: Final = 0.25
_PULSE_HZ: Final = 1.2
#: shine (0..255) above which wet tissue glints, and how fast it reaches white
_GLINT_FROM: Final = 138
_GLINT_GAIN: Final = 4.0
#: shadow sprites are reduced by SHADOW_SHRINK
_SHADOW_ZOOM: Final = np.diag([SHADOW_SHRINK, SHADOW_SHRINK, 1.0])


class Endoscope:
    """Draws what the laparoscope sees at any moment.

    Parameters
    ----------
    height, width : int
        Size of the picture, pixels; 4:3.
    rng : numpy.random.Generator
        Source of the tissue; the same state gives the same pictures.
    """

    def __init__(self, height: int, width: int, rng: np.random.Generator) -> None:
        self._size = (width, height)
        self._unit = height / 720
        sheet = (round(height * _SHEET), round(width * _SHEET))
        self._tissue = _tissue_sheet(sheet, rng)
        self._grid = _coarse_grid(height, width)
        self._waves = [_wave(self._grid[0].shape, rng) for _ in range(3)]
        self._light, self._round = _light_and_rim(height, width)
        self._grain = rng.normal(128, 30, (2 * height, 2 * width)).clip(0, 255).astype(np.uint8)
        self._grain_rng = np.random.default_rng(int(rng.integers(2**31)))
        self._smoke = _smoke_sheet(height, width, rng)
        self._instruments = make_instruments(self._unit, rng)

    def picture(self, seconds: float) -> Picture:
        """Draw the picture at a moment."""
        columns, rows = self._shown_points(seconds)
        seen = cv2.remap(
            self._tissue, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )
        light = self._lamp(seconds)
        color = cv2.cvtColor(seen, cv2.COLOR_RGBA2RGB)
        color = cv2.multiply(color, cv2.cvtColor(light, cv2.COLOR_GRAY2RGB), scale=1.3 / 255)
        canvas = Canvas(_glint(color, seen, light), np.zeros(color.shape[:2], np.uint8))
        for instrument in self._instruments:
            canvas.lay_transformed(instrument.jaws(seconds), instrument.matrix(seconds, self._size))
        hazy = self._add_smoke(canvas.rgb, seconds)
        return np.asarray(cv2.multiply(hazy, self._round, scale=1 / 255), np.uint8)

    def _lamp(self, seconds: float) -> Channel:
        """Return the light on each pixel, 0..255: falloff, shadows of instruments, sensor noise."""
        light = self._light.copy()
        small = (light.shape[1], light.shape[0])
        for instrument in self._instruments:
            matrix = instrument.matrix(seconds, self._size)
            matrix[:, 2] += (20 * self._unit, 26 * self._unit)
            # the sprite's pixels are those of the picture, the shadow is cast on the coarse map
            shrunk = matrix * (np.array(small) / self._size)[:, None]
            shade = cv2.warpAffine(instrument.shadow, shrunk @ _SHADOW_ZOOM, small)
            light = cv2.multiply(light, cv2.bitwise_not(shade), scale=1 / 255)
        full = cv2.resize(light, self._size, interpolation=cv2.INTER_LINEAR)
        width, height = self._size
        top, left = (int(self._grain_rng.integers(size)) for size in (height, width))
        grain = self._grain[top : top + height, left : left + width]
        return np.asarray(cv2.addWeighted(full, 1.0, grain, 0.14, -0.14 * 128), np.uint8)

    def _shown_points(self, seconds: float) -> tuple[Field, Field]:
        """Return which point of the tissue sheet each pixel shows."""
        width, height = self._size
        turn = 0.10 * np.sin(0.31 * seconds)
        zoom = (
            1.0
            + 0.10 * np.sin(0.23 * seconds + 1)
            + 0.010 * np.sin(2 * np.pi * _BREATHS_HZ * seconds)
        )
        x, y = self._grid
        cosine, sine = float(zoom * np.cos(turn)), float(zoom * np.sin(turn))
        drift = 0.11 * height * np.array([np.sin(0.37 * seconds), np.sin(0.29 * seconds + 2)])
        tremble = 0.003 * height * np.array([np.sin(5.1 * seconds), np.sin(6.3 * seconds)])
        center = np.array([width, height]) * _SHEET / 2 + drift + tremble
        columns = x * cosine - y * sine + np.float32(center[0])
        rows = x * sine + y * cosine + np.float32(center[1])
        reach = 0.022 * height
        for wave, rate in zip(self._waves, (_BREATHS_HZ, _PULSE_HZ, 0.11), strict=True):
            push = (
                reach
                * float(np.sin(2 * np.pi * rate * seconds))
                * (0.25 if rate == _PULSE_HZ else 1)
            )
            columns = columns + push * wave[0]
            rows = rows + push * wave[1]
        return self._enlarge(columns), self._enlarge(rows)

    def _enlarge(self, coarse: Field) -> Field:
        return np.asarray(
            cv2.resize(coarse.astype(np.float32), self._size, interpolation=cv2.INTER_LINEAR),
            np.float32,
        )

    def _add_smoke(self, color: Picture, seconds: float) -> Picture:
        """Drift thin smoke across the picture while tissue is cut."""
        dose = float(smoothstep(0.35, 0.95, np.sin(2 * np.pi * seconds / 13 - 0.6)))
        if dose <= 0.01:
            return color
        height, width = self._smoke.shape[0] // 3, self._smoke.shape[1] // 2
        top = int(seconds * 0.06 * height) % (2 * height)
        left = int((0.5 + 0.5 * np.sin(0.2 * seconds)) * (width - 1))
        thin = cv2.convertScaleAbs(self._smoke[top : top + height, left : left + width], alpha=dose)
        haze = cv2.resize(thin, self._size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(cv2.add(color, cv2.cvtColor(haze, cv2.COLOR_GRAY2RGB)), np.uint8)


def _glint(color: Picture, seen: Channel, light: Channel) -> Picture:
    """Add highlights where wet surface faces the lamp beside the lens."""
    facing = cv2.multiply(cv2.extractChannel(seen, 3), light, scale=1 / 255)
    over = cv2.max(facing, np.full_like(facing, _GLINT_FROM))
    shine = cv2.convertScaleAbs(over, alpha=_GLINT_GAIN, beta=-_GLINT_FROM * _GLINT_GAIN)
    return np.asarray(cv2.add(color, cv2.cvtColor(shine, cv2.COLOR_GRAY2RGB)), np.uint8)


def _coarse_grid(height: int, width: int) -> tuple[Field, Field]:
    """Return x and y from the middle of the picture for each cell of the coarse maps."""
    x = np.linspace(-width / 2, width / 2, max(4, width // _COARSE), dtype=np.float32)
    y = np.linspace(-height / 2, height / 2, max(4, height // _COARSE), dtype=np.float32)
    grid = np.meshgrid(x, y)
    return np.asarray(grid[0], np.float32), np.asarray(grid[1], np.float32)


def _wave(shape: tuple[int, ...], rng: np.random.Generator) -> tuple[Field, Field]:
    """Return a smooth displacement field of about unit length."""
    size = (shape[0], shape[1])
    return 2 * value_noise(size, (3, 4), rng) - 1, 2 * value_noise(size, (3, 4), rng) - 1


def _tissue_sheet(shape: tuple[int, int], rng: np.random.Generator) -> Channel:
    """Paint organs: liver, fat and peritoneum with vessels; channel 3 says how much a place shines.

    The parts meet in folds; each has its own relief, and light comes from the lens.
    """
    regions = fractal_noise(shape, (3.0, 4.0), 3, rng)
    lobes = fractal_noise(shape, (5, 7), 2, rng)
    grain = fractal_noise(shape, (60, 80), 4, rng)
    pink = _tint((206, 106, 98), (150, 56, 56), 0.55 * lobes + 0.45 * grain)
    liver = _tint((134, 44, 40), (84, 24, 26), 0.4 * lobes + 0.6 * grain)
    fat = _tint(
        (232, 182, 104), (196, 122, 66), 0.5 * lobes + 0.5 * fractal_noise(shape, (18, 24), 3, rng)
    )
    in_liver = smoothstep(0.60, 0.63, regions)[..., None]
    in_fat = smoothstep(0.40, 0.34, regions + 0.10 * (lobes - 0.5))[..., None]
    color = pink * (1 - in_fat) + fat * in_fat
    color = _draw_vessels(color, shape, rng)
    color = color * (1 - in_liver) + liver * in_liver
    ridges = 1 - np.abs(2 * fractal_noise(shape, (9, 12), 3, rng) - 1)
    relief = _relief(regions, lobes, grain, (0.25 + 0.55 * in_fat[..., 0]) * ridges)
    film = 0.5 * fractal_noise(shape, (34, 44), 2, rng)
    shade, shine = _shade(relief, film)
    painted = np.dstack([color * shade[..., None], shine])
    return np.asarray(np.clip(painted, 0, 255), np.uint8)


def _relief(regions: Field, lobes: Field, grain: Field, ridges: Field) -> Field:
    """Return the height of the surface: folds between organs, lobules, fine roughness."""
    liver_edge = -0.9 * np.exp(-(((regions - 0.615) / 0.022) ** 2))
    fat_edge = -0.5 * np.exp(-(((regions - 0.37) / 0.03) ** 2))
    return np.asarray(1.6 * lobes + liver_edge + fat_edge + ridges + 0.06 * grain, np.float32)


def _tint(light: tuple[int, int, int], dark: tuple[int, int, int], share: Field) -> Field:
    """Mix two colours by a field."""
    low, high = np.asarray(dark, np.float32), np.asarray(light, np.float32)
    return np.asarray(low + (high - low) * share[..., None], np.float32)


def _draw_vessels(color: Field, shape: tuple[int, int], rng: np.random.Generator) -> Field:
    """Draw branching vessels: ridges of noise, thick ones and fine ones."""
    for cells, width, strength in (
        ((3, 4), 0.010, 0.62),
        ((7, 9), 0.016, 0.40),
        ((16, 21), 0.03, 0.22),
    ):
        field = fractal_noise(shape, cells, 3, rng)
        wander = fractal_noise(shape, (2, 3), 2, rng)
        line = np.exp(-(((field - 0.5) / width) ** 2)) * smoothstep(0.42, 0.62, wander)
        dark = np.array([126, 22, 34], np.float32)
        color = color + (dark - color) * (strength * line)[..., None]
    return np.asarray(color, np.float32)


def _shade(relief: Field, film: Field) -> tuple[Field, Field]:
    """Light the relief from the lens; return shading and the shine of the wet film, 0..255."""
    height = relief.shape[0]
    smooth = cv2.GaussianBlur(relief, (0, 0), height / 420)
    steepness = height / 26
    slope_x = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=3) * steepness / 8
    slope_y = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=3) * steepness / 8
    facing = 1.0 / np.sqrt(1.0 + slope_x**2 + slope_y**2)
    shade = 0.58 + 0.50 * facing + 0.16 * (slope_x * 0.6 + slope_y) * facing
    tilted = np.maximum(0, 1.0 + 0.35 * slope_x + 0.45 * slope_y) * facing + film
    # glints cover about a thirtieth of the surface, whatever its relief
    shine = 160 + 70 * (tilted - np.quantile(tilted, 0.965)) / float(tilted.std())
    return np.clip(shade, 0.25, 1.15), np.asarray(shine, np.float32)


def _light_and_rim(height: int, width: int) -> tuple[Channel, Channel]:
    """Return the lamp's falloff (coarse) and the round edge of the picture (RGB), 255 for full."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    away = np.hypot(x - width / 2, y - height / 2) / height
    off_axis = np.hypot(x - 0.54 * width, y - 0.46 * height) / height
    light = 255 * np.clip(1.02 - 1.15 * off_axis**1.7, 0.10, 1.0)
    rim = 255 * smoothstep(0.535, 0.515, away) * smoothstep(0.60, 0.42, away) ** 0.15
    small = cv2.resize(light, (max(4, width // _COARSE), max(4, height // _COARSE)))
    return small.astype(np.uint8), np.dstack([rim] * 3).astype(np.uint8)


def _smoke_sheet(height: int, width: int, rng: np.random.Generator) -> Channel:
    """Return wisps of smoke on which a window of an eighth of the picture can drift.

    It is two windows wide and three high; its upper and lower thirds are the same.
    """
    wisps = fractal_noise((height // 8, 2 * (width // 8)), (3, 6), 4, rng)
    stacked = np.vstack([wisps, wisps[::-1], wisps]) * 165 - 42
    return np.asarray(np.clip(stacked, 0, 255), np.uint8)
