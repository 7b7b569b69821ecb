"""Jobs in processes of their own: what they make, and what becomes of them when something ends."""

from __future__ import annotations

import base64
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest

from recorder_core.archive import Password
from recorder_core.catalog import Catalog, EventState, Job, Profile
from recorder_core.errors import NotAllowed, SettingsError, WrongState
from recorder_core.jobs.archive import (
    JOB_KINDS,
    Archive,
    JobPlace,
    add_copy,
    add_user,
    correct_event,
    disable_user,
    event_work_folder,
    grant,
    job_sentence,
    read_audit,
    read_kept_report,
)
from recorder_core.jobs.archive.process.process_code import has_ended
from recorder_core.jobs.worker.running import run_job
from recorder_core.jobs.worker.running_job import RunningJob
from tests.recorder_core.jobs.archive.corrections.test_correcting import FIRST

#: in the first GOP of half a second
HIDDEN = (FIRST, replace(FIRST, frame_index=4))
MAY_MOUNT = (
    subprocess.run(
        ["unshare", "--mount", "--map-root-user", "true"], check=False, capture_output=True
    ).returncode
    == 0
)
ENDED = ("done", "failed", "cancelled", "interrupted")


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


def process_of(job: Job) -> int:
    assert job.worker is not None
    return int(job.worker.split(":")[2])


def gone(job: Job) -> None:
    """Return once the process of a job has ended."""
    assert job.worker is not None
    while not has_ended(job.worker):
        time.sleep(0.1)


def frames_by_ffprobe(path: Path) -> int:
    words = ["-v", "error", "-select_streams", "v", "-count_frames"]
    words += ["-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", str(path)]
    done = subprocess.run(["ffprobe", *words], capture_output=True, text=True, check=True)
    return int(done.stdout.strip().strip(","))


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
    assert np.abs(after[24:56, 304:336].astype(int) - before[24:56, 304:336]).max() > 5
    assert list(work.iterdir()) == []
    found = row(site, job.job_id)
    assert (found["state"], found["created_by"]) == ("done", "rita")
    gone(job)


def free(site: Any, job_id: str) -> None:
    """Let the jobs go on that wait for the one of `blocked`."""
    with Catalog(site.path / "catalog.db") as catalog:
        catalog.jobs.end(job_id, "done")


def _copy_bytes(archive: Archive, event_id: str) -> bytes:
    with archive.event(event_id).video("deidentified") as file:
        return file.read()


@pytest.mark.parametrize("is_at_work", [False, True])
def test_a_killed_process_leaves_nothing_lost_and_the_job_starts_again(
    site: Any, with_copy: str, work: Path, tmp_path: Path, is_at_work: bool
) -> None:
    folder = event_work_folder(work, with_copy)
    with site.opened("rita") as archive:
        archive.job_place = JobPlace(work)
        before = _copy_bytes(archive, with_copy)
        job = archive.start_job("rerender", with_copy)
        while is_at_work and not (folder.exists() and list(folder.iterdir())):
            time.sleep(0.01)
        os.kill(process_of(job), signal.SIGKILL)
        job = when(archive, job.job_id, *ENDED)
        assert job.state == "interrupted"
        assert list(work.iterdir()) == []  # nothing in clear waits for somebody to start it again
        assert _copy_bytes(archive, with_copy) == before
        again = archive.start_job_again(job.job_id)
        assert again.job_id != job.job_id
        assert when(archive, again.job_id, *ENDED).state == "done"
        copy = tmp_path / "read.mp4"
        copy.write_bytes(_copy_bytes(archive, with_copy))
        assert archive.event(with_copy).redactions()["origin"].tolist().count("corrected") == 3
        with pytest.raises(WrongState, match="is done"):
            archive.start_job_again(again.job_id)
    assert frames_by_ffprobe(copy) == 60
    assert copy.read_bytes() != before
    assert list(work.iterdir()) == []


def test_a_killed_copy_is_made_at_the_second_start_and_its_progress_never_goes_back(
    site: Any, event_id: str, work: Path
) -> None:
    folder = event_work_folder(work, event_id)
    with site.opened("rita") as archive:
        archive.job_place = JobPlace(work)
        job = archive.start_job("deidentify", event_id)
        while not folder.exists():
            time.sleep(0.02)
        os.kill(process_of(job), signal.SIGKILL)
        assert when(archive, job.job_id, *ENDED).state == "interrupted"
        assert folder.stat().st_mode & 0o777 == 0o700
        seen = [archive.start_job_again(job.job_id)]
        while seen[-1].state in ("queued", "running"):
            time.sleep(0.1)
            seen.append(archive.job(seen[0].job_id))
        told = [(each.progress, each.seconds_left) for each in seen]
        assert [each[0] for each in told] == sorted(each[0] for each in told)
        assert all(left is None or 0 <= left < 600 for _, left in told)
        assert seen[-1].state == "done"
        assert archive.event(event_id).row.state is EventState.DEIDENTIFIED
    assert list(work.iterdir()) == []


