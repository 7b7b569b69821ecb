from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from recorder_core.catalog import Catalog, Event, Job
from recorder_core.catalog.database.connection import Database
from recorder_core.catalog.database.migrating import migrate
from recorder_core.catalog.database.migrations import MIGRATIONS
from recorder_core.catalog.model.codes import utc_now
from recorder_core.errors import CatalogError, NotInCatalog, QueueFull, WrongState


def test_jobs_begin_in_the_order_in_which_they_were_asked_for(
    catalog: Catalog, event: Event
) -> None:
    first = catalog.jobs.add("deidentify", by="reviewer1", event_id=event.event_id)
    second = catalog.jobs.add("verify", by="admin1")
    assert catalog.jobs.claim(second.job_id, "host:2", at_once=2) is None
    claimed = catalog.jobs.claim(first.job_id, "host:1", at_once=1)
    assert claimed is not None
    assert (claimed.job_id, claimed.state, claimed.worker) == (first.job_id, "running", "host:1")
    assert claimed.started_utc is not None
    assert catalog.jobs.claim(second.job_id, "host:2", at_once=1) is None
    other = catalog.jobs.claim(second.job_id, "host:2", at_once=2)
    assert other is not None
    assert other.job_id == second.job_id
    with pytest.raises(WrongState, match="does not wait any more"):
        catalog.jobs.claim(first.job_id, "host:3", at_once=9)
    assert [job.job_id for job in catalog.jobs.find(event_id=event.event_id)] == [first.job_id]


def test_two_jobs_never_work_on_the_same_event(catalog: Catalog, event: Event) -> None:
    first = catalog.jobs.add("rerender", by="reviewer1", event_id=event.event_id)
    assert catalog.jobs.claim(first.job_id, "host:1", at_once=5)
    second = catalog.jobs.add("rank", by="reviewer2", event_id=event.event_id)
    third = catalog.jobs.add("verify", by="admin1")
    assert catalog.jobs.claim(second.job_id, "host:2", at_once=5) is None
    # who waits for an event is in nobody's way
    assert catalog.jobs.claim(third.job_id, "host:3", at_once=5) is not None
    catalog.jobs.end(first.job_id, "done")
    assert catalog.jobs.claim(second.job_id, "host:2", at_once=5) is not None


def test_jobs_wait_for_those_of_their_lane_alone(catalog: Catalog, event: Event) -> None:
    def is_work(kind: str) -> bool:
        return kind != "record"

    def is_recording(kind: str) -> bool:
        return kind == "record"

    work = [catalog.jobs.add(kind, by="admin1") for kind in ("verify", "repair")]
    recordings = [
        catalog.jobs.add("record", by="operator1", may_queue_beside="all") for _ in range(3)
    ]
    first = catalog.jobs.claim(work[0].job_id, "host:1", at_once=1, in_lane=is_work)
    assert first is not None
    # all at once, and in any order: none waits for the process of another
    for number in (2, 0, 1):
        job_id = recordings[number].job_id
        claimed = catalog.jobs.claim(job_id, f"host:{number}", at_once=None, in_lane=is_recording)
        assert claimed is not None
    assert catalog.jobs.claim(work[1].job_id, "host:9", at_once=1, in_lane=is_work) is None
    catalog.jobs.end(work[0].job_id, "done")
    assert catalog.jobs.claim(work[1].job_id, "host:9", at_once=1, in_lane=is_work) is not None


def test_two_lanes_never_work_on_the_same_event(catalog: Catalog, event: Event) -> None:
    first = catalog.jobs.add("record", by="operator1")
    catalog.jobs.claim(first.job_id, "host:1", at_once=None)
    with pytest.raises(WrongState, match="does not run here"):
        catalog.jobs.name_event(first.job_id, "host:2", event.event_id)
    with pytest.raises(CatalogError):
        catalog.jobs.name_event(first.job_id, "host:1", "no-such-event")
    assert catalog.jobs.name_event(first.job_id, "host:1", event.event_id).event_id == (
        event.event_id
    )
    with pytest.raises(WrongState, match="has its event_id already"):
        catalog.jobs.name_event(first.job_id, "host:1", event.event_id)
    assert [job.job_id for job in catalog.jobs.find(event_id=event.event_id)] == [first.job_id]
    other = catalog.jobs.add("report", by="reviewer1", event_id=event.event_id)
    in_lane = {"in_lane": lambda kind: kind == "report"}
    assert catalog.jobs.claim(other.job_id, "host:3", at_once=9, **in_lane) is None
    catalog.jobs.end(first.job_id, "done")
    assert catalog.jobs.claim(other.job_id, "host:3", at_once=9, **in_lane) is not None


