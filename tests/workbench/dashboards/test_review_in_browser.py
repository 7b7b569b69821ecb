"""The whole work of a reviewer in a real Chromium, with a real kernel behind the page."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, WebSocketRoute, expect

from recorder_core.archive import Password
from recorder_core.jobs.archive import (
    Credentials,
    add_copy,
    open_archive,
    reopen_review,
    set_reviewers_needed,
)
from tests.workbench.dashboards.conftest import SHOWN, Reviewed
from tests.workbench.dashboards.visiting import PATIENCE_MS, check_accessible, visiting
from tests.workbench.server.conftest import PASSWORD, copied, serving

expect.set_options(timeout=PATIENCE_MS)
#: the page asks what others did, and misses an answer, sooner than for people
IMPATIENT = """
  const sooner = { 5000: 500, 8000: 2000 };
  const later = setTimeout;
  window.setTimeout = (call, wait, ...all) => later(call, sooner[wait] ?? wait, ...all);
"""
#: the page goes to the first moment by itself, though the moments come after the video
SHOWS_FIRST_FRAME = """() => {
  const { player, chosen } = document.querySelector(".wb-review")?.review ?? {};
  return chosen && player.root.dataset.frame === String(chosen.moment.first_frame);
}"""


@pytest.fixture
def visit(browser: Browser, reviewed: Reviewed) -> Iterator[Callable[..., Page]]:
    with visiting(browser, reviewed.address, IMPATIENT) as visit:
        yield visit


def _main(page: Page, text: str) -> None:
    """Press Enter once the filled button says this."""
    expect(page.locator(".wb-actions .wb-main")).to_contain_text(text)
    page.keyboard.press("Enter")


def _decide_all(page: Page) -> None:
    """Press Enter until no moment is left."""
    left = page.locator('.wb-card[data-state="open"]')
    for count in range(left.count(), 0, -1):
        expect(left).to_have_count(count)
        expect(page.locator(".wb-actions .wb-main")).to_contain_text(", next")
        page.keyboard.press("Enter")
    expect(left).to_have_count(0)


def _shown_frame(page: Page) -> int:
    page.wait_for_function("document.querySelector('.wb-review')?.review.player.frame >= 0")
    return int(page.evaluate("document.querySelector('.wb-review').review.player.frame"))


def _await_picture(page: Page) -> None:
    page.wait_for_function("document.querySelector('.wb-review')?.review.player.places?.length > 0")


def _draw(page: Page, box: tuple[float, ...]) -> None:
    """Press N, and draw a box of frame pixels with the mouse, once a frame is shown."""
    _await_picture(page)
    page.keyboard.press("n")
    script = """(box) => {
      const { player } = document.querySelector('.wb-review').review;
      const { left, top } = player.canvas.getBoundingClientRect();
      const [x0, y0, x1, y1] = player.places[0].viewport.toScreen(box);
      return [left + x0, top + y0, left + x1, top + y1];
    }"""
    x0, y0, x1, y1 = page.evaluate(script, list(box))
    page.mouse.move(x0, y0)
    page.mouse.down()
    page.mouse.move((x0 + x1) / 2, (y0 + y1) / 2)
    page.mouse.move(x1, y1)
    page.mouse.up()


def _pixels(reviewed: Reviewed, event: str, role: str, frame: int) -> np.ndarray:
    with reviewed.local("rita") as archive, archive.event(event).open_video(role) as video:
        x0, y0, x1, y1 = (round(each) for each in reviewed.face_xyxy_px)
        return video.frame(frame).to_rgb()[y0:y1, x0:x1].astype(float)


def _rows(reviewed: Reviewed, sql: str, *values: str) -> list[tuple[object, ...]]:
    uri = f"file:{reviewed.archive / 'catalog.db'}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        return connection.execute(sql, values).fetchall()


def test_a_reviewer_finds_a_face_hides_it_and_signs_off(
    visit: Callable[..., Page], reviewed: Reviewed, pictures: Path
) -> None:
    event, middle = reviewed.events[0], (SHOWN.start + SHOWN.stop) // 2
    original = _pixels(reviewed, event, "original", middle)
    assert np.abs(_pixels(reviewed, event, "deidentified", middle) - original).mean() < 12
    page = visit("rita", f"/review/{event}")
    expect(page.get_by_role("heading", name="Did any face get through?")).to_be_visible()
    cards = page.locator(".wb-card")
    expect(cards.first).to_be_visible()
    expect(page.locator(".wb-signoff")).to_be_disabled()
    first = page.evaluate("document.querySelector('.wb-review').review.chosen.moment")
    assert first["first_frame"] < SHOWN.stop
    assert SHOWN.start < first["stop_frame"]
    page.wait_for_function("document.querySelector('.wb-review').review.player.places")
    assert _shown_frame(page) >= 0
    page.screenshot(path=pictures / "review-dark.png")
    page.wait_for_function(SHOWS_FIRST_FRAME)
    page.evaluate(f"document.querySelector('.wb-review').review.player.show({middle})")
    page.locator(f'.wb-player[data-frame="{middle}"]').wait_for()
    _draw(page, reviewed.face_xyxy_px)
    expect(page.locator(".wb-line .wb-saved")).to_have_attribute("data-state", "saved")
    page.screenshot(path=pictures / "review-box.png")
    expect(page.locator(".wb-actions .wb-main")).to_contain_text("Corrected, next")
    _decide_all(page)
    page.screenshot(path=pictures / "review-decided.png")
    _main(page, "Render the copy again")
    again = page.locator(".wb-card", has_text="Corrected and rendered again")
    expect(again.first).to_be_visible()
    page.screenshot(path=pictures / "review-again.png")
    # what nothing touched keeps its decision: only what changed is looked at again
    _decide_all(page)
    covered = _pixels(reviewed, event, "deidentified", middle)
    assert np.abs(covered - original).mean() > 20
    _main(page, "Sign off")
    dialog = page.get_by_role("dialog", name="Release this copy?")
    expect(dialog).to_contain_text("of 60")
    page.screenshot(path=pictures / "review-sign-off.png")
    dialog.get_by_role("button", name="Sign off in my name").click()
    expect(page.locator(".wb-pill")).to_have_text("signed off")
    page.screenshot(path=pictures / "review-released.png")
    assert _rows(reviewed, "SELECT state FROM events WHERE event_id = ?", event) == [
        ("signed off",)
    ]
    sql = "SELECT DISTINCT author FROM moment_decisions WHERE event_id = ?"
    assert _rows(reviewed, sql, event) == [("rita",)]
    sql = "SELECT detail FROM audit WHERE action = 'sign_off' AND outcome = 'begun'"
    [(detail,)] = _rows(reviewed, sql)
    assert "left:0 flagged:0" in str(detail)
    assert "corrections:2" in str(detail)


def test_two_reviewers_a_flag_and_a_cut_connection(
    visit: Callable[..., Page], reviewed: Reviewed, pictures: Path
) -> None:
    event = reviewed.events[1]
    rita = visit("rita", "/library")
    cut: list[bool] = []

    def between(route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        route.on_message(lambda message: None if cut else server.send(message))
        server.on_message(lambda message: None if cut else route.send(message))

    rita.route_web_socket("**/channels*", between)
    rita.get_by_role("link", name="Review").nth(0).wait_for()
    rita.goto(f"/review/{event}", wait_until="commit")
    card = rita.locator(".wb-card").first
    expect(card).to_be_visible()
    rolf = visit("rolf", f"/review/{event}", width=820, height=1180)
    expect(rolf.locator(".wb-card").first).to_be_visible()
    rolf.screenshot(path=pictures / "review-tablet.png")
    view = {"x": 0, "y": 0, "w": 320, "h": 160}
    assert rolf.evaluate("document.querySelector('.wb-review').review.player.source") == view
    expect(rolf.get_by_label("View")).to_have_value("1")
    _main(rolf, "Hidden, next")
    expect(rita.locator(".wb-card", has_text="Hidden · rolf")).to_be_visible()
    rita.keyboard.press("PageUp")
    rita.keyboard.press("u")
    expect(rolf.locator('.wb-card[data-state="open"]')).to_have_count(
        rolf.locator(".wb-card").count()
    )
    rita.keyboard.press("F8")
    rita.get_by_label("What should a colleague look at?").fill("is this a poster?")
    rita.get_by_role("dialog").get_by_role("button", name="Flag").click()
    expect(rolf.locator(".wb-card", has_text="Flagged · rita")).to_be_visible()
    lacking = re.compile("[0-9]+ left, 1 flagged$")
    expect(rolf.locator(".wb-signoff")).to_have_attribute("title", lacking)
    # the connection goes in the middle of an edit: nothing is lost, and the page says so
    cut.append(True)
    rita.keyboard.press("PageUp")
    _shown_frame(rita)
    _draw(rita, (100.0, 20.0, 150.0, 70.0))
    expect(rita.locator(".wb-connection")).to_contain_text("is kept on this page")
    expect(rita.locator(".wb-line .wb-saved")).to_have_text("Not saved yet")
    assert rita.locator(".wb-line").bounding_box()["height"] < 60  # one line, at 1440 px
    rita.screenshot(path=pictures / "review-no-connection.png")
    sql = "SELECT count(*) FROM corrections WHERE event_id = ?"
    assert _rows(reviewed, sql, event) == [(1,)]
    cut.clear()
    expect(rita.locator(".wb-connection")).to_be_hidden()
    expect(rita.locator(".wb-line .wb-saved")).to_have_attribute("data-state", "saved")
    assert _rows(reviewed, sql, event) == [(2,)]
    # two people correct at once: both pages show both boxes, and so does the archive
    _shown_frame(rolf)
    _draw(rolf, (200.0, 20.0, 240.0, 60.0))
    _draw(rita, (10.0, 80.0, 50.0, 120.0))
    for page in (rita, rolf):
        page.wait_for_function(_HAS_SAVED, arg=4)
    assert _rows(reviewed, sql, event) == [(4,)]
    rita.screenshot(path=pictures / "review-two-people.png")
    # the page goes before it could save: the next one has what was done, and saves it
    cut.append(True)
    _draw(rita, (260.0, 80.0, 300.0, 120.0))
    rita.wait_for_function("Object.keys(localStorage).some((each) => each.includes('draft'))")
    cut.clear()
    rita.reload(wait_until="commit")
    rita.wait_for_function(_HAS_SAVED, arg=5)
    assert _rows(reviewed, sql, event) == [(5,)]
    assert rita.evaluate("Object.keys(localStorage).filter((each) => each.includes('draft'))") == []


_DRAFTS = "Object.entries(localStorage).filter(([name]) => name.startsWith('workbench-draft '))"


def test_who_comes_after_an_ended_session_reads_nothing_and_nothing_is_lost(
    visit: Callable[..., Page], reviewed: Reviewed, pictures: Path
) -> None:
    event = reviewed.events[1]
    sql = "SELECT count(*) FROM corrections WHERE event_id = ?"
    [(before,)] = _rows(reviewed, sql, event)
    page = visit("rita", "/library", session_ends=True)
    cut: list[bool] = []

    def between(route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        route.on_message(lambda message: None if cut else server.send(message))
        server.on_message(lambda message: None if cut else route.send(message))

    page.route_web_socket("**/channels*", between)
    page.get_by_role("link", name="Review").nth(0).wait_for()
    page.goto(f"/review/{event}", wait_until="commit")
    expect(page.locator(".wb-card").first).to_be_visible()
    _shown_frame(page)
    cut.append(True)
    page.keyboard.press("n")
    page.keyboard.press("Enter")
    page.wait_for_function(f"{_DRAFTS}.length === 1")
    page.context.clear_cookies()
    # nobody's picture stays on the screen
    expect(page.get_by_text("What you did and could not save is kept")).to_be_visible()
    page.screenshot(path=pictures / "review-session-ended.png")
    [(name, draft)] = page.evaluate(_DRAFTS)
    for told in ("rita", event, event[:8], "keyframes", "box_xyxy_px"):
        assert told not in name + draft
    cut.clear()
    _sign_in(page, "rolf")
    expect(page.locator(".wb-card").first).to_be_visible()
    page.wait_for_function(_HAS_SAVED, arg=before)
    assert page.evaluate(_DRAFTS) == [[name, draft]]
    page.goto("/library")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Login").wait_for()
    assert _rows(reviewed, sql, event) == [(before,)]
    page.goto(f"/review/{event}", wait_until="commit")
    _sign_in(page, "rita")
    page.wait_for_function(_HAS_SAVED, arg=before + 1)
    assert _rows(reviewed, sql, event) == [(before + 1,)]
    assert page.evaluate(_DRAFTS) == []


def _sign_in(page: Page, login: str) -> None:
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click(no_wait_after=True)


_HAS_SAVED = """(count) => {
  const { editor } = document.querySelector(".wb-review")?.review ?? {};
  return editor && !editor.saving.pending && editor.corrections.length === count;
}"""


def test_the_page_is_accessible_speaks_three_languages_and_says_what_lacks(
    visit: Callable[..., Page], reviewed: Reviewed, pictures: Path
) -> None:
    page = visit("rolf", f"/review/{reviewed.events[1]}")
    expect(page.locator(".wb-card").first).to_be_visible()
    lanes = set()
    for theme in ("dark", "light"):
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        lanes.add(page.evaluate("document.querySelector('.wb-track-lanes canvas').toDataURL()"))
    assert len(lanes) == 2  # painted again in the colours of the theme
    check_accessible(page, pictures / "review-theme")
    page.get_by_label("Language").select_option("pt")
    expect(page.get_by_role("heading", name="Algum rosto passou?")).to_be_visible()
    frame = _shown_frame(page)
    # a page that is being left closes its kernel's connection first, and may still be played
    page.evaluate("dispatchEvent(new Event('beforeunload'))")
    page.keyboard.press("f")
    # the next one, or that of the first moment, to which the page goes by itself
    page.locator(f'.wb-player:not([data-frame="{frame}"])').wait_for()
    page.goto(f"/review/{reviewed.events[3]}", wait_until="commit")
    expect(page.get_by_role("alert")).to_contain_text("ainda não tem cópia desidentificada")
    page.screenshot(path=pictures / "review-nothing.png")


def test_a_second_reviewer_is_asked_for_and_releases(
    visit: Callable[..., Page], reviewed: Reviewed, finished: Path, pictures: Path
) -> None:
    event = reviewed.events[2]
    with reviewed.local("adam") as archive:
        set_reviewers_needed(archive, 2)
    with reviewed.local("rita") as archive:
        add_copy(archive, event, finished)
    rita = visit("rita", f"/review/{event}")
    expect(rita.locator(".wb-card").first).to_be_visible()
    _decide_all(rita)
    _main(rita, "Sign off")
    dialog = rita.get_by_role("dialog", name="Release this copy?")
    expect(dialog).to_contain_text("Two reviewers sign a copy off here")
    check_accessible(rita, pictures / "review-two")
    dialog.get_by_role("button", name="Sign off in my name").click()
    expect(rita.locator(".wb-pill")).to_have_text("second review asked for")
    expect(rita.locator(".wb-actions .wb-main")).to_have_text("Waits for a second reviewer")
    expect(rita.locator(".wb-actions .wb-main")).to_be_disabled()
    check_accessible(rita, pictures / "review-half-signed")
    library = visit("rita", "/library")
    expect(library.locator("tbody tr", has_text=event)).to_contain_text("second review asked for")
    assert library.locator(f'a.main[href="/review/{event}"]').count() == 0
    check_accessible(library, pictures / "library-half-signed")
    # the colleague finds everything decided, and signs what is to be released
    rolf = visit("rolf", f"/review/{event}")
    expect(rolf.locator(".wb-second")).to_contain_text("rita has signed this copy off")
    _main(rolf, "Sign off")
    dialog = rolf.get_by_role("dialog", name="Release this copy?")
    expect(dialog).to_contain_text("Signed off before by")
    dialog.get_by_role("button", name="Sign off in my name").click()
    expect(rolf.locator(".wb-pill")).to_have_text("signed off")
    sql = "SELECT reviewer FROM sign_offs WHERE event_id = ? ORDER BY signed_utc"
    assert _rows(reviewed, sql, event) == [("rita",), ("rolf",)]
    with reviewed.local("adam") as archive:
        set_reviewers_needed(archive, 1)


DESKTOP = ViewportSize(width=1440, height=900)
_NO_ROOM = re.compile("[Tt]he archive's disk is full, so this was not stored")
#: who closes a catalog before its server may take its log away
_HELD: list[sqlite3.Connection] = []


@contextmanager
def _small_disk(browser: Browser, archive: Path) -> Iterator[tuple[Page, Path]]:
    """Serve an archive from a small disk that only the server has; lend a page, and the disk."""
    script = 'cp -a "$1" "$1.1" && mount -t tmpfs -o size=48m tmpfs "$1" && cp -a "$1.1/." "$1"'
    mounted = ["unshare", "--mount", *(["--map-root-user"] if os.geteuid() else [])]
    inside = [*mounted, "sh", "-c", f'{script} || exit 99; shift; exec "$@"', "sh", str(archive)]
    with serving(archive, kernels=False, inside=inside) as served:
        context = browser.new_context(base_url=served.address, viewport=DESKTOP)
        page = context.new_page()
        page.add_init_script(IMPATIENT)
        page.set_default_timeout(PATIENCE_MS)
        yield page, Path(f"/proc/{served.process.pid}/root{archive}")
        context.close()
    while _HELD:
        _HELD.pop().close()


@contextmanager
def _full(disk: Path) -> Iterator[None]:
    """Leave no byte on a disk: neither free, nor in what is kept or was used for small writes."""
    for reserve in disk.glob("reserve*"):
        reserve.unlink()
    _use_up(disk)
    catalog = sqlite3.connect(disk / "catalog.db", timeout=60)
    _HELD.append(catalog)
    while catalog.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        continue
    # as long as somebody reads, the log of the catalog is not begun anew
    catalog.execute("BEGIN")
    catalog.execute("SELECT count(*) FROM events").fetchone()
    _use_up(disk)
    yield
    catalog.rollback()
    (disk / "filler").unlink()


def _use_up(disk: Path) -> None:
    with suppress(OSError), (disk / "filler").open("ab", 0) as file:
        while True:
            file.write(bytes(4096))


def test_a_full_disk_is_said_in_a_sentence_and_loses_nothing(
    browser: Browser, reviewed: Reviewed, tmp_path: Path, pictures: Path
) -> None:
    event = reviewed.events[0]
    path = copied(reviewed.archive, tmp_path)
    with open_archive(path, Credentials("rita", Password(PASSWORD))) as archive:
        if archive.event(event).is_released:
            reopen_review(archive, event)
    with _small_disk(browser, path) as (page, disk):

        def asked(what: str) -> Any:
            return page.request.get(f"/workbench/api/v1/events/{event}/{what}").json()

        page.goto(f"/login?next=/review/{event}")
        _sign_in(page, "rita")
        expect(page.locator(".wb-card").first).to_be_visible()
        _decide_all(page)
        # no frame is sent of which no row of the log tells
        _await_picture(page)
        with _full(disk):
            _draw(page, reviewed.face_xyxy_px)
            banner = page.locator(".wb-connection")
            expect(banner).to_contain_text("Not saved: ")
            expect(banner).to_contain_text(_NO_ROOM)
            check_accessible(page, pictures / "review-full-disk")
        # it is saved by itself, once there is space
        expect(page.locator(".wb-line .wb-saved")).to_have_attribute("data-state", "saved")
        assert asked("corrections")["corrections"][-1]["state"] == "not rendered"
        page.keyboard.press("Control+z")
        expect(page.locator(".wb-actions .wb-main")).to_contain_text("Sign off")
        expect(page.locator(".wb-line .wb-saved")).to_have_attribute("data-state", "saved")
        with _full(disk):
            # not even what a sign-off states can be read without a row of the log
            page.locator(".wb-signoff").click()
            dialog = page.get_by_role("dialog", name="Release this copy?")
            expect(dialog.get_by_role("alert")).to_contain_text(_NO_ROOM)
            expect(dialog.get_by_role("button", name="Sign off in my name")).to_be_disabled()
            refused = page.request.get(f"/workbench/api/v1/events/{event}/review/statement")
            assert (refused.status, str(path) in refused.text()) == (507, False), refused.text()
            assert str(path) not in page.content()
            check_accessible(page, pictures / "review-full-disk-statement")
            dialog.get_by_role("button", name="Cancel").click()
        page.locator(".wb-signoff").click()
        expect(dialog.get_by_role("button", name="Sign off in my name")).to_be_enabled()
        with _full(disk):
            dialog.get_by_role("button", name="Sign off in my name").click()
            expect(page.locator(".wb-stage .wb-problem")).to_contain_text(_NO_ROOM)
            check_accessible(page, pictures / "review-full-disk-sign-off")
        assert asked("review")["state"] == "in review"
        page.locator(".wb-signoff").click()
        page.get_by_role("button", name="Sign off in my name").click()
        expect(page.locator(".wb-pill")).to_have_text("signed off")
        assert asked("review")["signed_off_by"] == ["rita"]
