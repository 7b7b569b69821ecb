"""The trend of a signal over the last minutes; where nothing is known, nothing is drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from recorder_core.composite.layout import LayoutPanel
from recorder_core.composite.lettering import blank_picture, write_text
from recorder_core.composite.panels.numbers import signal_title
from recorder_core.composite.panels.panel import (
    BACK,
    LINE,
    QUIET,
    SIGNAL_COLOR,
    PanelContent,
)
from recorder_core.signals import BIS_RANGE, find_gaps

__all__ = ["TrendPanel"]

#: of the scale at the left
_LOW, _HIGH = 0.0, 100.0
_MARKS: Final = (0, 25, 50, 75, 100)
#: the picture moves on in steps of this share of its span, and is not drawn again between them
_STEP_SHARE: Final = 1 / 100
#: lines are drawn so many times larger, and made smaller: their edges are soft
_FINER: Final = 2
_BAND: Final = (16, 38, 40)
_TREND: Final = "bis"


class TrendPanel:
    """Draws a signal from 0 to 100 over its span.

    Parameters
    ----------
    panel : LayoutPanel
        Of the layout.
    """

    def __init__(self, panel: LayoutPanel) -> None:
        self._panel, self._signal = panel, panel.signals[0]
        self._width, self._height = panel.rectangle.width, panel.rectangle.height
        self._unit = min(self._height / 216, self._width / 640)

    def state(self, content: PanelContent, seconds: float) -> float:  # noqa: ARG002
        """Return the right end of the time axis: new values are drawn when it moves on."""
        return self._stop(seconds)

    def draw(self, content: PanelContent, seconds: float) -> Image.Image:
        """Return the picture."""
        stop = self._stop(seconds)
        start = stop - self._panel.span_seconds
        large = blank_picture(_FINER * self._width, _FINER * self._height, BACK)
        self._draw_scale(large)
        self._draw_line(large, *content.signals.since(self._signal, start), start)
        picture = large.resize((self._width, self._height), Image.Resampling.BOX)
        self._write_scale(picture)
        return picture

    def _stop(self, seconds: float) -> float:
        step = self._panel.span_seconds * _STEP_SHARE
        return (math.floor(seconds / step) + 1) * step

    @property
    def _frame(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of what is inside the axes."""
        unit = self._unit
        return 52 * unit, 34 * unit, self._width - 16 * unit, self._height - 32 * unit

    def _down(self, value: float) -> float:
        _, top, _, bottom = self._frame
        return bottom - (value - _LOW) / (_HIGH - _LOW) * (bottom - top)

    def _draw_scale(self, large: Image.Image) -> None:
        left, _, right, _ = self._frame
        draw = ImageDraw.Draw(large)
        if self._signal == _TREND:
            low, high = (self._down(value) for value in BIS_RANGE)
            draw.rectangle(_larger(left, high, right, low), fill=_BAND)
        for mark in _MARKS:
            at = self._down(mark)
            draw.line(_larger(left, at, right, at), fill=LINE, width=_FINER)

    def _draw_line(
        self,
        large: Image.Image,
        seconds: NDArray[np.float64],
        values: NDArray[np.float64],
        start: float,
    ) -> None:
        left, top, right, bottom = self._frame
        across = left + (seconds - start) / self._panel.span_seconds * (right - left)
        share = np.clip((values - _LOW) / (_HIGH - _LOW), 0, 1)
        down = bottom - share * (bottom - top)
        points = np.stack([across, down], axis=1) * _FINER
        draw, width = ImageDraw.Draw(large), max(_FINER, round(2.2 * self._unit * _FINER))
        for part in _known_parts(seconds, values):
            places = [(float(x), float(y)) for x, y in points[part]]
            if len(places) > 1:
                draw.line(places, fill=SIGNAL_COLOR, width=width, joint="curve")
            else:  # a value between two gaps is seen, too
                (x, y), half = places[0], width / 2
                draw.ellipse((x - half, y - half, x + half, y + half), fill=SIGNAL_COLOR)

    def _write_scale(self, picture: Image.Image) -> None:
        unit, (left, top, right, bottom) = self._unit, self._frame
        title = signal_title(self._signal)
        write_text(picture, title, (left, top - 12 * unit), 17 * unit, QUIET)
        for mark in _MARKS:
            place = (left - 8 * unit, self._down(mark) + 5 * unit)
            write_text(picture, str(mark), place, 14 * unit, QUIET, align="right")
        base = bottom + 22 * unit
        span = f"\u2212{self._panel.span_seconds / 60:g} min"
        write_text(picture, span, (left, base), 15 * unit, QUIET)
        write_text(picture, "now", (right, base), 15 * unit, QUIET, align="right")


def _larger(*numbers: float) -> list[float]:
    return [number * _FINER for number in numbers]


def _known_parts(
    seconds: NDArray[np.float64], values: NDArray[np.float64]
) -> Iterator[NDArray[np.intp]]:
    """Yield the places of values that follow one another without a gap."""
    gaps = [start for start, _ in find_gaps(seconds)]
    places = np.flatnonzero(~np.isnan(values))
    if not len(places):
        return
    is_cut = (np.diff(places) > 1) | np.isin(seconds[places[:-1]], gaps)
    yield from np.split(places, np.flatnonzero(is_cut) + 1)
