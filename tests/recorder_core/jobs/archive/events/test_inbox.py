"""The inbox of a server: which videos it offers, and what it follows."""

from __future__ import annotations

import ctypes
import os
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from recorder_core.errors import ArchiveError, SettingsError, WrongState
from recorder_core.jobs.archive.events.inbox import held_file, list_inbox


def _put(path: Path, *, age_seconds: float = 60.0) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"video")
    written = time.time() - age_seconds
    os.utime(path, (written, written))
    return path


def test_videos_are_listed_and_nothing_that_a_link_leads_to(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    _put(inbox / "old.mp4", age_seconds=3600)
    _put(inbox / "Ñandú 1.MOV", age_seconds=60)
    (inbox / "usb").mkdir()
    _put(inbox / "usb" / "a.mkv", age_seconds=120)
    _put(inbox / "copied.mp4", age_seconds=0)
    _put(inbox / "usb" / "bis.CSV", age_seconds=120)
    for other in ("notes.txt", ".old.mp4", "._old.mp4", ".Trash/b.mp4"):
        _put(inbox / other)
    secret = _put(tmp_path / "secret" / "other.mp4")
    (inbox / "link.mp4").symlink_to(secret)
    (inbox / "folder").symlink_to(secret.parent)
    os.mkfifo(inbox / "pipe.mp4")
    _put(inbox / os.fsdecode(b"\xff.mp4"), age_seconds=7200)
    assert [each.name for each in list_inbox(inbox).signals] == ["usb/bis.CSV"]
    found = list_inbox(inbox).files
    assert [each.name for each in found] == [
        "copied.mp4", "Ñandú 1.MOV", "usb/a.mkv", "old.mp4", "?.mp4",
    ]  # fmt: skip
    faults = [each.fault.partition(":")[0] for each in found]
    assert [each.fault_name for each in found] == ["copying", "", "", "", "name"]
    assert faults == ["is being copied", "", "", "", "has a name that is no text"]
    assert found[1].size_bytes == 5
    with pytest.raises(SettingsError, match="not there"):
        list_inbox(tmp_path / "unmounted")


def _exchange(first: Path, second: Path) -> None:
    """Exchange two names at one moment, as a person with a program can."""
    at_working_folder, exchange = -100, 2
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.renameat2(
        at_working_folder, os.fsencode(first), at_working_folder, os.fsencode(second), exchange
    )
    assert done == 0, os.strerror(ctypes.get_errno())


def test_a_folder_that_is_exchanged_with_a_link_gives_no_foreign_file(tmp_path: Path) -> None:
    inbox, folder = tmp_path / "inbox", tmp_path / "inbox" / "usb"
    folder.mkdir(parents=True)
    own = _put(folder / "a.mp4")
    foreign = _put(tmp_path / "secret" / "a.mp4")
    (inbox / "link").symlink_to(foreign.parent)
    inode, number = own.stat().st_ino, f"-{foreign.stat().st_ino:x}-"
    [listed] = list_inbox(inbox).files
    ended = threading.Event()

    def exchange() -> None:
        while not ended.is_set():
            _exchange(folder, inbox / "link")

    attacker = threading.Thread(target=exchange)
    attacker.start()
    try:
        for _ in range(1000):
            assert not any(number in each.code for each in list_inbox(inbox).files)
            with (
                suppress(ArchiveError),
                held_file(listed.path, listed.code) as held,
            ):
                assert held.stat().st_ino == inode
    finally:
        ended.set()
        attacker.join()


def test_a_held_file_is_read_whatever_has_its_name(tmp_path: Path) -> None:
    _put(tmp_path / "inbox" / "Quorra.mp4")
    [listed] = list_inbox(tmp_path / "inbox").files
    assert "Quorra" not in listed.code
    with held_file(listed.path, listed.code) as held:
        listed.path.rename(tmp_path / "moved.mp4")
        listed.path.write_bytes(b"another")
        assert held.read_bytes() == b"video"
    with pytest.raises(WrongState, match="choose it again"), held_file(listed.path, listed.code):
        pass
    (tmp_path / "moved.mp4").rename(tmp_path / "kept.mp4")
    listed.path.unlink()
    listed.path.symlink_to(tmp_path / "kept.mp4")
    with pytest.raises(WrongState, match="choose it again"), held_file(listed.path, listed.code):
        pass
    (tmp_path / "inbox").rename(tmp_path / "away")
    (tmp_path / "inbox").symlink_to(tmp_path / "away")
    with (
        pytest.raises(ArchiveError, match="cannot be read") as told,
        held_file(listed.path, listed.code),
    ):
        pass
    assert "Quorra" not in str(told.value)


def test_more_than_can_be_looked_at_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = tmp_path / "inbox"
    for number in range(4):
        _put(inbox / f"{number}.mp4", age_seconds=100 + number)
    assert not list_inbox(inbox).left_off
    module = "recorder_core.jobs.archive.events.inbox"
    monkeypatch.setattr(f"{module}._MAX_FILES", 3)
    found = list_inbox(inbox)
    assert ([each.name for each in found.files], found.left_off) == (
        ["0.mp4", "1.mp4", "2.mp4"],
        True,
    )
    monkeypatch.undo()
    monkeypatch.setattr(f"{module}._MAX_ENTRIES", 3)
    found = list_inbox(inbox)
    assert (len(found.files), found.left_off) == (3, True)
    monkeypatch.undo()
    deepest = os.open(inbox, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("d", dir_fd=deepest)
        above, deepest = deepest, os.open("d", os.O_RDONLY, dir_fd=deepest)
        os.close(above)
    os.close(deepest)
    found = list_inbox(inbox)
    assert (len(found.files), found.left_off) == (4, True)
    subprocess.run(["rm", "-r", "--", inbox / "d"], check=True)


@pytest.mark.parametrize(("seconds", "year"), [(1e12, 9999), (-1e11, 1)])
def test_a_time_that_no_clock_has_is_shown_as_far_as_it_can_be(
    tmp_path: Path, seconds: float, year: int
) -> None:
    video = _put(tmp_path / "a.mp4")
    os.utime(video, (seconds, seconds))
    kept = video.stat().st_mtime  # some disks do not go so far
    [listed] = list_inbox(tmp_path).files
    assert not listed.fault
    if kept == seconds:
        assert listed.modified_utc.year == year


def test_a_file_of_a_clock_that_is_ahead_is_not_being_copied(tmp_path: Path) -> None:
    ahead = time.time() + 86_400
    os.utime(_put(tmp_path / "a.mp4"), (ahead, ahead))
    [listed] = list_inbox(tmp_path).files
    assert not listed.fault
