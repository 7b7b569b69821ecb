"""The documentation site is built from the pages and the code, and loads nothing from outside."""

from __future__ import annotations

import argparse
import importlib
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: which attribute of an element names what a browser loads with the page
LOADED = {
    "link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src",
    "video": "src", "audio": "src", "object": "data", "embed": "src", "input": "src",
}  # fmt: skip
#: what a style sheet loads
STYLE_ADDRESS = re.compile(r"(?:url\(|@import)\s*[\"']?\s*([^\"')\s;]+)")
#: an address outside as a value in a script; a name space is never loaded
SCRIPT_ADDRESS = re.compile(r"[\"'`]((?:https?:)?//[^\"'`\s]+\.[^\"'`\s]+)")
NAME_SPACE = "http://www.w3.org/"


class Page(HTMLParser):
    """What a page loads, what it links to, its anchors and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.words: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))
        self.text = " ".join("".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors.add(given.get("id", ""))
        if tag in LOADED and LOADED[tag] in given:
            self.loaded.append(given[LOADED[tag]])
        self.loaded += [part.split()[0] for part in given.get("srcset", "").split(",") if part]
        self.loaded += STYLE_ADDRESS.findall(given.get("style", ""))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documentation") / "site"
    command = [sys.executable, ROOT / "tools" / "make_site.py", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Page]:
    found = {path.relative_to(site).as_posix(): Page(path) for path in site.rglob("*.html")}
    assert len(found) > 30
    return found


@pytest.fixture
def site_pages(monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.syspath_prepend(ROOT / "tools")
    return importlib.import_module("site_pages")


def test_every_page_that_is_written_is_in_the_site(pages: dict[str, Page]) -> None:
    written = {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")}
    made = {path.with_suffix(".html").as_posix() for path in written}
    assert made | {"contributing.html", "changelog.html"} <= set(pages)


def test_nothing_is_loaded_from_outside(site: Path, pages: dict[str, Page]) -> None:
    outside = [f"{name}: {url}" for name, page in pages.items() for url in _outside(page.loaded)]
    for path in site.rglob("*.css"):
        found = STYLE_ADDRESS.findall(path.read_text(encoding="utf-8"))
        outside += [f"{path.name}: {url}" for url in _outside(found)]
    scripts = list(site.rglob("*.js"))
    assert len(scripts) > 4
    texts = {path.name: path.read_text(encoding="utf-8") for path in scripts}
    # the search index holds the words of the pages, addresses in them too; it loads nothing
    del texts["searchindex.js"]
    for name, text in texts.items():
        found = [url for url in SCRIPT_ADDRESS.findall(text) if not url.startswith(NAME_SPACE)]
        outside += [f"{name}: {url}" for url in found]
    assert outside == []


def _outside(addresses: list[str]) -> list[str]:
    return [url for url in addresses if urlsplit(url).netloc]


@pytest.mark.parametrize(
    "content",
    [
        '<link rel="stylesheet" href="https://fonts.example/css">',
        '<script src="//cdn.example/a.js"></script>',
        '<img srcset="a.png 1x, https://cdn.example/b.png 2x">',
        "<p style=\"background: url('https://cdn.example/c.png')\">",
    ],
)
def test_what_would_be_loaded_from_outside_is_seen(content: str, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(content, encoding="utf-8")
    assert len(_outside(Page(path).loaded)) == 1


def test_links_within_the_site_lead_somewhere(pages: dict[str, Page]) -> None:
    dead = []
    for name, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = page if not parts.path else pages.get(_joined(name, unquote(parts.path)))
            if target is None or (parts.fragment and unquote(parts.fragment) not in target.anchors):
                dead.append(f"{name}: {link}")
    assert dead == []


def _joined(name: str, link: str) -> str:
    steps: list[str] = []
    for step in (Path(name).parent / link).parts:
        if step == "..":
            steps.pop()
        else:
            steps.append(step)
    return "/".join(steps)


def test_every_option_of_every_command_is_described(
    pages: dict[str, Page], site_pages: object
) -> None:
    described = 0
    for name, parser in site_pages.command_parsers().items():  # type: ignore[attr-defined]
        text = pages[f"reference/commands/{name}.html"].text
        for argument in _arguments(parser):
            shown = argument.option_strings or [str(argument.metavar)]
            assert all(each in text for each in shown), (name, shown)
            described += 1
    assert described > 300


def _arguments(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    found = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for own in action.choices.values():
                found += _arguments(own)
        elif not isinstance(action, argparse._HelpAction):
            found.append(action)
    return found


def test_everything_that_is_exported_is_described(
    pages: dict[str, Page], site_pages: object
) -> None:
    packages = site_pages.public_packages()  # type: ignore[attr-defined]
    assert {"recorder_core", "recorder_core.errors", "recorder_core.jobs.archive"} <= set(packages)
    for package in packages:
        page = pages[f"reference/python/{package}.html"]
        names = importlib.import_module(package).__all__
        assert [name for name in names if name != "__version__" and name not in page.text] == []
