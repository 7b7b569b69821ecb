"""Layouts by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from recorder_core.composite.layout import ROOM, CompositeLayout, LayoutPanel, LayoutView
from recorder_core.errors import SettingsError
from recorder_core.model import LAYOUTS, View, ViewName

__all__ = ["LAYOUT_PRESETS", "preset_layout"]

#: what a BIS monitor gives: the index, how good its signal is, muscles, suppression
_BIS_SIGNALS: Final = ("bis", "emg", "sr")
_BIS_QUALITY: Final = "sqi"
#: share of a BIS pane that its numbers take, and of an event strip that the clock takes
_NUMBERS_SHARE: Final = 0.4
_CLOCK_SHARE: Final = 0.25
#: height of a strip below other views
_STRIP_SHARE: Final = 1 / 9


def preset_layout(name: str, width: int = 1920, height: int = 1080) -> CompositeLayout:
    """Return a layout by its name, for a composite of a size.

    The room of `surgery-box` lies where the view of this name lies for de-identification, and that
    of `quad` where `quad-bottom-right` lies.

    Parameters
    ----------
    name : str
        One of `LAYOUT_PRESETS`.
    width, height : int, optional
        Of the composite, even pixels.

    Raises
    ------
    SettingsError
        If there is no such preset, or the size cannot be.
    """
    if name not in LAYOUT_PRESETS:
        raise SettingsError(
            f"there is no layout {name!r}; choose one of {', '.join(LAYOUT_PRESETS)}"
        )
    return LAYOUT_PRESETS[name](width, height)


def _surgery_box(width: int, height: int) -> CompositeLayout:
    def place(name: ViewName) -> View:
        return LAYOUTS["surgery-box"].view(name, width, height)

    return CompositeLayout(
        width=width,
        height=height,
        views=(
            _view("laparoscope", place("laparoscope")),
            _view("vital_signs", place("vital_signs")),
            _view(ROOM, place(ROOM)),
        ),
        panels=(*_bis(place("bis")), *_strip(place("event_bar"))),
    )


def _quad(width: int, height: int) -> CompositeLayout:
    room = LAYOUTS["quad-bottom-right"].view(ROOM, width, height)
    strip = _even(height * _STRIP_SHARE)
    bis = View(0, room.y, room.x, room.height - strip)
    return CompositeLayout(
        width=width,
        height=height,
        views=(
            _view("laparoscope", View(0, 0, room.x, room.y)),
            _view("vital_signs", View(room.x, 0, room.width, room.y)),
            _view(ROOM, room),
        ),
        panels=(*_bis(bis), *_strip(View(0, height - strip, room.x, strip))),
    )


def _two_views(width: int, height: int) -> CompositeLayout:
    strip, half = _even(height * _STRIP_SHARE), _even(width / 2)
    return CompositeLayout(
        width=width,
        height=height,
        views=(
            _view("laparoscope", View(0, 0, half, height - strip)),
            _view(ROOM, View(half, 0, width - half, height - strip)),
        ),
        panels=_strip(View(0, height - strip, width, strip)),
    )


def _alone(name: str) -> Callable[[int, int], CompositeLayout]:
    def layout(width: int, height: int) -> CompositeLayout:
        views = (_view(name, View(0, 0, width, height)),)
        return CompositeLayout(width=width, height=height, views=views)

    return layout


def _view(name: str, rectangle: View) -> LayoutView:
    return LayoutView(name=name, source=name, rectangle=rectangle)


def _bis(pane: View) -> tuple[LayoutPanel, LayoutPanel]:
    """Return numbers above their trend."""
    numbers = _even(pane.height * _NUMBERS_SHARE)
    return (
        LayoutPanel(
            name="bis_numbers",
            kind="numbers",
            rectangle=View(pane.x, pane.y, pane.width, numbers),
            signals=_BIS_SIGNALS,
            quality=_BIS_QUALITY,
        ),
        LayoutPanel(
            name="bis_trend",
            kind="trend",
            rectangle=View(pane.x, pane.y + numbers, pane.width, pane.height - numbers),
            signals=_BIS_SIGNALS[:1],
        ),
    )


def _strip(bar: View) -> tuple[LayoutPanel, LayoutPanel]:
    """Return event data beside the clock."""
    clock = _even(bar.width * _CLOCK_SHARE)
    left = bar.width - clock
    return (
        LayoutPanel(
            name="event_strip", kind="event_strip", rectangle=View(bar.x, bar.y, left, bar.height)
        ),
        LayoutPanel(
            name="clock", kind="clock", rectangle=View(bar.x + left, bar.y, clock, bar.height)
        ),
    )


def _even(value: float) -> int:
    return round(value / 2) * 2


#: name -> what makes it for a size; names of views are names of their sources
LAYOUT_PRESETS: Final[Mapping[str, Callable[[int, int], CompositeLayout]]] = MappingProxyType(
    {
        "surgery-box": _surgery_box,
        "quad": _quad,
        "two-views": _two_views,
        "room-only": _alone(ROOM),
        "laparoscope-only": _alone("laparoscope"),
    }
)
