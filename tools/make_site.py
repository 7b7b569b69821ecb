"""Build the documentation site; ``make docs`` runs it.

The pages of ``docs/`` and those that are made from the code are put together in a folder
beside the site, and Sphinx makes HTML of them. A broken link, a docstring that cannot be
read and a page without a place in the contents are errors.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Final

from site_pages import COMMANDS, PACKAGES, made_pages
from sphinx.cmd.build import build_main

ROOT: Final = Path(__file__).resolve().parent.parent
#: the contents: a heading, and its pages in order; a name that ends with / is made from the code
CONTENTS: Final = {
    "Begin": (
        "install",
        "first-hour/operator",
        "first-hour/reviewer",
        "first-hour/researcher",
        "first-hour/engineer",
        "first-hour/administrator",
    ),
    "Guides": (
        "guides/video",
        "guides/views",
        "guides/corrections",
        "guides/folders",
        "guides/archive-care",
        "troubleshooting",
        "glossary",
    ),
    "Reference": (
        "recorder",
        "sources",
        "layouts",
        "archive",
        "server",
        "archive-format",
        "http-interface",
        "copies",
        "corrections",
        "bis",
        "foot-switch",
        "report",
        "tables",
        "datasets",
        "training",
        "evaluation",
        "video-evaluation",
        "model-card",
        "performance",
    ),
    "Commands": (f"{COMMANDS}/",),
    "Python": (f"{PACKAGES}/",),
    "Project": ("contributing", "changelog"),
}


def main() -> int:
    """Build the site in the folder that is named, and return Sphinx's exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", type=Path, help="folder for the site; what is in it is replaced")
    site = parser.parse_args().site.resolve()
    sources = site.with_name(site.name + "-pages")
    for folder in (site, sources):
        shutil.rmtree(folder, ignore_errors=True)
    write_sources(sources)
    work = sources / "doctrees"
    return build_main(["-q", "-W", "--keep-going", "-d", str(work), str(sources), str(site)])


def write_sources(folder: Path) -> None:
    """Write every page of the site, as Markdown, into an empty folder."""
    shutil.copytree(ROOT / "docs", folder)
    pages = made_pages()
    for name in ("CONTRIBUTING.md", "CHANGELOG.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        pages[name.lower()] = text.replace("](docs/", "](")
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    pages["index.md"] = "\n".join([index, *map(_contents, CONTENTS)])
    for place, text in pages.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(text, encoding="utf-8")


def _contents(heading: str) -> str:
    places = "\n".join(place for name in CONTENTS[heading] for place in _places(name))
    return f"```{{toctree}}\n:hidden:\n:caption: {heading}\n\n{places}\n```\n"


def _places(name: str) -> list[str]:
    if not name.endswith("/"):
        return [name]
    return [page.removesuffix(".md") for page in made_pages() if page.startswith(name)]


if __name__ == "__main__":
    sys.exit(main())
