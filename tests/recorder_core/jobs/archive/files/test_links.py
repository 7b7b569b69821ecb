"""Somebody with the disks puts links into the archive: none is followed, each is named."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from recorder_core.errors import ArchiveError, CatalogError, EncodeError, RecorderError
from recorder_core.jobs.archive import (
    archive_status,
    backup_archive,
    check_copies,
    delete_event,
    export_event,
    repair_copies,
    restore_archive,
    revoke,
)

LinkMaker = Callable[[Path], None]
PARTS = ["sealed", "key"]


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file of somebody else, on the same disk."""
    path = tmp_path / "outside" / "diary.txt"
    path.parent.mkdir()
    path.write_bytes(b"none of the archive's business" * 100)
    return path


@pytest.fixture(params=["symlink", "hard link"])
def put_link(request: pytest.FixtureRequest, outside: Path) -> LinkMaker:
    """Puts a link to the outside file in the place of a file of the archive."""

    def put(place: Path) -> None:
        place.unlink(missing_ok=True)
        if request.param == "symlink":
            place.symlink_to(outside)
        else:
            place.hardlink_to(outside)

    return put


@pytest.fixture(autouse=True)
def _outside_is_untouched(outside: Path) -> Any:
    before = outside.read_bytes(), sorted(outside.parent.iterdir())
    yield
    assert (outside.read_bytes(), sorted(outside.parent.iterdir())) == before


def _part(root: Path, event_id: str, suffix: str) -> Path:
    return root / "events" / event_id / f"original.1.{suffix}"


def _link_folder(root: Path, event_id: str, outside: Path) -> Path:
    """Move an event's folder out of the archive, and leave a link to it; return where it is."""
    folder = root / "events" / event_id
    moved = outside.parent.with_name("moved")
    folder.rename(moved)
    folder.symlink_to(moved, target_is_directory=True)
    return moved


@pytest.mark.parametrize("part", PARTS)
def test_playing_and_export_read_the_other_copy(
    site: Any, event_id: str, put_link: LinkMaker, tmp_path: Path, part: str
) -> None:
    with site.opened("rita") as archive, archive.event(event_id).video() as file:
        content = file.read()
    put_link(_part(site.path, event_id, part))
    with site.opened("rita") as archive:
        with archive.event(event_id).video() as file:
            assert file.read() == content
        result = export_event(archive, event_id, tmp_path / "out", ["original"])
        assert (tmp_path / "out" / result.files[0].name).read_bytes() == content


@pytest.mark.parametrize("part", PARTS)
def test_without_a_good_copy_a_link_is_refused_with_a_sentence(
    site: Any, event_id: str, put_link: LinkMaker, part: str
) -> None:
    for root in (site.path, site.mirror):
        put_link(_part(root, event_id, part))
    # of a hard link the content is read, and is none of this event's
    refused = pytest.raises(
        ArchiveError, match=r"is a link, which is never|not the one that|damaged"
    )
    with site.opened("rita") as archive, refused:
        archive.event(event_id).video()


def test_a_moved_stream_is_not_read_through_its_link(site: Any, event_id: str) -> None:
    for number, root in enumerate((site.path, site.mirror)):
        stream = _part(root, event_id, "sealed")
        stream.rename(site.path.parent / f"moved.{number}")
        stream.symlink_to(site.path.parent / f"moved.{number}")
    with site.opened("rita") as archive, pytest.raises(ArchiveError, match="is a link"):
        archive.event(event_id).video()


@pytest.mark.parametrize("part", PARTS)
def test_links_are_named_and_repair_sets_them_aside(
    site: Any, event_id: str, put_link: LinkMaker, part: str
) -> None:
    place = _part(site.mirror, event_id, part)
    content = place.read_bytes()
    put_link(place)
    with site.opened("adam") as archive:
        assert any(str(place) in fault for fault in archive_status(archive).faults)
        for read_all in (False, True):
            report = check_copies(archive, read_all=read_all)
            found = [finding for finding in report.findings if finding.part == "link"]
            assert [finding.what for finding in found] == [str(place.relative_to(site.mirror))]
            assert not report.is_sound
        assert repair_copies(archive).is_sound
        assert check_copies(archive, read_all=True).findings == ()
    assert (place.read_bytes(), place.is_symlink(), place.stat().st_nlink) == (content, False, 1)


