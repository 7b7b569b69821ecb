from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from recorder_core.media import open_video
from recorder_core.model import Redaction
from tests.workbench.widgets.hosting import STATIC, Site, traits_of, write_numbered
from workbench.widgets import BoxEditor, Player, pack_boxes

AXE = STATIC.parent / "js" / "node_modules" / "axe-core" / "axe.min.js"
NAN = float("nan")
#: track 1 is in every frame, track 2 in the first ten, with a low score
FOUND = [Redaction(frame, (60, 60, 100, 110), "detected", 1, 0.9) for frame in range(40)] + [
    Redaction(frame, (200, 80, 240, 130), "detected", 2, 0.3) for frame in range(10)
]


@pytest.fixture
def editing(site: Site, open_widget: Callable[[], Page]) -> Page:
    path = write_numbered(site.folder / "video.mp4", [40 * number for number in range(40)])
    site.script, site.traits = "editor.js", editor_traits(path)
    page = open_widget()
    page.wait_for_function("widget.frame === 0 && !widget.notice.textContent")
    return page


def editor_traits(path: Path, **options: Any) -> dict[str, Any]:
    with open_video(path) as video:
        editor = BoxEditor.of_video(
            video,
            f"/{path.name}",
            author="anna",
            save=print,
            boxes=pack_boxes(FOUND, automatic=True),
            frame_size_px=(320, 180),
            **options,
        )
    return traits_of(editor)


def drag(page: Page, start: tuple[float, float], stop: tuple[float, float]) -> None:
    """Drag from one place of the frame to another, in its pixels."""
    canvas = page.locator("canvas").bounding_box()
    assert canvas is not None
    to_screen = "([x, y]) => widget.places[0].viewport.toScreen([x, y, x, y])"
    for number, point in enumerate((start, stop)):
        x, y, *_ = page.evaluate(to_screen, point)
        page.mouse.move(canvas["x"] + x, canvas["y"] + y, steps=3)
        if number == 0:
            page.mouse.down()
    page.mouse.up()


def last_saved(page: Page, revision: int) -> list[dict[str, Any]]:
    """Return what the editor saves as its so-manieth change; keyframes as [frame, *box]."""
    page.wait_for_function(
        "(revision) => sent.some((each) => each.content.revision === revision)", arg=revision
    )
    found = page.evaluate(
        "(revision) => sent.find((each) => each.content.revision === revision).content", revision
    )
    assert found["kind"] == "save"
    return [
        each
        | {
            "keyframes": [
                [keyframe["frame_index"], *keyframe["box_xyxy_px"]]
                for keyframe in each["keyframes"]
            ]
        }
        for each in found["corrections"]
    ]


def near(box: list[float], expected: tuple[float, ...]) -> bool:
    return bool(np.allclose(box, expected, atol=1.5))


def test_a_box_is_drawn_moved_resized_nudged_and_undone(editing: Page) -> None:
    page = editing
    page.locator("canvas").click(position={"x": 5, "y": 5})
    page.keyboard.press("n")
    drag(page, (140, 40), (180, 90))
    (drawn,) = last_saved(page, 1)
    assert (drawn["action"], drawn["track"]) == ("add", 3)
    # with the mouse there is no Enter to press
    expect(page.locator(".wb-hint")).to_have_text("The box is there. Ctrl Z takes it back.")
    assert near(drawn["keyframes"][0], (0, 140, 40, 180, 90))
    drag(page, (160, 65), (170, 75))
    assert near(last_saved(page, 2)[0]["keyframes"][0], (0, 150, 50, 190, 100))
    drag(page, (190, 100), (200, 120))
    assert near(last_saved(page, 3)[0]["keyframes"][0], (0, 150, 50, 200, 120))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    assert near(last_saved(page, 5)[0]["keyframes"][0], (0, 151, 40, 201, 110))
    for _ in range(4):
        page.keyboard.press("Control+z")
    assert near(last_saved(page, 9)[0]["keyframes"][0], (0, 140, 40, 180, 90))
    page.evaluate("widget.show(20)")
    page.wait_for_function("widget.frame === 20")
    page.keyboard.press("Control+Shift+z")
    assert near(last_saved(page, 10)[0]["keyframes"][0], (0, 150, 50, 190, 100))
    # what is done again is seen
    page.wait_for_function("widget.frame === 0")


