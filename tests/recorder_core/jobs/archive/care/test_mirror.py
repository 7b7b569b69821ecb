from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recorder_core.archive import parse_key_file
from recorder_core.archive.keyfile import format_key_file
from recorder_core.catalog import Catalog
from recorder_core.errors import CatalogDamaged, NotAllowed
from recorder_core.jobs.archive import (
    archive_status,
    check_copies,
    delete_event,
    grant,
    repair_copies,
    set_mirror,
)


def _damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_sound_copies_are_said_to_be_sound(site: Any, event_id: str) -> None:
    with site.opened("egon") as archive:
        report = check_copies(archive, read_all=True)
    assert report.is_sound
    assert (report.file_count, report.root_count, report.findings) == (2, 2, ())
    assert report.read_bytes > 0


@pytest.mark.parametrize("ending", ["sealed", "key"])
@pytest.mark.parametrize("place", ["path", "mirror"])
@pytest.mark.parametrize("fault", ["damaged", "missing"])
def test_a_damaged_copy_is_repaired_from_the_good_one(
    site: Any, event_id: str, ending: str, place: str, fault: str
) -> None:
    path = getattr(site, place) / "events" / event_id / f"original.1.{ending}"
    expected = path.read_bytes()
    if fault == "damaged":
        _damage(path)
    else:
        path.unlink()
    with site.opened("adam") as archive:
        [finding] = check_copies(archive, read_all=True).findings
        assert str(getattr(site, place)) in finding.sentence
        assert not finding.is_lost
        assert repair_copies(archive).is_sound
        assert check_copies(archive, read_all=True).findings == ()
    assert path.read_bytes() == expected


@pytest.mark.parametrize("ending", ["sealed", "key"])
def test_damage_on_both_is_reported_and_touches_nothing(
    site: Any, event_id: str, ending: str
) -> None:
    paths = [
        root / "events" / event_id / f"original.1.{ending}" for root in (site.path, site.mirror)
    ]
    for path in paths:
        _damage(path)
    damaged = [path.read_bytes() for path in paths]
    with site.opened("adam") as archive:
        report = repair_copies(archive)
    assert not report.is_sound
    assert all(finding.is_lost for finding in report.findings)
    assert len(report.findings) == 2
    assert [path.read_bytes() for path in paths] == damaged


def test_a_mirror_that_was_away_is_brought_up_to_date(
    site: Any, event_id: str, named_video: Path
) -> None:
    away = site.mirror.with_name("unplugged")
    shutil.move(site.mirror, away)
    second = site.bring_in(named_video)
    with site.opened("rita") as archive:
        archive._session.catalog.grants.keys(event_id)
        with site.opened("adam") as other:
            from recorder_core.archive import Password
            from recorder_core.catalog import Profile
            from recorder_core.jobs.archive import add_user

            add_user(other, "ruth", Profile.REVIEWER, Password("correct horse"))
        grant(archive, event_id, "ruth")
    shutil.move(away, site.mirror)
    with site.opened("adam") as archive:
        sentences = [finding.sentence for finding in check_copies(archive).findings]
        assert sum("older than" in sentence for sentence in sentences) == 2
        assert sum("missing" in sentence for sentence in sentences) == 1
        assert repair_copies(archive).is_sound
    assert (site.mirror / "events" / second / "original.1.sealed").exists()
    shutil.rmtree(site.path / "events")
    (site.path / "events").mkdir()
    with site.opened("ruth") as archive, archive.event(event_id).video() as file:
        assert file.read(12)[4:8] == b"ftyp"


def test_the_mirror_holds_a_catalog_that_opens(site: Any, event_id: str, tmp_path: Path) -> None:
    with site.opened("rita"):
        pass
    copy = tmp_path / "rescued"
    shutil.copytree(site.mirror, copy)
    with Catalog(copy / "catalog.db") as catalog:
        assert [event.event_id for event in catalog.events.find()] == [event_id]
        assert catalog.audit.verify().is_sound


def test_a_key_file_that_did_not_reach_one_disk_is_told_by_the_status(
    site: Any, event_id: str
) -> None:
    key = site.mirror / "events" / event_id / "original.1.key"
    whole = parse_key_file(key.read_bytes(), key.name)
    with site.opened("adam") as archive:
        assert archive_status(archive).faults == ()
        # as a disk has it that went away before the recording ended and came back
        key.write_bytes(format_key_file(replace(whole, completion=None)))
        [fault] = archive_status(archive).faults
        assert fault.startswith("1 sealed file is stored, but not yet on every disk")
        assert repair_copies(archive).is_sound
        assert archive_status(archive).faults == ()
    assert parse_key_file(key.read_bytes(), key.name) == whole


