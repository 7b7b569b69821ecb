"""The page Playback in a real Chromium, with a real kernel behind the page."""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import av
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from recorder_core.catalog import EventState
from tests.workbench.dashboards.conftest import PATIENT, Compared
from tests.workbench.dashboards.visiting import PATIENCE_MS, check_accessible, visiting
from workbench.client import RemoteArchive
from workbench.dashboards import playback

expect.set_options(timeout=PATIENCE_MS)
BOARD = "document.querySelector('.wb-playback').playback"


@pytest.fixture
def visit(browser: Browser, compared: Compared) -> Iterator[Callable[..., Page]]:
    with visiting(browser, compared.address) as visit:
        yield visit


def _opened(visit: Callable[..., Page], compared: Compared, **options: int) -> Page:
    page = visit("rosa", compared.path, **options)
    expect(page.locator(".wb-measures-table tbody tr")).to_have_count(2)
    page.wait_for_function(
        f"{BOARD}.screens.screens.every((each) => each.player?.frame >= 0)", polling=100
    )
    return page


def _cells(page: Page) -> list[list[str]]:
    rows = page.locator(".wb-measures-table tbody tr")
    return [rows.nth(at).locator("th, td").all_inner_texts() for at in range(rows.count())]


def _frames(page: Page) -> list[int]:
    return list(page.evaluate(f"{BOARD}.screens.screens.map((each) => each.player.frame)"))


def _saved(page: Page, name: str) -> tuple[str, bytes]:
    with page.expect_download() as download:
        page.get_by_role("button", name=name).click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_events_are_aligned_measured_and_played_in_step(
    visit: Callable[..., Page], compared: Compared, finished: Path, pictures: Path
) -> None:
    page = _opened(visit, compared)
    assert page.get_by_label("Second 0 is").first.input_value() == "incision"
    page.screenshot(path=pictures / "playback.png")
    page.get_by_label("From", exact=True).first.select_option("incision")
    page.get_by_label("To", exact=True).first.select_option("clip")
    # A: a second of 50, half a second of 30; B: nothing for a second, then 45
    expect(page.locator(".wb-measures-table")).to_contain_text("43.3")
    assert _cells(page) == [
        ["A", "43.3", "30 \N{EN DASH} 50", "66.7 %", "33.3 %", "0 %", "0 %"],
        ["B", "45", "45 \N{EN DASH} 45", "33.3 %", "0 %", "0 %", "66.7 %"],
    ]
    # clip of A is 1.5 s after its incision: at second 2 there, at 2.5 in B
    page.get_by_role("button", name="Go to clip of A").click()
    with av.open(str(finished)) as container:
        stream = container.streams.video[0]
        times = [float(frame.pts * stream.time_base) for frame in container.decode(stream)]
    expected = [max(at for at, each in enumerate(times) if each <= seconds) for seconds in (2, 2.5)]
    page.wait_for_function(
        f"{BOARD}.screens.screens.every(({{player}}, at) => player.frame === {expected}[at])"
    )
    page.keyboard.press("f")
    page.wait_for_function(
        f"{BOARD}.screens.screens.every(({{player}}, at) => player.frame === {expected}[at] + 1)"
    )
    page.keyboard.press("Home")
    # a button that has the focus takes the space bar: the page has it
    page.locator(".wb-now").click()
    page.keyboard.press("Space")
    page.wait_for_function(f"{BOARD}.screens.playing && {BOARD}.now > 0.2")
    page.keyboard.press("Space")
    page.wait_for_function(f"!{BOARD}.screens.playing")
    first, second = _frames(page)
    assert abs((times[second] - 1.0) - (times[first] - 0.5)) < 0.5


def test_signals_alone_are_followed_without_a_copy(
    visit: Callable[..., Page], compared: Compared, pictures: Path
) -> None:
    page = visit("rosa", f"/playback?events={compared.events[2]}")
    expect(page.locator(".wb-measures-table tbody tr")).to_have_count(1)
    expect(page.get_by_role("button", name="Next frame")).to_have_count(0)
    page.get_by_label("Speed").select_option("0.25")
    page.get_by_role("button", name="Play or pause").click()
    page.wait_for_function(f"{BOARD}.screens.playing && {BOARD}.now > {BOARD}.extent[0] + 0.2")
    check_accessible(page, pictures / "playback-signals")
    page.get_by_role("button", name="Pause").click()
    page.wait_for_function(f"!{BOARD}.screens.playing")
    page.get_by_label("Speed").select_option("4")
    page.get_by_role("button", name="Play or pause").click()
    page.wait_for_function(f"!{BOARD}.screens.playing && {BOARD}.now === {BOARD}.extent[1]")
    page.goto("/library", wait_until="commit")
    # of an event without signals and without a released copy there is nothing to play back
    expect(page.get_by_role("link", name="Playback of lap-chole")).to_have_count(3)
    expect(page.get_by_role("link", name="Playback of hernia")).to_have_count(0)


