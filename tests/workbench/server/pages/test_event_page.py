"""The page of an event, and the library of an archive with very many."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import av
import pytest
from playwright.sync_api import Browser, Page, expect

from recorder_core.archive import Password
from recorder_core.catalog import Action, Profile
from recorder_core.catalog.model.codes import new_id
from recorder_core.jobs.archive import (
    Credentials,
    ScreenshotRequest,
    add_user,
    mark_event,
    open_archive,
    read_screenshot,
    take_screenshots,
)
from tests.workbench.browsing import choose_language, watched_page
from tests.workbench.dashboards.visiting import check_accessible
from tests.workbench.server.conftest import PASSWORD, Served, serving
from tests.workbench.server.pages.test_jobs import blocked

expect.set_options(timeout=60_000)
#: beside the two events of the archive
MANY = 2000


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with watched_page(browser, height=1000) as page:
        page.set_default_timeout(60_000)
        yield page


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return Path(os.environ.get("WORKBENCH_PICTURES", tmp_path))


def _stored(archive: Path, sql: str, *values: str) -> list[tuple[object, ...]]:
    """Return what the catalog holds, read without this program."""
    with closing(sqlite3.connect(archive / "catalog.db")) as catalog:
        return catalog.execute(sql, values).fetchall()


def _open(page: Page, server: Served, login: str, path: str) -> None:
    page.goto(f"{server.address}/login?next={quote(path)}")
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def _draw(page: Page, begin: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw a box on the frame, from one place to another, in parts of it."""
    page.get_by_role("button", name="Draw it on a frame").click()
    still = page.locator("#still")
    expect(still).to_have_js_property("naturalWidth", 384)
    still.scroll_into_view_if_needed()
    place = still.bounding_box()
    assert place is not None
    ends = [
        (place["x"] + x * place["width"], place["y"] + y * place["height"]) for x, y in (begin, end)
    ]
    page.mouse.move(*ends[0])
    page.mouse.down()
    page.mouse.move(*ends[1], steps=3)
    page.mouse.up()


def _both_sizes(page: Page, picture: Path) -> None:
    """Check the page for a desktop and a phone, in both themes."""
    check_accessible(page, picture)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    check_accessible(page, picture.with_name(f"{picture.name}-phone"))
    page.set_viewport_size({"width": 1280, "height": 1000})


