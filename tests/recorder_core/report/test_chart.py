from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recorder_core.report import ReportMarker, Trend
from recorder_core.report.chart import MAX_POINTS, draw_trend, split_runs, thin_run
from recorder_core.report.fonts import register_fonts


@pytest.fixture(autouse=True)
def fonts() -> None:
    register_fonts()


def shapes_of(trend: Trend, kind: str, markers: tuple[ReportMarker, ...] = ()) -> list[Any]:
    drawing = draw_trend(
        trend, markers, stop_seconds=100.0, axis_label="time", width_pt=400.0, height_pt=200.0
    )
    return [shape for shape in drawing.contents if type(shape).__name__ == kind]


def trend_of(times: list[float], values: list[float]) -> Trend:
    return Trend(name="BIS", unit="", times_seconds=np.array(times), values=np.array(values))


def test_no_line_crosses_a_gap() -> None:
    times = np.array([0.0, 1, 2, 3, 4, 20, 21, 22])
    values = np.array([1.0, 2, np.nan, 4, 5, 6, 7, 8])
    runs = split_runs(times, values)
    assert [run[0].tolist() for run in runs] == [[0, 1], [3, 4], [20, 21, 22]]
    assert split_runs(times[:0], values[:0]) == []
    assert split_runs(times, values * np.nan) == []
    assert len(split_runs(times[:1], values[:1])) == 1


def test_thinning_keeps_every_dip_and_peak() -> None:
    times = np.arange(50_000.0)
    values = np.full(50_000, 50.0)
    values[12_345], values[40_001] = 1.0, 99.0
    thin_times, thin_values = thin_run(times, values, MAX_POINTS)
    assert len(thin_times) <= MAX_POINTS
    assert (thin_values.min(), thin_values.max()) == (1.0, 99.0)
    assert np.all(np.diff(thin_times) > 0)
    assert thin_run(times[:9], values[:9], 10)[0] is not None


def test_everything_stays_on_the_drawing() -> None:
    (line,) = shapes_of(trend_of([-5.0, 50.0, 200.0], [-40.0, 50.0, 400.0]), "PolyLine")
    xs, ys = np.array(line.points[::2]), np.array(line.points[1::2])
    assert 0 <= xs.min() < xs.max() <= 400
    assert 0 <= ys.min() < ys.max() <= 200


def test_a_single_value_is_a_dot_and_none_is_nothing() -> None:
    assert len(shapes_of(trend_of([5.0], [50.0]), "Circle")) == 1
    assert shapes_of(trend_of([], []), "PolyLine") == []


def test_markers_have_flags_that_do_not_overlap() -> None:
    markers = tuple(ReportMarker(kind="clip", start_seconds=float(s)) for s in range(0, 100, 2))
    flags = [
        rect for rect in shapes_of(trend_of([0.0, 9.0], [50.0, 50.0]), "Rect", markers)
        if rect.height < 10
    ]  # fmt: skip
    boxes = [(rect.x, rect.y, rect.x + rect.width) for rect in flags]
    assert 0 < len(boxes) <= 50
    for index, (x0, y, x1) in enumerate(boxes):
        for ox0, oy, ox1 in boxes[index + 1 :]:
            assert y != oy or x1 <= ox0 or ox1 <= x0
    assert max(y for _, y, _ in boxes) + 8.5 <= 200


def test_spans_are_shaded() -> None:
    span = ReportMarker(kind="closure", start_seconds=20.0, stop_seconds=40.0)
    bare = len(shapes_of(trend_of([0.0], [1.0]), "Rect"))
    assert len(shapes_of(trend_of([0.0], [1.0]), "Rect", (span,))) == bare + 2
