"""Whatever is taken out of an archive is its owner's alone, whatever the umask is."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recorder_core.jobs.archive import (
    backup_archive,
    copy_sealed,
    export_audit,
    export_event,
    restore_archive,
)


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
