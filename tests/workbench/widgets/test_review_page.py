"""What a reviewer sees on the page of a review, in a real Chromium, without a server behind it."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from recorder_core.media import open_video
from recorder_core.model import Redaction
from tests.workbench.widgets.hosting import Site, traits_of, write_numbered
from workbench.widgets import ReviewDesk, Signal, pack_boxes, pack_signals

FRAMES = 125
#: five faces of 24 by 30 pixels, the last one at the edge of the picture
FACES = [(20.0 + 65 * place, 40.0, 44.0 + 65 * place, 70.0) for place in range(4)] + [
    (300.0, 50.0, 320.0, 80.0)
]
#: somebody from head to foot
PERSON = [200.0, 20.0, 250.0, 160.0]
TIMES = np.arange(0, 5, 0.5)
SIGNALS = [Signal(name, "", TIMES, 40 + TIMES) for name in ("BIS", "EMG", "SQI")]


def _moment(name: str, first: int, stop: int) -> dict[str, Any]:
    return {
        "state": "open",
        "note": "",
        "author": None,
        "image": "/thumbnail.gif",
        "moment": {
            "moment_id": name,
            "first_frame": first,
            "stop_frame": stop,
            "start_seconds": first / 25,
            "stop_seconds": stop / 25,
            "region_xyxy_px": PERSON,
            "is_spot_check": False,
            "reasons": [{"kind": "track_ends", "track": 0, "seconds": 1.0}] * 3,
            "risk": 0.2,
            "expected_seconds": 10,
        },
    }


@pytest.fixture
def reviewing(site: Site, open_widget: Callable[[], Page]) -> Page:
    """The review of an event with signals, in a window of a small desktop screen."""
    video = write_numbered(site.folder / "copy.mp4", [40 * number for number in range(FRAMES)])
    (site.folder / "thumbnail.gif").write_bytes(b"GIF89a\1\0\1\0\0\0\0;")
    found = [
        Redaction(frame, face, "detected", track, 0.9)
        for frame in range(FRAMES)
        for track, face in enumerate(FACES)
    ]
    with open_video(video) as opened:
        desk = ReviewDesk.of_video(
            opened,
            "",
            copy_url="/copy.mp4",
            author="rita",
            save=lambda _: None,
            follow=lambda _: [],
            decide=lambda _: None,
            ask=lambda _: None,
            sign_off=lambda _: None,
            boxes=pack_boxes(found, automatic=True),
            frame_size_px=(320, 180),
            **pack_signals(SIGNALS),
        )
    desk.show(
        moments=[_moment("a", 12, 124), _moment("b", 60, 61)],
        about={"event_id": "1234567890", "procedure": "hernia", "state": "in review"},
    )
    site.script, site.traits = "review.js", traits_of(desk)
    # a slow machine answers late, and the page asks whether the session has ended
    site.missing = ("/login",)
    page = open_widget()
    page.set_viewport_size({"width": 1440, "height": 900})
    _begin(page)
    return page


def _begin(page: Page) -> None:
    # as the pages of the server have it
    page.add_style_tag(
        content=".wb-page { position: fixed; inset: 0; } td { white-space: nowrap; }"
    )
    page.evaluate("() => { window.review = document.getElementById('root').review; }")
    page.wait_for_function("review.player.root.dataset.frame === '12'")


def _reload(page: Page) -> None:
    page.reload()
    page.wait_for_function("window.ready")
    _begin(page)


def test_what_is_not_sent_is_asked_for_again(site: Site, reviewing: Page) -> None:
    for name in ("boxes", "frame_seconds"):
        content = base64.b64decode(site.traits[name].pop("base64"))
        (site.folder / f"{name}.bin").write_bytes(content)
        site.traits[name] = {"base64": ""}
        site.traits[f"{name}_url"] = f"/{name}.bin"
    boxes, site.missing = site.folder / "boxes.bin", ("/login", "boxes.bin")
    away = boxes.rename(site.folder / "away.bin")
    reviewing.reload()
    expect(reviewing.get_by_role("status")).to_contain_text("It is asked for again by itself.")
    away.rename(boxes)
    reviewing.wait_for_function("document.getElementById('root').review?.player.table.length > 0")
    shown = "document.getElementById('root').review.player.root.dataset.frame"
    reviewing.wait_for_function(f"{shown} === '12'")


def test_nothing_is_decided_before_the_copy_is_on_the_screen(site: Site, reviewing: Page) -> None:
    main = reviewing.locator(".wb-actions .wb-main")
    sent = "sent.map((each) => each.content).filter((each) => each.kind === 'decide')"
    reviewing.evaluate("""() => {
      model.set("copy_url", "/copy.mp4#one");
      model.set("about", { ...model.get("about"), copy: "one" });
    }""")
    expect(main).to_be_enabled()
    # the page is told of another copy, whose video does not come yet
    site.missing = ("/login", "late.mp4")
    reviewing.evaluate("""() => {
      model.set("copy_url", "/late.mp4#two");
      model.set("about", { ...model.get("about"), copy: "two" });
    }""")
    expect(main).to_have_text("Loading the new copy…")
    expect(main).to_be_disabled()
    reviewing.evaluate("review.decide('accepted')")
    assert reviewing.evaluate(sent) == []
    shutil.copy(site.folder / "copy.mp4", site.folder / "late.mp4")
    expect(main).to_be_enabled()
    reviewing.evaluate("review.decide('accepted')")
    assert [each["copy"] for each in reviewing.evaluate(sent)] == ["two"]


def test_a_released_copy_is_not_changed(reviewing: Page) -> None:
    reviewing.evaluate("model.set('about', { ...model.get('about'), state: 'signed off' })")
    reviewing.evaluate("review.editor.act('draw'); review.editor.act('take')")
    reviewing.evaluate("review.editor.drawn([10, 10, 40, 40])")
    expect(reviewing.locator(".wb-stage .wb-problem")).to_contain_text("This copy is released")
    assert reviewing.evaluate("review.editor.corrections") == []


def test_all_keys_are_seen_at_once(reviewing: Page) -> None:
    reviewing.keyboard.press("?")
    dialog = reviewing.get_by_role("dialog", name="All keys")
    place = dialog.bounding_box()
    assert place is not None
    for part in dialog.locator("h2, kbd, td").all():
        box = part.bounding_box()
        assert box is not None
        text = part.inner_text()
        assert place["x"] <= box["x"], text
        assert place["y"] <= box["y"], text
        assert box["x"] + box["width"] <= place["x"] + place["width"], text
        assert box["y"] + box["height"] <= place["y"] + place["height"], text
    runs_over = "cells => cells.filter((each) => each.scrollWidth > each.clientWidth).length"
    assert dialog.locator("td").evaluate_all(runs_over) == 0


#: what of the header is outside of it, cut off, or over a button beside it
_CUT = """() => {
  const line = document.querySelector(".wb-line").getBoundingClientRect();
  const boxes = [...document.querySelectorAll(".wb-line > *")].filter((each) => each.offsetWidth);
  const isCut = (each, at) => {
    const [box, next] = [each, boxes[at + 1]].map((one) => one?.getBoundingClientRect());
    const isOver = next && next.top < box.bottom && next.left < box.right - 0.5;
    return box.right > line.right || box.bottom > line.bottom || isOver
      || (each.tagName !== "SELECT" && each.scrollWidth > each.clientWidth + 1);
  };
  return boxes.filter(isCut).map((each) => each.textContent);
}"""
_LOOK_FOR_MOMENTS = """() => {
  model.set("not_rendered", 12);
  model.set("job", { kind: "rank", state: "running", progress: 0.34, by: "rita" });
  const saved = { state: "saved", at: 1e12, message: "", revision: 1, savedRevision: 1 };
  review.header.showSaving(saved);
}"""


def test_the_header_fits_and_says_why_a_step_is_not_possible_now(reviewing: Page) -> None:
    again = reviewing.locator(".wb-line button", has_text=re.compile("again|nov|nuev"))
    for language, reason in (
        ("en", "after the search"),
        ("pt", "depois da busca"),
        ("es", "tras la búsqueda"),
    ):
        if language != "en":
            reviewing.evaluate(f"localStorage.setItem('language', '{language}')")
            _reload(reviewing)
        reviewing.evaluate(_LOOK_FOR_MOMENTS)
        expect(again).to_be_disabled()
        expect(again).to_contain_text(f": {reason}")
        expect(again).to_have_attribute("title", reason)
        for waits in (False, True):
            about = reviewing.evaluate("model.get('about')")
            reviewing.evaluate("(each) => model.set('about', each)", about | {"waits": waits})
            for width in (1440, 1280, 1024):
                reviewing.set_viewport_size({"width": width, "height": 900})
                assert reviewing.evaluate(_CUT) == [], (language, width)
                line = reviewing.locator(".wb-line").bounding_box()
                assert line is not None
                # with the long name of that state it may take two rows
                assert line["height"] < (100 if waits else 50), (language, width)
    reviewing.evaluate("model.set('job', {})")
    expect(again).to_be_enabled()
    for tool in ("Deshacer", "Rehacer"):
        button = reviewing.locator(".wb-edit-tools").get_by_role("button", name=tool)
        expect(button).to_be_disabled()
        expect(button).to_have_attribute("title", re.compile("^Nada que "))


def test_every_tool_is_in_the_window_with_signals_below(reviewing: Page) -> None:
    tools = reviewing.locator(".wb-edit-tools button")
    assert tools.count() == 13
    side = reviewing.locator(".wb-side").bounding_box()
    assert side is not None
    for tool in tools.all():
        box = tool.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= side["y"] + side["height"], tool.inner_text()
    # a moment is said to begin when it does, and to take some time
    said = reviewing.locator(".wb-card .wb-muted").all_inner_texts()
    assert said == ["00:00:00 · 4.5 s", "00:00:02 · 0.1 s"]


def test_a_new_box_is_seen_and_has_the_size_of_a_face(reviewing: Page) -> None:
    reviewing.keyboard.press("n")
    assert reviewing.evaluate("review.editor.draftBox") == [213, 75, 237, 105]
    edge = """() => {
      const { stage, places } = review.player;
      const [x, y] = places[0].viewport.toScreen([213, 90, 213, 90]);
      const at = [x, y].map((each) => Math.round(each * stage.ratio));
      return [...stage.context.getImageData(...at, 1, 1).data].slice(0, 3);
    }"""
    assert reviewing.evaluate(edge) == [0x4C, 0xC2, 0xFF]
    reviewing.keyboard.press("Enter")
    (row,) = reviewing.evaluate("review.editor.corrections")
    assert {each["frame_index"] for each in row["keyframes"]} == {12, 123}
    assert row["keyframes"][0]["box_xyxy_px"] == [213, 75, 237, 105]
    assert reviewing.evaluate("review.mainName") == "corrected"
    reviewing.evaluate("() => void (review.decide = (each) => (window.verdicts ??= []).push(each))")
    for keys in ("Control+Enter", "Control+Shift+Enter", "Enter"):
        reviewing.keyboard.press(keys)
    assert reviewing.evaluate("verdicts") == ["corrected", "accepted", "corrected"]


def test_one_time_is_at_one_place_in_people_and_signals(reviewing: Page) -> None:
    for step in ("1", "review.timeline.zoom(2, 3)"):
        reviewing.evaluate(step)
        found = []
        for lane in (".wb-track-lanes canvas", ".wb-lane-plot .u-over"):
            box = reviewing.locator(lane).first.bounding_box()
            assert box is not None
            reviewing.mouse.click(900, box["y"] + box["height"] - 8)
            reviewing.wait_for_function("review.player.leader.ready")
            found.append(reviewing.evaluate("review.player.leader.target"))
        # a pixel is less than a frame
        assert found[0] == pytest.approx(found[1], abs=1)
        assert found[0] > 12