def test_a_span_that_is_drawn_once_is_measured_in_all_and_all_is_saved_without_a_name(
    visit: Callable[..., Page], compared: Compared, pictures: Path
) -> None:
    page = _opened(visit, compared)
    lane = page.locator(".u-over").first
    lane.scroll_into_view_if_needed()
    box = lane.bounding_box()
    assert box is not None
    script = f"(seconds) => {BOARD}.lanes.plots[0].plot.valToPos(seconds, 'x')"
    start, stop = (page.evaluate(script, seconds) for seconds in (0.05, 0.95))
    page.mouse.move(box["x"] + start, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + (start + stop) / 2, box["y"] + 25)
    page.mouse.move(box["x"] + stop, box["y"] + 30)
    page.mouse.up()
    expect(page.locator(".wb-side .wb-span")).to_contain_text("0.9 s")
    # A is 50 throughout; B has no value from its second 1 to 2
    expect(page.locator(".wb-measures-table tbody tr").nth(1)).to_contain_text("100 %")
    assert _cells(page)[0][:2] == ["A", "50"]
    page.get_by_label("Upper end of the range").fill("45")
    page.keyboard.press("Tab")
    expect(page.locator(".wb-measures-table thead")).to_contain_text("in 40\N{EN DASH}45")
    assert _cells(page)[0][3:] == ["0 %", "0 %", "100 %", "0 %"]
    page.get_by_label("Signal", exact=True).first.select_option("emg")
    expect(page.locator(".wb-measures-table tbody tr").nth(1)).to_contain_text("30.4")
    name, picture = _saved(page, "Figure as PNG")
    assert name == f"playback-{compared.events[0][:8]}-{compared.events[1][:8]}.png"
    (pictures / "playback-figure.png").write_bytes(picture)
    with Image.open(io.BytesIO(picture)) as opened:
        assert opened.size[0] == 3 * 720
        colours = opened.convert("RGB").getcolors(1 << 20)
    assert {(11, 92, 122), (179, 71, 29)} <= {colour for _, colour in colours}
    name, drawing = _saved(page, "Figure as SVG")
    texts = [each.text for each in ET.fromstring(drawing).iter() if each.tag.endswith("text")]
    assert {"bis", "emg (dB)", "time from incision"} <= set(texts)
    _, table = _saved(page, "Signals as CSV")
    rows = list(csv.DictReader(io.StringIO(table.decode())))
    assert len(rows) == 12 + 12 + 8 + 12
    # a value at second 0 of A, half a second before its incision
    first = {"signal": "bis", "unit": "", "seconds_from_incision": "-0.5", "value": "50"}
    assert rows[0] == {"event": compared.events[0]} | first
    _, measures = _saved(page, "Measures as CSV")
    measured = list(csv.DictReader(io.StringIO(measures.decode())))
    assert [(each["event"][:8], each["signal"]) for each in measured] == [
        (event[:8], signal) for event in compared.events[:2] for signal in ("bis", "emg")
    ]
    _, markers = _saved(page, "Markers as CSV")
    assert b"clip,2,,1.5" in markers
    for content in (drawing, table, measures, markers):
        assert PATIENT.encode() not in content


@pytest.mark.parametrize(
    ("state", "roles", "why"),
    [
        (EventState.RECORDING, ["original"], "left_recording"),
        (EventState.RECORDED, ["original"], "left_noCopy"),
        (EventState.DEIDENTIFIED, ["original", "deidentified"], "left_unreleased"),
        (EventState.IN_REVIEW, ["deidentified", "detections"], "left_unreleased"),
        (EventState.IN_REVIEW, ["deidentified", "signals"], ""),
        (EventState.SIGNED_OFF, ["deidentified"], ""),
        (EventState.ARCHIVED, ["original"], "left_noCopy"),
    ],
)
def test_an_event_without_anything_to_show_is_left_out_with_a_reason(
    state: EventState, roles: list[str], why: str
) -> None:
    event = SimpleNamespace(
        event_id="a1",
        row=SimpleNamespace(
            state=state,
            procedure_code="hernia",
            started_utc=datetime(2026, 1, 5, tzinfo=UTC),
            duration_seconds=None,
        ),
    )
    archive = SimpleNamespace(events=lambda: [event], roles=lambda _: {"a1": roles})
    choices, left_out = playback._choices(cast(RemoteArchive, archive))
    assert [each["why"] for each in left_out] == ([why] if why else [])
    assert len(choices) + len(left_out) == 1


def test_the_page_is_accessible_small_and_says_what_lacks(
    visit: Callable[..., Page], compared: Compared, pictures: Path
) -> None:
    page = _opened(visit, compared)
    check_accessible(page, pictures / "playback")
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(200)
    assert page.evaluate("document.querySelector('.wb-playback').scrollWidth") <= 390
    page.screenshot(path=pictures / "playback-phone.png")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_label("Language").select_option("es")
    expect(page.get_by_role("heading", name="Reproducción")).to_be_visible()
    page.goto("/playback?events=00000000", wait_until="commit")
    expect(page.get_by_role("alert")).to_contain_text("00000000")
    expect(page.get_by_role("checkbox")).to_have_count(3)
    start = page.locator(".wb-choice .wb-main")
    expect(start).to_be_disabled()
    expect(start).to_have_attribute("title", "Elija antes un evento.")
    expect(page.get_by_role("status")).to_have_text("Elija antes un evento.")
    page.get_by_text("Eventos que no están en la lista: 1").click()
    left_out = page.locator(".wb-not-listed li")
    expect(left_out).to_contain_text(compared.events[3][:8])
    expect(left_out).to_contain_text("sin señales y sin copia desidentificada")
    check_accessible(page, pictures / "playback-choice")
    # of events that began at the same time, any may stand first
    for event in compared.events[1:3]:
        page.locator(f"[type=checkbox][value='{event}']").check()
    page.get_by_role("button", name=re.compile("Comparar 2")).click()
    expect(page.locator(".wb-no-copy, .wb-player")).to_have_count(2)
    expect(page.locator(".wb-no-copy")).to_contain_text("no está liberada")
