"""An archive whose catalog is of before what was recorded since, as after a restored disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["earlier_catalog"]


@contextmanager
def earlier_catalog(site: Any) -> Iterator[None]:
    """Put both roots back to what they were before, but for the files of events."""
    kept = site.path.with_name("kept")
    for root in (site.path, site.mirror):
        shutil.copytree(root, kept / root.name)
    yield
    for root in (site.path, site.mirror):
        shutil.copytree(root / "events", kept / root.name / "events", dirs_exist_ok=True)
        shutil.rmtree(root)
        shutil.move(kept / root.name, root)
