"""The trend of a signal over the event, with its markers, as vector graphics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recorder_core.report.content import ReportMarker, Trend
from recorder_core.report.fonts import BOLD, REGULAR
from recorder_core.report.quantities import clock_text
from recorder_core.signals import MAX_HOLD_INTERVALS, usual_interval

__all__ = ["draw_trend", "split_runs", "thin_run"]

#: more points than this cannot be told apart on paper
MAX_POINTS = 1500
#: axis steps, seconds
TIME_STEPS_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800)
MAX_TIME_TICKS = 10

_LINE = "#0b5c7a"
_BAND = "#e3f0e6"
_GRID = "#d5dadd"
_TEXT = "#4a5459"
_MARKER = "#b3471d"

_LEFT_PT = 32.0
_RIGHT_PT = 8.0
_BOTTOM_PT = 30.0
_TOP_PT = 34.0
_FLAG_PT = 6.5
_DIGIT_PT = 3.6
_LABEL_WIDTH_PT = 28.0
_FLAG_ROWS = 3


@dataclass(frozen=True, slots=True)
class _Area:
    """Where values and times are on the drawing, in points."""

    width_pt: float
    height_pt: float
    stop_seconds: float
    low: float
    high: float

    def x(self, seconds: float) -> float:
        usable = self.width_pt - _LEFT_PT - _RIGHT_PT
        return _LEFT_PT + usable * min(max(seconds / self.stop_seconds, 0.0), 1.0)

    def y(self, value: float) -> float:
        usable = self.height_pt - _BOTTOM_PT - _TOP_PT
        share = (value - self.low) / (self.high - self.low)
        return _BOTTOM_PT + usable * min(max(share, 0.0), 1.0)


def draw_trend(
    trend: Trend,
    markers: Sequence[ReportMarker],
    *,
    stop_seconds: float,
    axis_label: str,
    width_pt: float,
    height_pt: float = 170.0,
) -> Any:
    """Draw a trend with numbered markers.

    Parameters
    ----------
    trend : Trend
        What to draw.
    markers : sequence of ReportMarker
        Numbered from 1 in this order; spans are shaded.
    stop_seconds : float
        End of the time axis; the axis begins at 0.
    axis_label : str
        Words under the time axis.
    width_pt, height_pt : float
        Size of the drawing.

    Returns
    -------
    reportlab.graphics.shapes.Drawing
        To put on a page.
    """
    from reportlab.graphics.shapes import Drawing

    area = _Area(width_pt, height_pt, max(stop_seconds, 1.0), trend.low, trend.high)
    drawing = Drawing(width_pt, height_pt)
    for shape in (
        *_draw_background(area, trend),
        *_draw_spans(area, markers),
        *_draw_time_axis(area, axis_label),
        *_draw_line(area, trend),
        *_draw_flags(area, markers),
    ):
        drawing.add(shape)
    return drawing


def split_runs(
    times: NDArray[np.float64], values: NDArray[np.float64]
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Cut a signal where values are missing or time jumps.

    Parameters
    ----------
    times, values : ndarray, (N,) float64
        Seconds, rising; NaN values are missing.

    Returns
    -------
    list of (times, values)
        Runs without NaN and without a pause of more than three usual intervals.
    """
    if len(times) == 0:
        return []
    pause = MAX_HOLD_INTERVALS * usual_interval(times) if len(times) > 1 else np.inf
    valid = np.isfinite(values)
    breaks = np.flatnonzero(np.diff(valid.astype(np.int8)) != 0) + 1
    jumps = np.flatnonzero(np.diff(times) > pause) + 1
    edges = np.unique(np.concatenate(([0], breaks, jumps, [len(times)])))
    return [(times[a:b], values[a:b]) for a, b in pairwise(edges) if valid[a]]


