"""Pages in a real Chromium that fail their test if something is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page

#: what the server refuses is an answer, not a fault of the page
_REFUSED = re.compile(r"status of (400|403|404) ")
#: what the choice of language is called, in each
_LANGUAGE = re.compile("Language|Idioma")


@contextmanager
def watched_page(
    browser: Browser, *, address: str | None = None, height: int = 800
) -> Iterator[Page]:
    """Lend a page, and fail if an error was on its console, or it asked another address.

    Parameters
    ----------
    browser : Browser
        Started.
    address : str, optional
        Of the server; paths are relative to it, and nothing else may be asked.
    height : int, default 800
        Of the window, in pixels.
    """
    context = browser.new_context(base_url=address, viewport={"width": 1280, "height": height})
    page = context.new_page()
    asked: list[str] = []
    faults: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    yield page
    context.close()
    assert [url for url in asked if address and not url.startswith(address)] == []
    assert [text for text in faults if not _REFUSED.search(text)] == []


def choose_language(page: Page, language: str) -> None:
    """Choose the language of a page, and wait until it is opened again in it."""
    with page.expect_navigation():
        page.get_by_role("combobox", name=_LANGUAGE).select_option(language)
