"""The recorder's page in a real Chromium, with a real job that records test patterns."""

from __future__ import annotations

import json
import re
import sqlite3
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from recorder_core.archive import Password
from recorder_core.jobs.archive import Credentials, open_archive
from recorder_core.jobs.record import RecordRequest, as_only_recorder, room_from_values
from tests.workbench.dashboards.visiting import PATIENCE_MS, check_accessible, visiting
from tests.workbench.server.conftest import PASSWORD, Served, serving

expect.set_options(timeout=PATIENCE_MS)

PATIENT = "Zephyrina Ångström-Qux"
MARKUP = "<script>alert(1)</script>"
ROOM = """
procedure = "lap-chole"
markers = ["incision", "clip"]

[video]
rate = 25
preset = "ultrafast"

[layout]
width = 960
height = 540
views = [
    {name = "laparoscope", rectangle = [0, 0, 640, 540]},
    {name = "room", rectangle = [640, 0, 320, 180]},
    {name = "vital_signs", rectangle = [640, 180, 320, 180]},
]
panels = [{name = "event", kind = "event_strip", rectangle = [640, 360, 320, 180]}]

[sources.laparoscope]
kind = "pattern"
size = [640, 360]
rate = 25

[sources.room]
kind = "pattern"
size = [320, 180]
rate = 25

[sources.vital_signs]
kind = "rtsp"
address = "rtsp://nurse:geheim@127.0.0.1:9/stream"

[sound]
kind = "tone"

[space]
keep_free_gib = 0
min_minutes = 0
"""


