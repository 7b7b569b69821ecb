"""What somebody changes who can write to the disks, but has no key and no password."""

from __future__ import annotations

import json
import shutil
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from recorder_core.archive import (
    Password,
    PrivateKey,
    SealedReader,
    recovery_key_from_words,
    verify_key_of,
)
from recorder_core.catalog import Action, Actor, Catalog, Profile
from recorder_core.errors import AuditError, NoKeyMatches, NotAllowed
from recorder_core.jobs.archive import (
    Credentials,
    accept_audit_break,
    add_user,
    archive_status,
    open_archive,
    recover_access,
    repair_copies,
    revoke,
    verify_audit,
)
from recorder_core.jobs.archive.access.founding import TRUST_PROOF, signing
from recorder_core.jobs.archive.access.stated_settings import settings_of
from recorder_core.jobs.archive.access.trust import RECOVERY_VERIFY_KEY, TRUST
from recorder_core.jobs.archive.place.folders import read_info

OLD = Path(__file__).parents[4] / "vectors" / "archive" / "archive-schema-10.zip"
OLD_PASSWORD = "tidal copper meadow"

#: what is edited in the catalog -> what the finding must name
EDITS = {
    "UPDATE users SET profile = 'reviewer' WHERE user_id = 'rosa'": (
        "users rosa was changed without an entry in the log: profile is reviewer, the log says "
        "researcher"
    ),
    "UPDATE users SET public_key = zeroblob(32) WHERE user_id = 'rita'": (
        "users rita was changed without an entry in the log: public_key"
    ),
    "UPDATE events SET started_utc = '2001-01-01T00:00:00.000000Z'": "started_utc is 2001",
    "UPDATE files SET size_bytes = size_bytes + 1": "size_bytes is",
    "UPDATE sealed_records SET sealed = zeroblob(300)": "identity was changed without an entry "
    "in the log",
    "UPDATE settings SET value = 'elsewhere' WHERE name = 'site_code'": "settings site_code",
    "DELETE FROM grants WHERE grant_id = 1": "grants 1 was removed",
    "INSERT INTO retention_rules VALUES ('site1', 0, 1, 1)": "without an entry in the log",
}


def _edit(site: Any, sql: str) -> None:
    """Edit both folders' catalogs alike, so that neither can put the other right."""
    for root in (site.path, site.mirror):
        with closing(sqlite3.connect(root / "catalog.db")) as connection, connection:
            assert connection.execute(sql).rowcount > 0


def _sentences(site: Any) -> list[str]:
    with site.opened("adam") as archive:
        return [finding.sentence for finding in verify_audit(archive).findings]


@pytest.mark.parametrize("sql", EDITS)
def test_an_edit_of_the_catalog_is_named(site: Any, event_id: str, sql: str) -> None:
    assert _sentences(site) == []
    _edit(site, sql)
    assert [sentence for sentence in _sentences(site) if EDITS[sql] in sentence]
    with site.opened("adam") as archive:
        assert [fault for fault in archive_status(archive).faults if EDITS[sql] in fault]


def test_an_accepted_edit_is_stated_from_then_on(site: Any, event_id: str) -> None:
    _edit(site, "UPDATE events SET procedure_code = 'other'")
    assert len(_sentences(site)) == 1
    accept_audit_break(site.path, Credentials("adam", Password("correct horse")))
    assert _sentences(site) == []


def _forge_row(catalog: Path) -> None:
    with closing(sqlite3.connect(catalog)) as connection, connection:
        connection.execute(
            "INSERT INTO audit SELECT seq + 1, at_utc, who, profile, action, event_id, origin, "
            "'changed', '', hash, hash, ?, signature FROM audit ORDER BY seq DESC LIMIT 1",
            ['{"users rosa":null}'],
        )


def test_a_row_that_nobody_signed_is_found_and_counts_for_nothing(site: Any) -> None:
    for root in (site.path, site.mirror):
        _forge_row(root / "catalog.db")
    sentences = _sentences(site)
    assert any("is not what was written" in sentence for sentence in sentences)
    assert any("is not signed by adam" in sentence for sentence in sentences)
    assert not any("users rosa" in sentence for sentence in sentences)