def test_a_found_box_is_corrected_in_keyframes_by_keys_alone(editing: Page) -> None:
    page = editing
    page.locator("[role=region]").focus()
    for key in ("t", "Shift+ArrowRight", "v"):
        page.keyboard.press(key)
    page.wait_for_function("widget.frame === 10")
    page.keyboard.press("Shift+ArrowDown")
    added, removed = last_saved(page, 2)
    assert [each[0] for each in added["keyframes"]] == [0, 10]
    assert near(added["keyframes"][0][1:], (70, 60, 110, 110))
    assert near(added["keyframes"][1][1:], (60, 70, 100, 120))
    assert (removed["action"], removed["track"]) == ("remove", 1)
    assert [each[0] for each in removed["keyframes"]] == [0, 10]
    page.keyboard.press("e")
    page.wait_for_function("widget.frame === 0")
    page.keyboard.press("Delete")
    (everything,) = last_saved(page, 3)
    assert [each[0] for each in everything["keyframes"]] == [0, 39]


def test_a_zone_hides_boxes_and_the_threshold_hides_weak_ones(editing: Page) -> None:
    page = editing
    count = "widget.boxesAt(0).length"
    assert page.evaluate(count) == 2
    page.get_by_label("Show scores from").fill("0.5")
    assert page.evaluate(count) == 1
    page.get_by_role("button", name="Never a face here").click()
    drag(page, (50, 50), (120, 120))
    assert page.evaluate(count) == 0
    (zone,) = last_saved(page, 1)
    assert (zone["action"], zone["track"]) == ("remove", -1)
    assert [each[0] for each in zone["keyframes"]] == [0, 39]


def test_what_was_not_answered_is_sent_again_and_said(editing: Page) -> None:
    page = editing
    status = page.locator(".wb-saved")
    assert status.inner_text() == "nothing changed yet"
    page.locator("[role=option]").first.click()
    page.keyboard.press("k")
    page.wait_for_function("sent.length >= 2", timeout=60_000)
    assert page.evaluate("sent.map(({ content }) => [content.revision, content.base])[1]") == [1, 0]
    assert "no connection" in status.inner_text()
    answer = """(base) => receive({
      kind: 'saved', view: root.editor.view, revision: 1, base,
      at: new Date(2026, 0, 1, 14, 2, 11).toISOString()
    })"""
    # an answer of another list of corrections confirms nothing of this one
    page.evaluate(answer, 1)
    assert "no connection" in status.inner_text()
    page.evaluate(answer, 0)
    assert status.inner_text().endswith("saved 14:02:11")
    page.keyboard.press("ArrowLeft")
    last_saved(page, 2)
    page.evaluate("""receive({
      kind: 'refused', view: root.editor.view, revision: 2,
      problem: { error: 'the event is signed off', code: 'DataError', said: null }
    })""")
    refused = status.inner_text()
    assert refused.startswith("Not saved: the event is signed off. ")
    assert refused.endswith("is tried again every 15 seconds.")


@pytest.mark.parametrize("language", ["en", "pt", "es"])
def test_axe_finds_no_serious_fault(
    language: str, site: Site, open_widget: Callable[[], Page]
) -> None:
    path = write_numbered(site.folder / "video.mp4", [40 * number for number in range(40)])
    site.script, site.traits = "editor.js", editor_traits(path, language=language)
    site.traits["markers"] = [{"label": "incision", "seconds": 0.5}]
    page = open_widget()
    page.wait_for_function("widget.frame === 0")
    page.locator("[role=option]").first.click()
    page.add_script_tag(path=AXE)
    for prepare in ("1", "widget.act('help')"):
        page.evaluate(prepare)
        found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        serious = [
            (each["id"], [node["html"][:120] for node in each["nodes"]])
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]
        assert serious == []


