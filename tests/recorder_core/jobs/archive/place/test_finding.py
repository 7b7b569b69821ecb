from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from recorder_core.errors import ArchiveError
from recorder_core.jobs.archive import (
    RecordingRequest,
    record_event,
    repair_copies,
    verify_audit,
)
from recorder_core.jobs.archive.place import finding
from recorder_core.jobs.archive.place.finding import find_archive

MAY_MOUNT = (
    subprocess.run(
        ["unshare", "--mount", "--map-root-user", "true"], check=False, capture_output=True
    ).returncode
    == 0
)
#: makes the first folder read-only for the program that follows
READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" || exit 99\nshift\nexec "$@"\n'
#: records by the folder that is named, as the command line does
RECORD = """
import sys
from pathlib import Path
from recorder_core.archive import Password
from recorder_core.jobs.archive import Credentials, RecordingRequest, open_archive, record_event
with open_archive(Path(sys.argv[1]), Credentials("olga", Password("correct horse"))) as archive:
    with record_event(archive, RecordingRequest(procedure_code="demo")) as recording:
        recording.sink.write(b"v" * 100_000)
        recording.finish(10.0)
    print(recording.event_id, archive.folders.primary, *archive.notices, sep="\\n")
"""


#: lists the events and plays the last by the folder that is named, as a reviewer
PLAY = """
import sys
from pathlib import Path
from recorder_core.archive import Password
from recorder_core.jobs.archive import Credentials, open_archive
with open_archive(Path(sys.argv[1]), Credentials("rita", Password("correct horse"))) as archive:
    print(*(event.event_id for event in archive.events()))
    with archive.event(sys.argv[2]).video() as file:
        print(file.read(100_001) == b"v" * 100_000)
    print(*archive.notices, sep="\\n")
"""


def _content(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def _record_here(site: Any) -> list[str]:
    """Record while the archive's own folder is said to be read-only, where nobody may mount."""
    with site.opened("olga") as archive:
        with record_event(archive, RecordingRequest(procedure_code="demo")) as recording:
            recording.sink.write(b"v" * 100_000)
            recording.finish(10.0)
        return [recording.event_id, str(archive.folders.primary), *archive.notices]


def _beside(site: Any, code: str, *words: str) -> list[str]:
    """Run a program for which the archive's own folder is read-only."""
    shell = ["unshare", "--mount", "--map-root-user", "sh", "-c", READ_ONLY, "sh", str(site.path)]
    done = subprocess.run(
        [*shell, sys.executable, "-c", code, *words], check=True, capture_output=True, text=True
    )
    return done.stdout.splitlines()


def test_the_mirror_goes_on_where_the_archives_own_disk_is_read_only(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site.opened("adam"):
        pass
    before = _content(site.path)
    if MAY_MOUNT:
        event_id, primary, *notices = _beside(site, RECORD, str(site.mirror))
        assert _content(site.path) == before
    else:
        lost = {site.path: "Read-only file system"}
        monkeypatch.setattr(finding, "_write_fault", lost.get)
        event_id, primary, *notices = _record_here(site)
        monkeypatch.undo()
    assert primary == str(site.mirror)
    assert any("(Read-only file system), so its mirror" in notice for notice in notices)
    assert (site.mirror / "events" / event_id / "original.1.sealed").exists()
    with site.opened("adam") as archive:
        assert archive.folders.primary == site.path
        assert event_id in {event.event_id for event in archive.events()}
        assert repair_copies(archive).is_sound
        assert verify_audit(archive).is_sound
    with site.opened("rita") as archive, archive.event(event_id).video() as file:
        assert file.read() == b"v" * 100_000


def test_either_folder_that_is_named_leads_to_the_one_that_can_be_written(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "_write_fault", {site.path: "Input/output error"}.get)
    assert find_archive(site.path).primary == find_archive(site.mirror).primary == site.mirror
    monkeypatch.setattr(finding, "_write_fault", {site.mirror: "Read-only file system"}.get)
    assert find_archive(site.path).primary == find_archive(site.mirror).primary == site.path


def _record_apart(site: Any, kept: Path) -> str:
    """Record while the mirror is away, and leave the catalog as a kill and a power cut would.

    What was done then is in the write-ahead log alone, and the index of that is gone.
    """
    away = site.mirror.with_name("away")
    site.mirror.rename(away)
    with site.opened("olga") as archive:
        with record_event(archive, RecordingRequest(procedure_code="demo")) as recording:
            recording.sink.write(b"v" * 100_000)
            recording.finish(10.0)
        for name in ("catalog.db", "catalog.db-wal"):
            shutil.copy(site.path / name, kept / name)
    for name in ("catalog.db", "catalog.db-wal"):
        shutil.copy(kept / name, site.path / name)
    away.rename(site.mirror)
    return str(recording.event_id)


@pytest.mark.skipif(not MAY_MOUNT, reason="a read-only disk needs a mount of its own")
def test_rows_in_the_journal_of_a_read_only_disk_are_read_without_its_index(
    site: Any, tmp_path: Path
) -> None:
    event_id = _record_apart(site, tmp_path)
    before = _content(site.path)
    assert site.path / "catalog.db-shm" not in before
    listed, played, *notices = _beside(site, PLAY, str(site.path), event_id)
    assert event_id in listed.split()
    assert played == "True"
    assert any("(Read-only file system), so its mirror" in notice for notice in notices)
    assert _content(site.path) == before
    with site.opened("adam") as archive:
        assert event_id in {event.event_id for event in archive.events()}
        assert verify_audit(archive).is_sound


@pytest.mark.skipif(not MAY_MOUNT, reason="a read-only disk needs a mount of its own")
def test_a_read_only_archive_without_its_mirror_is_read_from_a_copy_of_its_folder(
    site: Any, tmp_path: Path
) -> None:
    event_id = _record_apart(site, tmp_path)
    site.mirror.rename(site.mirror.with_name("away"))
    before = _content(site.path)
    with pytest.raises(subprocess.CalledProcessError) as refused:
        _beside(site, PLAY, str(site.path), event_id)
    said = refused.value.stderr.splitlines()[-1]
    assert "cannot be written (Read-only file system)" in said
    assert "copy the whole folder to a disk that can be written" in said
    copy = shutil.copytree(site.path, tmp_path / "copy")
    listed, played, *notices = _beside(site, PLAY, str(copy), event_id)
    assert (event_id in listed.split(), played) == (True, "True")
    assert f"{copy} is a copy: this archive lies in {site.path}" in notices[0]
    assert _content(site.path) == before


def test_both_disks_read_only_is_one_sentence(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "_write_fault", lambda _: "Read-only file system")
    with pytest.raises(ArchiveError, match="cannot be written") as refused:
        find_archive(site.path)
    assert f"the disk of {site.mirror} and name that with --archive" in str(refused.value)


def test_the_mirror_does_not_go_on_beside_others_who_may_write(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(finding, "open_inner", refuse)
    assert find_archive(site.path).primary == site.path


def test_a_folder_whose_disk_may_be_missing_names_the_mirror_before_init(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="plug its disk in, or name the mirror") as refused:
        find_archive(tmp_path)
    told = str(refused.value)
    assert told.index("--archive") < told.index("only in a folder that never was one")
