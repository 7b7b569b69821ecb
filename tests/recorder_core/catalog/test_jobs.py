from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from recorder_core.catalog import Catalog, Event
from recorder_core.errors import CatalogError, NotInCatalog, WrongState


def test_the_oldest_waiting_job_is_claimed_once(catalog: Catalog, event: Event) -> None:
    first = catalog.jobs.add("deidentify", by="reviewer1", event_id=event.event_id)
    second = catalog.jobs.add("verify", by="admin1")
    claimed = catalog.jobs.claim("host:1")
    assert claimed is not None
    assert (claimed.job_id, claimed.state, claimed.worker) == (first.job_id, "running", "host:1")
    assert catalog.jobs.claim("host:2", "deidentify") is None
    other = catalog.jobs.claim("host:2")
    assert other is not None
    assert other.job_id == second.job_id
    assert catalog.jobs.claim("host:3") is None
    assert [job.job_id for job in catalog.jobs.find(event_id=event.event_id)] == [first.job_id]


def test_two_processes_never_get_the_same(catalog: Catalog) -> None:
    for _ in range(10):
        catalog.jobs.add("verify", by="admin1")
    with Catalog(catalog.path) as other:
        claimed = [opened.jobs.claim("w") for _ in range(5) for opened in (catalog, other)]
    assert len({job.job_id for job in claimed if job}) == 10


def test_progress_and_end(catalog: Catalog) -> None:
    job = catalog.jobs.add("verify", by="admin1")
    with pytest.raises(WrongState, match="is not running"):
        catalog.jobs.report_progress(job.job_id, 0.5)
    catalog.jobs.claim("host:1")
    catalog.jobs.report_progress(job.job_id, 7.0)
    assert catalog.jobs.get(job.job_id).progress == 1.0
    failed = catalog.jobs.end(job.job_id, "failed", error_class="DecodeError")
    assert (failed.state, failed.error_class) == ("failed", "DecodeError")
    assert failed.finished_utc is not None
    with pytest.raises(WrongState, match="has already ended"):
        catalog.jobs.end(job.job_id, "done")
    with pytest.raises(NotInCatalog):
        catalog.jobs.end("none", "done")


def test_the_message_of_an_error_does_not_get_in(catalog: Catalog) -> None:
    job = catalog.jobs.add("verify", by="admin1")
    with pytest.raises(CatalogError, match="error_class must be a code"):
        catalog.jobs.end(job.job_id, "failed", error_class="no file of Maria Silva")
    assert catalog.jobs.end(job.job_id, "cancelled").progress == 0.0


def test_work_of_a_dead_process_is_queued_again(catalog: Catalog, clock: Any) -> None:
    job = catalog.jobs.add("verify", by="admin1")
    catalog.jobs.claim("host:1")
    assert catalog.jobs.requeue_abandoned(silent_seconds=60) == []
    clock.now += timedelta(seconds=90)
    assert [again.job_id for again in catalog.jobs.requeue_abandoned(silent_seconds=60)] == [
        job.job_id
    ]
    assert catalog.jobs.find(state="queued")[0].worker is None