@pytest.fixture(scope="module")
def rooms(empty_archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("recorder")
    files = folder / "rooms"
    files.mkdir()
    (files / "or_1.toml").write_text(ROOM)
    held = ROOM.replace('preset = "ultrafast"', 'preset = "ultrafast"\npre_record_seconds = 1')
    (files / "or_4.toml").write_text(held)
    (files / "or_2.toml").write_text('[sources.room]\nkind = "pattern"\nwidth = "wide"\n')
    with serving(empty_archive, "--rooms", str(files), kernels=False) as served:
        yield served


@pytest.fixture
def visit(browser: Browser, rooms: Served) -> Iterator[Callable[..., Page]]:
    with visiting(browser, rooms.address) as visit:
        yield visit


def _told(archive: Path, question: str, *values: Any) -> list[Any]:
    with closing(sqlite3.connect(archive / "catalog.db")) as catalog:
        return catalog.execute(question, values).fetchall()


def _picture(page: Page) -> str:
    """Return what the preview shows, as text."""
    text: str = page.locator(".wb-live").evaluate("canvas => canvas.toDataURL()")
    return text


def test_an_operator_records_a_room(
    visit: Callable[..., Page], rooms: Served, pictures: Path
) -> None:
    page = visit("olga", "/record")
    expect(page.get_by_role("button", name="Start")).to_be_enabled()
    check_accessible(page, pictures / "record-ready")
    page.get_by_label("Patient").fill(PATIENT)
    events = len(_told(rooms.archive, "SELECT event_id FROM events"))
    page.get_by_role("button", name="Show the cameras").click()
    expect(page.locator(".wb-phase")).to_have_text("◎Preview, not recording")
    expect(page.locator(".wb-live")).to_be_visible()
    expect(page.locator("[data-source=room]")).to_contain_text("Signal")
    expect(page.locator(".wb-warnings")).to_contain_text("vital signs: no signal.")
    expect(page.locator(".wb-time")).to_have_text("00:00:00")
    expect(page.get_by_label("Level of the audio")).to_be_visible()
    page.wait_for_function("document.querySelector('.wb-level').value > -20")
    other = visit("olga", "/record")
    expect(other.locator(".wb-phase")).to_have_text("◎Preview, not recording")
    expect(other.locator(".wb-live")).to_be_visible()
    check_accessible(page, pictures / "record-preview")
    assert len(_told(rooms.archive, "SELECT event_id FROM events")) == events
    code = page.get_by_label("Procedure code")
    kept = code.input_value()
    code.fill("lap chole")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("Procedure code: Letters, digits")).to_be_visible()
    code.fill(kept or "lap-chole")
    page.get_by_role("heading", name="Sources").click()
    page.keyboard.press("r")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    # what is sealed is on the screen no more
    expect(page.locator(".wb-journal")).to_contain_text("names sealed")
    expect(page.get_by_label("Patient")).to_have_value("")
    # one source gives nothing: the page says so, and the recording goes on
    expect(page.locator("[data-source=room]")).to_contain_text("Signal")
    expect(page.locator("[data-source=vital_signs]")).to_contain_text("No signal")
    expect(page.locator(".wb-warnings")).to_contain_text("vital signs: no signal since 00:00:0")
    expect(page.locator(".wb-live")).to_be_visible()
    before = _picture(page)
    page.wait_for_function(
        "before => document.querySelector('.wb-live').toDataURL() !== before", arg=before
    )
    page.get_by_role("button", name="clip").click()
    expect(page.locator(".wb-journal")).to_contain_text("clip marked")
    page.keyboard.press("1")
    expect(page.locator(".wb-journal")).to_contain_text("incision marked")
    page.get_by_role("button", name="Screenshot").click()
    expect(page.locator(".wb-journal")).to_contain_text("screenshot taken")
    check_accessible(page, pictures / "record-running")
    page.keyboard.press("p")
    expect(page.locator(".wb-phase")).to_contain_text("Paused")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".wb-phase")).to_have_text("●Recording")

    # a picture that is not of now says so
    expect(page.locator(".wb-picture-note")).to_be_hidden()
    page.evaluate("() => { window.createImageBitmap = () => Promise.reject(Error('none')) }")
    expect(page.locator(".wb-picture-note")).to_have_text(re.compile(r"Picture of \d+ s ago"))
    page.screenshot(path=pictures / "record-old-picture.png")

    # it goes on without the page, which finds it again, on a phone too
    page.reload()
    expect(page.locator(".wb-phase")).to_have_text("●Recording")
    expect(page.locator(".wb-picture")).to_have_attribute("data-picture", "new")
    journal = page.locator(".wb-journal li")
    done = ["goes on", "paused", "screenshot taken", "incision marked", "clip marked"]
    expect(journal).to_contain_text(done)
    expect(other.locator(".wb-journal li")).to_contain_text(done)
    other.keyboard.press("m")
    expect(journal).to_contain_text(["marked", *done])
    page.screenshot(path=pictures / "record-found-again.png")
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(".wb-live")).to_be_visible()
    assert page.evaluate("document.querySelector('.wb-record').scrollWidth") <= 390
    small = "each => each.checkVisibility() && each.getBoundingClientRect().height < 44"
    buttons = "[...document.querySelectorAll('.wb-record button, .wb-record select')]"
    assert page.evaluate(f"{buttons}.filter({small}).map(each => each.outerHTML)") == []
    check_accessible(page, pictures / "record-phone")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_label("Physicians, one a line").fill("Dr Quellmarker")
    page.get_by_role("button", name="Seal the names").click()
    expect(page.locator(".wb-journal")).to_contain_text("names sealed")
    page.get_by_role("heading", name="Sources").click()
    page.keyboard.press("q")
    dialog = page.get_by_role("dialog", name="Stop the recording?")
    page.screenshot(path=pictures / "record-stop.png")
    dialog.get_by_role("button", name="Go on recording").click()
    page.get_by_role("button", name="Stop").click()
    dialog.get_by_role("button", name="Stop").click()
    expect(page.locator(".wb-phase")).to_contain_text("Saved and sealed")
    check_accessible(page, pictures / "record-done")
    event = page.get_by_role("link", name="Open the event").get_attribute("href").split("/")[-1]
    _check_event(rooms.archive, event)


