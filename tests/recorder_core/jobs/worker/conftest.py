"""The archives of the tests of :mod:`recorder_core.jobs.archive`."""

from __future__ import annotations

from tests.recorder_core.jobs.archive.conftest import (
    _made_event,
    _made_site,
    event_id,
    make_copy,
    named_video,
    names,
    signals_file,
    site,
)

__all__ = [
    "_made_event",
    "_made_site",
    "event_id",
    "make_copy",
    "named_video",
    "names",
    "signals_file",
    "site",
]
