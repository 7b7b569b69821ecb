"""The inbox of a server: which videos it offers, and what it follows."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from recorder_core.errors import ArchiveError, SettingsError
from recorder_core.jobs.archive.events.inbox import file_code, list_inbox


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
    for other in ("notes.txt", ".old.mp4", "._old.mp4", ".Trash/b.mp4"):
        _put(inbox / other)
    secret = _put(tmp_path / "secret" / "other.mp4")
    (inbox / "link.mp4").symlink_to(secret)
    (inbox / "folder").symlink_to(secret.parent)
    os.mkfifo(inbox / "pipe.mp4")
    _put(inbox / os.fsdecode(b"\xff.mp4"), age_seconds=7200)
    found = list_inbox(inbox)
    assert [each.name for each in found] == [
        "copied.mp4", "Ñandú 1.MOV", "usb/a.mkv", "old.mp4", "?.mp4",
    ]  # fmt: skip
    faults = [each.fault.partition(":")[0] for each in found]
    assert faults == ["is being copied", "", "", "", "has a name that is no text"]
    assert found[1].size_bytes == 5
    with pytest.raises(SettingsError, match="not there"):
        list_inbox(tmp_path / "unmounted")


def test_a_code_names_a_file_and_its_state_and_no_person(tmp_path: Path) -> None:
    video = _put(tmp_path / "Quorra.mp4")
    code = file_code(video)
    moved = video.rename(tmp_path / "other.mp4")
    assert file_code(moved) == code
    assert "Quorra" not in code
    _put(moved, age_seconds=30)
    assert file_code(moved) != code
    (tmp_path / "link.mp4").symlink_to(moved)
    with pytest.raises(ArchiveError, match="no file of its own"):
        file_code(tmp_path / "link.mp4")
    with pytest.raises(ArchiveError, match="cannot be read"):
        file_code(video)
