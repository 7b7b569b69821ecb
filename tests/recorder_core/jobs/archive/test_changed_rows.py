"""A row that was changed beside the program is not signed by the next change of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from recorder_core.archive import Password
from recorder_core.catalog import Profile, RetentionRule
from recorder_core.errors import AuditError
from recorder_core.jobs.archive import (
    Archive,
    Credentials,
    accept_audit_break,
    accept_place,
    change_own_password,
    delete_event,
    disable_user,
    reopen_review,
    reset_password,
    revoke,
    set_profile,
    set_retention_rule,
    sign_off,
    verify_audit,
)
from tests.tampering import edited_catalog

PASSWORD = "correct horse"
OTHER = Password("quite another phrase")
BESIDE = "changed in the catalog outside this program"


def edit(site: Any, statement: str, *values: object, roots: str = "both") -> None:
    """Edit the catalogs of the archive, of its mirror, or of both alike."""
    chosen = {"archive": [site.path], "mirror": [site.mirror], "both": [site.path, site.mirror]}
    for root in chosen[roots]:
        with edited_catalog(root / "catalog.db") as connection:
            assert connection.execute(statement, values).rowcount > 0


def stored(root: Path, sql: str, *values: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(root / "catalog.db")) as connection:
        return connection.execute(sql, values).fetchall()


def findings(site: Any) -> str:
    with site.opened("adam") as archive:
        return " ".join(found.sentence for found in verify_audit(archive).findings)


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ("public_key = zeroblob(32)", "public_key"),
        ("profile = 'reviewer'", "profile"),
        ("verify_key = zeroblob(32)", "verify_key"),
        ("is_disabled = 1", "is_disabled"),
    ],
)
def test_an_edited_user_is_not_signed(site: Any, change: str, column: str) -> None:
    edit(site, f"UPDATE users SET {change} WHERE user_id = 'egon'")
    last = "SELECT facts FROM audit WHERE instr(facts, '\"users egon\"') ORDER BY seq DESC LIMIT 1"
    before = [stored(site.path, sql) for sql in (last, "SELECT * FROM users")]
    with site.opened("adam") as archive:
        for act in (
            lambda: disable_user(archive, "egon"),
            lambda: set_profile(archive, "egon", Profile.RESEARCHER),
            lambda: reset_password(archive, "egon", OTHER, keep_access=False),
        ):
            with pytest.raises(
                AuditError, match=f"users egon was changed without an entry in the log: {column}"
            ):
                act()
    assert [stored(site.path, sql) for sql in (last, "SELECT * FROM users")] == before
    assert f"users egon was changed without an entry in the log: {column}" in findings(site)


def test_a_user_whom_nobody_made_is_not_signed(site: Any) -> None:
    columns = "profile, public_key, wrapped_private_key, sealed_name, is_disabled, created_utc"
    edit(
        site,
        f"INSERT INTO users (user_id, {columns}, verify_key) SELECT 'ghost', {columns}, verify_key "
        "FROM users WHERE user_id = 'rita'",
    )
    refused = pytest.raises(
        AuditError, match="users ghost was put into the catalog without an entry"
    )
    with site.opened("adam") as archive, refused:
        disable_user(archive, "ghost")
    assert not stored(site.path, "SELECT 1 FROM audit WHERE instr(facts, '\"users ghost\"')")


def test_a_password_is_not_changed_in_a_wrong_row_and_still_opens(site: Any) -> None:
    edit(site, "UPDATE users SET created_utc = '2026-01-01T00:00:00.000000Z' WHERE user_id='adam'")
    with site.opened("adam") as archive, pytest.raises(AuditError, match=BESIDE):
        change_own_password(archive, Password(PASSWORD), OTHER)
    with site.opened("adam") as archive:
        assert archive.events() == []
    accept_audit_break(site.path, Credentials("adam", Password(PASSWORD)))
    with site.opened("adam") as archive:
        change_own_password(archive, Password(PASSWORD), OTHER)
        change_own_password(archive, OTHER, Password(PASSWORD))
    assert findings(site) == ""


def _reopen(archive: Archive, event_id: str) -> None:
    reopen_review(archive, event_id)


def _delete(archive: Archive, event_id: str) -> None:
    delete_event(archive, event_id, "duplicate")


@pytest.mark.parametrize(("user", "act"), [("rita", _reopen), ("adam", _delete)])
def test_an_edited_event_is_not_signed_and_keeps_its_keys(
    site: Any, with_copy: str, user: str, act: Callable[[Archive, str], None]
) -> None:
    with site.opened("rita") as archive:
        archive.event(with_copy).video("deidentified").close()
        sign_off(archive, with_copy)
    edit(site, "UPDATE events SET procedure_code = 'other' WHERE event_id = ?", with_copy)
    keys = sorted((site.path / "events").rglob("*.key"))
    refused = pytest.raises(AuditError, match=f"events {with_copy} was .* procedure_code is other")
    with site.opened(user) as archive, refused:
        act(archive, with_copy)
    assert stored(site.path, "SELECT state, procedure_code FROM events") == [
        ("signed off", "other")
    ]
    assert sorted((site.path / "events").rglob("*.key")) == keys


def test_an_edited_grant_is_not_signed(site: Any, with_copy: str) -> None:
    with site.opened("rita") as archive:
        archive.event(with_copy).video("deidentified").close()
        sign_off(archive, with_copy)
    edit(site, "UPDATE grants SET granted_by = 'olga' WHERE recipient = 'rosa'")
    with site.opened("rita") as archive, pytest.raises(AuditError, match="granted_by is olga"):
        revoke(archive, with_copy, "rosa")
    assert (
        stored(site.path, "SELECT revoked_by FROM grants WHERE recipient = 'rosa'") == [(None,)] * 5
    )


def test_edited_rules_and_settings_are_not_signed(site: Any) -> None:
    rule = RetentionRule(site_code="site1", minimum_days=90)
    with site.opened("adam") as archive:
        set_retention_rule(archive, rule)
    edit(site, "UPDATE retention_rules SET minimum_days = 1")
    edit(site, "UPDATE settings SET value = 'no' WHERE name = 'has_mirror'")
    with site.opened("adam") as archive:
        with pytest.raises(AuditError, match=r"retention_rules site1 .* minimum_days is 1,"):
            set_retention_rule(archive, rule)
        with pytest.raises(AuditError, match=r"settings has_mirror .* value is no, the log says"):
            accept_place(archive)
    assert stored(site.path, "SELECT minimum_days FROM retention_rules") == [(1,)]


def test_a_right_row_is_stated_as_before(site: Any, event_id: str) -> None:
    edit(site, "UPDATE users SET public_key = zeroblob(32) WHERE user_id = 'rosa'")
    with site.opened("adam") as archive:
        disable_user(archive, "egon")
        disable_user(archive, "egon", disabled=False)
        assert delete_event(archive, event_id, "duplicate").file_count > 0
    found = findings(site)
    assert "users rosa" in found
    assert "users egon" not in found


@pytest.mark.parametrize("roots", ["archive", "mirror"])
def test_a_row_that_is_right_in_the_other_folder_is_put_right_at_sign_in(
    site: Any, with_copy: str, roots: str
) -> None:
    sql = ["SELECT * FROM users ORDER BY user_id", "SELECT procedure_code FROM events"]
    right = [stored(site.path, each) for each in sql]
    edit(site, "UPDATE users SET public_key = zeroblob(32) WHERE user_id = 'egon'", roots=roots)
    edit(site, "UPDATE events SET procedure_code = 'other'", roots=roots)
    with site.opened("adam") as archive:
        notices = " ".join(archive.notices)
        assert ("users egon" in notices) == (roots == "archive")
        disable_user(archive, "egon")
        disable_user(archive, "egon", disabled=False)
    for root in (site.path, site.mirror):
        assert [stored(root, each) for each in sql] == right
    found = findings(site)
    assert ("users egon, events" in found and "had been changed" in found) == (roots == "archive")
    assert bool(found) == (roots == "archive")
