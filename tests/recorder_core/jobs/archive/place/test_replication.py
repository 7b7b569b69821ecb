from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from recorder_core.archive import Password
from recorder_core.catalog import Catalog, Profile, compare_catalogs
from recorder_core.errors import ArchiveError, NoKeyMatches
from recorder_core.jobs.archive import (
    Credentials,
    add_user,
    open_archive,
    repair_copies,
)
from recorder_core.jobs.archive.place import replication
from tests.waiting import wait_until

PASSWORD = "correct horse"

_RECORDER = """
import os, sys, time
from pathlib import Path
from recorder_core.archive import Password
from recorder_core.jobs.archive import (
    Credentials, EventNames, RecordingRequest, open_archive, record_event,
)
identity = Credentials("olga", Password(sys.argv[2]))
request = RecordingRequest(procedure_code="demo", names=EventNames(patient_name="P"))
with open_archive(Path(sys.argv[1]), identity) as archive:
    with record_event(archive, request) as recording:
        while True:
            recording.sink.write(os.urandom(50_000))
            recording.sink.sync()
            print(recording.event_id, flush=True)
            time.sleep(0.02)
"""


def _events(path: Path) -> list[str]:
    with Catalog(path, anchors=[path.with_name("anchor")]) as catalog:
        return [event.event_id for event in catalog.events.find()]


def test_the_archives_disk_dies_in_the_middle_of_a_recording(site: Any, tmp_path: Path) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-c", _RECORDER, site.path, PASSWORD], stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout is not None
    event_id = worker.stdout.readline().strip()

    def is_there() -> bool:
        looked_at = tmp_path / "looked-at.db"
        shutil.copy(site.mirror / "catalog.db", looked_at)
        return event_id in _events(looked_at)

    wait_until(is_there)
    shutil.rmtree(site.path, ignore_errors=True)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    worker.stdout.close()
    shutil.rmtree(site.path, ignore_errors=True)
    with open_archive(site.mirror, Credentials("rita", Password(PASSWORD))) as archive:
        event = archive.event(event_id)
        assert event.row.state == "recording"
        with event.video(incomplete=True) as file:
            assert file.seek(0, os.SEEK_END) >= 50_000
    with open_archive(site.mirror, Credentials("adam", Password(PASSWORD))) as archive:
        repair_copies(archive)
    assert (site.mirror / "events" / event_id / "original.1.key").exists()


def test_rows_are_on_the_mirror_while_the_archive_stays_open(site: Any) -> None:
    with site.opened("adam") as archive:
        add_user(archive, "ruth", Profile.REVIEWER, Password(PASSWORD))
        copy = site.mirror / "catalog.db"
        wait_until(lambda: compare_catalogs(archive._session.catalog.path, copy) == "same")


def test_a_mirror_that_comes_back_catches_up_and_loses_nothing(site: Any) -> None:
    away = site.mirror.with_name("away")
    with site.opened("adam") as archive:
        site.mirror.rename(away)
        add_user(archive, "ruth", Profile.REVIEWER, Password(PASSWORD))
        away.rename(site.mirror)
        assert archive._session.replicator.copy() == ()
        assert compare_catalogs(archive._session.catalog.path, site.mirror / "catalog.db") == "same"


def test_a_mirror_that_cannot_be_written_is_told_and_tried_again(site: Any) -> None:
    with site.opened("adam") as archive:
        archive._session.replicator.copy()
        blocked = site.mirror / "catalog.db.partial"
        blocked.mkdir()
        add_user(archive, "ruth", Profile.REVIEWER, Password(PASSWORD))
        [fault] = archive._session.replicator.copy()
        assert str(site.mirror) in fault
        blocked.rmdir()
        assert archive._session.replicator.copy() == ()
    assert archive.mirror_faults == ()


def test_a_copy_for_which_there_was_no_memory_is_made_later(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = [MemoryError(), ArchiveError("the folder is not there")]

    def copy_catalog(*given: Any, **settings: Any) -> Any:
        if refused:
            raise refused.pop()
        return real(*given, **settings)

    real = replication.copy_catalog
    with site.opened("adam") as archive:
        monkeypatch.setattr(replication, "copy_catalog", copy_catalog)
        user_id = add_user(archive, "late", Profile.OPERATOR, Password(PASSWORD)).user_id
        wait_until(lambda: not refused and user_id in _users(site.mirror / "catalog.db"))
        assert archive._session.replicator.faults == ()


def _users(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT user_id FROM users")]


def test_a_refused_sign_in_is_on_the_mirror_too(site: Any) -> None:
    with pytest.raises(NoKeyMatches):
        open_archive(site.path, Credentials("adam", Password("wrong horse")))
    with Catalog(site.mirror / "catalog.db", anchors=[site.mirror / "x.json"]) as catalog:
        assert catalog.audit.rows()[-1].outcome == "refused"
