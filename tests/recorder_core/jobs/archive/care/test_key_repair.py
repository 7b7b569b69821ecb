"""A repair keeps every key of which the signed log does not say that it was taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from recorder_core.archive import Password, PrivateKey, format_key_file, parse_key_file
from recorder_core.archive.keys.grants import revoke as without
from recorder_core.errors import NoKeyMatches
from recorder_core.jobs.archive import (
    Credentials,
    check_copies,
    open_archive,
    repair_copies,
    reset_password,
    revoke,
    verify_audit,
)
from tests.tampering import edited_catalog

PASSWORD = "correct horse"
#: an edit of the catalog -> what it is called
EDITS = {
    "UPDATE users SET public_key = randomblob(32) WHERE user_id = 'rita'": "users rita was changed",
    "DELETE FROM sealed_keys WHERE recipient = 'rita'": "sealed_keys",
    "DELETE FROM grants WHERE recipient = 'rita'": "grants",
    "UPDATE grants SET revoked_by = 'adam', revoked_utc = granted_utc": "grants",
    "UPDATE files SET readers = ''": "readers is",
    "UPDATE settings SET value = 'x' WHERE name = 'recovery_public_key'": "settings recovery_",
}


def edit(roots: list[Path], *statements: str) -> None:
    for root in roots:
        with edited_catalog(root / "catalog.db") as connection:
            for statement in statements:
                assert connection.execute(statement).rowcount > 0


def key_files(site: Any) -> dict[Path, bytes]:
    """Return every key file of archive and mirror, as it lies on the disk."""
    found = [path for root in (site.path, site.mirror) for path in root.rglob("*.key")]
    return {path: path.read_bytes() for path in found}


def key_path(root: Path, event_id: str) -> Path:
    return root / "events" / event_id / "original.1.key"


def key_of(site: Any, user: str) -> Any:
    with site.opened(user) as archive:
        return archive._session.identity.keys[0].public_key


def opens(site: Any, event_id: str, user: str) -> bool:
    """Return whether the key files of the original on both folders have a user's key."""
    key = key_of(site, user)
    paths = [key_path(root, event_id) for root in (site.path, site.mirror)]
    found = {parse_key_file(p.read_bytes(), p.name).entry_for(key) is not None for p in paths}
    assert len(found) == 1
    return found.pop()


@pytest.mark.parametrize("statement", EDITS)
def test_no_key_is_lost_by_a_wrong_row_of_the_catalog(
    site: Any, event_id: str, statement: str
) -> None:
    with site.opened("rita") as archive, archive.event(event_id).video() as file:
        content = file.read()
    before = key_files(site)
    assert len(before) == 4
    edit([site.path, site.mirror], statement)
    with site.opened("egon") as archive:
        report = check_copies(archive)
        assert not report.is_sound
        assert any(EDITS[statement] in finding.sentence for finding in report.findings)
        assert {finding.part for finding in report.findings} == {"log"}
        report = repair_copies(archive)
        # what both folders lack, or have otherwise, is written as the log states it
        assert report.is_sound
        assert {finding.part for finding in report.findings} == {"log"}
    assert key_files(site) == before
    with site.opened("rita") as archive, archive.event(event_id).video() as file:
        assert file.read() == content


def test_no_key_is_lost_when_the_row_of_a_person_is_gone(site: Any, event_id: str) -> None:
    before = key_files(site)
    edit([site.path, site.mirror], "DELETE FROM users WHERE user_id = 'rita'")
    with site.opened("egon") as archive:
        report = repair_copies(archive)
        assert any("users rita was removed" in finding.sentence for finding in report.findings)
        assert not report.is_sound
    assert key_files(site) == before


def test_what_was_taken_back_is_removed_though_the_row_says_another_key(
    site: Any, event_id: str
) -> None:
    old = key_files(site)
    with site.opened("adam") as archive:
        revoke(archive, event_id, "rita", ["original"])
    assert not opens(site, event_id, "rita")
    for root in (site.path, site.mirror):
        path = key_path(root, event_id)
        path.write_bytes(old[path])
    edit([site.path, site.mirror], next(iter(EDITS)))
    with site.opened("egon") as archive:
        findings = repair_copies(archive).findings
        removed = [each for each in findings if "nobody granted it" in each.sentence]
        assert [each.is_repaired for each in removed] == [True]
    assert not opens(site, event_id, "rita")


def test_the_key_that_another_took_the_place_of_is_removed(site: Any, event_id: str) -> None:
    old = key_files(site)
    before = key_of(site, "rita")
    with open_archive(site.path, Credentials("adam", Password(PASSWORD), site.words)) as archive:
        reset_password(archive, "rita", Password("tidal copper meadow"))
    right = key_files(site)
    path = key_path(site.path, event_id)
    path.write_bytes(old[path])
    assert parse_key_file(path.read_bytes(), path.name).entry_for(before) is not None
    with site.opened("egon") as archive:
        assert repair_copies(archive).is_sound
    assert key_files(site) == right
    assert parse_key_file(path.read_bytes(), path.name).entry_for(before) is None


def test_a_key_that_one_copy_lost_comes_back_from_the_other(site: Any, event_id: str) -> None:
    key, path = key_of(site, "rita"), key_path(site.path, event_id)
    right = parse_key_file(path.read_bytes(), path.name)
    path.write_bytes(format_key_file(without(right, key)))
    other = PrivateKey.generate().public_key
    with site.opened("egon") as archive:
        assert repair_copies(archive).is_sound
        assert check_copies(archive).findings == ()
    assert right.entry_for(other) is None
    assert parse_key_file(path.read_bytes(), path.name) == right
    with site.opened("adam") as archive:
        assert verify_audit(archive).findings == ()


def test_a_revocation_outlives_an_edit_that_grants_again(site: Any, event_id: str) -> None:
    old = key_files(site)
    with site.opened("adam") as archive:
        revoke(archive, event_id, "rita", ["original"])
    for path in (key_path(site.path, event_id), key_path(site.mirror, event_id)):
        path.write_bytes(old[path])
    edit(
        [site.path, site.mirror],
        f"INSERT INTO sealed_keys VALUES ('{event_id}', 'original', 'user', 'rita', x'00')",
    )
    with site.opened("egon") as archive:
        assert not repair_copies(archive).is_sound
    with site.opened("rita") as archive, pytest.raises(NoKeyMatches):
        archive.event(event_id).video()