def test_a_reviewer_sets_the_view_starts_jobs_takes_out_and_grants(
    archive: Path, page: Page, pictures: Path, tmp_path: Path
) -> None:
    with open_archive(archive, Credentials("adam", Password(PASSWORD))) as opened:
        add_user(opened, "ruth", Profile.REVIEWER, Password(PASSWORD))
    (event,) = _stored(archive, "SELECT event_id FROM events WHERE procedure_code = 'hernia'")[0]
    work = tmp_path / "work"
    work.mkdir()
    with serving(archive, "--work", str(work), kernels=False) as server:
        _open(page, server, "rita", "/library")
        page.get_by_role("link", name="Details of hernia").click()
        expect(page.locator("#no-view")).to_contain_text("has no room view")
        with blocked(archive):
            # what it lacks is said where it waits, and on the page of all jobs
            page.get_by_role("button", name="De-identify").click()
            row = page.locator("#jobs tbody tr")
            expect(row).to_contain_text("has no room view")
            page.goto(f"{server.address}/jobs")
            expect(page.get_by_role("link", name="Set it on the event's page.")).to_be_visible()
            check_accessible(page, pictures / "jobs-no-view")
            page.get_by_role("link", name="Set it on the event's page.").click()
            row.get_by_role("button", name="Cancel").click()
            expect(row).to_contain_text("was cancelled by rita")
            form = page.locator("#view")
            form.get_by_label("Where the room lies").fill("0,0,999,9")
            form.get_by_role("button", name="Set room view").click()
            expect(page.get_by_role("alert")).to_contain_text("does not lie inside the frame")
            _draw(page, (0.25, 0.5), (0.75, 0.9))
            typed = form.get_by_label("Where the room lies").input_value()
            parts = zip(map(int, typed.split(",")), (96, 96, 192, 76), strict=True)
            assert all(abs(one - other) <= 2 for one, other in parts), typed
            check_accessible(page, pictures / "event-drawing")
            form.get_by_label("Where the room lies").fill("0,0,320,160")
            drawn = page.locator("#drawn").bounding_box()
            still = page.locator("#still").bounding_box()
            assert drawn is not None
            assert still is not None
            assert abs(drawn["width"] / still["width"] - 320 / 384) < 0.02
            form.get_by_role("button", name="Set room view").click()
            expect(page.get_by_role("status")).to_contain_text("The room view is 0,0,320,160.")
            expect(page.locator("#no-view")).to_have_count(0)
            _both_sizes(page, pictures / "event")
        page.get_by_role("button", name="Make the report").click()
        report = page.locator("#jobs tbody tr", has_text="report")
        expect(report).to_contain_text("is done")
        page.reload()
        with page.expect_download() as begun:
            page.get_by_role("link", name="Newest report").click()
        choose_language(page, "pt")
        expect(page.get_by_role("link", name="Relatório mais recente")).to_be_visible()
        expect(page.locator("form.work").nth(1)).to_contain_text("Precisa de um evento no estado:")
        page.screenshot(path=pictures / "event-pt.png", full_page=True)
        choose_language(page, "en")
        assert begun.value.suggested_filename == f"{event}.report.1.pdf"
        assert begun.value.path().read_bytes().startswith(b"%PDF-")
        person = page.locator("#keys tr", has_text="ruth")
        person.get_by_role("button", name="Grant").click()
        expect(page.get_by_role("status")).to_contain_text(
            "ruth can open now: original, report, na"
        )
        _both_sizes(page, pictures / "event-keys")
        ruth = server.sign_in("ruth")
        interface = f"{server.address}/workbench/api/v1/events/{event}"
        assert ruth.get(f"{interface}/files/original", headers={"Range": "bytes=4-7"}).ok
        person.get_by_role("button", name="Revoke").click()
        expect(page.get_by_role("status")).to_contain_text("ruth cannot open this event any more")
        ruth = server.sign_in("ruth")
        assert ruth.get(f"{interface}/files/original").status_code == 403
        page.goto("about:blank")
        # nobody else has these ways, and the original leaves with a reviewer alone
        rosa = server.sign_in("rosa")
        shown = rosa.get(f"{server.address}/event/{event}").text
        assert not [each for each in ('id="view"', 'data-start="', 'id="keys"') if each in shown]
        assert rosa.get(f"{interface}/export/original").status_code == 403
        assert rosa.get(f"{server.address}/event/no-such").status_code == 404
    assert _stored(archive, "SELECT x, y, width, height, author FROM event_views") == [
        (0, 0, 320, 160, "rita")
    ]
    sql = "SELECT DISTINCT who FROM audit WHERE action = 'report_full' AND detail = 'role:report'"
    assert _stored(archive, sql) == [("rita",)]
    sql = "SELECT who, detail FROM audit WHERE action = 'grant' AND outcome = 'begun'"
    done = [row for row in _stored(archive, sql) if row[1] != "list"]
    assert done == [("rita", "to:ruth"), ("rita", "revoke:ruth")]


def _furnished(archive: Path) -> tuple[str, str, bytes]:
    """Give an event a marker, a screenshot and a reviewer whom it is not sealed to."""
    with open_archive(archive, Credentials("rita", Password(PASSWORD))) as opened:
        event = opened.events(procedure_code="lap-chole")[0].event_id
        mark_event(opened, event, "incision", start_seconds=1.0, stop_seconds=2.0)
        (shot,) = take_screenshots(opened, event, ScreenshotRequest(frame_indexes=(3,)))
        picture = read_screenshot(opened, event, shot.screenshot_id)
    with open_archive(archive, Credentials("adam", Password(PASSWORD))) as opened:
        add_user(opened, "ruth", Profile.REVIEWER, Password(PASSWORD))
    return event, shot.screenshot_id, picture


