"""The numbers of a monitor: the main one large, how good it is, others small."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw

from recorder_core.composite.layout import LayoutPanel
from recorder_core.composite.lettering import Color, blank_picture, write_text
from recorder_core.composite.panels.panel import (
    BACK,
    DIM,
    LINE,
    QUIET,
    SIGNAL_COLOR,
    TEXT,
    WARNING,
    PanelContent,
    elapsed_text,
)

__all__ = ["NumbersPanel", "signal_title"]

#: where there is no number to show
_DASHES: Final = "--"
#: below which the monitor itself does not trust its index, percent
_LOW_QUALITY: Final = 50
_TITLES: Final = {"heart-rate": "HR", "spo2": "SpO\u2082"}
#: beside the main number there is room for so many
_MAX_OTHERS: Final = 3


def signal_title(signal: str) -> str:
    """Return a signal's name as a screen shows it."""
    return _TITLES.get(signal, signal.upper())


@dataclass(frozen=True, slots=True)
class _Shown:
    """Everything that the panel shows, as text."""

    main: str
    #: percent; None: not known
    quality: int | None
    others: tuple[tuple[str, str], ...]
    #: below the main number
    note: str


class NumbersPanel:
    """Draws the newest values; a value that is stale is a dash.

    Parameters
    ----------
    panel : LayoutPanel
        Of the layout.
    """

    def __init__(self, panel: LayoutPanel) -> None:
        self._panel = panel
        self._width, self._height = panel.rectangle.width, panel.rectangle.height

    def state(self, content: PanelContent, seconds: float) -> _Shown:
        """Return what it shows."""
        main, *others = self._panel.signals
        newest = content.signals.newest(main, seconds, self._panel.stale_seconds)
        quality = None
        if self._panel.quality and newest.value is not None:
            found = content.signals.newest(self._panel.quality, seconds, self._panel.stale_seconds)
            quality = None if found.value is None else round(found.value)
        return _Shown(
            _digits(newest.value),
            quality,
            tuple(self._other(content, name, seconds) for name in others[:_MAX_OTHERS]),
            _note(newest.value, newest.seconds, quality),
        )

    def draw(self, content: PanelContent, seconds: float) -> Image.Image:
        """Return the picture."""
        shown = self.state(content, seconds)
        picture = blank_picture(self._width, self._height, BACK)
        unit = min(self._height / 144, self._width / 640)
        main = self._panel.signals[0]
        write_text(picture, signal_title(main), (20 * unit, 38 * unit), 28 * unit, TEXT)
        place = (0.27 * self._width, 0.5 * self._height + 34 * unit)
        color = _main_color(shown)
        write_text(picture, shown.main, place, 96 * unit, color, is_bold=True, align="middle")
        if shown.note:
            note_place = (20 * unit, self._height - 8 * unit)
            write_text(picture, shown.note, note_place, 16 * unit, WARNING)
        left = 0.54 * self._width
        if self._panel.quality:
            self._draw_quality(picture, shown.quality, left, unit)
        self._draw_others(picture, shown.others, left, unit)
        return picture

    def _other(self, content: PanelContent, name: str, seconds: float) -> tuple[str, str]:
        newest = content.signals.newest(name, seconds, self._panel.stale_seconds)
        return signal_title(name), f"{_digits(newest.value)} {newest.unit}".strip()

    def _draw_quality(
        self, picture: Image.Image, quality: int | None, left: float, unit: float
    ) -> None:
        title, right = signal_title(self._panel.quality), self._width - 20 * unit
        write_text(picture, title, (left, 38 * unit), 20 * unit, QUIET)
        text = _DASHES if quality is None else f"{quality} %"
        write_text(picture, text, (right, 38 * unit), 20 * unit, TEXT, align="right")
        start, stop = left + 62 * unit, right - 74 * unit
        draw, top, bottom = ImageDraw.Draw(picture), 26 * unit, 36 * unit
        draw.rectangle((start, top, stop, bottom), fill=LINE)
        if quality is not None:
            share = min(max(quality, 0), 100) / 100
            color = SIGNAL_COLOR if quality >= _LOW_QUALITY else WARNING
            draw.rectangle((start, top, start + share * (stop - start), bottom), fill=color)

    def _draw_others(
        self, picture: Image.Image, others: tuple[tuple[str, str], ...], left: float, unit: float
    ) -> None:
        for number, (title, text) in enumerate(others):
            base = (76 + 32 * number) * unit
            write_text(picture, title, (left, base), 20 * unit, QUIET)
            place = (self._width - 20 * unit, base)
            write_text(picture, text, place, 20 * unit, TEXT, align="right")


def _digits(value: float | None) -> str:
    return _DASHES if value is None else f"{value:.0f}"


def _note(value: float | None, last_seconds: float | None, quality: int | None) -> str:
    if value is None:
        return "" if last_seconds is None else f"no value since {elapsed_text(last_seconds)}"
    return "low signal quality" if quality is not None and quality < _LOW_QUALITY else ""


def _main_color(shown: _Shown) -> Color:
    if shown.main == _DASHES:
        return DIM
    is_low = shown.quality is not None and shown.quality < _LOW_QUALITY
    return WARNING if is_low else SIGNAL_COLOR
