"""The library in a real Chromium: what is shown of each event to whom, and on a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.workbench.dashboards.conftest import PATIENT, Compared
from tests.workbench.dashboards.visiting import PATIENCE_MS, check_accessible, visiting

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def visit(browser: Browser, compared: Compared) -> Iterator[Callable[..., Page]]:
    with visiting(browser, compared.address) as visit:
        yield visit


def _rows(page: Page) -> dict[str, list[str]]:
    """Return which links each event has, by its id."""
    expect(page.locator("tbody tr")).to_have_count(4)
    found = {}
    for row in page.locator("tbody tr").all():
        found[row.locator("code").first.inner_text()] = [
            each.inner_text() for each in row.locator(".acts a, .acts summary").all()
        ]
    return found


def _pictures(page: Page) -> list[str]:
    script = """images => Promise.all(images.map(async (each) => {
      each.loading = "eager";
      await each.decode();
      return each.getAttribute("src");
    }))"""
    return list(page.locator("tbody img").evaluate_all(script))


def test_each_profile_sees_its_pictures_and_ways(
    visit: Callable[..., Page], compared: Compared, pictures: Path
) -> None:
    first, second, unreleased, bare = compared.events
    reviewer = visit("rita", "/library")
    assert _rows(reviewer) == {
        first: ["Review", "Playback", "Details"],
        second: ["Review", "Playback", "Details"],
        unreleased: ["Review", "Playback", "Details"],
        bare: ["De-identify", "Details"],
    }
    shown = _pictures(reviewer)
    assert len(shown) == 3
    assert all("/thumbnail?" in each for each in shown)
    # what is not there yet is no black picture
    ground = "each => getComputedStyle(each).background"
    assert "repeating-linear-gradient" in reviewer.locator("tbody img").first.evaluate(ground)
    following = reviewer.get_by_role("link", name="Review next")
    assert following.get_attribute("href") == f"/review/{unreleased}"
    assert PATIENT not in reviewer.content()
    check_accessible(reviewer, pictures / "library-reviewer")
    researcher = visit("rosa", "/library")
    assert _rows(researcher)[unreleased] == ["Playback", "Details"]
    assert len(_pictures(researcher)) == 2
    expect(researcher.locator("tbody")).to_contain_text("waits for a reviewer")
    engineer = visit("egon", "/library")
    assert {tuple(each) for each in _rows(engineer).values()} == {("Details",)}
    assert _pictures(engineer) == []
    expect(engineer.get_by_role("link", name="Profiling")).to_be_visible()
    expect(engineer.get_by_role("link", name="Playback")).to_have_count(0)


def test_a_search_stays_in_the_address_and_the_state_is_seen_on_a_phone(
    visit: Callable[..., Page], compared: Compared, pictures: Path
) -> None:
    page = visit("rita", "/library", width=390, height=844)
    page.get_by_label("Search events").fill("LAP-")
    page.get_by_label("From").fill("2020-01-31")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("tbody tr")).to_have_count(3)
    page.get_by_role("link", name="Signed off").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    assert "search=lap-" in page.url
    assert "since=2020-01-31" in page.url
    assert page.get_by_label("Search events").input_value() == "lap-"
    expect(page.locator("tbody .state").first).to_be_in_viewport()
    expect(page.locator("tbody .state").first).to_have_text("signed off")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    check_accessible(page, pictures / "library-phone")
    page.get_by_label("To", exact=True).fill("2020-02-01")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="No event fits")).to_be_visible()
    page.locator(".empty").get_by_role("link", name="Show all 4").click()
    expect(page.locator("tbody tr")).to_have_count(4)


def test_the_words_are_those_of_the_person_s_language(
    visit: Callable[..., Page], compared: Compared, pictures: Path
) -> None:
    page = visit("rita", "/library")
    said = page.locator("[data-say], [data-say-label], [data-say-placeholder]")
    expect(page.get_by_label("Language")).to_have_value("en")
    script = "all => all.map(each => [each.textContent, each.ariaLabel, each.placeholder])"
    english = said.evaluate_all(script)
    # what the server writes is what the English words say
    sent = page.request.get(f"{compared.address}/library").text()
    parse = """(text) => [...new DOMParser().parseFromString(text, "text/html").querySelectorAll(
      "[data-say], [data-say-label], [data-say-placeholder]"
    )].map(each => [each.textContent, each.ariaLabel, each.placeholder])"""
    assert page.evaluate(parse, sent) == english
    for language, heading, state, search in (
        ("pt", "Biblioteca", "liberado", "Buscar"),
        ("es", "Biblioteca", "liberado", "Buscar"),
    ):
        # the name of the choice is in the language that was chosen before
        page.locator("select.wb-language").select_option(language)
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        expect(page.get_by_role("button", name=search)).to_be_visible()
        row = page.locator("tbody tr", has_text=compared.events[0])
        expect(row.locator(".state")).to_have_text(state)
        assert page.evaluate("document.documentElement.lang") == language
        check_accessible(page, pictures / f"library-{language}")
    page.locator("select.wb-language").select_option("en")
    expect(page.get_by_role("heading", name="Library")).to_be_visible()


def test_a_picture_is_the_frame_in_the_middle_of_the_copy(
    visit: Callable[..., Page], compared: Compared
) -> None:
    page = visit("rita", "/library")
    expect(page.locator("tbody tr")).to_have_count(4)
    interface = f"{compared.address}/workbench/api/v1/events/{compared.events[0]}"
    thumbnail = page.request.get(f"{interface}/thumbnail?width_px=192").body()
    middle = page.request.get(f"{interface}/pictures/deidentified/30?width_px=192").body()
    first = page.request.get(f"{interface}/pictures/deidentified/0?width_px=192").body()
    assert thumbnail == middle
    assert thumbnail != first