def test_a_row_that_was_forged_in_one_folder_is_set_aside_with_its_catalog(site: Any) -> None:
    _forge_row(site.path / "catalog.db")
    with site.opened("adam") as archive:
        told = [notice for notice in archive.notices if "took its place" in notice]
        assert len(told) == 1
        assert verify_audit(archive).findings == ()
    (aside,) = (site.path / "set-aside").rglob("catalog.db")
    with closing(sqlite3.connect(aside)) as connection:
        sql = "SELECT facts FROM audit ORDER BY seq DESC LIMIT 1"
        assert connection.execute(sql).fetchone()[0] == '{"users rosa":null}'


def test_a_login_that_was_put_into_the_catalog_does_not_open_the_archive(site: Any) -> None:
    _edit(
        site,
        "INSERT INTO users SELECT 'ghost', 'administrator', public_key, wrapped_private_key, "
        "sealed_name, 0, created_utc, verify_key FROM users WHERE user_id = 'rosa'",
    )
    with pytest.raises(NotAllowed, match="without an entry in the log"), site.opened("ghost"):
        pass


def test_nothing_is_sealed_to_a_key_that_was_exchanged(site: Any, named_video: Path) -> None:
    other = PrivateKey.generate()
    with closing(sqlite3.connect(site.path / "catalog.db")) as connection, connection:
        connection.execute(
            "UPDATE users SET public_key = ? WHERE user_id = 'rita'", (other.public_key.raw,)
        )
    event_id = site.bring_in(named_video)
    with site.opened("adam") as archive:
        file = archive._session.stored(archive._session.catalog.contents.files(event_id)[0])
    with pytest.raises(NoKeyMatches):
        SealedReader(site.path / file.name, other, file.identity)


def test_another_recovery_key_is_told_and_never_used(site: Any, named_video: Path) -> None:
    info = json.loads((site.path / "archive.json").read_text())
    info["recovery_public_key"] = PrivateKey.generate().public_key.to_text()
    (site.path / "archive.json").write_text(json.dumps(info))
    event_id = site.bring_in(named_video)
    assert any(
        "archive.json was changed without an entry in the log" in said for said in _sentences(site)
    )
    with site.opened("adam") as archive:
        file = archive._session.stored(archive._session.catalog.contents.files(event_id)[0])
    key = recovery_key_from_words(site.words)
    assert SealedReader(site.path / file.name, key, file.identity).read(12)[4:8] == b"ftyp"


def test_an_old_key_file_that_was_put_back_is_told(site: Any, event_id: str) -> None:
    key = f"events/{event_id}/original.1.key"
    old = (site.path / key).read_bytes()
    with site.opened("adam") as archive:
        revoke(archive, event_id, "rita", ["original"])
    for root in (site.path, site.mirror):
        (root / key).write_bytes(old)
    assert any("whose key was revoked" in sentence for sentence in _sentences(site))
    with site.opened("adam") as archive:
        assert any("nobody granted it" in said.sentence for said in repair_copies(archive).findings)
    assert _sentences(site) == []
    with site.opened("rita") as archive, pytest.raises(NoKeyMatches):
        archive.event(event_id).video()


def test_the_catalog_of_an_open_archive_refuses_what_nobody_asked_for(site: Any) -> None:
    with site.opened("olga") as archive:
        with pytest.raises(NotAllowed, match="nothing was stored"):
            archive._session.catalog.users.set_profile("olga", Profile.ADMINISTRATOR)
        assert archive._session.catalog.users.get("olga").profile is Profile.OPERATOR


def test_an_operator_cannot_state_that_the_profile_is_another(site: Any) -> None:
    with site.opened("olga") as archive, archive._session.audited("record"):
        archive._session.catalog.users.set_profile("olga", Profile.ADMINISTRATOR)
    assert any("which olga may not" in sentence for sentence in _sentences(site))
    with site.opened("olga") as archive:
        assert archive._session.identity.actor.profile is Profile.OPERATOR


