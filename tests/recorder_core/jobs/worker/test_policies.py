"""The policies of a kind of job, each in processes that do such jobs."""

from __future__ import annotations

import io
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest

from recorder_core.archive import Password
from recorder_core.catalog import Catalog, EventState, Job, Profile
from recorder_core.errors import NotAllowed, SettingsError, WrongState
from recorder_core.jobs.archive import (
    Archive,
    add_user,
    disable_user,
    finalise_event,
    job_sentence,
    verify_audit,
)
from recorder_core.jobs.archive.process.process_code import process_code
from tests.recorder_core.jobs.archive.conftest import PASSWORD
from tests.recorder_core.jobs.archive.recording.test_recording import frames
from tests.recorder_core.jobs.worker.test_main import (
    ENDED,
    _content_of_files,
    free,
    gone,
    process_of,
    row,
    when,
)

pytestmark = pytest.mark.usefixtures("own_kinds")
PATIENT = "Zephyrina Ångström-Qux"


@pytest.fixture
def source(tmp_path: Path, fragmented: bytes) -> Iterator[Path]:
    """What the recordings of these tests record."""
    path = tmp_path / "camera Timbuktoo"
    path.write_bytes(fragmented)
    yield path
    path.unlink()


def packets(file: Any) -> list[bytes]:
    """Return what the frames and the audio of a video are made of."""
    with av.open(file) as container:
        return sorted(bytes(packet) for packet in container.demux() if packet.size)


def start_recording(archive: Archive, source: Path) -> Job:
    """Return the job of a recording that has begun its event."""
    settings = {"patient": PATIENT, "source": str(source)}
    job = archive.start_job("tape", settings=settings)
    while (job := archive.job(job.job_id)).event_id is None:
        assert job.state in ("queued", "running")
        time.sleep(0.02)
    return job


def _who_may_stop(site: Any, job: Job) -> set[str]:
    found = set()
    for user in ("adam", "egon", "olaf", "rita", "rosa"):
        with site.opened(user) as archive:
            found |= {user} if archive.may_cancel_job(archive.job(job.job_id)) else set()
    return found


def niceness(job: Job) -> int:
    return os.getpriority(os.PRIO_PROCESS, process_of(job))


def test_a_recording_waits_for_no_work_and_work_for_no_recording(
    site: Any, source: Path, blocked: str
) -> None:
    with site.opened("olga") as archive:
        first, second = (start_recording(archive, source) for _ in range(2))
        assert archive.job(blocked).state == "running"
        own = os.getpriority(os.PRIO_PROCESS, 0)
        assert [niceness(each) for each in (first, second)] == [own, own]
    with site.opened("egon") as archive:
        job = archive.start_job("turn")
        assert when(archive, job.job_id, "queued").event_id is None
        free(site, blocked)
        job = when(archive, job.job_id, "running")
        assert niceness(job) == min(own + 5, 19)
        # one at a time: the recordings count for nothing, the work does
        waiting = archive.start_job("verify")
        assert archive.cancel_job(job.job_id).stopped_by == "egon"
        assert when(archive, job.job_id, *ENDED).state == "cancelled"
        assert when(archive, waiting.job_id, *ENDED).state == "done"
    with site.opened("olga") as archive:
        for each in (first, second):
            assert archive.job(each.job_id).state == "running"
            archive.cancel_job(each.job_id)
        assert {when(archive, each.job_id, *ENDED).state for each in (first, second)} == {"done"}
    gone(first)
    gone(second)


def test_an_import_waits_for_imports_alone(site: Any, named_video: Path, blocked: str) -> None:
    others = process_code(os.getpid())
    with site.opened("olga") as archive, Catalog(site.path / "catalog.db") as catalog:
        before = catalog.jobs.add("import", by="rita", may_queue_beside="all")
        assert catalog.jobs.claim(before.job_id, others, at_once=1, in_lane=lambda _: False)
        job = archive.start_job("import", settings={"video": str(named_video)})
        assert archive.job(job.job_id).state == "queued"
        ended = catalog.jobs.end(before.job_id, "done").finished_utc
        job = when(archive, job.job_id, *ENDED)
        assert (job.state, archive.job(blocked).state) == ("done", "running")
    assert job.started_utc is not None
    assert ended is not None
    assert job.started_utc >= ended
    gone(job)


