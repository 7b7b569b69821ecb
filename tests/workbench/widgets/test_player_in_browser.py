from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.workbench.widgets.hosting import Site, drawn_numbers, video_traits, write_numbered

CONSTANT = [40 * number for number in range(60)]
#: pauses of 20 to 150 ms, never twice the same in a row
VARIABLE = [0, 20, 75, 115, 265, 300, 333, 400, 480, 500, 640, 700, 721, 810, 960, 1000, 1090, 1200]
#: as a telephone records: each frame a little late or early
UNEVEN = [40 * number + (0, 7, -6, 3, -9, 5, 8)[number % 7] for number in range(1, 50)]
#: records, of each frame that is painted, what the overlay is for and what is drawn in it
RECORD = """() => {
  window.pairs = [];
  widget.paintOver = (context, viewport, frame) =>
    window.pairs.push([frame, burned(context, viewport)]);
}"""
SHOW = """async (frame) => {
  widget.show(frame);
  const wait = () => new Promise((resolve) => setTimeout(resolve, 5));
  for (let tries = 0; tries < 2000; tries++) {
    if (widget.frame === frame && widget.leader.wanted === null) break;
    await wait();
  }
  widget.paint();
  return window.pairs.at(-1);
}"""

KINDS: dict[str, Callable[[Path], Path]] = {
    "constant rate": lambda path: write_numbered(path, CONSTANT),
    "B-frames": lambda path: write_numbered(path, CONSTANT, b_frames=3),
    "variable rate": lambda path: write_numbered(path, VARIABLE),
    "variable rate with B-frames": lambda path: write_numbered(path, UNEVEN, b_frames=2),
    "edit list": lambda path: write_numbered(path, CONSTANT, skipped=5),
    "edit list with B-frames": lambda path: write_numbered(path, CONSTANT, b_frames=3, skipped=7),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_is_shown_by_its_number_with_its_own_boxes(
    kind: str, site: Site, open_widget: Callable[[], Page]
) -> None:
    path = KINDS[kind](site.folder / "video.mp4")
    numbers = drawn_numbers(path)
    site.traits = video_traits(path)
    page = open_widget()
    page.wait_for_function("widget.frame === 0")
    page.evaluate(RECORD)
    order = [*range(len(numbers)), *range(len(numbers) - 1, -1, -7), 3, len(numbers) // 2, 0]
    shown = [page.evaluate(SHOW, frame) for frame in order]
    assert shown == [[frame, numbers[frame]] for frame in order]
    assert site.ranges


def test_a_frame_that_the_browser_does_not_show_is_never_given_anothers_boxes(
    site: Site, open_widget: Callable[[], Page]
) -> None:
    path = write_numbered(site.folder / "video.mp4", VARIABLE, b_frames=2)
    site.traits = video_traits(path)
    page = open_widget()
    page.wait_for_function("widget.frame === 0")
    page.evaluate(RECORD)
    for frame in (4, 5, 6, 7):
        page.evaluate("(frame) => widget.show(frame)", frame)
        page.wait_for_function("widget.leader.wanted === null && !widget.leader.video.seeking")
    pairs = page.evaluate("() => { widget.paint(); return window.pairs; }")
    assert [frame for frame, burned in pairs if frame != burned] == []
    assert len(pairs) >= 4


@pytest.mark.parametrize("speed", [0.25, 1, 4])
def test_boxes_belong_to_the_frame_while_the_video_plays(
    speed: float, site: Site, open_widget: Callable[[], Page]
) -> None:
    # long enough that even a slow machine paints some frames of it at the highest speed
    times = [40 * number for number in range(1000)]
    path = write_numbered(site.folder / "video.mp4", times, b_frames=2)
    site.traits = video_traits(path)
    page = open_widget()
    page.wait_for_function("widget.frame === 0")
    page.evaluate(RECORD)
    page.evaluate("(rate) => { widget.setRate(rate); widget.play(); }", speed)
    page.wait_for_function("new Set(window.pairs.map(([frame]) => frame)).size > 10")
    page.evaluate("widget.pause()")
    pairs = page.evaluate("window.pairs")
    assert [frame for frame, burned in pairs if frame != burned] == []


def test_a_video_that_was_not_sent_is_shown_once_it_is(
    site: Site, open_widget: Callable[[], Page]
) -> None:
    path = write_numbered(site.folder / "video.mp4", CONSTANT)
    site.traits = video_traits(path)
    site.missing = (path.name,)
    away = path.rename(site.folder / "away.mp4")
    page = open_widget()
    notice = page.locator(".wb-notice")
    expect(notice).to_contain_text("It is asked for again by itself.")
    page.evaluate("widget.show(7)")
    away.rename(path)
    page.wait_for_function("widget.frame === 7")
    page.evaluate(RECORD)
    assert page.evaluate(SHOW, 8) == [8, 8]
    expect(notice).to_be_empty()


def test_a_video_that_no_browser_plays_is_said_once(
    site: Site, open_widget: Callable[[], Page]
) -> None:
    path = write_numbered(site.folder / "video.mp4", CONSTANT)
    site.traits = video_traits(path)
    path.write_bytes(bytes(5000))
    page = open_widget()
    expect(page.locator(".wb-notice")).to_contain_text("The browser cannot play this video.")
    asked = len(site.ranges)
    page.wait_for_timeout(4000)
    assert len(site.ranges) == asked
