from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page
from traitlets import TraitError

from tests.workbench.widgets.hosting import Site, traits_of
from workbench.widgets import Signal, Timeline

SECONDS = np.arange(0, 600, 5.0)
BIS = Signal("BIS", "", SECONDS, 45 + 10 * np.sin(SECONDS / 60))
#: nothing was measured from 200 to 300 seconds
EMG = Signal("EMG", "dB", SECONDS, np.where((SECONDS > 200) & (SECONDS < 300), np.nan, 30.0))
SQI = Signal("SQI", "%", SECONDS[::4], 90 - SECONDS[::4] / 20)


def timeline() -> Timeline:
    markers = [{"label": "incision", "seconds": 120.0}]
    return Timeline.of_signals([BIS, EMG, SQI], end_seconds=600.0, markers=markers, seconds=60.0)


def opened(site: Site, open_widget: Callable[[], Page]) -> Page:
    site.script, site.traits = "timeline.js", traits_of(timeline())
    return open_widget()


def test_signals_are_packed_one_after_the_other() -> None:
    widget = timeline()
    numbers = np.frombuffer(widget.samples, np.float64)
    assert [each["samples"] for each in widget.signals] == [120, 120, 30]
    assert numbers[:120].tolist() == SECONDS.tolist()
    assert numbers[-30:].tolist() == SQI.values.tolist()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("signals", [{"name": "a", "unit": "", "samples": -1}], "counted from 0"),
        ("signals", [{"name": "a"}], "nothing else"),
        ("samples", b"12345678", "8 bytes each"),
        ("loop", [3.0, 1.0], "a later stop"),
    ],
)
def test_a_browser_cannot_set_what_is_not_meant(name: str, value: Any, message: str) -> None:
    with pytest.raises(TraitError, match=message):
        timeline().set_state({name: value})


def test_a_click_seeks_and_the_values_of_the_time_are_shown(
    site: Site, open_widget: Callable[[], Page]
) -> None:
    page = opened(site, open_widget)
    assert page.locator(".wb-lane b").all_inner_texts() == ["53.4", "30", "87"]
    lane = page.locator(".u-over").first
    box = lane.bounding_box()
    assert box is not None
    lane.click(position={"x": box["width"] * 0.4, "y": 20})
    seconds, count = page.evaluate("model.get('seek')")
    assert (round(seconds), count) == (240, 1)
    page.evaluate("model.set('seconds', 240)")
    assert page.locator(".wb-lane b").all_inner_texts()[1] == "\N{EN DASH}"


def test_a_span_that_is_drawn_in_one_lane_holds_in_all_and_is_looped(
    site: Site, open_widget: Callable[[], Page]
) -> None:
    page = opened(site, open_widget)
    box = page.locator(".u-over").nth(1).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 30, steps=4)
    page.mouse.up()
    spans = page.evaluate("widget.plots.map((each) => [each.scales.x.min, each.scales.x.max])")
    assert [[round(each) for each in span] for span in spans] == [[150, 450]] * 3
    assert page.evaluate("model.get('seek')[1]") == 0
    page.get_by_role("button", name="Loop the shown span").click()
    assert [round(each) for each in page.evaluate("model.get('loop')")] == [150, 450]
    page.keyboard.press("0")
    assert page.locator(".wb-range").inner_text() == "00:00:00 \N{EN DASH} 00:10:00"
    page.get_by_role("button", name="Stop looping").click()
    assert page.evaluate("model.get('loop')") == []


def test_no_line_crosses_a_gap(site: Site, open_widget: Callable[[], Page]) -> None:
    page = opened(site, open_widget)
    coloured = """() => {
      const plot = widget.plots[1];
      const { left, top, width, height } = plot.bbox;
      const at = (seconds) => {
        const x = Math.round(plot.valToPos(seconds, "x", true));
        const data = plot.ctx.getImageData(x, top, 1, height).data;
        for (let i = 0; i < data.length; i += 4) {
          if (data[i + 3] > 100 && data[i + 1] > 150 && data[i + 2] < 190) return true;
        }
        return false;
      };
      return [50, 150, 230, 270, 400].map(at);
    }"""
    assert page.evaluate(coloured) == [True, True, False, False, True]
