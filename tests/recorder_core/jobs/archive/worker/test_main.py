"""Jobs in processes of their own: what they make, and what becomes of them when something ends."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder_core.catalog import Job
from recorder_core.jobs.archive import (
    Archive,
    JobPlace,
    add_copy,
    correct_event,
)
from recorder_core.jobs.archive.queue.processes import has_ended
from tests.recorder_core.jobs.archive.copies.test_correcting import FIRST

#: in the first GOP of half a second
HIDDEN = (FIRST, replace(FIRST, frame_index=4))
ENDED = ("done", "failed", "cancelled", "interrupted")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def with_copy(site: Any, event_id: str, finished: Path) -> str:
    """An event with a copy, and a correction that is not in it."""
    with site.opened("rita") as archive:
        add_copy(archive, event_id, finished)
        correct_event(archive, event_id, HIDDEN)
    return event_id


def when(archive: Archive, job_id: str, *states: str) -> Job:
    """Return a job once it is in a state."""
    for _ in range(1200):
        job = archive.job(job_id)
        if job.state in states:
            return job
        time.sleep(0.1)
    raise AssertionError(f"job {job_id} is {job.state} for two minutes")


def row(site: Any, job_id: str) -> dict[str, Any]:
    """Return what the catalog holds of a job, read without this program."""
    with closing(sqlite3.connect(site.path / "catalog.db")) as catalog:
        catalog.row_factory = sqlite3.Row
        found = catalog.execute("SELECT * FROM jobs WHERE job_id = ?", (job_id,)).fetchone()
    return dict(found)


def _frame(event: Any, number: int) -> Any:
    with event.open_video("deidentified") as video, closing(video.decode()) as frames:
        for place, frame in enumerate(frames):
            if place == number:
                return frame.planes.y.copy()
    raise AssertionError("no such frame")


def test_a_job_goes_on_when_who_asked_for_it_has_gone(
    site: Any, with_copy: str, work: Path
) -> None:
    with site.opened("rita") as archive:
        archive.job_place = JobPlace(work)
        before = _frame(archive.event(with_copy), 3)
        job = archive.start_job("rerender", with_copy)
        assert (job.kind, job.event_id, job.created_by) == ("rerender", with_copy, "rita")
    with site.opened("rita") as archive:
        job = when(archive, job.job_id, *ENDED)
        assert (job.state, job.error_class, job.progress) == ("done", None, 1.0)
        after = _frame(archive.event(with_copy), 3)
        assert archive.event(with_copy).file("deidentified").file_id.endswith("deidentified.2")
    assert np.abs(after[24:56, 304:336].astype(int) - before[24:56, 304:336]).max() > 20
    assert list(work.iterdir()) == []
    found = row(site, job.job_id)
    assert (found["state"], found["created_by"]) == ("done", "rita")
    while not has_ended(job.worker):
        time.sleep(0.1)
