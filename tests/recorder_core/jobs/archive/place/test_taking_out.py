"""Whatever is taken out of an archive is its owner's alone, whatever the umask is."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recorder_core.errors import EncodeError
from recorder_core.jobs.archive import (
    backup_archive,
    copy_sealed,
    export_audit,
    export_event,
    restore_archive,
)
from recorder_core.jobs.archive.place.taking_out import ByteCounter, write_verified
from recorder_core.jobs.progress import no_progress


@pytest.fixture
def open_umask() -> Iterator[None]:
    """Permit everything to everybody, as a careless service does."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_everything_that_is_taken_out_is_its_owners_alone(
    site: Any, event_id: str, tmp_path: Path
) -> None:
    out = tmp_path / "disk" / "of mine"
    with site.opened("rita") as archive:
        export_event(archive, event_id, out / "usb" / "1", ["original", "signals"])
    with site.opened("adam") as archive:
        copy_sealed(archive, event_id, out / "sealed")
        backup_archive(archive, out / "backup")
        left = out / ".log.part.jsonl"
        left.touch(mode=0o666)
        export_audit(archive, out / "log.jsonl")
    restore_archive(out / "backup", out / "restored")
    made = [tmp_path / "disk", *(tmp_path / "disk").rglob("*")]
    names = {path.name for path in made}
    assert {f"{event_id}.manifest.json", f"{event_id}.sealed.json", "log.jsonl"} <= names
    assert {f"{event_id}.original.mp4", "original.1.key", "backup.json", "catalog.db"} <= names
    for path in made:
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


@pytest.mark.usefixtures("open_umask")
def test_a_folder_that_is_there_keeps_its_permissions(
    site: Any, event_id: str, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir(mode=0o755)
    with site.opened("rita") as archive:
        export_event(archive, event_id, disk, ["signals"])
    assert stat.S_IMODE(disk.stat().st_mode) == 0o755


def test_of_two_that_write_one_file_the_second_is_refused_and_the_first_is_whole(
    tmp_path: Path,
) -> None:
    target, counter = tmp_path / "video.mp4", ByteCounter(no_progress, 2)

    def chunks() -> Iterator[bytes]:
        yield b"the first"
        with pytest.raises(EncodeError, match=r"video\.mp4 is being written by another run"):
            write_verified(target, [b"another"], counter)
        yield b" to the end"

    write_verified(target, chunks(), counter)
    assert target.read_bytes() == b"the first to the end"
    assert [path.name for path in tmp_path.iterdir()] == ["video.mp4"]
