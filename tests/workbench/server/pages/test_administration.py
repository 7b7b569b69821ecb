"""The page of an administrator: every action goes through the interface, and asks the profile."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from recorder_core.archive import Argon2Settings, Password
from recorder_core.catalog import Profile
from recorder_core.jobs.archive import (
    Credentials,
    ImportRequest,
    add_user,
    create_archive,
    import_video,
    open_archive,
)
from tests.workbench.browsing import choose_language, watched_page
from tests.workbench.dashboards.visiting import check_accessible
from tests.workbench.server.conftest import PASSWORD, serving


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with watched_page(browser, height=1400) as page:
        yield page


def _stored(archive: Path, sql: str) -> list[tuple[object, ...]]:
    """Return what the catalog holds, read without this program."""
    with closing(sqlite3.connect(archive / "catalog.db")) as catalog:
        return catalog.execute(sql).fetchall()


def test_an_administrator_keeps_users_rules_and_reads_the_log(
    archive: Path, page: Page, tmp_path: Path
) -> None:
    pictures = Path(os.environ.get("WORKBENCH_PICTURES", tmp_path))
    page.set_default_timeout(30_000)
    expect.set_options(timeout=30_000)
    with serving(archive, kernels=False) as server:
        page.goto(f"{server.address}/administration")
        page.get_by_label("Login").fill("adam")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Administration")).to_be_visible()
        expect(page.get_by_label("Profile of rita")).to_have_value("reviewer")
        page.get_by_role("button", name="Disable rosa").click()
        expect(page.get_by_role("status")).to_contain_text("rosa is disabled")
        expect(page.get_by_role("button", name="Enable rosa")).to_be_visible()
        page.get_by_label("Profile of egon").select_option("operator")
        expect(page.get_by_role("status")).to_contain_text("egon is operator now")
        # a site without a rule leads to the form
        unruled = page.locator("#attention li", has_text="has no retention rule")
        expect(unruled).not_to_contain_text("workbench retention")
        unruled.get_by_role("link").click()
        expect(page.locator("#retain").get_by_label("Site")).to_have_value("site1")
        expect(page.locator("#retain").get_by_label("Keep days")).to_be_focused()
        alone = page.locator("#attention li", has_text="There is no mirror")
        expect(alone).not_to_contain_text("workbench mirror")
        alone.get_by_role("link", name="Set mirror").click()
        expect(page.locator("#set-mirror").get_by_label("An empty folder")).to_be_focused()
        form = page.locator("#add")
        form.get_by_label("Login").fill("nina")
        form.get_by_label("Profile").select_option("researcher")
        typed = form.get_by_label("First password")
        typed.fill("horse battery")
        form.get_by_role("button", name="Show password").click()
        expect(typed).to_have_attribute("type", "text")
        form.get_by_role("button", name="Add user").click()
        expect(page.get_by_role("status")).to_contain_text("nina may sign in as researcher")
        expect(typed).to_have_attribute("type", "password")
        rule = page.locator("#retain")
        rule.get_by_label("Site").fill("site1")
        rule.get_by_label("Keep days").fill("30")
        rule.get_by_label("Due after days").fill("365")
        rule.get_by_role("button", name="Set rule").click()
        expect(page.locator("#rules")).to_contain_text("365 days")
        # the last administrator stays one
        page.get_by_label("Profile of adam").select_option("engineer")
        expect(page.get_by_role("alert")).to_contain_text("administrator")
        page.get_by_label("Search the log").fill("manage retention")
        expect(page.locator("#audit tr:visible").first).to_contain_text("manage retention")
        page.get_by_label("Search the log").fill("")
        # ten rows, and the rest where somebody wants it
        expect(page.locator("#audit tr:visible")).to_have_count(10)
        page.get_by_role("button", name=re.compile("Show [0-9]+ more")).click()
        assert page.locator("#audit tr:visible").count() > 10
        for theme in ("dark", "light"):
            page.evaluate("(name) => { document.documentElement.dataset.theme = name; }", theme)
            page.screenshot(path=pictures / f"administration-{theme}.png")
        page.goto("about:blank")
        assert server.sign_in("nina", "horse battery").get(f"{server.address}/library").ok
        refused = server.sign_in("rita").get(f"{server.address}/administration")
        assert refused.status_code == 403
    users = (
        "SELECT user_id, profile, is_disabled FROM users WHERE user_id IN ('egon', 'rosa', 'nina')"
    )
    assert sorted(_stored(archive, users)) == [
        ("egon", "operator", 0),
        ("nina", "researcher", 0),
        ("rosa", "researcher", 1),
    ]
    assert _stored(archive, "SELECT minimum_days, warn_after_days FROM retention_rules") == [
        (30, 365)
    ]
    done = _stored(archive, "SELECT who, action FROM audit WHERE outcome = 'done'")
    assert ("adam", "manage_users") in done
    assert ("adam", "manage_retention") in done


def test_keys_and_passwords_are_not_in_what_is_sent(archive: Path) -> None:
    with serving(archive, kernels=False) as server:
        adam = server.sign_in("adam")
        api = f"{server.address}/workbench/api/v1"
        users = adam.get(f"{api}/users").json()["users"]
        assert {tuple(sorted(each)) for each in users} == {
            ("created_utc", "is_disabled", "login", "profile")
        }
        rows = adam.get(f"{api}/audit?newest=5").json()["rows"]
        assert [row["seq"] for row in rows] == sorted(row["seq"] for row in rows)
        assert len(rows) == 5
        assert "facts" not in rows[0]
        weak = {"login": "weak", "profile": "reviewer", "password": "short"}
        answer = adam.post(
            f"{api}/users", json=weak, headers={"X-XSRFToken": adam.cookies["_xsrf"]}
        )
        assert answer.status_code == 400
        assert "short" not in answer.text.replace("shorter", "").replace("too short", "")


@pytest.fixture
def keyed(tmp_path: Path, drawn_source: Path) -> tuple[Path, str, str]:
    """An archive with an event, its recovery words, and a reviewer who came too late for keys."""
    path = tmp_path / "keyed"
    quick = Argon2Settings(memory_kib=64, iterations=1, lanes=1)
    words = create_archive(
        path,
        site_code="site1",
        administrator="adam",
        password=Password(PASSWORD),
        password_cost=quick,
    )
    with open_archive(path, Credentials("adam", Password(PASSWORD))) as archive:
        add_user(archive, "rita", Profile.REVIEWER, Password(PASSWORD))
    with open_archive(path, Credentials("rita", Password(PASSWORD))) as archive:
        asked = ImportRequest(source=drawn_source, procedure_code="hernia")
        event = import_video(archive, asked).event.event_id
    with open_archive(path, Credentials("adam", Password(PASSWORD))) as archive:
        add_user(archive, "ruth", Profile.REVIEWER, Password(PASSWORD))
    return path, words, event


def test_an_administrator_gives_keys_passwords_a_mirror_and_a_second_reviewer(
    keyed: tuple[Path, str, str], page: Page, tmp_path: Path
) -> None:
    path, words, event = keyed
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    pictures = Path(os.environ.get("WORKBENCH_PICTURES", tmp_path))
    page.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    said, fault = page.get_by_role("status"), page.get_by_role("alert")

    def original(login: str, password: str = PASSWORD) -> requests.Response:
        file = f"{server.address}/workbench/api/v1/events/{event}/files/original"
        return server.sign_in(login, password).get(file, headers={"Range": "bytes=4-7"})

    with serving(path, kernels=False) as server:
        page.goto(f"{server.address}/login?next=/administration")
        page.get_by_label("Login").fill("adam")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        # keys: not without the words, not with wrong ones
        choose = page.locator("#choose")
        choose.get_by_label("Event").fill(event)
        choose.get_by_role("button", name="Show people").click()
        ruth = page.locator("#keys tr", has_text="ruth")
        ruth.get_by_role("button", name="Grant").click()
        expect(fault).to_contain_text("not sealed to key")
        choose.get_by_label("Recovery words").fill("zoo " * 11 + "wrong")
        ruth.get_by_role("button", name="Grant").click()
        expect(fault).not_to_contain_text("not sealed to key")
        expect(fault).to_contain_text("is not in the word list")
        assert original("ruth").status_code == 403
        choose.get_by_label("Recovery words").fill(words)
        ruth.get_by_role("button", name="Grant").click()
        expect(said).to_contain_text("ruth can open now: original, names")
        expect(choose.get_by_label("Recovery words")).to_have_value("")
        assert original("ruth").content == b"ftyp"
        # who forgot the password
        page.get_by_role("button", name="New password for ruth").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("New password").fill("another horse")
        dialog.get_by_role("button", name="Give the new password").click()
        expect(dialog.get_by_role("alert")).to_contain_text("recovery words")
        check_accessible(page, pictures / "administration-password")
        dialog.get_by_label("Recovery words").fill(words)
        dialog.get_by_role("button", name="Give the new password").click()
        expect(said).to_contain_text("ruth has a new password and a new key: 2 kinds")
        assert original("ruth").status_code == 401
        assert original("ruth", "another horse").content == b"ftyp"
        ruth.get_by_role("button", name="Revoke").click()
        expect(said).to_contain_text("ruth cannot open this event any more")
        assert original("ruth", "another horse").status_code == 403
        # a mirror, on a folder that is there
        expect(page.locator("#mirror")).to_contain_text("There is no mirror")
        for name in ("Verify the copies", "Repair the copies"):
            expect(page.get_by_role("button", name=name)).to_be_disabled()
        expect(page.locator("#mirror-needed")).to_contain_text("set a mirror first")
        place = page.locator("#set-mirror")
        place.get_by_label("An empty folder").fill(str(tmp_path / "not-there"))
        place.get_by_role("button", name="Set mirror").click()
        expect(fault).to_contain_text("There is no folder")
        place.get_by_label("An empty folder").fill(str(mirror))
        place.get_by_role("button", name="Set mirror").click()
        expect(said).to_contain_text("is the mirror now")
        expect(page.locator("#mirror")).to_contain_text("is the second copy of everything")
        expect(page.get_by_role("button", name="Verify the copies")).to_be_enabled()
        expect(page.locator("#mirror-needed")).to_be_hidden()
        expect(page.locator("#attention")).not_to_contain_text("no mirror")
        release = page.locator("#reviewers")
        release.get_by_role("combobox").select_option("2")
        release.get_by_role("button", name="Set").click()
        expect(said).to_contain_text("two different reviewers")
        for width, height, name in ((1280, 1400, ""), (390, 844, "-phone")):
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            check_accessible(page, pictures / f"administration-keys{name}")
        # on the phone, too, what can be done with a user is in the window
        place = page.get_by_role("button", name="Disable ruth").bounding_box()
        assert place is not None
        assert place["x"] + place["width"] <= 390
        page.goto(f"{server.address}/jobs")
        expect(page.get_by_role("row").filter(has_text="repair")).to_contain_text("is done")
        choose_language(page, "pt")
        page.goto(f"{server.address}/administration")
        release.get_by_role("combobox").select_option("1")
        release.get_by_role("button", name="Definir").click()
        expect(said).to_contain_text("A aprovação de um revisor libera uma cópia.")
        expect(page.locator("#mirror")).to_contain_text("é a segunda cópia de tudo o que há em")
        page.set_viewport_size({"width": 1280, "height": 2400})
        page.screenshot(path=pictures / "administration-pt.png")
        page.goto("about:blank")
    for folder in (path, mirror):
        assert [each.name for each in (folder / "events" / event).glob("original.1.*")]
    assert ("reviewers_needed", "1") in _stored(path, "SELECT name, value FROM settings")
    sql = (
        "SELECT who, detail FROM audit WHERE action IN ('grant', 'manage_users', 'manage_settings')"
    )
    done = _stored(path, f"{sql} AND outcome = 'begun'")
    for detail in (
        *("with:recovery-key", "to:ruth", "revoke:ruth", "mirror", "reviewers:2"),
        "new_key:ruth access:sealed_again",
    ):
        assert ("adam", detail) in done
