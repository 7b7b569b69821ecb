"""What is taken back is gone from the key files, whatever the catalog says of people and keys."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from recorder_core.archive import (
    Password,
    PrivateKey,
    PublicKey,
    format_key_file,
    grant as grant_key,
    parse_key_file,
    revoke as without,
)
from recorder_core.catalog import Profile
from recorder_core.errors import ArchiveError, AuditError, NoKeyMatches, NotInCatalog
from recorder_core.jobs.archive import (
    Credentials,
    add_user,
    event_key_holders,
    grant,
    open_archive,
    renew_recovery,
    revoke,
    set_profile,
    verify_audit,
)
from recorder_core.jobs.archive.access.stated_keys import StatedKeys
from recorder_core.jobs.archive.people import revoking
from tests.recorder_core.jobs.archive.conftest import NO_DELAY, PASSWORD
from tests.tampering import edited_catalog

WRONG_KEY = "UPDATE users SET public_key = randomblob(32) WHERE user_id = 'rita'"
#: an edit of the catalog that must not keep a key where it is
EDITS = [
    WRONG_KEY,
    "UPDATE users SET public_key = (SELECT public_key FROM users WHERE user_id = 'adam') "
    "WHERE user_id = 'rita'",
    "UPDATE events SET state = 'deleted'",
]


def edit(site: Any, *statements: str) -> None:
    for root in (site.path, site.mirror):
        with edited_catalog(root / "catalog.db") as connection:
            for statement in statements:
                assert connection.execute(statement).rowcount > 0


def key_of(site: Any, user: str) -> PublicKey:
    with site.opened(user) as archive:
        key: PublicKey = archive._session.identity.keys[0].public_key
        return key


def paths(site: Any, event_id: str) -> list[Path]:
    return [root / "events" / event_id / "original.1.key" for root in (site.path, site.mirror)]


def open_to(site: Any, event_id: str, key: PublicKey) -> list[bool]:
    """Return whether the original's key file opens for a key, on each folder."""
    return [
        parse_key_file(path.read_bytes(), path.name).entry_for(key) is not None
        for path in paths(site, event_id)
    ]


@pytest.mark.parametrize("statement", EDITS)
def test_a_key_is_taken_back_though_the_catalog_says_another(
    site: Any, event_id: str, statement: str
) -> None:
    key = key_of(site, "rita")
    assert open_to(site, event_id, key) == [True, True]
    edit(site, statement)
    with site.opened("adam") as archive:
        assert revoke(archive, event_id, "rita", ["original"]) == {"original": 1}
    assert open_to(site, event_id, key) == [False, False]


def test_a_key_that_is_right_on_one_folder_only_is_taken_back(site: Any, event_id: str) -> None:
    key = key_of(site, "rita")
    with edited_catalog(site.path / "catalog.db") as connection:
        assert connection.execute(WRONG_KEY).rowcount == 1
    with site.opened("adam") as archive:
        taken = revoke(archive, event_id, "rita")
    assert taken == {"identity": 1, "original": 1, "signals": 1}
    assert open_to(site, event_id, key) == [False, False]


def test_a_key_of_a_file_of_which_no_row_is_left_is_taken_out(site: Any, event_id: str) -> None:
    key = key_of(site, "rita")
    edit(site, "DELETE FROM pts_indexes", "DELETE FROM files WHERE role = 'original'")
    with site.opened("adam") as archive:
        assert revoke(archive, event_id, "rita", ["original"]) == {"original": 1}
    assert open_to(site, event_id, key) == [False, False]


def test_a_key_of_which_no_grant_is_left_is_taken_out(site: Any, event_id: str) -> None:
    key = key_of(site, "rita")
    edit(site, "DELETE FROM sealed_keys WHERE recipient = 'rita'")
    # whether a row that is gone may be stated again or not, the key does not stay
    with site.opened("adam") as archive, suppress(AuditError):
        revoke(archive, event_id, "rita", ["original"])
    assert open_to(site, event_id, key) == [False, False]


def test_nothing_is_called_taken_back_where_nobody_known_holds_what_is_there(
    site: Any, event_id: str
) -> None:
    """The reviewer's key was exchanged for one of which the log knows no owner."""
    key, other = key_of(site, "rita"), PrivateKey.generate().public_key
    with site.opened("rita") as archive:
        own = archive._session.identity.keys[0]
        for path in paths(site, event_id):
            old = parse_key_file(path.read_bytes(), path.name)
            path.write_bytes(format_key_file(without(grant_key(old, own, [other]), key)))
    refused = pytest.raises(ArchiveError, match=f"opens for {other.key_id}.*nothing was revoked")
    with site.opened("adam") as archive:
        with refused:
            revoke(archive, event_id, "rita", ["original"])
        assert "rita" in archive.reader_ids(event_id, "original")
    assert open_to(site, event_id, other) == [True, True]


