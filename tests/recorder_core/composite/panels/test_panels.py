"""Numbers that are stale are dashes, gaps of a trend are seen, and the clock is UTC."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest

from recorder_core.composite import LayoutPanel, PanelContent, PanelKind, SignalBoard
from recorder_core.composite.panels.clock import ClockPanel
from recorder_core.composite.panels.event_strip import EventStripPanel
from recorder_core.composite.panels.numbers import NumbersPanel
from recorder_core.composite.panels.panel import PanelDrawing
from recorder_core.composite.panels.trend import TrendPanel
from recorder_core.model import View
from tests.recorder_core.composite.scenes import bis_board, rows_of

LINE = np.array([120, 200, 255])


def panel_of(kind: PanelKind, width: int = 640, height: int = 216, **more: Any) -> LayoutPanel:
    return LayoutPanel(name=kind, kind=kind, rectangle=View(0, 0, width, height), **more)


def numbers() -> NumbersPanel:
    panel = panel_of("numbers", height=144, signals=("bis", "emg", "sr"), quality="sqi")
    return NumbersPanel(panel)


def test_numbers_are_the_newest_with_their_quality() -> None:
    shown = numbers().state(PanelContent(signals=bis_board(stop=61.0)), 62.0)
    assert (shown.main, shown.quality, shown.note) == ("40", 93, "")
    assert shown.others == (("EMG", "27 dB"), ("SR", "3 %"))


@pytest.mark.parametrize(
    ("rows", "seconds", "main", "quality", "note"),
    [
        ([], 0.0, "--", None, ""),
        (rows_of(5.0, bis=36.2, sqi=100.0), 15.0, "36", 100, ""),
        (rows_of(5.0, bis=36.2, sqi=100.0), 16.0, "--", None, "no value since 00:00:05"),
        (rows_of(5.0, bis=math.nan, sqi=12.0), 5.0, "--", None, ""),
        (rows_of(5.0, bis=50.0, sqi=49.4), 5.0, "50", 49, "low signal quality"),
        (rows_of(5.0, bis=50.0), 5.0, "50", None, ""),
    ],
)
def test_what_is_stale_or_invalid_is_a_dash(
    rows: list[Any], seconds: float, main: str, quality: int | None, note: str
) -> None:
    board = SignalBoard()
    board.add(rows)
    shown = numbers().state(PanelContent(signals=board), seconds)
    assert (shown.main, shown.quality, shown.note) == (main, quality, note)


def line_columns(board: SignalBoard, seconds: float) -> Any:
    """Return in which columns of the trend its line is."""
    trend = TrendPanel(panel_of("trend", signals=("bis",), span_seconds=600.0))
    picture = np.asarray(trend.draw(PanelContent(signals=board), seconds)).astype(int)
    assert picture.shape == (216, 640, 3)
    return np.abs(picture - LINE).max(axis=2).min(axis=0) < 60


def test_gaps_of_a_trend_are_seen() -> None:
    silent = (200.0, 260.0)
    columns = line_columns(bis_board(silent), 599.0)
    seconds = (np.arange(640) - 52) / (624 - 52) * 600.0
    assert columns[(seconds > 4) & (seconds < 190)].all()
    assert columns[(seconds > 264) & (seconds < 590)].all()
    assert not columns[(seconds > 199) & (seconds < 257)].any()
    assert not columns[(seconds < -3) | (seconds > 598)].any()


def test_invalid_values_are_a_gap_and_a_value_alone_is_a_point() -> None:
    board = bis_board(stop=100.0)
    for second in range(100, 300, 5):
        board.add(rows_of(float(second), bis=60.0 if second == 200 else math.nan))
    columns = line_columns(board, 599.0)
    places = 52 + np.array([97.0, 130.0, 200.0, 250.0]) / 600.0 * (624 - 52)
    assert columns[np.rint(places).astype(int)].tolist() == [False, False, True, False]
    assert line_columns(SignalBoard(), 10.0).sum() == 0


def test_a_trend_is_drawn_again_after_a_hundredth_of_its_span() -> None:
    trend = TrendPanel(panel_of("trend", signals=("bis",), span_seconds=600.0))
    content = PanelContent(signals=bis_board(stop=100.0))
    assert {trend.state(content, second / 10) for second in range(960, 1020)} == {102.0}
    assert trend.state(content, 102.0) == 108.0


def test_the_clock_is_utc_and_elapsed() -> None:
    clock = ClockPanel(panel_of("clock", width=320, height=120))
    zero = datetime(2026, 3, 1, 20, 59, 58, tzinfo=timezone(timedelta(hours=-3)))
    shown = clock.state(PanelContent(zero_utc=zero), 3.2)
    assert shown == ("00:00:03", "2026-03-02 00:00:01 UTC")
    assert clock.state(PanelContent(zero_utc=zero.astimezone(UTC)), 3.9) == shown
    assert clock.state(PanelContent(), 36_061.0) == ("10:01:01", "")


@pytest.mark.parametrize("size", [(960, 120), (320, 60), (1440, 120), (200, 40)])
@pytest.mark.parametrize("kind", ["numbers", "trend", "event_strip", "clock"])
def test_every_panel_fills_its_rectangle(kind: PanelKind, size: tuple[int, int]) -> None:
    kinds: dict[str, Any] = {"numbers": NumbersPanel, "trend": TrendPanel}
    kinds |= {"event_strip": EventStripPanel, "clock": ClockPanel}
    panel = panel_of(kind, *size, signals=("bis", "emg", "sr", "spo2", "heart-rate"))
    drawing: PanelDrawing = kinds[kind](panel)
    lines = ("Colecistectomia laparoscópica " * 4, *("Sala 3 " * n for n in (9, 30, 2, 40)))
    content = PanelContent(
        signals=bis_board(stop=60.0), event_lines=lines, zero_utc=datetime(2026, 3, 1, tzinfo=UTC)
    )
    picture = np.asarray(drawing.draw(content, 60.0))
    assert picture.shape == (size[1], size[0], 3)
    assert (picture > 120).any()
    # nothing is written over the right edge
    assert (np.ptp(picture[:, -2:].reshape(-1, 3), axis=0) < 60).all()
