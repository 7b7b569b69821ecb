"""Pages of a server in Chromium: whoever visits one fails if it asks elsewhere, or has an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.workbench.server.conftest import PASSWORD

__all__ = ["PATIENCE_MS", "check_accessible", "visiting"]

ROOT = Path(__file__).resolve().parents[3]
AXE = ROOT / "workbench" / "widgets" / "js" / "node_modules" / "axe-core" / "axe.min.js"
#: a kernel starts, a job runs: nothing is asserted about how long that takes
PATIENCE_MS = 180_000


@contextmanager
def visiting(browser: Browser, address: str, script: str = "") -> Iterator[Callable[..., Page]]:
    """Sign somebody in; a script runs in each page before its own.

    A page whose session ends may be told that nobody is signed in.
    """
    contexts: list[Any] = []
    asked: list[str] = []
    faults: list[str] = []

    def opened(
        login: str,
        path: str,
        *,
        width: int = 1440,
        height: int = 900,
        signs_in: bool = True,
        session_ends: bool = False,
    ) -> Page:
        def console(line: ConsoleMessage) -> None:
            is_told = session_ends and "401 (Unauthorized)" in line.text
            if line.type == "error" and not is_told:
                faults.append(line.text)

        context = browser.new_context(base_url=address, viewport={"width": width, "height": height})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        if script:
            page.add_init_script(script)
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", console)
        page.goto("/login")
        page.evaluate("path => document.querySelector('[name=next]').value = path", path)
        if not signs_in:
            return page
        page.get_by_label("Login").fill(login)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click(no_wait_after=True)
        return page

    yield opened
    for context in contexts:
        context.close()
    own = (address, address.replace("http", "ws"), "blob:", "data:")
    elsewhere = [url for url in asked if not url.startswith(own)]
    assert not elsewhere, elsewhere
    assert not faults, faults


def check_accessible(page: Page, picture: Path) -> None:
    """Check a page in both themes with axe, and keep a picture of each."""
    for theme in ("dark", "light"):
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        page.wait_for_timeout(100)
        page.screenshot(path=picture.with_name(f"{picture.name}-{theme}.png"))
        # not as a script of the page, whose policy allows none
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        serious = [
            (each["id"], [node["html"][:160] for node in each["nodes"]])
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]
        assert serious == [], serious
