"""The page of an administrator: every action goes through the interface, and asks the profile."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.workbench.browsing import watched_page
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
        form = page.locator("#add")
        form.get_by_label("Login").fill("nina")
        form.get_by_label("Profile").select_option("researcher")
        form.get_by_label("First password").fill("horse battery")
        form.get_by_role("button", name="Add user").click()
        expect(page.get_by_role("status")).to_contain_text("nina may sign in as researcher")
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
