"""Rows that both folders lack are written back as the log states them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from recorder_core.archive import Password
from recorder_core.jobs.archive import (
    Credentials,
    archive_status,
    check_copies,
    open_archive,
    repair_copies,
    reset_password,
    verify_audit,
)
from tests.tampering import edited_catalog

NEW = "battery staple"


def _rows(site: Any, table: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(site.path / "catalog.db")) as connection:
        return connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4").fetchall()


def _remove(site: Any, where: str, *, roots: str = "both") -> None:
    for root in (site.path, site.mirror)[: 1 if roots == "archive" else 2]:
        with edited_catalog(root / "catalog.db") as connection:
            assert connection.execute(f"DELETE FROM {where}").rowcount > 0


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


def test_what_was_removed_in_the_program_stays_removed(site: Any, event_id: str) -> None:
    with site.opened("rita") as archive:
        before = _rows(site, "sealed_keys")
    with site.opened("adam") as archive:
        assert repair_copies(archive).findings == ()
    assert _rows(site, "sealed_keys") == before


def test_a_reset_seals_what_a_lost_row_was_about(site: Any, event_id: str) -> None:
    _remove(site, "sealed_keys WHERE recipient = 'rita' AND key_name = 'original'")
    who = Credentials("adam", Password("correct horse"), site.words)
    with open_archive(site.path, who) as archive:
        result = reset_password(archive, "rita", Password(NEW))
        assert f"{event_id} original" in result.sealed
        assert result.closed == ()
    with (
        open_archive(site.path, Credentials("rita", Password(NEW))) as archive,
        archive.event(event_id).video() as file,
    ):
        assert file.read(12)[4:8] == b"ftyp"