@pytest.mark.parametrize("how", ["cancelled", "machine goes down"])
def test_a_recording_that_is_stopped_is_finished(
    site: Any, source: Path, fragmented: bytes, how: str
) -> None:
    with site.opened("olga") as archive:
        job = start_recording(archive, source)
        assert archive.event(str(job.event_id)).row.state is EventState.RECORDING
        if how == "cancelled":
            asked = archive.cancel_job(job.job_id)
            assert job_sentence(asked) == "finishes what it has begun"
        else:
            os.kill(process_of(job), signal.SIGTERM)
        job = when(archive, job.job_id, *ENDED)
    assert (job.state, job.error_class, job.progress) == ("done", None, 1.0)
    found = row(site, job.job_id)
    assert (found["kind"], found["event_id"]) == ("tape", job.event_id)
    with site.opened("rita") as archive:
        event = archive.event(str(job.event_id))
        assert (event.row.state, event.row.duration_seconds) == (EventState.RECORDED, 3.0)
        with event.video() as file:
            assert packets(file) == packets(io.BytesIO(fragmented))
    gone(job)


def test_what_is_private_reaches_the_process_and_no_disk(site: Any, source: Path) -> None:
    with site.opened("olga") as archive:
        with pytest.raises(SettingsError, match="tape has no setting colour; it has patient, sour"):
            archive.start_job("tape", settings={"colour": "red"})
        with pytest.raises(SettingsError, match="needs the setting source: give it"):
            archive.start_job("tape", settings={"patient": "x"})
        with pytest.raises(SettingsError, match="patient must be of the type string"):
            archive.start_job("tape", settings={"patient": b"x", "source": str(source)})
        job = start_recording(archive, source)
        stored = _content_of_files(site.path.parent / "archive")
        stored += _content_of_files(site.path.parent / "mirror")
        about = Path("/proc") / str(process_of(job))
        told = (about / "cmdline").read_bytes() + (about / "environ").read_bytes()
        assert b"SQLite format 3" in stored
        for secret in (PATIENT.encode(), b"Zephyrina", str(source).encode(), b"Timbuktoo"):
            assert secret not in stored + told
        assert row(site, job.job_id)["settings"] == "{}"
        os.kill(process_of(job), signal.SIGKILL)
        job = when(archive, job.job_id, *ENDED)
        assert job.state == "interrupted"
        # nobody can say it again from what the catalog holds
        assert job_sentence(job).endswith(
            f"is saved with 'workbench event finalise {job.event_id}'"
        )
        with pytest.raises(WrongState, match="told what the catalog does not hold: start a new t"):
            archive.start_job_again(job.job_id)
    with site.opened("rita") as archive:
        assert archive.event(str(job.event_id)).names().patient_name == PATIENT


def test_the_recording_of_who_is_disabled_goes_on_and_nothing_of_it_is_lost(
    site: Any, source: Path
) -> None:
    with site.opened("adam") as archive:
        add_user(archive, "olaf", Profile.OPERATOR, Password(PASSWORD))
    with site.opened("olga") as archive:
        job = start_recording(archive, source)
        archive.command_job(job.job_id, "mark", {"code": "incision"})
    assert _who_may_stop(site, job) == {"olaf"}
    with site.opened("adam") as archive:
        disable_user(archive, "olga")
        time.sleep(3)  # a person is asked for every two seconds, where that ends the job
        assert archive.job(job.job_id).state == "running"
    with site.opened("olaf") as archive:
        assert archive.command_job(job.job_id, "mark", {"code": "closure"})["by"] == "olaf"
    assert _who_may_stop(site, job) == {"adam", "olaf"}
    with site.opened("rita") as archive, pytest.raises(NotAllowed, match="reviewer may not record"):
        archive.cancel_job(job.job_id)
    with site.opened("adam") as archive:
        assert archive.cancel_job(job.job_id).stopped_by == "adam"
        job = when(archive, job.job_id, *ENDED)
    # what the disabled person would state of its end does not count: somebody else does
    assert (job.state, job.error_class) == ("failed", "NotAllowed")
    assert f"'workbench event finalise {job.event_id}'" in job_sentence(job)
    assert "somebody else may start a new tape; what is there" in job_sentence(job)
    full = job_sentence(replace(job, error_class="DiskFull"))
    assert "free up space in the server's work folder, then start a new tape; what is there" in full
    own = job_sentence(replace(job, error_class="SettingsError", event_id=None))
    assert own == "the file is none of a camera: start a new tape"
    with site.opened("rita") as archive:
        finalise_event(archive, str(job.event_id))
        event = archive.event(str(job.event_id))
        assert event.row.state is EventState.RECORDED
        assert event.markers()["kind"].tolist() == ["incision", "closure"]
        with event.video() as file:
            assert frames(file) == 60
    with site.opened("adam") as archive:
        report = verify_audit(archive)
        assert (report.findings, report.remarks) == ((), ())
    gone(job)
