"""Sealed copies for a backup: what is in them, who may take them, and what they repair."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recorder_core.archive import Password, SealedReader, recovery_key_from_words
from recorder_core.catalog import Profile
from recorder_core.errors import ArchiveError, EncodeError, NoKeyMatches, NotAllowed, WrongState
from recorder_core.jobs.archive import (
    add_copy,
    add_user,
    check_copies,
    copy_sealed,
    grant,
    repair_copies,
    revoke,
    sign_off,
)
from recorder_core.jobs.archive.place import taking_out


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    return tmp_path / "backup"


def _take(site: Any, user: str, event_id: str, folder: Path) -> list[str]:
    with site.opened(user) as archive:
        return [file.role for file in copy_sealed(archive, event_id, folder).files]


def _damage_everywhere(site: Any, name: str) -> None:
    for root in (site.path, site.mirror):
        (root / "events" / name).write_bytes(b"nothing of it is left")


def test_an_administrator_copies_what_nobody_else_can_open(
    site: Any, event_id: str, backup: Path
) -> None:
    steps: list[tuple[int, int]] = []
    with site.opened("adam") as archive:
        event = archive.event(event_id)
        result = copy_sealed(archive, event.event_id, backup, lambda *step: steps.append(step))
        row = event.file("original")
        identity = archive._session.stored(row).identity
        details = {row.detail for row in archive._session.catalog.audit.rows(event_id=event_id)}
        assert details >= {"role:original", "role:signals"}
    assert steps
    manifest = json.loads(result.manifest.read_text())
    for entry in manifest["files"]:
        stream = backup / entry["name"]
        assert hashlib.sha256(stream.read_bytes()).hexdigest() == entry["sha256"]
        assert stream.read_bytes() == (site.path / entry["name"]).read_bytes()
        key = stream.with_suffix(".key")
        assert hashlib.sha256(key.read_bytes()).hexdigest() == entry["key_sha256"]
        assert stream.stat().st_mode & 0o077 == key.stat().st_mode & 0o077 == 0
    assert [entry["readers"] for entry in manifest["files"]] == [["rita"], ["rita", "rosa"]]
    base = backup / "events" / event_id / "original.1"
    with SealedReader(base, recovery_key_from_words(site.words), identity) as reader:
        assert reader.read(12)[4:8] == b"ftyp"
    assert b"Zephyrina" not in result.manifest.read_bytes()
    assert list(manifest["sealed_records"]) == ["identity"]


def test_each_takes_sealed_what_may_be_taken_in_clear(
    site: Any,
    event_id: str,
    backup: Path,
    named_video: Path,
    make_copy: Callable[[Path], Path],
) -> None:
    released = ["deidentified", "detections", "redactions", "deidentification"]
    assert _take(site, "rita", event_id, backup) == ["original", "signals"]
    assert _take(site, "rosa", event_id, backup / "r") == ["signals"]
    with site.opened("rita") as archive:
        add_copy(archive, event_id, make_copy(named_video))
    assert _take(site, "rosa", event_id, backup / "r") == ["signals"]
    assert _take(site, "adam", event_id, backup) == ["original", "signals", *released]
    with site.opened("rita") as archive:
        archive.event(event_id).video("deidentified").close()
        sign_off(archive, event_id)
    assert _take(site, "rosa", event_id, backup / "r") == ["signals", *released]
    manifest = json.loads((backup / "r" / f"{event_id}.sealed.json").read_text())
    assert manifest["sealed_records"] == {}
    for user in ("olga", "egon"):
        with pytest.raises(NotAllowed):
            _take(site, user, event_id, backup / "no")
    assert not (backup / "no").exists()


def test_a_deleted_event_has_nothing_to_copy(site: Any, event_id: str, backup: Path) -> None:
    from recorder_core.jobs.archive import delete_event

    with site.opened("adam") as archive:
        delete_event(archive, event_id, "duplicate")
        with pytest.raises(WrongState, match="has nothing that you may copy"):
            copy_sealed(archive, event_id, backup)


def test_a_damaged_copy_is_not_carried_on(site: Any, event_id: str, backup: Path) -> None:
    path = site.path / "events" / event_id / "original.1.sealed"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert _take(site, "adam", event_id, backup) == ["original", "signals"]  # from the mirror
    (site.mirror / "events" / event_id / "original.1.sealed").unlink()
    with pytest.raises(ArchiveError, match="no good copy"):
        _take(site, "adam", event_id, backup / "second")
    assert not list((backup / "second").rglob("*.sealed"))


def test_a_disk_that_stores_something_else_is_found(
    site: Any, event_id: str, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking_out, "read_back_sha256", lambda _: "0" * 64)
    with pytest.raises(EncodeError, match="faulty"):
        _take(site, "adam", event_id, backup)


def test_a_backup_repairs_what_archive_and_mirror_lost(
    site: Any, event_id: str, backup: Path
) -> None:
    _take(site, "adam", event_id, backup)
    before = (site.path / "events" / event_id / "original.1.key").read_bytes()
    for ending in ("sealed", "key"):
        _damage_everywhere(site, f"{event_id}/original.1.{ending}")
    with site.opened("adam") as archive:
        assert any(finding.is_lost for finding in repair_copies(archive).findings)
        report = repair_copies(archive, backup=backup)
        assert report.is_sound
        assert all(str(backup) in finding.sentence for finding in report.findings)
        assert check_copies(archive, read_all=True).findings == ()
    assert (site.mirror / "events" / event_id / "original.1.key").read_bytes() == before
    with site.opened("rita") as archive, archive.event(event_id).video() as file:
        assert file.read(12)[4:8] == b"ftyp"


def test_a_backup_brings_no_revoked_reader_back(site: Any, event_id: str, backup: Path) -> None:
    with site.opened("adam") as archive:
        add_user(archive, "ruth", Profile.REVIEWER, Password("correct horse"))
    _take(site, "adam", event_id, backup)
    with site.opened("adam") as archive:
        revoke(archive, event_id, "rosa", ["signals"])
    with site.opened("rita") as archive:
        grant(archive, event_id, "ruth", ["signals"])
    _damage_everywhere(site, f"{event_id}/signals.1.key")
    with site.opened("adam") as archive:
        report = repair_copies(archive, backup=backup)
        assert report.is_sound
        assert "give it again to ruth" in report.findings[0].sentence
        assert archive.reader_ids(event_id, "signals") == ["rita"]
    for user in ("rosa", "ruth"):
        with site.opened(user) as archive, pytest.raises(NoKeyMatches):
            archive.event(event_id).open_file("signals")


def test_a_mirror_that_was_away_brings_no_revoked_reader_back(site: Any, event_id: str) -> None:
    away = site.mirror.with_name("unplugged")
    site.mirror.rename(away)
    with site.opened("adam") as archive:
        revoke(archive, event_id, "rosa", ["signals"])
    away.rename(site.mirror)
    (site.path / "events" / event_id / "signals.1.key").write_bytes(b"damaged")
    with site.opened("adam") as archive:
        assert repair_copies(archive).is_sound
    with site.opened("rosa") as archive, pytest.raises(NoKeyMatches):
        archive.event(event_id).open_file("signals")


def test_another_folder_is_no_backup(site: Any, tmp_path: Path) -> None:
    with site.opened("adam") as archive, pytest.raises(ArchiveError, match="no sealed copies"):
        repair_copies(archive, backup=tmp_path)
