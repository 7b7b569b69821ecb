"""A row of the log whose signature was taken away brings nothing back that it ended."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from recorder_core.archive import Password
from recorder_core.archive.disk.durable import locked
from recorder_core.catalog import Profile
from recorder_core.errors import AuditError, NotAllowed
from recorder_core.jobs.archive import (
    Credentials,
    RecordingRequest,
    add_user,
    change_own_password,
    disable_user,
    open_archive,
    record_event,
    recover_access,
    renew_recovery,
    set_profile,
    verify_audit,
)
from recorder_core.jobs.archive.place.folders import INFO_NAME
from tests.tampering import edited_catalog

PASSWORD = "correct horse"
#: how a signature is spoilt, in SQL
OTHER = "CASE substr(signature, 4, 1) WHEN 'Q' THEN 'R' ELSE 'Q' END"
SPOILT = ["''", f"substr(signature, 1, 3) || {OTHER} || substr(signature, 5)"]


def last_row_about(connection: sqlite3.Connection, name: str) -> int:
    found = connection.execute(
        "SELECT max(seq) FROM audit WHERE instr(facts, ?) > 0", (f'"{name}":',)
    )
    return int(found.fetchone()[0])


@contextmanager
def held_catalog(folder: Path) -> Iterator[sqlite3.Connection]:
    """Edit a folder's catalog while no open archive replaces it by a copy of the other's."""
    with locked(folder / INFO_NAME), edited_catalog(folder / "catalog.db") as connection:
        yield connection


def spoil(
    site: Any, name: str, value: str, *, folders: tuple[str, ...] = ("path", "mirror")
) -> int:
    """Spoil the signature of the row that states something last; return the row's number."""
    for folder in folders:
        with held_catalog(getattr(site, folder)) as connection:
            seq = last_row_about(connection, name)
            connection.execute(f"UPDATE audit SET signature = {value} WHERE seq = ?", (seq,))
    return seq


def put(site: Any, statement: str) -> None:
    for folder in (site.path, site.mirror):
        with held_catalog(folder) as connection:
            assert connection.execute(statement).rowcount == 1


def values_of(site: Any, user_id: str) -> dict[str, Any]:
    with edited_catalog(site.path / "catalog.db") as connection:
        connection.row_factory = sqlite3.Row
        return dict(
            connection.execute("SELECT * FROM users WHERE user_id = ?", (user_id,)).fetchone()
        )


@pytest.mark.parametrize("value", SPOILT)
def test_a_disabled_user_stays_disabled(site: Any, value: str) -> None:
    with site.opened("adam") as archive:
        disable_user(archive, "rita")
    seq = spoil(site, "users rita", value)
    put(site, "UPDATE users SET is_disabled = 0 WHERE user_id = 'rita'")
    refused = pytest.raises(NotAllowed, match=rf"last stated by row {seq} of the log, whose sign")
    with refused, site.opened("rita"):
        pass
    with (
        site.opened("olga") as archive,
        record_event(archive, RecordingRequest(procedure_code="demo")) as recording,
    ):
        recording.sink.write(b"v" * 100)
        new = recording.event_id
    with site.opened("adam") as archive:
        assert archive.reader_ids(new, "original") == []
        assert any(finding.seq == seq for finding in verify_audit(archive).findings)


@pytest.mark.parametrize("value", SPOILT)
def test_who_is_no_administrator_any_more_changes_nobody(site: Any, value: str) -> None:
    with site.opened("adam") as archive:
        add_user(archive, "eve", Profile.ADMINISTRATOR, Password(PASSWORD))
    with site.opened("eve") as eve:
        with site.opened("adam") as archive:
            set_profile(archive, "eve", Profile.ENGINEER)
        spoil(site, "users eve", value)
        put(site, "UPDATE users SET profile = 'administrator' WHERE user_id = 'eve'")
        # still signed in, and still with the key that signs
        disable_user(eve, "rita")
    with pytest.raises(NotAllowed, match="users eve was last stated"), site.opened("eve"):
        pass
    with site.opened("adam") as archive:
        found = [finding.sentence for finding in verify_audit(archive).findings]
    assert any("changes users rita, which eve may not" in sentence for sentence in found)


@pytest.mark.parametrize("value", SPOILT)
def test_an_old_password_stays_old(site: Any, value: str) -> None:
    before = values_of(site, "rita")["wrapped_private_key"].hex()
    with site.opened("rita") as archive:
        change_own_password(archive, Password(PASSWORD), Password("tidal copper meadow"))
    spoil(site, "users rita", value)
    put(site, f"UPDATE users SET wrapped_private_key = x'{before}' WHERE user_id = 'rita'")
    with pytest.raises(NotAllowed, match="users rita was last stated"), site.opened("rita"):
        pass


@pytest.mark.parametrize("value", SPOILT)
def test_old_recovery_words_stay_old(site: Any, value: str) -> None:
    old = Credentials("adam", Password(PASSWORD), recovery_words=site.words)
    with open_archive(site.path, old) as archive:
        renew_recovery(archive, lambda _: None)
    spoil(site, "settings recovery_public_key", value)
    with site.opened("olga") as archive:
        refused = pytest.raises(AuditError, match="not known which recovery words count")
        with refused, record_event(archive, RecordingRequest(procedure_code="demo")):
            pass
    with pytest.raises(AuditError, match="not known which recovery words count"):
        recover_access(site.path, site.words, "anna", Password("tidal copper meadow"))


@pytest.mark.parametrize("value", SPOILT)
@pytest.mark.parametrize("folder", ["path", "mirror"])
def test_a_signature_that_one_folder_has_right_is_put_right_at_once(
    site: Any, value: str, folder: str
) -> None:
    with site.opened("adam") as archive:
        disable_user(archive, "rita")
    seq = spoil(site, "users rita", value, folders=(folder,))
    if folder == "path":
        with site.opened("adam") as archive:
            assert any(f"audit {seq}" in notice for notice in archive.notices)
            [finding] = verify_audit(archive).findings
            assert f"audit {seq} had been changed" in finding.sentence
    else:
        with site.opened("adam") as archive:
            assert verify_audit(archive).is_sound
    for root in (site.path, site.mirror):
        with edited_catalog(root / "catalog.db") as connection:
            found = connection.execute("SELECT signature FROM audit WHERE seq = ?", (seq,))
            assert len(found.fetchone()[0]) > 60