def _check_event(archive: Path, event: str) -> None:
    [(state, code, seconds)] = _told(
        archive,
        "SELECT state, procedure_code, duration_seconds FROM events WHERE event_id = ?",
        event,
    )
    assert (state, code) == ("recorded", "lap-chole")
    assert seconds > 1
    kinds = {
        kind for (kind,) in _told(archive, "SELECT kind FROM markers WHERE event_id = ?", event)
    }
    assert {"clip", "incision", "pause", "signal-lost:vital_signs"} <= kinds
    assert (
        len(_told(archive, "SELECT screenshot_id FROM screenshots WHERE event_id = ?", event)) == 1
    )
    with open_archive(archive, Credentials("rita", Password(PASSWORD))) as opened:
        names = opened.event(event).names()
    assert (names.patient_name, names.physician_names) == (PATIENT, ("Dr Quellmarker",))


def test_the_last_seconds_are_held_until_they_are_recorded_or_forgotten(
    visit: Callable[..., Page], rooms: Served, pictures: Path
) -> None:
    page = visit("olga", "/record")
    page.get_by_role("combobox", name="Room").select_option("or_4")
    page.get_by_role("button", name="Hold the last seconds").click()
    expect(page.locator(".wb-phase")).to_have_text("◎Ready, not recording")
    expect(page.locator(".wb-more")).to_contain_text(re.compile("Holds the last [12] s in memory"))
    expect(page.locator(".wb-live")).to_be_visible()
    before = len(_told(rooms.archive, "SELECT event_id FROM events"))
    page.get_by_role("button", name="Forget them").click()
    page.get_by_role("button", name="Show the cameras").click()
    page.get_by_role("button", name="Close the cameras").click()
    expect(page.locator(".wb-phase")).to_have_text("○Ready")
    page.get_by_role("button", name="Hold the last seconds").click()
    expect(page.locator(".wb-more")).to_contain_text(re.compile("Holds the last [12] s in memory"))
    check_accessible(page, pictures / "record-held")
    assert len(_told(rooms.archive, "SELECT event_id FROM events")) == before
    page.get_by_role("heading", name="Sources").click()
    page.keyboard.press("r")
    expect(page.locator(".wb-phase")).to_have_text("●Recording")
    page.keyboard.press("q")
    expect(page.get_by_role("button", name="Go on recording")).to_be_focused()
    page.keyboard.press("q")
    expect(page.locator(".wb-phase")).to_contain_text("Saved and sealed")
    event = page.get_by_role("link", name="Open the event").get_attribute("href").split("/")[-1]
    [(seconds,)] = _told(
        rooms.archive, "SELECT duration_seconds FROM events WHERE event_id = ?", event
    )
    assert seconds > 1


def test_a_start_that_is_cancelled_records_nothing(
    visit: Callable[..., Page], rooms: Served, pictures: Path
) -> None:
    page = visit("olga", "/record")
    page.get_by_role("combobox", name="Room").select_option("or_4")
    page.get_by_label("Patient").fill(PATIENT)
    # names of one room are sealed onto no recording of another
    page.get_by_role("combobox", name="Room").select_option("or_1")
    expect(page.get_by_label("Patient")).to_have_value("")
    before = len(_told(rooms.archive, "SELECT event_id FROM events"))
    request = RecordRequest(room=room_from_values(tomllib.loads(ROOM)), room_name="or_1")
    credentials = Credentials("olga", Password(PASSWORD))
    # the recording before has not let go of the room yet
    with (
        open_archive(rooms.archive, credentials) as opened,
        as_only_recorder(opened.folders, request),
    ):
        page.get_by_role("button", name="Start").click()
        cancel = page.locator(".wb-acts").get_by_role("button", name="Cancel")
        expect(page.locator(".wb-phase")).to_have_text("◌Starting …")
        check_accessible(page, pictures / "record-starting")
        cancel.click()
        expect(page.get_by_role("alert")).to_have_text(
            "The start was cancelled; nothing was recorded."
        )
    expect(page.locator(".wb-phase")).to_have_text("○Ready")
    expect(page.get_by_role("button", name="Start")).to_be_enabled()
    assert len(_told(rooms.archive, "SELECT event_id FROM events")) == before