def test_an_event_whose_folder_is_a_link_is_named_and_repaired(
    site: Any, event_id: str, outside: Path
) -> None:
    moved = _link_folder(site.path, event_id, outside)
    kept = {path.name: path.read_bytes() for path in moved.iterdir()}
    with site.opened("adam") as archive:
        assert any("is a link" in fault for fault in archive_status(archive).faults)
        assert repair_copies(archive).is_sound
        assert check_copies(archive, read_all=True).findings == ()
    assert {path.name: path.read_bytes() for path in moved.iterdir()} == kept
    assert not (site.path / "events" / event_id).is_symlink()


@pytest.mark.parametrize("root", ["path", "mirror"])
def test_nothing_is_made_in_the_place_of_the_events_beyond_a_link(
    site: Any, drawn_source: Path, root: str
) -> None:
    events, moved = getattr(site, root) / "events", site.path.parent / "moved"
    events.rename(moved)
    events.symlink_to(moved, target_is_directory=True)
    before = sorted(moved.rglob("*"))
    with suppress(RecorderError):
        site.bring_in(drawn_source)
    assert sorted(moved.rglob("*")) == before


@pytest.mark.parametrize("part", [*PARTS, "tail", "key.0a1b2c3d.new"])
def test_deleting_removes_the_link_and_not_what_it_leads_to(
    site: Any, event_id: str, put_link: LinkMaker, part: str
) -> None:
    with site.opened("adam") as archive:
        put_link(_part(site.path, event_id, part))
        result = delete_event(archive, event_id, "consent_withdrawn")
        assert [f"original.1.{part}" in link for link in result.links] == [True]
        assert check_copies(archive, read_all=True).is_sound
    for root in (site.path, site.mirror):
        assert not (root / "events" / event_id).exists()


def test_opening_removes_the_link_in_the_place_of_a_left_key_and_not_what_it_leads_to(
    site: Any, event_id: str, put_link: LinkMaker
) -> None:
    left = _part(site.path, event_id, "key.0a1b2c3d.new")
    put_link(left)
    with site.opened("adam") as archive:
        assert archive.notices == ()
        assert check_copies(archive, read_all=True).is_sound
    assert not os.path.lexists(left)


def test_deleting_does_not_reach_into_a_linked_folder(
    site: Any, event_id: str, outside: Path
) -> None:
    moved = _link_folder(site.mirror, event_id, outside)
    kept = {path.name: path.read_bytes() for path in moved.iterdir()}
    with site.opened("adam") as archive:
        result = delete_event(archive, event_id, "consent_withdrawn")
        assert [str(site.mirror) in link for link in result.links] == [True]
        assert check_copies(archive).is_sound
    assert {path.name: path.read_bytes() for path in moved.iterdir()} == kept


def test_keys_that_were_set_aside_are_not_destroyed_beyond_a_link(
    site: Any, event_id: str, outside: Path
) -> None:
    elsewhere = outside.parent.with_name("elsewhere") / "events" / event_id
    elsewhere.mkdir(parents=True)
    (elsewhere / "original.1.key").write_bytes(b"not yours")
    (site.path / "set-aside").mkdir()
    (site.path / "set-aside" / "x").symlink_to(elsewhere.parents[1], target_is_directory=True)
    with site.opened("adam") as archive:
        delete_event(archive, event_id, "consent_withdrawn")
    assert (elsewhere / "original.1.key").read_bytes() == b"not yours"