def test_the_same_waits_once(catalog: Catalog, event: Event) -> None:
    first = catalog.jobs.add("rerender", by="reviewer1", event_id=event.event_id)
    with pytest.raises(WrongState, match=f"job {first.job_id} of the same kind waits already"):
        catalog.jobs.add("rerender", by="reviewer2", event_id=event.event_id)
    with Catalog(catalog.path) as other:
        claimed = [
            opened.jobs.claim(first.job_id, worker, at_once=1)
            for opened, worker in ((catalog, "w:1"),)
        ]
        with pytest.raises(WrongState):
            other.jobs.claim(first.job_id, "w:2", at_once=9)
    assert len([job for job in claimed if job]) == 1


def test_the_same_runs_once_unless_another_may_wait_for_what_is_entered_meanwhile(
    catalog: Catalog, event: Event
) -> None:
    first = catalog.jobs.add("rerender", by="reviewer1", event_id=event.event_id)
    assert catalog.jobs.claim(first.job_id, "w:1", at_once=1)
    with pytest.raises(WrongState, match=f"job {first.job_id} of the same kind runs already"):
        catalog.jobs.add("rerender", by="reviewer2", event_id=event.event_id)
    later = {"by": "reviewer2", "event_id": event.event_id, "may_queue_beside": "running"}
    second = catalog.jobs.add("rerender", **later)
    with pytest.raises(WrongState, match=f"job {second.job_id} of the same kind waits already"):
        catalog.jobs.add("rerender", **later)
    assert len(catalog.jobs.find(event_id=event.event_id)) == 2
    # of another event, and once it has ended, it may begin
    verify = catalog.jobs.add("verify", by="admin1")
    with pytest.raises(WrongState, match=f"job {verify.job_id} of the same kind waits already"):
        catalog.jobs.add("verify", by="admin2")
    catalog.jobs.claim(verify.job_id, "w:2", at_once=2)
    with pytest.raises(WrongState, match=f"job {verify.job_id} of the same kind runs already"):
        catalog.jobs.add("verify", by="admin2")
    catalog.jobs.end(verify.job_id, "done")
    assert catalog.jobs.add("verify", by="admin2").state == "queued"


def test_progress_and_end(catalog: Catalog, clock: Any) -> None:
    job = catalog.jobs.add("verify", by="admin1")
    assert job.seconds_left is None
    catalog.jobs.claim(job.job_id, "host:1", at_once=1)
    assert catalog.jobs.get(job.job_id).seconds_left is None
    clock.now += timedelta(seconds=10)
    assert catalog.jobs.report(job.job_id, "host:1", 0.25).seconds_left == pytest.approx(30, abs=1)
    assert catalog.jobs.report(job.job_id, "host:1", 0.1).progress == 0.25  # never back
    with pytest.raises(WrongState, match="another process does it"):
        catalog.jobs.report(job.job_id, "host:2", 0.5)
    assert catalog.jobs.report(job.job_id, "host:1", 7.0).progress == 1.0
    failed = catalog.jobs.end(job.job_id, "failed", error_class="DecodeError")
    assert (failed.state, failed.error_class) == ("failed", "DecodeError")
    assert failed.finished_utc is not None
    with pytest.raises(WrongState, match="has already ended"):
        catalog.jobs.end(job.job_id, "done")
    with pytest.raises(WrongState, match="has ended"):
        catalog.jobs.report(job.job_id, "host:1", 0.5)
    with pytest.raises(NotInCatalog):
        catalog.jobs.end("none", "done")


def test_what_waits_is_cancelled_at_once_and_what_runs_is_asked_to_stop(catalog: Catalog) -> None:
    job = catalog.jobs.add("verify", by="admin1")
    assert catalog.jobs.ask_to_stop(job.job_id, by="admin2").state == "cancelled"
    with pytest.raises(WrongState, match="has already ended"):
        catalog.jobs.ask_to_stop(job.job_id, by="admin2")
    other = catalog.jobs.add("verify", by="admin1")
    catalog.jobs.claim(other.job_id, "host:1", at_once=1)
    asked = catalog.jobs.ask_to_stop(other.job_id, by="admin2")
    assert (asked.state, asked.stopped_by, asked.finished_utc) == ("running", "admin2", None)


def test_the_message_of_an_error_does_not_get_in(catalog: Catalog) -> None:
    job = catalog.jobs.add("verify", by="admin1")
    with pytest.raises(CatalogError, match="error_class must be a code"):
        catalog.jobs.end(job.job_id, "failed", error_class="no file of Maria Silva")
    assert catalog.jobs.end(job.job_id, "cancelled").progress == 0.0