def thin_run(
    times: NDArray[np.float64], values: NDArray[np.float64], max_points: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Keep the lowest and highest value of each bin, so that no dip gets lost.

    Parameters
    ----------
    times, values : ndarray, (N,) float64
        One run.
    max_points : int
        About how many points may remain.

    Returns
    -------
    times, values : ndarray
        The run itself if it is short enough.
    """
    if len(times) <= max_points:
        return times, values
    bins = np.array_split(np.arange(len(times)), max(max_points // 2, 1))
    kept = [
        index
        for part in bins
        for index in sorted({part[values[part].argmin()], part[values[part].argmax()]})
    ]
    return times[kept], values[kept]


def _draw_background(area: _Area, trend: Trend) -> list[Any]:
    from reportlab.graphics.shapes import Line, Rect, String
    from reportlab.lib.colors import HexColor

    shapes: list[Any] = []
    left, right = area.x(0), area.x(area.stop_seconds)
    if trend.target is not None:
        bottom, top = (area.y(value) for value in trend.target)
        band = Rect(left, bottom, right - left, top - bottom)
        band.fillColor, band.strokeColor = HexColor(_BAND), None
        shapes.append(band)
    for value in np.linspace(trend.low, trend.high, 6):
        y = area.y(float(value))
        shapes.append(Line(left, y, right, y, strokeColor=HexColor(_GRID), strokeWidth=0.4))
        label = String(left - 5, y - 2.5, f"{value:g}", textAnchor="end")
        shapes.append(_styled(label, 7))
    title = f"{trend.name} ({trend.unit})" if trend.unit else trend.name
    shapes.append(_styled(String(0, area.height_pt - 8, title, textAnchor="start"), 7.5, BOLD))
    return shapes


def _draw_time_axis(area: _Area, axis_label: str) -> list[Any]:
    from reportlab.graphics.shapes import Line, String
    from reportlab.lib.colors import HexColor

    shapes: list[Any] = []
    step = next(
        (s for s in TIME_STEPS_SECONDS if area.stop_seconds / s <= MAX_TIME_TICKS),
        TIME_STEPS_SECONDS[-1],
    )
    bottom = area.y(area.low)
    for seconds in range(0, int(area.stop_seconds) + 1, step):
        x = area.x(seconds)
        shapes.append(Line(x, bottom, x, bottom - 3, strokeColor=HexColor(_TEXT), strokeWidth=0.5))
        is_last = x > area.x(area.stop_seconds) - _LABEL_WIDTH_PT / 2
        anchor = "end" if is_last else "middle"
        label = String(min(x, area.width_pt), bottom - 11, clock_text(seconds), textAnchor=anchor)
        shapes.append(_styled(label, 7))
    middle = (area.x(0) + area.x(area.stop_seconds)) / 2
    shapes.append(_styled(String(middle, bottom - 23, axis_label, textAnchor="middle"), 7))
    return shapes


def _draw_line(area: _Area, trend: Trend) -> list[Any]:
    from reportlab.graphics.shapes import Circle, PolyLine
    from reportlab.lib.colors import HexColor

    shapes: list[Any] = []
    count = max(len(trend.times_seconds), 1)
    for run_times, run_values in split_runs(trend.times_seconds, trend.values):
        share = max(int(MAX_POINTS * len(run_times) / count), 2)
        times, values = thin_run(run_times, run_values, share)
        points = [(area.x(float(t)), area.y(float(v))) for t, v in zip(times, values, strict=True)]
        if len(points) == 1:
            dot = Circle(*points[0], 0.8, fillColor=HexColor(_LINE), strokeColor=None)
            shapes.append(dot)
            continue
        flat = [coordinate for point in points for coordinate in point]
        shapes.append(PolyLine(flat, strokeColor=HexColor(_LINE), strokeWidth=0.9))
    return shapes


def _draw_spans(area: _Area, markers: Sequence[ReportMarker]) -> list[Any]:
    from reportlab.graphics.shapes import Rect
    from reportlab.lib.colors import HexColor

    shapes: list[Any] = []
    bottom, top = area.y(area.low), area.y(area.high)
    for marker in markers:
        if marker.stop_seconds is not None:
            left, right = area.x(marker.start_seconds), area.x(marker.stop_seconds)
            shade = Rect(left, bottom, max(right - left, 0.5), top - bottom)
            shade.fillColor, shade.strokeColor = HexColor(_MARKER), None
            shade.fillOpacity = 0.10
            shapes.append(shade)
    return shapes


def _draw_flags(area: _Area, markers: Sequence[ReportMarker]) -> list[Any]:
    """Draw a line and a number per marker; close ones take turns in three rows."""
    from reportlab.graphics.shapes import Line, Rect, String
    from reportlab.lib.colors import HexColor, white

    shapes: list[Any] = []
    bottom, top = area.y(area.low), area.y(area.high)
    row_ends = [-np.inf] * _FLAG_ROWS
    order = sorted(range(len(markers)), key=lambda index: markers[index].start_seconds)
    for index in order:
        x = area.x(markers[index].start_seconds)
        row = next((r for r in range(_FLAG_ROWS) if row_ends[r] <= x), None)
        line = Line(x, bottom, x, top + 2, strokeColor=HexColor(_MARKER), strokeWidth=0.6)
        line.strokeDashArray, line.strokeOpacity = [2, 1.5], 0.6
        shapes.append(line)
        if row is None:
            continue  # the table below the drawing names it
        text = str(index + 1)
        width = _FLAG_PT + _DIGIT_PT * len(text)
        row_ends[row] = x + width + 1
        y = top + 2 + row * 9.5
        flag = Rect(x, y, width, 8.5, fillColor=HexColor(_MARKER), strokeColor=None)
        number = String(x + width / 2, y + 2, text, textAnchor="middle")
        shapes += [flag, _styled(number, 6.2, BOLD)]
        number.fillColor = white
    return shapes


def _styled(string: Any, size_pt: float, font: str = REGULAR) -> Any:
    from reportlab.lib.colors import HexColor

    string.fontName, string.fontSize, string.fillColor = font, size_pt, HexColor(_TEXT)
    return string
