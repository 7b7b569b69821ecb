from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from recorder_core.archive import Password
from recorder_core.catalog import Profile, RetentionRule
from recorder_core.errors import ArchiveError, FolderInUse, NotAllowed, SettingsError
from recorder_core.jobs.archive import (
    Credentials,
    RecordingRequest,
    add_user,
    backup_archive,
    check_copies,
    delete_event,
    grant,
    open_archive,
    record_event,
    repair_copies,
    restore_archive,
    retention_rules,
    set_mirror,
    set_retention_rule,
    verify_audit,
)

PASSWORD = "correct horse"


def _open(folder: Path, user: str) -> Any:
    return open_archive(folder, Credentials(user, Password(PASSWORD)))


def _lose(site: Any) -> None:
    shutil.rmtree(site.path)
    shutil.rmtree(site.mirror)


def test_everything_comes_back_when_both_disks_are_lost(
    site: Any, with_copy: str, tmp_path: Path
) -> None:
    backup, new = tmp_path / "backup", tmp_path / "new"
    with site.opened("adam") as archive:
        add_user(archive, "ruth", Profile.REVIEWER, Password(PASSWORD))
        rule = RetentionRule(site_code="site1", minimum_days=10, warn_after_days=20)
        set_retention_rule(archive, rule)
    with site.opened("rita") as archive:
        grant(archive, with_copy, "ruth")
        names = archive.event(with_copy).names()
        with archive.event(with_copy).video() as file:
            content = file.read()
    with site.opened("adam") as archive:
        report = backup_archive(archive, backup)
        assert (report.faults, report.running) == ((), ())
        assert report.file_count == report.copied_count == 6
        rows = archive._session.catalog.audit.rows()
        rules = retention_rules(archive)
    _lose(site)
    restored = restore_archive(backup, new)
    assert (restored.file_count, restored.faults) == (6, ())
    for user in ("adam", "olga", "rita", "rosa", "egon", "ruth"):
        with _open(new, user) as archive:
            assert archive.notices == ()
            assert [event.event_id for event in archive.events()] == [with_copy]
    with _open(new, "ruth") as archive:
        event = archive.event(with_copy)
        assert event.names() == names
        assert len(event.redactions()) == 1
        with event.video() as file:
            assert file.read() == content
    with _open(new, "adam") as archive:
        assert archive._session.catalog.audit.rows()[: len(rows) - 1] == rows[:-1]
        assert retention_rules(archive) == rules
        assert verify_audit(archive).is_sound
        assert check_copies(archive, read_all=True).findings == ()
        set_mirror(archive, tmp_path / "second")
        assert repair_copies(archive).is_sound
    for path in [backup, *backup.rglob("*"), new, *new.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_disk_without_permissions_takes_a_backup_and_no_mirror(
    site: Any, with_copy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup, mirror = tmp_path / "backup", tmp_path / "stick"

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    with site.opened("adam") as archive:
        monkeypatch.setattr(os, "chmod", refuse)
        assert backup_archive(archive, backup).faults == ()
        with pytest.raises(ArchiveError, match=r"that keeps none .*another disk"):
            set_mirror(archive, mirror)
        monkeypatch.undo()
    assert not mirror.exists()
    restore_archive(backup, tmp_path / "new")
    with _open(tmp_path / "new", "rita") as archive, archive.event(with_copy).video() as file:
        assert file.read(1)


def test_a_second_backup_copies_what_is_new_and_destroys_what_was_deleted(
    site: Any, event_id: str, named_video: Path, tmp_path: Path
) -> None:
    backup = tmp_path / "backup"
    with site.opened("adam") as archive:
        assert backup_archive(archive, backup).copied_count == 2
    second = site.bring_in(named_video)
    with site.opened("adam") as archive:
        report = backup_archive(archive, backup)
        assert (report.copied_count, report.file_count) == (1, 3)
        delete_event(archive, event_id, "test_recording")
        report = backup_archive(archive, backup)
        assert (report.copied_count, report.file_count) == (0, 1)
    assert [path.parent.name for path in backup.rglob("*.key")] == [second]
    assert not (backup / "catalog.db.previous").exists()


def test_a_backup_is_made_while_a_recording_goes_on(site: Any, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    with (
        site.opened("olga") as archive,
        record_event(archive, RecordingRequest(procedure_code="demo")) as recording,
    ):
        recording.sink.write(b"v" * 200_000)
        with site.opened("adam") as other:
            assert backup_archive(other, backup).running == (recording.event_id,)
        recording.finish(1.0)
    with site.opened("adam") as archive:
        assert backup_archive(archive, backup).running == ()
    restore_archive(backup, tmp_path / "new")
    with (
        _open(tmp_path / "new", "rita") as archive,
        archive.event(recording.event_id).video() as file,
    ):
        assert file.read() == b"v" * 200_000


def test_a_half_backup_is_refused_and_can_be_repeated(
    site: Any, event_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup, new = tmp_path / "backup", tmp_path / "new"

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, site.opened("adam") as archive:
        patch.setattr("recorder_core.jobs.archive.care.backing_up.copy_catalog", stop)
        with pytest.raises(KeyboardInterrupt):
            backup_archive(archive, backup)
    with pytest.raises(ArchiveError, match="no finished backup"):
        restore_archive(backup, new)
    assert not new.exists()
    with site.opened("adam") as archive:
        backup_archive(archive, backup)
    stream = backup / "events" / event_id / "original.1.sealed"
    content = stream.read_bytes()
    stream.write_bytes(content[:-1])
    with pytest.raises(ArchiveError, match="1 file of the backup"):
        restore_archive(backup, new)
    stream.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    restored = restore_archive(backup, new)
    assert len(restored.faults) == 1
    assert "is damaged in the backup" in restored.faults[0]


#: files of a backup of one event
OF_A_BACKUP = ("archive.json", "backup.json", "catalog.db", "original.1.sealed", "original.1.key")


def _damage(path: Path, kind: str) -> None:
    content = path.read_bytes()
    # the room between the rows of a database holds zeros that nothing reads
    place = next(place for place in range(len(content) // 2, len(content)) if content[place])
    path.unlink()
    if kind == "bit":
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x80]) + content[place + 1 :])


@pytest.mark.parametrize("kind", ["bit", "gone"])
def test_what_is_damaged_in_a_backup_is_named_and_copied_again(
    site: Any, event_id: str, tmp_path: Path, kind: str
) -> None:
    backup = tmp_path / "backup"
    with site.opened("adam") as archive:
        assert backup_archive(archive, backup).repaired == ()
        for name in OF_A_BACKUP:
            (path,) = backup.rglob(name)
            _damage(path, kind)
            report = backup_archive(archive, backup)
            assert report.copied_count == (name == "original.1.sealed")
            # a backup without its list is one that was cut off
            if (name, kind) != ("backup.json", "gone"):
                (sentence,) = report.repaired
                assert sentence.startswith(name) or f"/{name} " in sentence
                assert ("damaged" if kind == "bit" else "missing") in sentence
        assert backup_archive(archive, backup).repaired == ()
    assert restore_archive(backup, tmp_path / "new").faults == ()
    assert list(backup.rglob("*.damaged")) == []
    with _open(tmp_path / "new", "rita") as archive, archive.event(event_id).video() as file:
        assert file.read()


def test_a_damaged_file_of_a_backup_stays_where_the_archive_has_no_good_one(
    site: Any, event_id: str, tmp_path: Path
) -> None:
    backup, name = tmp_path / "backup", f"events/{event_id}/original.1.sealed"
    with site.opened("adam") as archive:
        backup_archive(archive, backup)
    for root in (site.path, site.mirror, backup):
        content = (root / name).read_bytes()
        (root / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    left = (backup / name).read_bytes()
    with site.opened("adam") as archive:
        report = backup_archive(archive, backup)
    assert len(report.faults) == 1
    assert "has no good copy" in report.faults[0]
    assert (backup / name).read_bytes() == left


def test_a_backup_of_a_later_state_is_not_replaced(
    site: Any, event_id: str, tmp_path: Path
) -> None:
    early, late = tmp_path / "early", tmp_path / "late"
    with site.opened("adam") as archive:
        backup_archive(archive, early)
    with site.opened("adam") as archive:
        archive.events()
        backup_archive(archive, late)
    kept = (late / "catalog.db").read_bytes()
    restore_archive(early, tmp_path / "new")
    with (
        _open(tmp_path / "new", "adam") as archive,
        pytest.raises(ArchiveError, match="from a later or another state of this archive"),
    ):
        backup_archive(archive, late)
    assert (late / "catalog.db").read_bytes() == kept


def test_a_backup_of_another_archive_is_refused(site: Any, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    with site.opened("adam") as archive:
        backup_archive(archive, backup)
    for name in ("archive.json", "backup.json"):
        text = (backup / name).read_text()
        with site.opened("adam") as archive:
            other = text.replace(archive.folders.info.archive_id, "e" * 32)
            assert other != text
            (backup / name).write_text(other)
            with pytest.raises(ArchiveError, match="holds a backup of another archive"):
                backup_archive(archive, backup)
        (backup / name).write_text(text)


def test_a_restored_copy_touches_neither_archive_nor_mirror(
    site: Any, event_id: str, tmp_path: Path
) -> None:
    with site.opened("adam") as archive:
        backup_archive(archive, tmp_path / "backup")
    before = {
        path: path.read_bytes()
        for root in (site.path, site.mirror)
        for path in root.rglob("*")
        if path.is_file()
    }
    restore_archive(tmp_path / "backup", tmp_path / "new")
    with _open(tmp_path / "new", "rita") as archive:
        archive.events()
    assert {path: path.read_bytes() for path in before} == before
    with site.opened("adam") as archive:
        assert verify_audit(archive).is_sound


def test_what_is_no_place_for_a_backup_is_refused(site: Any, tmp_path: Path) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "something").touch()
    with site.opened("adam") as archive:
        with pytest.raises(ArchiveError, match="is not empty and holds no backup of this archive"):
            backup_archive(archive, tmp_path / "used")
        assert [path.name for path in (tmp_path / "used").iterdir()] == ["something"]
        with pytest.raises(SettingsError, match="one lies inside the other"):
            backup_archive(archive, site.path / "backup")
    with site.opened("rita") as archive, pytest.raises(NotAllowed):
        backup_archive(archive, tmp_path / "backup")


def _execute(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "catalog.db")) as connection, connection:
        connection.execute(statement)


@pytest.mark.parametrize("statement", ["DELETE FROM files", "UPDATE events SET state = 'deleted'"])
@pytest.mark.parametrize("roots", [["path"], ["path", "mirror"]])
def test_a_backup_keeps_what_only_an_edited_catalog_lacks(
    site: Any, event_id: str, tmp_path: Path, statement: str, roots: list[str]
) -> None:
    backup, new = tmp_path / "backup", tmp_path / "new"
    with site.opened("adam") as archive:
        backup_archive(archive, backup)
    if "mirror" in roots:
        _execute(site.path, statement)
        _execute(site.mirror, statement)
    with site.opened("adam") as archive:
        if "mirror" not in roots:
            _execute(site.path, statement)  # opening the archive would put it right
        told = " ".join(backup_archive(archive, backup).faults)
    assert f"events/{event_id}/original.1 is in the backup and not in the catalog" in told
    assert "the backup keeps it as it was stated" in told
    _lose(site)
    assert restore_archive(backup, new).file_count == 2
    with _open(new, "adam") as archive:
        assert verify_audit(archive).is_sound
        assert check_copies(archive, read_all=True).findings == ()
    with _open(new, "rita") as archive, archive.event(event_id).video() as file:
        assert file.read(12)[4:8] == b"ftyp"


def test_a_restore_that_was_cut_off_is_repeated(
    site: Any, event_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup, new = tmp_path / "backup", tmp_path / "new"
    with site.opened("adam") as archive:
        backup_archive(archive, backup)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    for step in ("_copy_file", "_restore_catalog", "finish_root"):
        with monkeypatch.context() as patch:
            patch.setattr(f"recorder_core.jobs.archive.care.restoring.{step}", stop)
            with pytest.raises(KeyboardInterrupt):
                restore_archive(backup, new)
        with pytest.raises(ArchiveError, match=f"archive restore {backup} {new}"):
            open_archive(new, Credentials("adam", Password("correct horse")))
    restored = restore_archive(backup, new)
    assert (restored.file_count, restored.faults) == (2, ())
    with _open(new, "rita") as archive, archive.event(event_id).video() as file:
        assert file.read()


def test_of_two_backups_into_one_folder_at_once_the_second_is_refused(
    site: Any, event_id: str, tmp_path: Path
) -> None:
    backup, tried = tmp_path / "backup", []

    def try_too(done: int, total: int) -> None:
        tried.append(done)
        with pytest.raises(FolderInUse, match="another command is writing a backup in"):
            backup_archive(other, backup)

    with site.opened("adam") as archive, site.opened("adam") as other:
        assert backup_archive(archive, backup, try_too).faults == ()
        assert tried
        assert backup_archive(other, backup).copied_count == 0