def test_who_may_see_an_original_plays_it_and_others_read_why_not(
    archive: Path, page: Page, pictures: Path, drawn_source: Path
) -> None:
    event, shot, picture = _furnished(archive)
    with av.open(str(drawn_source)) as container:
        stream = container.streams.video[0]
        times = [float(each.pts * stream.time_base) for each in container.decode(stream)]
    seen = "SELECT detail FROM audit WHERE who = 'rita' AND outcome = 'begun' AND action IN"
    seen += " ('view_original', 'read_identity')"
    before = len(_stored(archive, seen))
    with serving(archive, kernels=False) as server:
        _open(page, server, "rita", f"/event/{event}")
        expect(page.get_by_role("button", name="Play the original")).to_be_visible()
        assert len(_stored(archive, seen)) == before
        _both_sizes(page, pictures / "event-recorded")
        page.get_by_role("button", name="Play incision from 00:00:01").click()
        frame = max(at for at, each in enumerate(times) if each - times[0] <= 1.0)
        player = page.locator("#player")
        expect(player).to_have_attribute("data-frame", str(frame))
        player.press("f")
        expect(player).to_have_attribute("data-frame", str(frame + 1))
        expect(page.get_by_role("button", name="Screenshot")).to_have_count(0)
        page.get_by_text("Show screenshots: 1").click()
        shown = page.get_by_role("img", name="Screenshot at 00:00:00")
        expect(shown).to_have_js_property("naturalWidth", 384)
        page.get_by_role("button", name="Show the names").click()
        expect(page.locator("#names")).to_contain_text("Zephyrina Qux")
        _both_sizes(page, pictures / "event-played")
        asked = [str(row[0]) for row in _stored(archive, seen)[before:]]
        assert asked[0].startswith("role:original file:")
        assert asked[1:] == [f"screenshot:{shot}", ""]
        page.goto("about:blank")
        address = f"{server.address}/workbench/api/v1/events/{event}/screenshots/{shot}"
        assert server.sign_in("rita").get(address).content == picture
        reasons = {"rosa": "Only reviewers", "olga": "no video", "egon": "no video"}
        for login, why in (reasons | {"adam": "no video", "ruth": "Your key"}).items():
            person = server.sign_in(login)
            text = person.get(f"{server.address}/event/{event}").text
            assert why in text
            assert "<b>incision</b>" in text
            assert 'id="play"' not in text
            assert "/screenshots/" not in text
            assert ("show-names" in text) is (login == "ruth")
            assert person.get(address).status_code == 403


def _fill(archive: Path) -> None:
    """Enter very many events as an import does, without their files."""
    with open_archive(archive, Credentials("rita", Password(PASSWORD))) as opened:
        session = opened._session
        with session.audited(Action.IMPORT_EVENT), session.catalog.transaction():
            for number in range(MANY):
                session.catalog.events.add_recorded(
                    new_id(),
                    site_code="site1",
                    procedure_code=f"case-{number:04d}",
                    started_utc=datetime(2016, 1, 1, tzinfo=UTC) + timedelta(hours=number),
                    duration_seconds=60.0,
                    by="rita",
                )


def test_two_thousand_events_are_shown_by_pages(archive: Path, page: Page, pictures: Path) -> None:
    _fill(archive)
    with serving(archive, kernels=False) as server:
        _open(page, server, "rita", "/library?search=case-&page=2")
        rows = page.locator("tbody tr")
        expect(rows).to_have_count(50)
        expect(rows.first).to_contain_text("case-1949")
        expect(page.locator(".pages")).to_contain_text("51 to 100 of 2000")
        _both_sizes(page, pictures / "library-pages")
        page.get_by_role("link", name="Older").click()
        expect(page.locator(".pages")).to_contain_text("101 to 150 of 2000")
        assert "search=case-" in page.url
        page.get_by_role("link", name="All 2000").click()
        expect(rows.first).to_contain_text("case-1999")
        page.goto(f"{server.address}/library?page=99999")
        expect(page.locator(".pages")).to_contain_text("2001 to 2002 of 2002")
        expect(rows).to_have_count(2)
        page.goto("about:blank")