def test_a_browser_is_told_no_address_and_no_device(rooms: Served) -> None:
    olga = rooms.sign_in("olga")
    answer = olga.get(f"{rooms.address}/workbench/api/v1/rooms")
    described = {each["name"]: each for each in answer.json()["rooms"]}
    assert described["or_1"]["marker_kinds"] == ["incision", "clip"]
    assert "or_2.toml: " in described["or_2"]["fault"]
    assert "geheim" not in answer.text
    assert "rtsp" not in answer.text
    headers = {"X-XSRFToken": olga.cookies["_xsrf"], "Content-Type": "application/json"}
    for room, status in (("or_2", 400), ("or_3", 404), ("..%2Fetc", 404)):
        path = f"{rooms.address}/workbench/api/v1/rooms/{room}/record"
        assert olga.post(path, data=json.dumps({}), headers=headers).status_code == status


def test_who_may_watch_and_command_a_recording(rooms: Served) -> None:
    api = f"{rooms.address}/workbench/api/v1"
    people = {login: rooms.sign_in(login) for login in ("olga", "rita", "rosa")}

    def post(login: str, path: str, content: dict[str, Any]) -> requests.Response:
        headers = {"X-XSRFToken": people[login].cookies["_xsrf"]}
        return people[login].post(f"{api}{path}", json=content, headers=headers)

    asked = {"names": {"patient_name": PATIENT}, "procedure_code": "x"}
    started = post("olga", "/rooms/or_1/record", asked)
    job = f"/jobs/{started.json()['job']['job_id']}"
    second = post("olga", "/rooms/or_1/record", {})
    assert (second.status_code, "has the same room already" in second.text) == (409, True)
    while people["olga"].get(f"{api}{job}").json()["job"]["event_id"] is None:
        time.sleep(0.05)
    # a reviewer may mark, and sees a room that nobody has de-identified no sooner than its event
    for login, mark, watch, stop in (("rita", 200, 403, 403), ("rosa", 403, 403, 403)):
        marked = post(
            login, f"{job}/commands/mark", {"arguments": {"kind": "clip", "note": MARKUP}}
        )
        assert marked.status_code == mark
        assert people[login].get(f"{api}{job}/watch").status_code == watch
        assert post(login, f"{job}/cancel", {}).status_code == stop
    wrong = post("olga", f"{job}/commands/describe", {"arguments": {"patient": PATIENT}})
    assert wrong.status_code == 400
    with people["olga"].get(f"{api}{job}/watch", stream=True) as watched:
        shown = watched.raw.read(20_000)
    assert b'"sources"' in shown
    told = [shown.decode("latin-1"), wrong.text, *(people["rosa"].get(f"{api}/jobs").text,)]
    for secret in ("geheim", "nurse", "127.0.0.1", PATIENT, "Qux", MARKUP, str(rooms.archive)):
        assert not [each for each in told if secret in each], secret
    assert post("olga", f"{job}/cancel", {}).status_code == 200
    while people["olga"].get(f"{api}{job}").json()["job"]["state"] == "running":
        time.sleep(0.05)
    late = post("olga", f"{job}/commands/mark", {"arguments": {"kind": "clip"}})
    assert (late.status_code, "it takes commands while it runs" in late.text) == (409, True)
    assert people["olga"].get(f"{api}{job}/watch").status_code == 409


def test_a_room_that_cannot_be_recorded_says_why(
    visit: Callable[..., Page], pictures: Path
) -> None:
    page = visit("olga", "/record")
    page.get_by_role("combobox", name="Room").select_option("or_2")
    expect(page.locator(".wb-more")).to_contain_text("until its file is mended: or_2.toml")
    start = page.get_by_role("button", name="Start")
    expect(start).to_be_disabled()
    expect(start).to_have_attribute("title", re.compile("until its file is mended: or_2.toml"))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="All keys")).to_contain_text("Screenshot")
    page.screenshot(path=pictures / "record-keys.png")


@pytest.mark.parametrize("login", ["rosa", "rita"])
def test_who_does_not_record_may_not_open_it(rooms: Served, login: str) -> None:
    person = rooms.sign_in(login)
    assert person.get(f"{rooms.address}/record").status_code == 403
    assert person.get(f"{rooms.address}/workbench/api/v1/rooms").status_code == 403
