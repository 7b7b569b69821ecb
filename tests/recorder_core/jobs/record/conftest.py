"""Rooms that are recorded into the archives of the tests of :mod:`recorder_core.jobs.archive`."""

from __future__ import annotations

from tests.recorder_core.jobs.archive.conftest import (
    _made_site,
    site,
)

__all__ = ["_made_site", "site"]
