"""Signing in, listing, recording and deleting while a disk is full, or refuses every write."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest

from recorder_core.archive import destroy_keys, fill_reserve, missing_bytes
from recorder_core.catalog import EventState
from recorder_core.errors import ArchiveError, CatalogError
from recorder_core.jobs.archive import (
    RecordingRequest,
    accept_place,
    add_copy,
    archive_status,
    check_copies,
    delete_event,
    discard_copy,
    grant,
    record_event,
    repair_copies,
    revoke,
    verify_audit,
)

MIB = 2**20
REQUEST = RecordingRequest(procedure_code="demo")


class SmallDisk:
    """A file system of 16 MiB that holds what lies below a folder."""

    def __init__(self, folder: Path, ask: Callable[[Any], Any]) -> None:
        self._folder = folder
        self._ask = ask
        self.taken_bytes = 0  # by other programs

    @property
    def free_bytes(self) -> int:
        held = sum(path.stat().st_blocks * 512 for path in self._folder.rglob("*"))
        return max(0, 16 * MIB - held - self.taken_bytes)

    def statvfs(self, path: Any) -> Any:
        if self._folder not in (Path(path), *Path(path).parents):
            return self._ask(path)
        free = self.free_bytes // 512
        return SimpleNamespace(
            f_frsize=512,
            f_blocks=16 * MIB // 512,
            f_bavail=free,
            f_bfree=free,
            f_files=0,
            f_favail=0,
        )


def small_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> SmallDisk:
    made = SmallDisk(folder, os.statvfs)
    monkeypatch.setattr(os, "statvfs", made.statvfs)
    (folder / "reserve.bin").unlink(missing_ok=True)
    return made


def refuse_writes(folder: Path) -> None:
    """Put folders where files are written: every user's write fails with an error of the system."""
    for name in ("catalog.db.partial", "audit-head.json.lock", "reserve.bin"):
        (folder / name).unlink(missing_ok=True)
        (folder / name).mkdir()
    for event in (folder / "events").iterdir():
        event.rename(folder / event.name)
    (folder / "events").rmdir()
    (folder / "events").write_bytes(b"")


def without_mirror(site: Any) -> None:
    path = site.path / "archive.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"mirror": None}))
    with site.opened("adam") as archive:
        accept_place(archive)


def record(site: Any, content: bytes) -> tuple[str, tuple[Any, ...]]:
    with site.opened("olga") as archive, record_event(archive, REQUEST) as begun:
        for start in range(0, len(content), 50_000):
            begun.sink.write(content[start : start + 50_000])
        begun.finish(3.0)
        return begun.event_id, begun.sink.faults


def content_of(site: Any, event_id: str) -> bytes:
    with site.opened("rita") as archive, archive.event(event_id).video() as file:
        return bytes(file.read())


