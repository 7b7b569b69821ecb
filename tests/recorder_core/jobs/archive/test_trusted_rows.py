"""Edits of the catalog by somebody without a password give nobody anything where rows are used."""

from __future__ import annotations

from typing import Any

import pytest

from recorder_core.archive import Password, parse_key_file
from recorder_core.catalog import Action, Actor, Profile
from recorder_core.errors import AuditError, NotAllowed, RecorderError
from recorder_core.jobs.archive import (
    Credentials,
    RecordingRequest,
    add_user,
    disable_user,
    grant,
    open_archive,
    record_event,
    repair_copies,
    reset_password,
    set_profile,
    sign_off,
    verify_audit,
)
from tests.tampering import edited_catalog

PASSWORD = "correct horse"
RELEASE = (
    "INSERT INTO event_states VALUES ('{}', 'signed off', '2026-01-01T00:00:00.000000Z', 'rita')"
)
GHOST = (
    "INSERT INTO users SELECT 'ghost', profile, randomblob(32), wrapped_private_key, sealed_name, "
    "is_disabled, created_utc, verify_key FROM users WHERE user_id = '{}'"
)


def edit(site: Any, *statements: str) -> None:
    """Edit both folders' catalogs alike, so that neither can put the other right."""
    for root in (site.path, site.mirror):
        with edited_catalog(root / "catalog.db") as connection:
            for statement in statements:
                assert connection.execute(statement).rowcount > 0


def readers(site: Any, event_id: str, role: str) -> int:
    """Return how many keys open a file, as its key file has it."""
    path = site.path / "events" / event_id / f"{role}.1.key"
    return len(parse_key_file(path.read_bytes(), str(path)).entries)


@pytest.mark.parametrize(
    "change", ["public_key = randomblob(32)", "profile = 'reviewer'", "verify_key = randomblob(32)"]
)
def test_nothing_is_given_to_somebody_who_was_edited(site: Any, event_id: str, change: str) -> None:
    before = readers(site, event_id, "original")
    edit(site, f"UPDATE users SET {change} WHERE user_id = 'rosa'")
    refused = pytest.raises(AuditError, match=r"users rosa was changed .*; nothing is given")
    with site.opened("rita") as archive, refused:
        grant(archive, event_id, "rosa")
    assert readers(site, event_id, "original") == before


def test_nothing_is_given_to_somebody_whom_nobody_made(site: Any, with_copy: str) -> None:
    edit(site, GHOST.format("rosa"))
    with site.opened("rita") as archive:
        with pytest.raises(
            AuditError, match="users ghost was put into the catalog without an entry"
        ):
            grant(archive, with_copy, "ghost")
        archive.event(with_copy).video("deidentified").close()
        sign_off(archive, with_copy)
        # recovery, rita and rosa
        assert archive.reader_ids(with_copy, "deidentified") == ["rita", "rosa"]
    assert readers(site, with_copy, "deidentified") == 3


def test_a_release_that_nobody_signed_gives_nothing(site: Any, with_copy: str) -> None:
    before = readers(site, with_copy, "deidentified")
    edit(site, RELEASE.format(with_copy))
    refused = pytest.raises(AuditError, match="not known whether the copy is released")
    with site.opened("rita") as archive, refused:
        grant(archive, with_copy, "rosa")
    with site.opened("rosa") as archive, pytest.raises(RecorderError):
        archive.event(with_copy).video("deidentified")
    assert readers(site, with_copy, "deidentified") == before


def test_a_lost_step_keeps_no_reviewer_from_reading(site: Any, with_copy: str) -> None:
    with site.opened("rita") as archive:
        archive.event(with_copy).video("deidentified").close()
        sign_off(archive, with_copy)
    edit(site, f"DELETE FROM event_states WHERE event_id = '{with_copy}' AND state = 'in review'")
    with site.opened("rita") as archive:
        for role in ("original", "deidentified"):
            archive.event(with_copy).video(role).close()
    with site.opened("rosa") as archive, pytest.raises(NotAllowed, match="view deidentified"):
        archive.event(with_copy).video("deidentified")