def test_the_player_compares_and_takes_pictures(
    site: Site, open_widget: Callable[[], Page]
) -> None:
    path = write_numbered(site.folder / "video.mp4", [40 * number for number in range(40)])
    write_numbered(site.folder / "copy.mp4", [40 * number for number in range(40)])
    with open_video(path) as video:
        site.traits = traits_of(Player.of_video(video, "/video.mp4", copy_url="/copy.mp4"))
    page = open_widget()
    page.wait_for_function("widget.frame === 0")
    page.locator("[role=region]").focus()
    for _ in range(3):
        page.keyboard.press("f")
    both = "Object.values(widget.clips).every((clip) => clip.frame === 3 && clip.wanted === null)"
    page.wait_for_function(both)
    page.get_by_label("Show", exact=True).select_option("side")
    page.locator("[role=region]").focus()
    page.evaluate(
        """() => {
          window.pairs = [];
          widget.paintOver = (context, viewport, frame) =>
            window.pairs.push([frame, burned(context, viewport)]);
          widget.paint();
        }"""
    )
    assert page.evaluate("window.pairs") == [[3, 3], [3, 3]]
    page.keyboard.press("p")
    page.wait_for_function("sent.length === 1")
    (sent,) = page.evaluate("sent")
    assert sent["content"] == {"kind": "screenshot", "frame": 3, "which": "copy"}
    assert sent["sizes"][0] > 500


def test_the_player_shows_the_room_as_it_was_over_the_original_that_hides_it(
    site: Site, open_widget: Callable[[], Page]
) -> None:
    path = write_numbered(site.folder / "video.mp4", [40 * number for number in range(20)])
    # of frame 6 the room was left out
    kept = [40 * number for number in range(20) if number != 6]
    write_numbered(site.folder / "room.mp4", kept)
    with open_video(path) as video:
        width, height = video.info.video.width, video.info.video.height
        # faces were searched elsewhere
        view = {"name": "searched", "x": 0, "y": 0, "w": width, "h": height // 2}
        room = [0, height // 2, width, height // 2]
        traits = {"room_url": "/room.mp4", "room_px": room, "views": [view]}
        site.traits = traits_of(Player.of_video(video, "/video.mp4", **traits))
    page = open_widget()
    page.wait_for_function("widget.frame === 0")
    page.get_by_label("Show", exact=True).select_option("untouched")
    # its number lies where the room begins, half as high as that of the whole frame
    page.evaluate(
        """(top) => {
          window.inRoom = () => {
            const { context, ratio } = widget.stage;
            const { viewport } = widget.places[0];
            const shifted = { toScreen: ([x, y]) => viewport.toScreen([x, top + y / 2, x, top]) };
            return burned(context, shifted);
          };
        }""",
        height // 2,
    )
    read = "(frame) => { widget.show(frame); }"
    settled = "Object.values(widget.clips).every((clip) => clip.wanted === null && clip.ready)"
    for frame, expected in ((3, 3), (9, 8)):
        page.evaluate(read, frame)
        page.wait_for_function(f"widget.frame === {frame} && {settled}")
        page.evaluate("widget.paint()")
        assert page.evaluate("inRoom()") == expected
    page.evaluate(read, 6)
    page.wait_for_function("widget.frame === 6")
    page.wait_for_timeout(300)
    page.evaluate("widget.paint()")
    assert page.evaluate("inRoom()") == 0  # the frame stays as it was recorded: grey there
    assert page.get_by_role("button", name="Screenshot").is_disabled()
    page.evaluate("widget.screenshot()")
    page.get_by_label("Show", exact=True).select_option("original")
    page.evaluate("widget.screenshot()")
    page.wait_for_function("sent.length > 0")
    assert [each["content"]["which"] for each in page.evaluate("sent")] == ["original"]


@pytest.mark.parametrize("mode", ["original", "untouched"])
def test_a_video_plays_to_its_end_where_the_room_as_it_was_is_shorter(
    site: Site, open_widget: Callable[[], Page], mode: str
) -> None:
    path = write_numbered(site.folder / "video.mp4", [40 * number for number in range(80)])
    write_numbered(site.folder / "room.mp4", [40 * number for number in range(40)])
    with open_video(path) as video:
        traits = {"room_url": "/room.mp4", "room_px": [0, 0, 64, 64]}
        site.traits = traits_of(Player.of_video(video, "/video.mp4", **traits))
    page = open_widget()
    page.wait_for_function("widget.frame === 0")
    page.get_by_label("Show", exact=True).select_option(mode)
    page.evaluate(
        """() => {
          const { room, original } = widget.clips;
          window.played = 0;
          room.video.addEventListener("playing", () => { window.played += 1; });
          original.video.addEventListener("ended", () => { window.hasEnded = true; });
          widget.play();
        }"""
    )
    page.wait_for_function("window.hasEnded && !widget.playing")
    # which frame a busy browser shows last is its own affair
    assert page.evaluate("widget.frame") > 40
    assert bool(page.evaluate("window.played")) == (mode == "untouched")
