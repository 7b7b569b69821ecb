"""The pages in a real Chromium; its pictures are kept where WORKBENCH_PICTURES says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.workbench.browsing import watched_page
from tests.workbench.server.conftest import PASSWORD, Served


@pytest.fixture
def page(browser: Browser, server: Served) -> Iterator[Page]:
    with watched_page(browser, address=server.address) as page:
        yield page


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = Path(os.environ.get("WORKBENCH_PICTURES", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _sign_in(page: Page, login: str, password: str) -> None:
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_a_reviewer_signs_in_sees_the_list_and_signs_out(page: Page, pictures: Path) -> None:
    page.goto("/library")
    page.screenshot(path=pictures / "login.png")
    _sign_in(page, "rita", "wrong")
    expect(page.get_by_role("alert")).to_contain_text("The login or the password is wrong")
    assert page.get_by_label("Login").input_value() == "rita"
    page.screenshot(path=pictures / "login-wrong.png")
    _sign_in(page, "rita", PASSWORD)
    expect(page).to_have_url("/library")
    expect(page.get_by_role("row")).to_have_count(3)
    page.screenshot(path=pictures / "library.png")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto("/library")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_what_a_session_showed_is_not_kept_once_it_has_ended(
    browser: Browser, server: Served
) -> None:
    page = browser.new_page(base_url=server.address)
    kept = """path => fetch(path, {cache: "only-if-cached", mode: "same-origin"})
        .then((answer) => answer.ok, () => false)"""
    page.goto("/login")
    _sign_in(page, "rita", PASSWORD)
    page.wait_for_url("/library")
    # in the place of a frame of a copy: a file that the browser keeps as well
    page.evaluate("fetch('/workbench/static/keys.js').then((answer) => answer.text())")
    assert page.evaluate(kept, "/workbench/static/keys.js")
    page.context.clear_cookies()
    page.goto("/library")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert not page.evaluate(kept, "/workbench/static/keys.js")
    page.close()


def test_the_list_is_searched_and_the_light_theme_stays(page: Page, pictures: Path) -> None:
    page.goto("/")
    page.get_by_role("button", name="Dark").or_(page.get_by_role("button", name="Light")).click()
    theme = page.evaluate("document.documentElement.dataset.theme")
    _sign_in(page, "rosa", PASSWORD)
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    page.get_by_label("Search events").fill("hernia")
    page.keyboard.press("Enter")
    expect(page.get_by_role("row")).to_have_count(2)
    page.screenshot(path=pictures / f"library-{theme}.png")
    page.get_by_label("Search events").fill("nothing of this kind")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="No event fits")).to_be_visible()
    page.screenshot(path=pictures / f"empty-{theme}.png")


@pytest.mark.parametrize(
    ("path", "title", "sentence"),
    [
        ("/nothing/here", "There is nothing here", "There is nothing at this address"),
        ("/administration", "This is not open to you", "The profile reviewer may not open"),
        # Jupyter's and Voila's own addresses, whose own pages ask other servers for scripts
        ("/voila/render/none.ipynb", "There is nothing here", "none.ipynb"),
        ("/voila/static/none.js", "This is not open to you", "is not in root static directory"),
        ("/workbench/api/v1/events/none", "There is nothing here", "no event none in the catalog"),
    ],
)
def test_an_error_is_a_page_of_ours_and_json_for_programs(
    path: str, title: str, sentence: str, page: Page, server: Served, pictures: Path
) -> None:
    page.goto("/")
    _sign_in(page, "rita", PASSWORD)
    expect(page).to_have_url("/library")
    answer = page.goto(path)
    assert answer is not None
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text(sentence)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    page.screenshot(path=pictures / f"error-{path.strip('/').replace('/', '-')}.png")
    told = page.request.get(path, headers={"Accept": "application/json"})
    assert told.status == answer.status
    assert sentence in told.json()["error"]
    page.get_by_role("link", name="Back to the start").click()
    expect(page).to_have_url("/library")
    page.goto(path)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


_OWN = """import os
from workbench.client import open_served_archive
with open_served_archive() as archive:
    print(archive.person()["login"], "sees", len(archive.events()), "events")"""
_ATTACK = "<b>a stored output</b><script>window.attacked = true</script>"


def test_a_researcher_runs_a_notebook_of_their_own(page: Page, pictures: Path) -> None:
    page.goto("/notebooks")
    _sign_in(page, "rosa", PASSWORD)
    expect(page.get_by_role("heading", name="Notebooks", exact=True)).to_be_visible()
    page.screenshot(path=pictures / "notebooks.png")
    token = {each["name"]: each["value"] for each in page.context.cookies()}["_xsrf"]
    output = {"output_type": "display_data", "metadata": {}, "data": {"text/html": _ATTACK}}
    stored = {
        "cell_type": "code", "source": "", "metadata": {"trusted": True}, "execution_count": 1,
        "id": "b", "outputs": [output],
    }  # fmt: skip
    cell = {
        "cell_type": "code", "source": _OWN, "metadata": {}, "execution_count": None,
        "outputs": [], "id": "a",
    }  # fmt: skip
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python"}}
    content = {"cells": [cell, stored], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    body = {"type": "notebook", "format": "json", "content": content}
    saved = page.request.put("/api/contents/own.ipynb", data=body, headers={"X-XSRFToken": token})
    assert saved.status == 201
    warnings: list[str] = []
    page.on("console", lambda line: warnings.append(line.text))
    # megabytes of scripts, which a machine at work takes its time for
    page.goto("/lab/tree/own.ipynb", wait_until="commit")
    expect(page.get_by_role("button", name="Python | Idle")).to_be_visible(timeout=300_000)
    page.get_by_text("open_served_archive()").first.click()
    page.keyboard.press("Shift+Enter")
    expect(page.get_by_text("rosa sees 2 events")).to_be_visible(timeout=300_000)
    expect(page.get_by_text("a stored output")).to_be_visible()
    assert page.evaluate("window.attacked") is None
    page.get_by_role("menuitem", name="Workbench").click()
    ways_back = page.get_by_role("menu").get_by_role("menuitem")
    expect(ways_back).to_have_text(["Library", "Worked notebooks", "Jobs"])
    assert [each for each in warnings if "duplicated" in each] == []
    page.screenshot(path=pictures / "lab.png")
