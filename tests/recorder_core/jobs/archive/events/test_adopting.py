from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recorder_core.archive import Password, PublicKey, SealedPaths, parse_key_file
from recorder_core.archive.keyfile import format_key_file
from recorder_core.catalog import EventState, Profile
from recorder_core.errors import NotInCatalog
from recorder_core.jobs.archive import (
    Credentials,
    RecordingRequest,
    accept_audit_break,
    add_copy,
    add_user,
    adopt_event,
    check_copies,
    copy_sealed,
    create_archive,
    delete_event,
    finalise_event,
    open_archive,
    record_event,
    repair_copies,
    set_profile,
    sign_off,
    verify_audit,
)

PASSWORD = "correct horse"


def _go_back(site: Any, early: bytes) -> None:
    """Put an older catalog on both disks, and have the administrator accept it."""
    for root in (site.path, site.mirror):
        (root / "catalog.db").write_bytes(early)
    accept_audit_break(site.path, Credentials("adam", Password(PASSWORD)))


def _catalog(site: Any) -> bytes:
    with site.opened("adam"):
        pass
    return bytes((site.path / "catalog.db").read_bytes())


def test_events_newer_than_a_restored_catalog_are_named_and_taken_in(
    site: Any, named_video: Path
) -> None:
    early = _catalog(site)
    event_id = site.bring_in(named_video)
    with site.opened("rita") as archive, archive.event(event_id).video() as file:
        content = file.read()
    _go_back(site, early)
    with site.opened("adam") as archive:
        assert not check_copies(archive).is_sound
        [finding] = repair_copies(archive).findings
        assert (finding.what, finding.is_repaired) == (event_id, False)
        adopted = adopt_event(archive, event_id)
        assert adopted.row.state is EventState.RECORDED
        assert repair_copies(archive).is_sound
    with site.opened("rita") as archive, archive.event(event_id).video() as file:
        assert file.read() == content


def test_an_import_killed_between_its_two_disks_is_taken_in_whole(
    site: Any, named_video: Path
) -> None:
    early = _catalog(site)
    event_id = site.bring_in(named_video)
    key = SealedPaths.of(site.mirror / "events" / event_id / "original.1").key
    whole = parse_key_file(key.read_bytes(), key.name)
    key.write_bytes(format_key_file(replace(whole, completion=None)))
    _go_back(site, early)
    with site.opened("adam") as archive:
        repair_copies(archive)
        assert adopt_event(archive, event_id).row.state is EventState.RECORDED
        assert parse_key_file(key.read_bytes(), key.name) == whole
        assert repair_copies(archive).findings == ()


def test_a_recording_without_its_end_is_taken_in_as_that(site: Any, drawn_source: Path) -> None:
    early = _catalog(site)
    with (
        site.opened("olga") as archive,
        record_event(archive, RecordingRequest(procedure_code="demo")) as recording,
    ):
        recording.sink.write(b"w" * 300_000)
    event_id = recording.event_id
    _go_back(site, early)
    with site.opened("adam") as archive:
        repair_copies(archive)
        assert adopt_event(archive, event_id).row.state is EventState.RECORDING
    with site.opened("rita") as archive:
        finalise_event(archive, event_id)
        with archive.event(event_id).video() as file:
            assert file.read() == b"w" * 300_000


def test_a_newer_generation_of_a_known_event_is_set_aside_and_dies_with_it(
    site: Any, event_id: str
) -> None:
    for root in (site.path, site.mirror):
        for ending in ("key", "sealed"):
            source = root / "events" / event_id / f"original.1.{ending}"
            shutil.copy(source, source.with_name(f"original.2.{ending}"))
    with site.opened("adam") as archive:
        [finding] = repair_copies(archive).findings
        assert finding.is_repaired
        assert "set aside" in finding.sentence
        assert check_copies(archive).findings == ()
    pattern = f"set-aside/*/events/{event_id}/original.2.key"
    assert all(list(root.glob(pattern)) for root in (site.path, site.mirror))
    with site.opened("adam") as archive:
        delete_event(archive, event_id, "test_recording")
    assert not any(list(root.rglob("*.key")) for root in (site.path, site.mirror))