@pytest.mark.parametrize("change", ["grant", "renewal"])
def test_a_revoked_key_that_was_put_back_goes_with_the_next_change_of_the_file(
    site: Any, event_id: str, change: str
) -> None:
    """Whoever has both disks puts the key files of before a revocation back."""
    with site.opened("adam") as archive:
        for user in ("ines", "zoe"):
            add_user(archive, user, Profile.REVIEWER, Password(PASSWORD))
    key, next_key = key_of(site, "ines"), key_of(site, "zoe")
    with site.opened("rita") as archive:
        grant(archive, event_id, "ines", ["original"])
        before = [path.read_bytes() for path in paths(site, event_id)]
        revoke(archive, event_id, "ines", ["original"])
        for path, content in zip(paths(site, event_id), before, strict=True):
            path.write_bytes(content)
    assert open_to(site, event_id, key) == [True, True]
    if change == "grant":
        with site.opened("rita") as archive:
            grant(archive, event_id, "zoe", ["original"])
        assert open_to(site, event_id, next_key) == [True, True]
    else:
        words = Credentials("adam", Password(PASSWORD), site.words)
        with open_archive(site.path, words, delays=NO_DELAY) as archive:
            renew_recovery(archive, lambda _: None)
    assert open_to(site, event_id, key) == [False, False]
    with site.opened("adam") as archive:
        assert verify_audit(archive).findings == ()
    with site.opened("ines") as archive, pytest.raises(NoKeyMatches):
        archive.event(event_id).video().close()


def test_who_becomes_an_engineer_loses_keys_of_which_no_row_is_left(
    site: Any, event_id: str
) -> None:
    key = key_of(site, "rita")
    with site.opened("rita") as archive, archive.event(event_id).video() as file:
        assert file.read(12)[4:8] == b"ftyp"
    with site.opened("adam") as archive:
        taken = set_profile(archive, "rita", Profile.ENGINEER)
    assert sorted(taken) == [f"{event_id} {kind}" for kind in ("identity", "original", "signals")]
    assert open_to(site, event_id, key) == [False, False]


def test_a_user_whom_nobody_signed_has_nothing_to_take_back(site: Any, event_id: str) -> None:
    before = [path.read_bytes() for path in paths(site, event_id)]
    with site.opened("adam") as archive, pytest.raises(NotInCatalog, match="no user ghost"):
        revoke(archive, event_id, "ghost")
    assert [path.read_bytes() for path in paths(site, event_id)] == before


def test_nothing_is_sealed_to_somebody_by_a_row_that_was_put_in(site: Any, event_id: str) -> None:
    """A note goes to those who can read the names: a row beside the log adds nobody."""
    edit(site, f"INSERT INTO sealed_keys VALUES ('{event_id}', 'identity', 'user', 'rosa', x'00')")
    key, own = key_of(site, "rosa"), key_of(site, "rita")
    with site.opened("rita") as archive:
        assert archive.reader_ids(event_id, "identity") == ["rita"]
        session = archive._session
        from recorder_core.jobs.archive.files.notes import put_note

        with session.audited("write_identity", event_id):
            put_note(archive._session, event_id, "marker:1", {"note": "spoke"})
        sealed = json.loads(session.catalog.events.get_sealed(event_id, "marker:1"))["sealed"]
    assert key.to_text() not in sealed
    assert own.to_text() in sealed


def test_every_key_that_a_user_ever_had_is_known(site: Any, event_id: str) -> None:
    with site.opened("adam") as archive:
        stated = StatedKeys(archive._session.catalog, archive._session.trust().row_hash)
        assert stated.keys_of("rita") == {key_of(site, "rita")}
        assert stated.owner(key_of(site, "rosa")) == "rosa"
        assert stated.kinds(event_id, "rita") == ["identity", "original", "signals"]
        assert stated.profile("rita") is Profile.REVIEWER
        assert stated.wrong == {}


def test_what_was_taken_back_stays_so_when_the_right_row_comes_back(
    site: Any, event_id: str
) -> None:
    key = key_of(site, "rita")
    edit(site, WRONG_KEY)
    with site.opened("adam") as archive:
        revoke(archive, event_id, "rita", ["original"])
    edit(site, f"UPDATE users SET public_key = x'{key.raw.hex()}' WHERE user_id = 'rita'")
    with site.opened("rita") as archive, pytest.raises(NoKeyMatches):
        archive.event(event_id).video()
    with site.opened("rita") as archive, pytest.raises(NoKeyMatches):
        grant(archive, event_id, "rita", ["original"])


def test_a_grant_during_a_revocation_is_noted_or_opens_nothing(
    site: Any, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site.opened("adam") as archive:
        add_user(archive, "ruth", Profile.REVIEWER, Password("correct horse"))
    with site.opened("rita") as archive:
        grant(archive, event_id, "ruth", ["identity"])
    unseal = revoking.unseal_from
    granted: list[list[str]] = []

    def again() -> None:
        with site.opened("rita") as archive:
            granted.append(grant(archive, event_id, "ruth", ["identity"]))

    granting = Thread(target=again)

    def while_somebody_grants(*asked: Any) -> int:
        changed = unseal(*asked)
        granting.start()
        granting.join(2.0)  # it waits for the revocation
        return changed

    monkeypatch.setattr(revoking, "unseal_from", while_somebody_grants)
    with site.opened("adam") as archive:
        assert revoke(archive, event_id, "ruth") == {"identity": 1}
    granting.join()
    assert granted == [["identity"]]
    with site.opened("adam") as archive:
        (ruth,) = (each for each in event_key_holders(archive, event_id) if each.user_id == "ruth")
    assert ruth.holds == ("identity",)
    with site.opened("ruth") as archive:
        assert archive.event(event_id).names().medical_record == "MRN-5550123"
