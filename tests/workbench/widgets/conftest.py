"""Fixtures of the widgets' tests: a server, a browser, a page that must stay free of errors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

import pytest
from playwright.sync_api import Browser, Page

from tests.workbench.widgets.hosting import Handler, Site


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    yield opened
    opened.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    served = Site(tmp_path)
    handler = cast(type[BaseHTTPRequestHandler], type("Handler", (Handler,), {"site": served}))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    served.address = f"http://127.0.0.1:{server.server_port}/"
    yield served
    server.shutdown()
    server.server_close()


@pytest.fixture
def open_widget(site: Site, page: Page) -> Iterator[Callable[[], Page]]:
    """Open the page with the site's traits; at the end no error may have been written."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda line: (
            errors.append(line.text)
            if line.type == "error"
            and not any(name in str(line.location) for name in ("favicon", *site.missing))
            else None
        ),
    )
    outside: list[str] = []
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith((site.address, "blob:")) else outside.append(request.url)
        ),
    )

    def opened() -> Page:
        page.goto(site.address)
        page.wait_for_function("window.ready")
        return page

    yield opened
    assert errors == []
    assert outside == []