def test_a_new_password_gives_no_key_that_nobody_gave(site: Any, event_id: str) -> None:
    before = readers(site, event_id, "original")
    edit(
        site,
        f"INSERT INTO sealed_keys VALUES ('{event_id}', 'original', 'user', 'rosa', x'00'), "
        f"('{event_id}', 'identity', 'user', 'rosa', x'00')",
    )
    credentials = Credentials("adam", Password(PASSWORD), site.words)
    with open_archive(site.path, credentials) as archive:
        done = reset_password(archive, "rosa", Password("tidal copper meadow"))
    assert not [each for each in done.sealed if "original" in each or "identity" in each]
    assert readers(site, event_id, "original") == before


def test_without_a_row_of_the_log_nobody_is_believed(site: Any, event_id: str) -> None:
    """The row that made a reviewer a researcher is taken out, and the profile put back."""
    with site.opened("adam") as archive:
        add_user(archive, "bea", Profile.REVIEWER, Password(PASSWORD))
        set_profile(archive, "bea", Profile.RESEARCHER)
    edit(
        site,
        "DELETE FROM audit WHERE outcome = 'changed' AND instr(facts, '\"users bea\"') AND seq = "
        "(SELECT max(seq) FROM audit WHERE instr(facts, '\"users bea\"'))",
        "UPDATE users SET profile = 'reviewer' WHERE user_id = 'bea'",
    )
    with site.opened("rita") as archive:
        assert [notice for notice in archive.notices if "of the audit log was changed" in notice]
        for use in (
            lambda: archive.event(event_id).video(),
            lambda: archive.event(event_id).names(),
            lambda: grant(archive, event_id, "bea"),
        ):
            with pytest.raises(AuditError, match="not known who may do what"):
                use()
        assert [event.event_id for event in archive.events()] == [event_id]
    request = RecordingRequest(procedure_code="lap-chole")
    with site.opened("olga") as archive, record_event(archive, request) as recording:
        recording.sink.write(b"x" * 4096)
        recorded = recording.finish(1.0).event_id
    assert readers(site, recorded, "original") == 1
    with site.opened("egon") as archive:
        report = repair_copies(archive)
        assert not report.is_sound
        assert ["restore a backup" in found.sentence for found in report.findings] == [True]
    with site.opened("adam") as archive:
        assert next(finding.kind for finding in verify_audit(archive).findings) == "deleted"


def test_who_is_disabled_changes_no_user(site: Any) -> None:
    with site.opened("adam") as archive:
        add_user(archive, "eve", Profile.ADMINISTRATOR, Password(PASSWORD))
    with site.opened("eve") as eve:
        with site.opened("adam") as archive:
            disable_user(archive, "eve")
        disable_user(eve, "eve", disabled=False)
    with site.opened("adam") as archive:
        found = [finding.sentence for finding in verify_audit(archive).findings]
    assert any("changes users eve, which eve may not" in sentence for sentence in found)


@pytest.mark.parametrize("action", [Action.LIST_EVENTS, Action.DELETE_EVENT])
def test_an_action_changes_only_what_it_is_for(site: Any, event_id: str, action: Action) -> None:
    """Somebody with a password and this library writes under the name of any action."""
    with site.opened("olga") as archive:
        session = archive._session
        own = session.identity.actor
        claimed = Actor("olga", Profile.ADMINISTRATOR, own.origin, own.sign)
        with session.catalog.audited(claimed, action, event_id):
            session.catalog.events.put_sealed(event_id, "identity", b"none")
    with site.opened("adam") as archive:
        found = [finding.sentence for finding in verify_audit(archive).findings]
    assert any(
        f"changes sealed_records {event_id} identity, which olga may not" in each for each in found
    )


@pytest.mark.parametrize(
    "change", ["at_utc = '3026' || substr(at_utc, 5)", "hash = CAST(x'a9fe41' AS TEXT)"]
)
def test_a_row_of_the_log_that_is_right_on_the_mirror_is_put_right_at_once(
    site: Any, event_id: str, change: str
) -> None:
    with edited_catalog(site.path / "catalog.db") as connection:
        assert connection.execute(f"UPDATE audit SET {change} WHERE seq = 4").rowcount == 1
    with site.opened("rita") as archive:
        assert not [notice for notice in archive.notices if "recordings go on" in notice]
        archive.event(event_id).video().close()
    request = RecordingRequest(procedure_code="lap-chole")
    with site.opened("olga") as archive, record_event(archive, request) as recording:
        recording.sink.write(b"x" * 4096)
        recorded = recording.finish(1.0).event_id
    assert readers(site, recorded, "original") == 2
    with site.opened("adam") as archive:
        [finding] = verify_audit(archive).findings
        assert "audit 4 had been changed" in finding.sentence