def test_a_full_archive_is_cleared_by_the_program_itself(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_mirror(site)
    disk = small_disk(site.path, monkeypatch)
    old, _ = record(site, os.urandom(3 * MIB))
    with pytest.raises(ArchiveError, match="No space left"):
        record(site, os.urandom(16 * MIB))
    disk.taken_bytes = 16 * MIB  # another program takes the rest
    with site.opened("rita") as archive:
        states = {event.row.state for event in archive.events()}
        assert states == {EventState.RECORDING, EventState.RECORDED}
    with site.opened("adam") as archive:
        assert "is full: signing in" in " ".join(archive_status(archive).faults)
        assert missing_bytes(site.path) > 0
        before = disk.free_bytes, disk.taken_bytes
        delete_event(archive, old, "duplicate")
        disk.taken_bytes = 0
        assert disk.free_bytes > before[0]
    with site.opened("adam") as archive:
        assert missing_bytes(site.path) == 0
        assert verify_audit(archive).is_sound
    content = os.urandom(MIB)
    assert content_of(site, record(site, content)[0]) == content


def test_nothing_is_recorded_into_the_room_of_small_writes(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_mirror(site)
    disk = small_disk(site.path, monkeypatch)
    with site.opened("adam"):
        disk.taken_bytes = 16 * MIB
    for _ in range(20):
        with pytest.raises(ArchiveError, match="No space left"):
            record(site, bytes(100_000))
    with site.opened("rita") as archive:
        assert archive.events() == []


def test_a_full_archive_records_on_its_mirror(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = small_disk(site.path, monkeypatch)
    content = os.urandom(2 * MIB)
    with site.opened("olga") as archive, record_event(archive, REQUEST) as begun:
        begun.sink.write(content[:MIB])
        begun.sink.sync()
        disk.taken_bytes = 16 * MIB
        begun.sink.write(content[MIB:])
        event: Any = begun.finish(3.0)
        assert [fault.root for fault in begun.sink.faults] == [site.path]
    assert content_of(site, event.event_id) == content
    with site.opened("adam") as archive:
        assert "1 sealed file is stored, but not yet" in " ".join(archive_status(archive).faults)
        assert not any(finding.is_lost for finding in check_copies(archive).findings)
    disk.taken_bytes = 0
    with site.opened("adam") as archive:
        assert repair_copies(archive).is_sound
        assert check_copies(archive, read_all=True).findings == ()
    assert content_of(site, event.event_id) == content


def test_a_full_archive_imports_onto_its_mirror(
    site: Any, named_video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = small_disk(site.path, monkeypatch)
    with site.opened("adam"):
        disk.taken_bytes = 16 * MIB
    event_id = site.bring_in(named_video)
    assert not list((site.path / "events" / event_id).glob("*")), "room for nothing that is half"
    assert content_of(site, event_id)[4:8] == b"ftyp"
    disk.taken_bytes = 0
    with site.opened("adam") as archive:
        assert repair_copies(archive).is_sound
        assert check_copies(archive, read_all=True).findings == ()


def test_a_mirror_that_refuses_every_write_stops_nobody(
    site: Any, event_id: str, named_video: Path
) -> None:
    refuse_writes(site.mirror)
    content = os.urandom(300_000)
    recorded, faults = record(site, content)
    assert [fault.root for fault in faults] == [site.mirror]
    assert content_of(site, recorded) == content
    imported = site.bring_in(named_video)
    with site.opened("adam") as archive:
        status = " ".join(archive_status(archive).faults)
        assert "4 sealed files are stored, but not yet" in status
        assert f"the copy of the catalog in {site.mirror} is older" in status
        assert {event.event_id for event in archive.events()} == {event_id, recorded, imported}
    told = " ".join(archive.mirror_faults)
    assert f"the copy of the catalog in {site.mirror} is older" in told


def test_keys_are_taken_back_on_a_full_disk(
    site: Any, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    disks = [small_disk(root, monkeypatch) for root in (site.path, site.mirror)]
    with site.opened("adam"):
        for disk in disks:
            disk.taken_bytes = 16 * MIB
    with site.opened("rita") as archive:
        grant(archive, event_id, "rosa", ["signals"])
        assert list(revoke(archive, event_id, "rosa", ["signals"])) == ["signals"]
    keys = [root / "events" / event_id / "signals.1.key" for root in (site.path, site.mirror)]
    assert keys[0].read_bytes() == keys[1].read_bytes()


def test_a_recording_that_the_catalog_cannot_be_told_of_is_said_to_be_stored(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = os.urandom(200_000)
    with site.opened("olga") as archive:
        with record_event(archive, REQUEST) as begun:
            begun.sink.write(content)
            with monkeypatch.context() as patch:
                patch.setattr(archive._session.catalog._database, "_check_file", _gone)
                with pytest.raises(ArchiveError, match="the recording is whole on") as told:
                    begun.finish(3.0)
        assert f"workbench event finalise {begun.event_id}" in str(told.value)
    with site.opened("rita") as archive, archive.event(begun.event_id).video(incomplete=True) as it:
        assert it.read() == content


@pytest.mark.parametrize("place", ["path", "mirror"])
def test_a_deletion_begins_only_where_every_key_can_be_destroyed(
    site: Any, event_id: str, place: str
) -> None:
    keys = [
        root / "events" / event_id / f"{role}.1.key"
        for root in (site.path, site.mirror)
        for role in ("original", "signals")
    ]
    before = [path.read_bytes() for path in keys]
    stuck = getattr(site, place) / "events" / event_id / "signals.1.key"
    stuck.unlink()
    stuck.mkdir()  # nobody, root neither, opens a folder for writing
    with (
        site.opened("adam") as archive,
        pytest.raises(ArchiveError, match="nothing was destroyed"),
    ):
        delete_event(archive, event_id, "duplicate")
    stuck.rmdir()
    stuck.write_bytes(before[1])
    assert [path.read_bytes() for path in keys] == before
    with site.opened("adam") as archive:
        assert delete_event(archive, event_id, "duplicate").file_count == 2
    assert not any(path.exists() for path in keys)


def test_a_mirror_that_goes_away_in_the_middle_of_a_deletion_is_told(
    site: Any, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = site.mirror.with_name("unplugged")

    def unplug(roots: Any, name: str) -> None:
        if not away.exists():
            site.mirror.rename(away)
        destroy_keys(roots, name)

    with site.opened("adam") as archive:
        monkeypatch.setattr("recorder_core.jobs.archive.events.deleting.destroy_keys", unplug)
        with pytest.raises(ArchiveError, match="the deletion is not finished, repeat it"):
            delete_event(archive, event_id, "duplicate")
        monkeypatch.undo()
        away.rename(site.mirror)
        assert "not yet on every disk" in " ".join(archive_status(archive).faults)
        delete_event(archive, event_id, "duplicate")
    assert not list(site.mirror.rglob("*.key"))


def test_keys_of_a_deleted_event_that_survive_are_told(site: Any, event_id: str) -> None:
    key = site.mirror / "events" / event_id / "original.1.key"
    kept = key.read_bytes()
    with site.opened("adam") as archive:
        delete_event(archive, event_id, "duplicate")
    key.parent.mkdir(exist_ok=True)
    key.write_bytes(kept)
    with site.opened("adam") as archive:
        assert "of a deleted event, are still on a disk" in " ".join(archive_status(archive).faults)
        repair_copies(archive)
        assert "of a deleted event" not in " ".join(archive_status(archive).faults)
    assert not key.exists()


def test_what_was_replaced_and_stays_on_a_stuck_mirror_is_told(
    site: Any, event_id: str, named_video: Path, make_copy: Callable[[Path], Path]
) -> None:
    with site.opened("rita") as archive:
        add_copy(archive, event_id, make_copy(named_video))
        stuck = site.mirror / "events" / event_id / "deidentified.1.key"
        kept = stuck.read_bytes()
        stuck.unlink()
        stuck.mkdir()
        event = discard_copy(archive, event_id)
        assert event.row.state is EventState.RECORDED
    assert "still lies on" in " ".join(archive.mirror_faults)
    stuck.rmdir()
    stuck.write_bytes(kept)
    with site.opened("adam") as archive:
        assert "1 sealed file belongs to no event" in " ".join(archive_status(archive).faults)
        assert archive.event(event_id).row.state is EventState.RECORDED


def test_keys_that_are_on_one_disk_only_are_counted(site: Any, event_id: str) -> None:
    (site.path / "events" / event_id / "original.1.key").unlink()
    with site.opened("adam") as archive:
        assert "1 sealed file is stored, but not yet" in " ".join(archive_status(archive).faults)
        assert repair_copies(archive).is_sound
        assert "not yet on every disk" not in " ".join(archive_status(archive).faults)


def test_every_root_has_its_reserve(site: Any) -> None:
    with site.opened("adam"):
        for root in (site.path, site.mirror):
            assert missing_bytes(root) == 0
            assert fill_reserve(root) == 0
            assert (root / "reserve.bin").stat().st_size > 0


def full_of_reading(folder: Path, monkeypatch: pytest.MonkeyPatch, disk: SmallDisk) -> None:
    """Let SQLite open no catalog of a folder, to read it neither, while the disk is full."""
    connect: Any = sqlite3.connect

    def refused(database: Any, *args: Any, **settings: Any) -> Any:
        if str(folder) in unquote(str(database)) and disk.free_bytes < 64 * 1024:
            error = sqlite3.OperationalError("unable to open database file")
            error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
            raise error
        return connect(database, *args, **settings)

    monkeypatch.setattr(sqlite3, "connect", refused)


@pytest.mark.parametrize("full", [["path"], ["mirror"], ["path", "mirror"]])
def test_full_roots_keep_nobody_out_and_are_no_damage(
    site: Any, event_id: str, monkeypatch: pytest.MonkeyPatch, full: list[str]
) -> None:
    with site.opened("adam"):
        pass
    for root in (getattr(site, name) for name in full):
        disk = small_disk(root, monkeypatch)
        fill_reserve(root)
        disk.taken_bytes = disk.free_bytes
        full_of_reading(root, monkeypatch, disk)
    with site.opened("rita") as archive:
        assert archive.notices == ()
        assert [event.event_id for event in archive.events()] == [event_id]
    if full != ["path", "mirror"]:
        content = os.urandom(200_000)
        assert content_of(site, record(site, content)[0]) == content
    with site.opened("adam") as archive:
        assert delete_event(archive, event_id, "duplicate").root_count == 2
    assert not list(site.path.glob("set-aside/*")) + list(site.mirror.glob("set-aside/*"))


def test_a_catalog_that_cannot_be_read_now_stays_and_the_mirror_is_used_alone(
    site: Any, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site.opened("adam"):
        pass
    kept = (site.path / "catalog.db").read_bytes()
    disk = small_disk(site.path, monkeypatch)
    disk.taken_bytes = 16 * MIB  # another program has taken the reserve, too
    full_of_reading(site.path, monkeypatch, disk)
    content = os.urandom(200_000)
    recorded, _ = record(site, content)
    with site.opened("rita") as archive:
        assert archive.folders.primary == site.mirror
        assert {event.event_id for event in archive.events()} == {event_id, recorded}
    [said] = [notice for notice in archive.notices if "used alone" in notice]
    assert f"{site.path} cannot be used (the catalog {site.path / 'catalog.db'} cannot be" in said
    assert f"its mirror {site.mirror} is used alone" in said
    assert content_of(site, recorded) == content
    assert (site.path / "catalog.db").read_bytes() == kept
    assert not (site.path / "set-aside").exists()


def test_where_no_disk_lets_anybody_in_the_archives_own_is_named(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site.opened("adam"):
        pass
    for root in (site.path, site.mirror):
        disk = small_disk(root, monkeypatch)
        disk.taken_bytes = 16 * MIB
        full_of_reading(root, monkeypatch, disk)
    with pytest.raises(CatalogError, match=f"{site.path}/catalog.db cannot be opened"):
        site.opened("adam").__enter__()


def test_a_damaged_catalog_stays_in_its_place_until_the_copy_is_whole(
    site: Any, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site.opened("adam"):
        pass
    damaged = b"SQLite format 3\0" + b"\xff" * 8192
    (site.path / "catalog.db").write_bytes(damaged)

    def no_room(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("recorder_core.jobs.archive.place.reconciling.copy_catalog", no_room)
        with site.opened("olga") as archive:
            assert [event.event_id for event in archive.events()] == [event_id]
            assert archive.folders.primary == site.mirror
        said = " ".join(archive.notices)
        assert "No space left" in said
        assert "stays where it is" in said
        assert f"its mirror {site.mirror} is used alone" in said
    [aside] = (site.path / "set-aside").glob("*-damaged-catalog-*/catalog.db")
    assert aside.read_bytes() == damaged
    with site.opened("rita") as archive:
        assert archive.folders.primary == site.path
        assert [event.event_id for event in archive.events()] == [event_id]
    assert not list(site.path.glob("*.incoming*"))


def test_a_catalog_that_is_gone_comes_back_from_the_mirror(site: Any, event_id: str) -> None:
    with site.opened("adam"):
        pass
    (site.path / "catalog.db").unlink()
    with site.opened("rita") as archive:
        assert [event.event_id for event in archive.events()] == [event_id]
        assert ["was missing" in notice for notice in archive.notices] == [True]


def _gone() -> None:
    raise CatalogError("the disk is gone")


def test_an_archive_on_a_disk_without_locks_is_told_to_go_elsewhere(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with (
        pytest.raises(ArchiveError, match="no locks: put the archive on one that has"),
        site.opened("adam"),
    ):
        pass