def test_of_two_people_one_waits_or_is_told_and_both_corrections_are_in_the_copy(
    site: Any, with_copy: str, work: Path, blocked: str
) -> None:
    with site.opened("adam") as archive:
        add_user(archive, "rene", Profile.REVIEWER, Password("correct horse"))
    with site.opened("rita") as second:
        second.job_place = JobPlace(work)
        grant(second, with_copy, "rene")
        job = second.start_job("rerender", with_copy)
    with site.opened("rene") as second:
        second.job_place = JobPlace(work)
        with pytest.raises(WrongState, match=f"job {job.job_id} of the same kind waits already"):
            second.start_job("rerender", with_copy)
        # entered while the job waits: it will have this one too
        correct_event(second, with_copy, (replace(FIRST, frame_index=40, correction_id="late"),))
        free(site, blocked)
        when(second, job.job_id, "running", "done")
        other = second.start_job(
            "rerender", with_copy
        )  # waits for its event, and finds nothing due
        assert when(second, job.job_id, *ENDED).state == "done"
        assert when(second, other.job_id, *ENDED).state == "done"
        rows = second.event(with_copy).redactions()
        assert 40 in rows[rows["origin"] == "corrected"]["frame"].tolist()


def test_who_may_not_ask_for_a_job_may_not_cancel_it(
    site: Any, with_copy: str, work: Path, blocked: str
) -> None:
    with site.opened("rita") as archive:
        archive.job_place = JobPlace(work)
        before = _copy_bytes(archive, with_copy)
        job = archive.start_job("rerender", with_copy)
    for login in ("olga", "rosa", "egon", "adam"):
        with site.opened(login) as archive:
            assert job.job_id in [each.job_id for each in archive.jobs(state="queued")]
            with pytest.raises(NotAllowed):
                archive.cancel_job(job.job_id)
            with pytest.raises(NotAllowed):
                archive.start_job("rerender", with_copy)
    with site.opened("rita") as archive:
        assert archive.cancel_job(job.job_id).state == "cancelled"
        with pytest.raises(WrongState, match="has already ended"):
            archive.cancel_job(job.job_id)
        assert _copy_bytes(archive, with_copy) == before
    gone(job)
    with site.opened("adam") as archive:
        rows = read_audit(archive)
    of_job = [each for each in rows if f"job:{job.job_id}" in each.detail]
    said = [(each.who, each.action, each.outcome) for each in of_job]
    assert ("rita", "log_in", "done") in said
    assert ("rosa", "deidentify", "refused") in said


def test_a_job_that_runs_is_cancelled_at_its_next_step(
    site: Any, event_id: str, work: Path
) -> None:
    with site.opened("rita") as archive:
        archive.job_place = JobPlace(work)
        job = archive.start_job("deidentify", event_id)
        when(archive, job.job_id, "running")
        asked = archive.cancel_job(job.job_id)
        assert asked.stopped_by == "rita"
        assert when(archive, job.job_id, *ENDED).state == "cancelled"
        assert archive.event(event_id).row.state is EventState.RECORDED
    gone(job)
    assert list(work.iterdir()) == []


def test_the_job_of_who_is_disabled_meanwhile_stops(
    site: Any, with_copy: str, work: Path, blocked: str
) -> None:
    with site.opened("rita") as archive:
        archive.job_place = JobPlace(work)
        job = archive.start_job("rerender", with_copy)
    with site.opened("adam") as archive:
        disable_user(archive, "rita")
        job = when(archive, job.job_id, *ENDED)
    assert (job.state, job.error_class) == ("failed", "NotAllowed")
    assert "disabled or has another profile" in job_sentence(job)
    gone(job)


