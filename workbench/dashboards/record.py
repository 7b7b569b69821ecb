"""The page on which operators record a room.

It is no widget: while a room is recorded the machine may be too busy for a kernel to answer in
time, and the page must open all the same. The browser asks the server itself.
"""

from __future__ import annotations

from typing import Any

__all__ = ["record_page"]


def record_page() -> Any:
    """Return what the notebook displays: a place for the page, and its script."""
    from IPython.display import HTML

    return HTML(  # type: ignore[no-untyped-call]
        '<link rel="stylesheet" href="/workbench/static/widgets.css"><div id="recorder"></div>'
        '<script type="module" src="/workbench/static/record.js"></script>'
    )
