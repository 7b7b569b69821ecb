"""Jobs in the archives of the tests of :mod:`recorder_core.jobs.archive`."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from recorder_core.catalog import Catalog
from recorder_core.errors import WrongState
from recorder_core.jobs.archive import JOB_KINDS
from recorder_core.jobs.archive.process.process_code import process_code
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
from tests.recorder_core.jobs.worker import job_kinds

__all__ = [
    "_made_event",
    "_made_site",
    "blocked",
    "event_id",
    "make_copy",
    "named_video",
    "names",
    "own_kinds",
    "signals_file",
    "site",
    "work",
]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def blocked(site: Any) -> Iterator[str]:
    """A job of this process runs, so that all other work waits."""
    with Catalog(site.path / "catalog.db") as catalog:
        job = catalog.jobs.add("verify", by="adam")
        assert catalog.jobs.claim(job.job_id, process_code(os.getpid()), at_once=1)
        yield job.job_id
        with suppress(WrongState):
            catalog.jobs.end(job.job_id, "done")


@pytest.fixture
def own_kinds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The kinds of jobs of the tests, here and in the processes of jobs that are started here."""
    for kind in job_kinds.KINDS.values():
        monkeypatch.setitem(JOB_KINDS, kind.name, kind)  # type: ignore[arg-type]
    python = tmp_path / "python"
    started = shlex.join([sys.executable, "-I", str(Path(job_kinds.__file__))])
    python.write_text(f'#!/bin/sh\nexec {started} "$@"\n')
    python.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(python))