def test_what_only_reading_every_byte_finds_stays_under_attention(site: Any, event_id: str) -> None:
    _damage(site.mirror / "events" / event_id / "original.1.sealed")
    with site.opened("adam") as archive:
        assert archive_status(archive).faults == ()
        assert check_copies(archive).is_sound
        assert not check_copies(archive, read_all=True).is_sound
    with site.opened("adam") as archive:
        [fault] = archive_status(archive).faults
        assert re.fullmatch(
            r"damaged or missing sealed files, when all were read on \d{4}-\d\d-\d\d: 1; .*", fault
        )
        assert repair_copies(archive).is_sound
        assert archive_status(archive).faults == ()


def test_a_new_mirror_is_filled(site: Any, event_id: str, tmp_path: Path) -> None:
    with site.opened("adam") as archive:
        set_mirror(archive, tmp_path / "second mirror")
        assert repair_copies(archive).is_sound
    with site.opened("adam") as archive:
        assert check_copies(archive, read_all=True).findings == ()
        assert archive.folders.mirror == tmp_path / "second mirror"


def test_what_a_cut_off_import_left_is_found_and_removed(site: Any, event_id: str) -> None:
    folder = site.path / "events" / "0123456789abcdef"
    folder.mkdir()
    (folder / ".writing").touch()
    for ending in ("key", "sealed", "tail"):
        (folder / f"original.1.{ending}").write_bytes(b"half")
    with site.opened("adam") as archive:
        assert [finding.part for finding in check_copies(archive).findings] == ["leftover"]
        assert repair_copies(archive).is_sound
    assert not folder.exists()
    assert (site.path / "events" / event_id / "original.1.sealed").exists()


def test_a_reviewer_may_not_repair(site: Any) -> None:
    with site.opened("rita") as archive, pytest.raises(NotAllowed):
        repair_copies(archive)


def _edit(folder: Path, statement: str) -> None:
    """Change a catalog as whoever has its disk can, without a password."""
    with closing(sqlite3.connect(folder / "catalog.db")) as connection, connection:
        connection.execute(statement)


@pytest.mark.parametrize("roots", [["path"], ["path", "mirror"]])
def test_what_the_catalog_alone_calls_deleted_keeps_its_keys(
    site: Any, event_id: str, roots: list[str]
) -> None:
    with site.opened("adam"):
        pass
    change = "UPDATE events SET state = 'deleted'"
    if "mirror" in roots:
        _edit(site.path, change)
        _edit(site.mirror, change)
    keys = sorted(site.path.rglob("*.key")) + sorted(site.mirror.rglob("*.key"))
    kept = [path.read_bytes() for path in keys]
    with site.opened("adam") as archive:
        if "mirror" not in roots:
            _edit(site.path, change)  # opening the archive would put it right
        [finding] = [each for each in check_copies(archive).findings if each.part == "deleted"]
        assert "the log does not" in finding.sentence
        assert not finding.is_repaired
        assert "mirror repair' destroys" not in " ".join(archive_status(archive).faults)
    with site.opened("adam", check_catalog=True) as archive:
        repair_copies(archive)
        assert repair_copies(archive).findings == ()
    assert len(keys) == 4
    assert [path.read_bytes() for path in keys] == kept
    with site.opened("rita") as archive, archive.event(event_id).video() as file:
        assert file.read(12)[4:8] == b"ftyp"


def test_files_that_the_catalog_lacks_beside_the_log_stay_where_they_lie(
    site: Any, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # as where the log has not every value of their rows
    monkeypatch.setattr("recorder_core.jobs.archive.care.row_repair.enter_rows", lambda *_: ())
    with site.opened("adam"):
        pass
    for folder in (site.path, site.mirror):
        _edit(folder, "DELETE FROM pts_indexes")
        _edit(
            folder, "UPDATE files SET file_id = event_id || '/original.2' WHERE role = 'original'"
        )
    paths = [folder / "events" / event_id for folder in (site.path, site.mirror)]
    before = {path: path.read_bytes() for each in paths for path in each.glob("original.1.*")}
    assert len(before) == 4
    with site.opened("adam") as archive:
        report = repair_copies(archive)
        [finding] = [each for each in report.findings if each.part == "leftover"]
        assert finding.what == f"events/{event_id}/original.1"
        assert "a file that the log states" in finding.sentence
        assert not report.is_sound
    assert {path: path.read_bytes() for path in before} == before


def test_a_deletion_destroys_no_file_of_another_event(
    site: Any, event_id: str, named_video: Path
) -> None:
    other = site.bring_in(named_video)
    for folder in (site.path, site.mirror):
        _edit(folder, "DELETE FROM pts_indexes")
        _edit(folder, f"DELETE FROM files WHERE event_id = '{other}'")
        _edit(
            folder,
            f"UPDATE files SET file_id = '{other}/original.1' WHERE role = 'original'",
        )
    key = site.path / "events" / other / "original.1.key"
    content = key.read_bytes()
    with (
        site.opened("adam") as archive,
        pytest.raises(CatalogDamaged, match="nothing is destroyed"),
    ):
        delete_event(archive, event_id, "duplicate")
    assert key.read_bytes() == content