def test_an_archive_of_an_earlier_program_is_adopted_by_its_administrator(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    with zipfile.ZipFile(OLD) as kept:
        kept.extractall(folder)
    password = Password(OLD_PASSWORD)
    with open_archive(folder, Credentials("reviewer1", password)) as archive:
        assert any("nobody vouches" in fault for fault in archive_status(archive).faults)
    for user in ("admin1", "reviewer1", "operator1"):
        with open_archive(folder, Credentials(user, password)) as archive:
            [event] = archive.events()
    with open_archive(folder, Credentials("reviewer1", password)) as archive:
        assert archive.event(event.event_id).video().read() == bytes(range(256)) * 8
        assert archive.event(event.event_id).names().patient_name == "Test Patient"
    with open_archive(folder, Credentials("admin1", password)) as archive:
        add_user(archive, "anna", Profile.REVIEWER, Password("long enough words"))
        assert verify_audit(archive).findings == ()
    words, other = (folder / "recovery-words.txt").read_text(), Password("other enough words")
    with pytest.raises(AuditError, match="nothing shows that the log is the one"):
        recover_access(folder, words, "admin2", other)
    with open_archive(folder, Credentials("admin1", password, words)) as archive:
        assert verify_audit(archive).findings == ()
    recover_access(folder, words, "admin2", other)
    with open_archive(folder, Credentials("admin2", Password("other enough words"))) as archive:
        assert verify_audit(archive).findings == ()


def _exchange_catalog(site: Any, *, keeps_proof: bool, is_older: bool) -> None:
    """Make catalog, log and anchors anew, with what can be read of the right ones."""
    settings = settings_of(read_info(site.path))
    with closing(sqlite3.connect(site.path / "catalog.db")) as connection:
        known = dict(connection.execute("SELECT name, value FROM settings"))
    settings[RECOVERY_VERIFY_KEY] = known[RECOVERY_VERIFY_KEY]
    for root in (site.path, site.mirror):
        for path in (*root.glob("catalog.db*"), *root.glob("audit-head*")):
            path.unlink()
    eve = PrivateKey.generate()
    actor = signing(Actor("adam", Profile.ADMINISTRATOR), eve)
    anchors = [site.path / "audit-head.json"]
    with (
        Catalog.create(site.path / "catalog.db", anchors=anchors) as catalog,
        catalog.audited(actor, Action.MANAGE_USERS),
        catalog.transaction(),
    ):
        catalog.users.add(
            "adam", Profile.ADMINISTRATOR, public_key=eve.public_key.raw,
            wrapped_private_key=b"x", verify_key=verify_key_of(eve),
        )  # fmt: skip
        catalog.settings.put(settings)
        if not is_older:
            catalog.settings.put({TRUST: catalog.audit.state_now().hash})
        if keeps_proof:
            catalog.settings.put({TRUST_PROOF: known[TRUST_PROOF]})
    shutil.copyfile(site.path / "catalog.db", site.mirror / "catalog.db")


@pytest.mark.parametrize("keeps_proof", [False, True])
@pytest.mark.parametrize("is_older", [False, True])
def test_a_catalog_that_was_made_anew_is_not_unlocked(
    site: Any, keeps_proof: bool, is_older: bool
) -> None:
    _exchange_catalog(site, keeps_proof=keeps_proof, is_older=is_older)
    with pytest.raises(AuditError, match="nothing shows that the log is the one"):
        recover_access(site.path, site.words, "anna", Password("a long pass phrase"))
    with closing(sqlite3.connect(site.path / "catalog.db")) as connection:
        assert connection.execute("SELECT user_id FROM users").fetchall() == [("adam",)]
    password = Password("a long pass phrase")
    assert recover_access(site.path, site.words, "anna", password, unproven=True).user_id == "anna"
