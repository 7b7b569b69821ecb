"""Rows that both folders lack, or have otherwise, are written as the log states them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from recorder_core.archive import Password
from recorder_core.catalog import Profile
from recorder_core.jobs.archive import (
    Credentials,
    accept_audit_break,
    archive_status,
    check_copies,
    open_archive,
    repair_copies,
    reset_password,
    set_profile,
    verify_audit,
)
from recorder_core.jobs.archive.care import row_repair
from tests.tampering import edited_catalog

PASSWORD = "correct horse"
NEW = "battery staple"


def _rows(site: Any, table: str, *, root: str = "path") -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(getattr(site, root) / "catalog.db")) as connection:
        return sorted(connection.execute(f"SELECT * FROM {table}"), key=repr)


def _remove(site: Any, where: str, *, roots: str = "both") -> None:
    for root in (site.path, site.mirror)[: 1 if roots == "archive" else 2]:
        with edited_catalog(root / "catalog.db") as connection:
            assert connection.execute(f"DELETE FROM {where}").rowcount > 0


def _change(site: Any, sql: str) -> None:
    with site.opened("adam"):
        pass  # the mirror has followed
    for root in (site.path, site.mirror):
        with edited_catalog(root / "catalog.db") as connection:
            assert connection.execute(sql).rowcount > 0


@pytest.mark.parametrize("roots", ["archive", "both"])
@pytest.mark.parametrize(
    ("table", "where"),
    [
        ("sealed_keys", "recipient = 'rita' AND key_name = 'original'"),
        ("files", "role = 'signals'"),
        ("event_states", "state = 'recorded'"),
    ],
)
def test_lost_rows_are_written_back(
    site: Any, event_id: str, table: str, where: str, roots: str
) -> None:
    before = _rows(site, table)
    _remove(site, f"{table} WHERE {where}", roots=roots)
    with site.opened("adam") as archive:
        report = repair_copies(archive)
        assert report.is_sound
        assert [finding.sentence for finding in check_copies(archive).findings] == [
            finding.sentence for finding in verify_audit(archive).findings
        ]
        assert all("had been changed" in fault for fault in archive_status(archive).faults)
        assert archive_status(archive).faults
    assert _rows(site, table) == before
    with site.opened("rita") as archive, archive.event(event_id).video() as file:
        assert file.read(12)[4:8] == b"ftyp"
        assert len(archive.event(event_id).signals()) > 0


#: a table and an edit of a row of it; of a user the other values are long ones
WRONG = {
    "users": "public_key = randomblob(32) WHERE user_id = 'rita'",
    "events": "procedure_code = 'lap-other'",
    "event_states": "state = 'signed off' WHERE state = 'recorded'",
    "settings": "value = 'x' WHERE name = 'recovery_public_key'",
}


@pytest.mark.parametrize("table", WRONG)
def test_rows_that_are_wrong_in_both_folders_are_written_as_stated(
    site: Any, event_id: str, table: str
) -> None:
    before = _rows(site, table)
    _change(site, f"UPDATE {table} SET {WRONG[table]}")
    with site.opened("adam") as archive:
        [finding] = [each for each in repair_copies(archive).findings if each.is_repaired]
        assert finding.sentence.startswith(
            f"1 row of the catalog put right, as the log states: {table}"
        )
        assert check_copies(archive).findings[0].sentence.startswith(f"{table} ")
        accept_audit_break(site.path, Credentials("adam", Password(PASSWORD)))
    assert _rows(site, table) == before
    with site.opened("adam") as archive:
        assert verify_audit(archive).is_sound
    assert _rows(site, table, root="mirror") == before


def test_a_long_value_that_is_wrong_in_both_folders_stays_named(site: Any) -> None:
    sql = "UPDATE users SET wrapped_private_key = zeroblob(60) WHERE user_id = 'rita'"
    _change(site, sql)
    for _ in range(2):
        with site.opened("adam") as archive:
            report = repair_copies(archive)
            assert not report.is_sound
            [finding] = report.findings
            assert "users rita was changed without an entry in the log" in finding.sentence
            assert not finding.is_repaired


def test_what_another_process_states_meanwhile_is_not_taken_back(
    site: Any, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _change(site, "UPDATE users SET profile = 'engineer' WHERE user_id = 'rosa'")
    real = row_repair.enter_rows

    def late(*args: Any) -> tuple[str, ...]:
        # the same row, which is wrong and would not be stated again
        with edited_catalog(site.path / "catalog.db") as connection:
            connection.execute("UPDATE users SET profile = 'researcher' WHERE user_id = 'rosa'")
        with site.opened("adam") as other:
            set_profile(other, "rosa", Profile.OPERATOR)
        return real(*args)

    monkeypatch.setattr(row_repair, "enter_rows", late)
    with site.opened("adam") as archive:
        repair_copies(archive)
        assert archive._session.catalog.users.get("rosa").profile is Profile.OPERATOR


def test_what_was_removed_in_the_program_stays_removed(site: Any, event_id: str) -> None:
    with site.opened("rita") as archive:
        before = _rows(site, "sealed_keys")
    with site.opened("adam") as archive:
        assert repair_copies(archive).findings == ()
    assert _rows(site, "sealed_keys") == before


def test_a_reset_seals_what_a_lost_row_was_about(site: Any, event_id: str) -> None:
    _remove(site, "sealed_keys WHERE recipient = 'rita' AND key_name = 'original'")
    who = Credentials("adam", Password(PASSWORD), site.words)
    with open_archive(site.path, who) as archive:
        result = reset_password(archive, "rita", Password(NEW))
        assert f"{event_id} original" in result.sealed
        assert result.closed == ()
    with (
        open_archive(site.path, Credentials("rita", Password(NEW))) as archive,
        archive.event(event_id).video() as file,
    ):
        assert file.read(12)[4:8] == b"ftyp"