def test_taking_a_key_back_does_not_write_beyond_a_link(
    site: Any, event_id: str, put_link: LinkMaker
) -> None:
    put_link(_part(site.mirror, event_id, "key"))
    with site.opened("adam") as archive:
        revoke(archive, event_id, "rita", ["original"])
    assert not _part(site.mirror, event_id, "key").is_symlink()
    assert _part(site.mirror, event_id, "key").read_bytes() == (
        _part(site.path, event_id, "key").read_bytes()
    )


def test_a_backup_takes_nothing_through_links(
    site: Any, event_id: str, put_link: LinkMaker, outside: Path, tmp_path: Path
) -> None:
    put_link(_part(site.path, event_id, "sealed"))
    with site.opened("adam") as archive:
        report = backup_archive(archive, tmp_path / "backup")
    assert report.faults == ()
    for path in (tmp_path / "backup").rglob("*"):
        assert not path.is_file() or outside.read_bytes() not in path.read_bytes()


def test_a_backup_is_not_written_through_a_link_nor_destroys_beyond_one(
    site: Any, event_id: str, outside: Path, tmp_path: Path
) -> None:
    with site.opened("adam") as archive:
        backup_archive(archive, tmp_path / "backup")
    moved = _link_folder(tmp_path / "backup", event_id, outside)
    kept = {path.name: path.read_bytes() for path in moved.iterdir()}
    with site.opened("adam") as archive:
        with pytest.raises(EncodeError, match="is a link"):
            backup_archive(archive, tmp_path / "backup")
        delete_event(archive, event_id, "consent_withdrawn")
        backup_archive(archive, tmp_path / "backup")
    assert {path.name: path.read_bytes() for path in moved.iterdir()} == kept


@pytest.mark.parametrize("part", PARTS)
def test_a_backup_with_links_is_not_restored(
    site: Any, event_id: str, put_link: LinkMaker, tmp_path: Path, part: str
) -> None:
    with site.opened("adam") as archive:
        backup_archive(archive, tmp_path / "backup")
    place = _part(tmp_path / "backup", event_id, part)
    put_link(place)
    if part == "key" and not place.is_symlink():
        # a second name alone is no fault; what is in it is
        report = restore_archive(tmp_path / "backup", tmp_path / "restored")
        assert [f"{event_id}/original.1" in fault for fault in report.faults] == [True]
        return
    with pytest.raises(ArchiveError, match="missing or cut off"):
        restore_archive(tmp_path / "backup", tmp_path / "restored")


@pytest.mark.parametrize("name", ["../../escaped/original.1", "events/../x/original.1", "x"])
def test_a_list_of_a_backup_that_leads_elsewhere_is_damaged(
    site: Any, event_id: str, tmp_path: Path, name: str
) -> None:
    with site.opened("adam") as archive:
        backup_archive(archive, tmp_path / "backup")
    path = tmp_path / "backup" / "backup.json"
    content = json.loads(path.read_text())
    content["files"][name] = content["files"].popitem()[1]
    path.write_text(json.dumps(content))
    with pytest.raises(ArchiveError, match="is damaged; repeat the backup"):
        restore_archive(tmp_path / "backup", tmp_path / "restored")
    assert not (tmp_path / "escaped").exists()


def test_a_file_id_that_leads_elsewhere_is_damage(site: Any, event_id: str, outside: Path) -> None:
    key = outside.parent.with_name("elsewhere") / "original.1.key"
    key.parent.mkdir()
    key.write_bytes(b"not yours")
    with sqlite3.connect(site.path / "catalog.db") as catalog:
        catalog.execute("PRAGMA foreign_keys = OFF")
        catalog.execute(
            "UPDATE files SET file_id = '../../elsewhere/original.1' WHERE role = 'original'"
        )
    with site.opened("adam") as archive, suppress(RecorderError):
        delete_event(archive, event_id, "consent_withdrawn")
    assert key.read_bytes() == b"not yours"


#: what is written at every sign-in, what a database keeps, and what says that this is an archive
OWN_NAMES = {
    "small files": (
        "reserve.bin",
        "reserve.1.bin",
        "audit-head.json.lock",
        "audit-head.json.partial",
        "sign-in-attempts.json.lock",
        "catalog.lock",
    ),
    "counters": ("audit-head.json", "sign-in-attempts.json"),
    "database": ("catalog.db-wal", "catalog.db-shm"),
    "archive": ("archive.json",),
}


