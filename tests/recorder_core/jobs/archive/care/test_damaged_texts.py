"""Bytes that are no text, in a row of both folders: work goes on, and the row is put right."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from recorder_core.archive import Password
from recorder_core.errors import AuditError, CatalogDamaged
from recorder_core.jobs.archive import (
    Credentials,
    accept_audit_break,
    open_archive,
    recover_access,
    repair_copies,
    verify_audit,
)
from tests.tampering import edited_catalog

NEW = "battery staple"
#: no text in UTF-8: it begins with a byte that none begins with
NO_TEXT = "CAST(x'ff65' AS TEXT)"


def _damage(site: Any, table: str, column: str, where: str) -> None:
    with site.opened("adam"):
        pass  # the mirror has followed
    for root in (site.path, site.mirror):
        with edited_catalog(root / "catalog.db") as connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            changed = connection.execute(f"UPDATE {table} SET {column} = {NO_TEXT} WHERE {where}")
            assert changed.rowcount > 0


def _rows(root: Path, table: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(root / "catalog.db")) as connection:
        connection.text_factory = bytes
        return sorted(connection.execute(f"SELECT * FROM {table}"), key=repr)


@pytest.mark.parametrize(
    ("table", "column", "where"),
    [
        ("users", "created_utc", "user_id != ''"),
        ("users", "user_id", "user_id = 'adam'"),
        ("settings", "value", "name = 'trust'"),
        ("settings", "name", "name = 'trust'"),
    ],
)
def test_the_recovery_words_get_on(site: Any, table: str, column: str, where: str) -> None:
    before = _rows(site.path, table)
    _damage(site, table, column, where)
    recover_access(site.path, site.words, "ada", Password(NEW))
    with open_archive(site.path, Credentials("ada", Password(NEW))) as archive:
        assert any(finding.is_repaired for finding in repair_copies(archive).findings)
    for root in (site.path, site.mirror):
        assert [row for row in _rows(root, table) if row[0] != b"ada"] == before
    accept_audit_break(site.path, Credentials("ada", Password(NEW)))
    with site.opened("adam") as archive:
        assert verify_audit(archive).is_sound


def test_who_cannot_sign_in_is_told_what_helps(site: Any) -> None:
    _damage(site, "users", "profile", "user_id = 'adam'")
    with pytest.raises(CatalogDamaged, match="'workbench archive unlock' and the recovery words"):
        site.opened("adam").__enter__()


@pytest.mark.parametrize(
    ("table", "column", "where"),
    [
        ("users", "created_utc", "user_id = 'rita'"),
        ("events", "state", "event_id != ''"),
        ("events", "event_id", "event_id != ''"),
        ("files", "file_id", "role = 'original'"),
    ],
)
def test_imports_go_on_and_repair_puts_it_right(
    site: Any, event_id: str, drawn_source: Path, table: str, column: str, where: str
) -> None:
    _damage(site, table, column, where)
    imported = site.bring_in(drawn_source)
    with site.opened("adam") as archive:
        [finding] = [each for each in repair_copies(archive).findings if each.is_repaired]
        assert finding.sentence.startswith("1 row of the catalog put right, as the log states")
    with site.opened("rita") as archive:
        assert {event.event_id for event in archive.events()} == {event_id, imported}
        with archive.event(event_id).video() as file:
            assert file.read(8)[4:] == b"ftyp"


def test_a_damaged_time_in_the_log_is_named(site: Any, drawn_source: Path) -> None:
    _damage(site, "audit", "at_utc", "seq = 5")
    with site.opened("adam") as archive:
        found = [each.sentence for each in verify_audit(archive).findings if each.seq == 5]
    assert "row 5 is not what was written" in found
    with pytest.raises(AuditError, match="row 5 of the audit log was changed or removed"):
        site.bring_in(drawn_source)
    accept_audit_break(site.path, Credentials("adam", Password("correct horse")))
    site.bring_in(drawn_source)


def test_a_damaged_list_of_migrations_is_damage(site: Any) -> None:
    _damage(site, "migrations", "name", "rowid = 2")
    with pytest.raises(CatalogDamaged, match="'workbench archive restore' from a backup"):
        site.opened("adam").__enter__()
