"""Who writes an event now: seen by other processes, gone with the process."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import pytest

from recorder_core.errors import ArchiveError, SettingsError, WrongState
from recorder_core.jobs.archive.place.event_lock import (
    LOCK_NAME,
    is_being_written,
    lock_event,
    remove_abandoned_lock,
)

EVENT = "0123456789abcdef"
_HOLDER = """
import fcntl, os, sys
descriptor = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(descriptor, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def test_a_lock_is_seen_while_it_is_held_and_leaves_nothing(site: Any) -> None:
    with site.opened("rita") as archive:
        assert not is_being_written(archive.folders, EVENT)
        with lock_event(archive.folders, EVENT):
            assert is_being_written(archive.folders, EVENT)
            with (
                pytest.raises(WrongState, match="at this moment"),
                lock_event(archive.folders, EVENT, wait=False),
            ):
                pass
            remove_abandoned_lock(archive.folders, EVENT)
            assert is_being_written(archive.folders, EVENT)
        assert not is_being_written(archive.folders, EVENT)
        assert not (site.path / "events" / EVENT).exists()


def test_the_lock_of_a_killed_process_is_free_and_removed(site: Any) -> None:
    lock = site.path / "events" / EVENT / LOCK_NAME
    lock.parent.mkdir()
    command = [sys.executable, "-c", _HOLDER, lock]
    with (
        site.opened("rita") as archive,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as holder,
    ):
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert is_being_written(archive.folders, EVENT)
        holder.kill()
        holder.wait()
        assert not is_being_written(archive.folders, EVENT)
        remove_abandoned_lock(archive.folders, EVENT)
        assert not lock.parent.exists()


def test_a_clean_up_never_takes_the_lock_from_a_writer(site: Any) -> None:
    """Whoever has the lock is seen as a writer, however often somebody cleans up."""
    seen: list[bool] = []
    with site.opened("rita") as archive:
        stop = threading.Event()

        def clean_up() -> None:
            while not stop.is_set():
                remove_abandoned_lock(archive.folders, EVENT)

        cleaner = threading.Thread(target=clean_up)
        cleaner.start()
        for _ in range(100):
            with lock_event(archive.folders, EVENT):
                seen.append(is_being_written(archive.folders, EVENT))
        stop.set()
        cleaner.join()
    assert all(seen)


def test_an_id_is_no_path(site: Any) -> None:
    with site.opened("rita") as archive:
        for wrong in ("../outside", "a/b", ""):
            with (
                pytest.raises(SettingsError, match="an event id has"),
                lock_event(archive.folders, wrong),
            ):
                pass
    assert not (site.path / "outside").exists()


def test_a_folder_that_cannot_be_written_is_told(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(30, "Read-only file system")

    with site.opened("rita") as archive:
        monkeypatch.setattr("recorder_core.jobs.archive.place.event_lock.os.open", refuse)
        with (
            pytest.raises(ArchiveError, match="Read-only file system"),
            lock_event(archive.folders, EVENT),
        ):
            pass
        monkeypatch.undo()
