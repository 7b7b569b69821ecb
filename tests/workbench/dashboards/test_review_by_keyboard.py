"""A review from the sign-in to the sign-off in a real Chromium, without a mouse."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.workbench.dashboards.conftest import ManyMoments
from tests.workbench.dashboards.visiting import PATIENCE_MS, visiting
from tests.workbench.server.conftest import PASSWORD

expect.set_options(timeout=PATIENCE_MS)
#: where the focus is, whether it is seen, and in which part of the page
_FOCUS = """() => {
  const { activeElement: at } = document;
  const style = getComputedStyle(at);
  const area = at.closest(".wb-head, .wb-queue, .wb-stage, .wb-side, .wb-foot");
  return {
    name: at.getAttribute("aria-label") || at.textContent.trim() || at.tagName,
    area: area ? area.className.match(/wb-(head|queue|stage|side|foot)/)[1] : "",
    isSeen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1,
    isPage: at === document.body,
  };
}"""
_SHOWN = """() => {
  const { player, chosen } = document.querySelector(".wb-review").review;
  return player.root.dataset.frame === String(chosen.moment.first_frame);
}"""
_STOPS = 90


@pytest.fixture
def page(browser: Browser, many_moments: ManyMoments) -> Iterator[Page]:
    """A page on which nobody signed in yet, and that has no mouse."""
    with visiting(browser, many_moments.address) as visit:
        page = visit("", "/library", signs_in=False)
        for name in ("click", "move", "down", "wheel"):
            setattr(page.mouse, name, _no_mouse)
        yield page


def _no_mouse(*_: object, **__: object) -> None:
    raise AssertionError("this review has no mouse")


def _tab_to(page: Page, name: str) -> None:
    """Press Tab until something with this name has the focus."""
    passed = []
    for _ in range(_STOPS):
        page.keyboard.press("Tab")
        passed.append(page.evaluate(_FOCUS)["name"])
        if name in passed[-1]:
            return
    raise AssertionError(f"Tab does not get to {name}: {passed}")


def _main(page: Page, text: str) -> None:
    expect(page.locator(".wb-actions .wb-main")).to_contain_text(text)
    expect(page.locator(".wb-actions .wb-main")).to_be_enabled()
    page.keyboard.press("Enter")


def _decide_the_rest(page: Page) -> None:
    main, is_open = (
        page.locator(".wb-actions .wb-main"),
        page.locator('.wb-card[data-state="open"]'),
    )
    while left := is_open.count():
        expect(main).to_contain_text(re.compile(", next|Next to look at"))
        if "Next to look at" in main.inner_text():  # what is looked at is decided
            page.keyboard.press("Enter")
        _main(page, ", next")
        expect(is_open).to_have_count(left - 1)


def _rows(reviewed: ManyMoments, sql: str) -> list[tuple[object, ...]]:
    uri = f"file:{reviewed.archive / 'catalog.db'}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        return connection.execute(sql, (reviewed.event,)).fetchall()


def _check_the_way_by_tab(page: Page, pictures: Path) -> None:
    """Go to the end of the page, and once around: all is reached, in order, and left again."""
    _stops(page)
    page.screenshot(path=pictures / "keyboard-focus.png")
    stops = _stops(page)
    assert [each["name"] for each in stops if not each["isSeen"]] == []
    assert list(dict.fromkeys(each["area"] for each in stops)) == ["head", "queue", "stage", "side"]
    # the queue is one stop, whatever is in it
    assert [each["area"] for each in stops].count("queue") == 1
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(_FOCUS)["area"] == "side"


def _stops(page: Page) -> list[dict[str, Any]]:
    """Press Tab until the page is left, and return where the focus was."""
    stops: list[dict[str, Any]] = []
    while len(stops) < _STOPS:
        page.keyboard.press("Tab")
        stop = page.evaluate(_FOCUS)
        if stop["isPage"]:
            return stops
        stops.append(stop)
    raise AssertionError(f"Tab does not leave the page: {[each['name'] for each in stops]}")


def test_ten_moments_are_reviewed_without_a_mouse(
    page: Page, many_moments: ManyMoments, pictures: Path
) -> None:
    page.keyboard.type("rita")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url("/library")
    _tab_to(page, "Review next")
    page.keyboard.press("Enter")
    expect(page.locator(".wb-card").nth(9)).to_be_visible()
    page.wait_for_function(_SHOWN)
    count = page.locator(".wb-card").count()
    assert count >= 10
    _check_the_way_by_tab(page, pictures)
    _tab_to(page, "Box editor")
    # one is hidden, one corrected with a box that is moved and sized, one flagged
    _main(page, "Hidden, next")
    page.wait_for_function(_SHOWN)
    page.keyboard.press("n")
    begun = page.evaluate("document.querySelector('.wb-review').review.editor.draftBox")
    for key in ("ArrowRight", "Shift+ArrowDown", "Control+ArrowRight", "Control+Shift+ArrowUp"):
        page.keyboard.press(key)
    page.screenshot(path=pictures / "keyboard-draft.png")
    page.keyboard.press("Enter")
    expect(page.locator(".wb-line .wb-saved")).to_have_attribute("data-state", "saved")
    page.screenshot(path=pictures / "keyboard-box.png")
    _main(page, "Corrected, next")
    page.keyboard.press("F8")
    page.keyboard.type("is this a poster?")
    _tab_to(page, "Flag")
    page.keyboard.press("Enter")
    expect(page.locator('.wb-card[data-state="flagged"]')).to_have_count(1)
    expect(page.locator('.wb-card[data-state="open"]')).to_have_count(count - 3)
    _decide_the_rest(page)
    _main(page, "Render the copy again")
    expect(page.locator(".wb-card", has_text="Corrected and rendered again").first).to_be_visible()
    _decide_the_rest(page)
    _main(page, "Next flagged")
    page.keyboard.press("u")
    _decide_the_rest(page)
    _main(page, "Sign off")
    dialog = page.get_by_role("dialog", name="Release this copy?")
    expect(dialog).to_contain_text("Frames the detector checked")
    expect(dialog.get_by_role("button", name="Sign off in my name")).to_be_enabled()
    _tab_to(page, "Sign off in my name")
    page.screenshot(path=pictures / "keyboard-sign-off.png")
    page.keyboard.press("Enter")
    expect(page.locator(".wb-pill")).to_have_text("signed off")
    assert _rows(many_moments, "SELECT state FROM events WHERE event_id = ?") == [("signed off",)]
    sql = "SELECT DISTINCT verdict FROM moment_decisions WHERE event_id = ?"
    assert {"accepted", "corrected", "flagged"} <= {str(row[0]) for row in _rows(many_moments, sql)}
    assert _added(many_moments) == [pytest.approx(_stepped(begun), abs=0.51)]


def _added(reviewed: ManyMoments) -> list[list[float]]:
    with reviewed.local("rita") as archive:
        found = archive.event(reviewed.event).corrections()
    return [
        list(each.correction.keyframes[0].box_xyxy_px)
        for each in found.in_force
        if each.correction.action == "add" and each.correction.author == "rita"
    ]


def _stepped(box: list[float]) -> list[float]:
    """Return a box one pixel to the right and 10 down, 1 wider and 10 less high."""
    x0, y0, x1, y1 = box
    return [x0 + 1, y0 + 10, x1 + 1 + 1, max(y1 + 10 - 10, y0 + 11)]