@pytest.mark.parametrize("names", OWN_NAMES)
@pytest.mark.parametrize("where", ["path", "mirror"])
def test_nothing_is_written_through_the_archives_own_names(
    site: Any, event_id: str, put_link: LinkMaker, names: str, where: str
) -> None:
    for name in OWN_NAMES[names]:
        put_link(getattr(site, where) / name)
    with suppress(RecorderError), site.opened("adam") as archive:
        archive_status(archive)
        repair_copies(archive)
    with suppress(RecorderError), site.opened("adam") as archive:
        delete_event(archive, event_id, "consent_withdrawn")


def test_a_catalog_that_is_a_link_gives_way_to_the_mirrors(
    site: Any, event_id: str, outside: Path
) -> None:
    moved = outside.parent.with_name("moved.db")
    (site.path / "catalog.db").rename(moved)
    before = moved.read_bytes()
    (site.path / "catalog.db").symlink_to(moved)
    with site.opened("adam") as archive:
        assert any("was damaged" in notice for notice in archive.notices)
        assert archive.event(event_id).event_id == event_id
    assert not (site.path / "catalog.db").is_symlink()
    assert moved.read_bytes() == before


def test_without_a_mirror_a_linked_catalog_is_refused_with_a_sentence(
    site: Any, outside: Path
) -> None:
    site.mirror.rename(site.mirror.with_name("unplugged"))
    (site.path / "catalog.db").rename(outside.parent.with_name("moved.db"))
    (site.path / "catalog.db").symlink_to(outside.parent.with_name("moved.db"))
    refused = pytest.raises(CatalogError, match="is a link, which is never followed")
    with refused, site.opened("adam"):
        pass


def test_the_copy_before_may_be_a_second_name_of_the_catalog(site: Any) -> None:
    previous = site.path / "catalog.db.previous"
    previous.unlink(missing_ok=True)
    previous.hardlink_to(site.path / "catalog.db")
    with site.opened("adam") as archive:
        assert not any("second name" in fault for fault in archive_status(archive).faults)


def test_a_snapshot_of_hard_links_locks_nobody_out(site: Any, event_id: str) -> None:
    for root in (site.path, site.mirror):
        shutil.copytree(root, root.with_name(f"{root.name}.snapshot"), copy_function=os.link)
    snapshot = site.path.with_name(f"{site.path.name}.snapshot") / "events" / event_id
    kept = {path.name: path.read_bytes() for path in snapshot.iterdir()}
    with site.opened("rita") as archive, archive.event(event_id).video() as file:
        content = file.read()
    with site.opened("adam") as archive:
        assert any("second name" in fault for fault in archive_status(archive).faults)
        report = repair_copies(archive)
        assert report.is_sound
        assert {finding.part for finding in report.findings} == {"link"}
        assert check_copies(archive, read_all=True).findings == ()
        assert archive_status(archive).faults == ()
    with site.opened("rita") as archive, archive.event(event_id).video() as file:
        assert file.read() == content
    with site.opened("adam") as archive:
        delete_event(archive, event_id, "consent_withdrawn")
    # what a snapshot holds is a copy like any other: deleting does not reach it
    assert {path.name: path.read_bytes() for path in snapshot.iterdir()} == kept


def test_taking_a_key_back_destroys_what_a_cut_off_change_left(site: Any, event_id: str) -> None:
    for root in (site.path, site.mirror):
        key = _part(root, event_id, "key")
        key.with_name(f"{key.name}.0a1b2c3d.new").write_bytes(key.read_bytes())
    with site.opened("adam") as archive:
        revoke(archive, event_id, "rita", ["original"])
    for root in (site.path, site.mirror):
        assert list((root / "events" / event_id).glob("original.1.key*")) == [
            _part(root, event_id, "key")
        ]