def test_what_is_not_there_is_not_taken_in(site: Any, event_id: str) -> None:
    with (
        site.opened("adam") as archive,
        pytest.raises(NotInCatalog, match="no files of an event"),
    ):
        adopt_event(archive, "0123456789abcdef")


def test_sealed_copies_of_a_lost_archive_are_taken_in_by_a_new_one(
    site: Any, event_id: str, tmp_path: Path
) -> None:
    with site.opened("adam") as archive:
        copy_sealed(archive, event_id, tmp_path / "sealed")
        row = archive.event(event_id).row
    new = tmp_path / "new"
    create_archive(new, site_code="other", administrator="adam", password=Password(PASSWORD))
    with open_archive(new, Credentials("adam", Password(PASSWORD))) as archive:
        report = repair_copies(archive, backup=tmp_path / "sealed")
        assert [finding.what for finding in report.findings] == [event_id]
        assert report.is_sound
        taken = archive.event(event_id)
        assert taken.row.procedure_code == "lap-chole"
        assert taken.row.site_code == "site1"
        assert taken.row.started_utc == row.started_utc
        assert taken.row.duration_seconds == row.duration_seconds
        assert check_copies(archive, read_all=True).findings == ()


def _row(site: Any, sql: str, *values: str) -> bytes:
    uri = f"file:{site.path / 'catalog.db'}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as catalog:
        [(found,)] = catalog.execute(sql, values).fetchall()
    return bytes(found)


def _key(site: Any, login: str) -> str:
    raw = _row(site, "SELECT public_key FROM users WHERE user_id = ?", login)
    return PublicKey(raw).to_text()


def _opens(site: Any, event_id: str, role: str) -> list[set[str]]:
    """Return for whom the key file of each folder opens, read as text."""
    paths = [root / "events" / event_id / f"{role}.1.key" for root in (site.path, site.mirror)]
    lines = [path.read_text(encoding="ascii").splitlines() for path in paths]
    return [{line.split()[1] for line in each if line.startswith("reader ")} for each in lines]


@pytest.mark.parametrize("is_copied", [False, True])
def test_who_may_not_open_an_event_now_has_no_key_of_it_when_it_is_taken_in(
    site: Any, named_video: Path, make_copy: Callable[[Path], Path], tmp_path: Path, is_copied: bool
) -> None:
    with site.opened("adam") as archive:
        add_user(archive, "rolf", Profile.REVIEWER, Password(PASSWORD))
    early = _catalog(site)
    event_id, copies = site.bring_in(named_video), tmp_path / "copies"
    with site.opened("rita") as archive:
        add_copy(archive, event_id, make_copy(named_video))
        archive.event(event_id).video("deidentified").close()
        sign_off(archive, event_id)
    if is_copied:
        with site.opened("adam") as archive:
            copy_sealed(archive, event_id, copies)
    rita, rolf, rosa = (_key(site, login) for login in ("rita", "rolf", "rosa"))
    assert _opens(site, event_id, "original") == [{rita, rolf}] * 2
    assert _opens(site, event_id, "deidentified") == [{rita, rolf, rosa}] * 2
    _go_back(site, early)
    with site.opened("adam") as archive:
        set_profile(archive, "rolf", Profile.RESEARCHER)
        if is_copied:
            assert repair_copies(archive, backup=copies).is_sound
        else:
            adopt_event(archive, event_id)
        assert verify_audit(archive).is_sound
    # the release went with the catalog: researchers are given the copy with the next one
    assert _opens(site, event_id, "original") == [{rita}] * 2
    assert _opens(site, event_id, "deidentified") == [{rita}] * 2
    with site.opened("rita") as archive, archive.event(event_id).video() as file:
        assert file.read(8)[4:] == b"ftyp"
    if is_copied:
        sql = "SELECT sealed FROM sealed_records WHERE event_id = ? AND record_name = 'identity'"
        sealed = _row(site, sql, event_id)
        assert rita.encode() in sealed
        assert rolf.encode() not in sealed