def test_what_a_process_left_behind_is_interrupted(catalog: Catalog, clock: Any) -> None:
    job = catalog.jobs.add("verify", by="admin1")
    catalog.jobs.claim(job.job_id, "host:1", at_once=1)
    assert catalog.jobs.mark_interrupted(lambda worker: worker != "host:1") == []
    # of another machine only its silence tells
    assert catalog.jobs.mark_interrupted(lambda _: None) == []
    clock.now += timedelta(seconds=200)
    assert catalog.jobs.mark_interrupted(lambda _: False) == []
    (left,) = catalog.jobs.mark_interrupted(lambda _: None)
    assert (left.job_id, left.state, left.worker) == (job.job_id, "interrupted", "host:1")
    assert left.finished_utc is not None


def test_jobs_of_an_earlier_program_are_kept(tmp_path: Any) -> None:
    path = tmp_path / "old.db"
    path.touch()
    names = [migration.__name__ for migration in MIGRATIONS]
    with Database(path) as database:
        migrate(database, utc_now, MIGRATIONS[: names.index("follow_jobs")])
        with database.write() as connection:
            connection.execute(
                "INSERT INTO jobs VALUES ('a1', 'verify', NULL, 'done', 1.0, 'w', NULL, 'adam', "
                "'2026-05-04T09:30:00.000000Z', NULL, NULL)"
            )
    with Catalog(path) as catalog:
        job = catalog.jobs.get("a1")
    assert (job.kind, job.state, job.settings, job.stopped_by) == ("verify", "done", "{}", None)
    assert job.result == "{}"


def test_of_a_setting_s_value_there_is_one_job_at_a_time(catalog: Catalog) -> None:
    def begin(event_id: str) -> None:
        catalog.events.begin(
            event_id=event_id,
            site_code="site1",
            procedure_code="hernia",
            started_utc=utc_now(),
            by="operator1",
        )

    def add(room: str, by: str) -> Job:
        settings = json.dumps({"room_name": room, "procedure_code": "hernia"})
        return catalog.jobs.add(
            "record", by=by, settings=settings, may_queue_beside="all", one_per="room_name"
        )

    first = add("or_1", "operator1")
    with pytest.raises(WrongState, match=f"^job {first.job_id} has the same room already: look"):
        add("or_1", "operator2")
    assert add("or_2", "operator2").state == "queued"
    # nor is one whose event has ended, of which only files are sealed again
    assert catalog.jobs.claim(first.job_id, "host:1", at_once=None)
    begin("e1")
    catalog.jobs.name_event(first.job_id, "host:1", "e1")
    with pytest.raises(WrongState, match="has the same room already"):
        add("or_1", "operator2")
    catalog.events.finish("e1", duration_seconds=1.0, by="operator1")
    first = add("or_1", "operator2")
    # one that says no room is in nobody's way
    for _ in range(2):
        catalog.jobs.add("record", by="operator1", may_queue_beside="all", one_per="room_name")
    catalog.jobs.end(first.job_id, "done")
    assert add("or_1", "operator2").state == "queued"


def test_of_a_kind_so_many_wait_and_run_as_may(catalog: Catalog) -> None:
    def add(kind: str = "import") -> Job:
        return catalog.jobs.add(kind, by="operator1", may_queue_beside="all", most_open=2)

    first, second = add(), add()
    assert catalog.jobs.claim(first.job_id, "host:1", at_once=1)
    with pytest.raises(QueueFull, match="2 jobs of the kind import wait or run already, as many"):
        add()
    assert len(catalog.jobs.find()) == 2
    assert add("record").state == "queued"
    catalog.jobs.ask_to_stop(second.job_id, by="operator1")
    assert add().state == "queued"
    with pytest.raises(QueueFull):
        add()
    catalog.jobs.end(first.job_id, "done")
    assert add().state == "queued"


def test_what_a_running_job_found_is_kept(catalog: Catalog) -> None:
    job = catalog.jobs.add("import", by="operator1")
    assert job.result == "{}"
    with pytest.raises(WrongState, match="does not run here"):
        catalog.jobs.keep_result(job.job_id, "host:1", '{"frames": 60}')
    catalog.jobs.claim(job.job_id, "host:1", at_once=1)
    assert catalog.jobs.keep_result(job.job_id, "host:1", '{"frames": 60}').result == (
        '{"frames": 60}'
    )
    with pytest.raises(WrongState, match="does not run here"):
        catalog.jobs.keep_result(job.job_id, "host:2", "{}")
    with pytest.raises(WrongState, match="has its result already"):
        catalog.jobs.keep_result(job.job_id, "host:1", "{}")
    assert catalog.jobs.end(job.job_id, "done").result == '{"frames": 60}'