def test_an_import_that_is_stopped_too_late_is_done_and_names_its_event(
    site: Any, named_video: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("recorder_core.jobs.archive.events.importing.ImportResult", interrupt)
    with site.opened("rita") as archive, Catalog(site.path / "catalog.db") as catalog:
        asked = catalog.jobs.add("import", by="rita", may_queue_beside="all")
        job = catalog.jobs.claim(asked.job_id, "worker", at_once=9, in_lane=lambda _: True)
        run_job(
            RunningJob(
                archive=archive,
                job=job,
                kind=JOB_KINDS["import"],
                work=work,
                progress=lambda *_: None,
                private={"video": str(named_video)},
                commands=Mock(),
                watchers=Mock(),
                stopper=Mock(),
            )
        )
        event = archive.event(str(catalog.jobs.get(job.job_id).event_id))
        assert event.names().source_name == named_video.name
        killed = replace(job, state="interrupted")
    assert "look in the library first" in job_sentence(killed)
    assert "nothing of it" not in job_sentence(killed)


def test_a_damaged_video_is_de_identified_where_that_was_asked_for(
    site: Any, event_id: str, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Mock()
    monkeypatch.setattr(
        "recorder_core.jobs.archive.copies.deidentifying.deidentify_event",
        lambda archive, event, request, progress: asked(request.options.salvage),
    )
    with site.opened("rita") as archive:
        for settings, salvage in (("{}", False), ('{"salvage": true}', True)):
            job = Mock(event_id=event_id, settings=settings)
            running = Mock(archive=archive, job=job, kind=JOB_KINDS["deidentify"], work=work)
            run_job(running)
            asked.assert_called_with(salvage)


def _content_of_files(folder: Path) -> bytes:
    """Return what all files of a folder hold, read by another process.

    A process that opens and closes the file of a catalog that it has open loses SQLite's locks on
    it: to others, nobody has the catalog open then.
    """
    words = ["tar", "--create", "--file=-", "--warning=no-file-changed", str(folder)]
    packed = subprocess.run(words, capture_output=True, timeout=60, check=False)
    assert packed.returncode in {0, 1}, packed.stderr  # 1: a file changed while it was read
    return packed.stdout


def test_no_key_stands_on_the_command_line_in_the_environment_or_on_a_disk(
    site: Any, with_copy: str, work: Path, blocked: str
) -> None:
    with site.opened("rita") as archive:
        archive.job_place = JobPlace(work)
        with archive._session.identity.keys[0].secret.view() as view:
            raw = bytes(view)
        job = archive.start_job("rerender", with_copy)
        when(archive, job.job_id, "queued")
    while not os.getpriority(os.PRIO_PROCESS, process_of(job)):
        time.sleep(0.05)  # it has the key once it makes way for others
    about = Path("/proc") / str(process_of(job))
    words = (about / "cmdline").read_bytes() + (about / "environ").read_bytes()
    stored = _content_of_files(site.path.parent)
    assert b"SQLite format 3" in stored
    for secret in (raw, raw.hex().encode(), base64.b64encode(raw), b"correct horse"):
        assert secret not in words
        assert secret not in stored
    assert b"WORKBENCH" not in words
    assert b"PYTHON" not in (about / "environ").read_bytes()
    assert "Max core file size        0 " in (about / "limits").read_text()
    # a session of its own: what ends the server's does not end it
    assert os.getsid(process_of(job)) == process_of(job)


@pytest.mark.skipif(not MAY_MOUNT, reason="this system lets nobody mount a small disk")
def test_a_full_disk_fails_the_job_and_leaves_the_copy(
    site: Any, with_copy: str, work: Path, tmp_path: Path
) -> None:
    with site.opened("rita") as archive:
        before = _copy_bytes(archive, with_copy)
    password_file = tmp_path / "rita.pw"
    password_file.write_text("correct horse\n")
    password_file.chmod(0o600)
    words = ["job", "start", "rerender", with_copy, "--work", work]
    words += ["--archive", site.path, "--user", "rita", "--password-file", password_file]
    script = 'mount -t tmpfs -o size=16k tmpfs "$1" || exit 99; shift; exec "$@"'
    command = [Path(sys.executable).with_name("workbench"), *words]
    subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", script, "sh", work, *command],
        check=True,
        timeout=120,
    )
    with site.opened("rita") as archive:
        (job,) = archive.jobs()
        job = when(archive, job.job_id, *ENDED)
        assert (job.state, job.error_class) == ("failed", "DiskFull")
        assert "the disk is full: free up space" in job_sentence(job)
        assert _copy_bytes(archive, with_copy) == before


def test_reports_and_checks_are_jobs_too(site: Any, event_id: str, work: Path) -> None:
    with site.opened("rita") as archive:
        report = archive.start_job("report", event_id)
        assert when(archive, report.job_id, *ENDED).state == "done"
        assert read_kept_report(archive, event_id).startswith(b"%PDF-")
        with pytest.raises(SettingsError, match="is about one event: say which"):
            archive.start_job("report")
        with pytest.raises(SettingsError, match="there is no kind of job 'bake'"):
            archive.start_job("bake", event_id)
        with pytest.raises(SettingsError, match="report has no setting allow_no_faces"):
            archive.start_job("report", event_id, settings={"allow_no_faces": True})
        with pytest.raises(WrongState, match="rerender needs one that is de-identified, in review"):
            archive.start_job("rerender", event_id)
    with site.opened("adam") as archive:
        good = archive.start_job("verify")
        assert when(archive, good.job_id, *ENDED).state == "done"
        files = [each for each in site.path.rglob("*original*") if each.is_file()]
        original = max(files, key=lambda each: each.stat().st_size)
        damaged = bytearray(original.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        original.write_bytes(damaged)
        bad = when(archive, archive.start_job("verify").job_id, *ENDED)
    assert (bad.state, bad.error_class) == ("failed", "ArchiveError")
    assert job_sentence(bad).endswith("run 'workbench mirror verify'")
