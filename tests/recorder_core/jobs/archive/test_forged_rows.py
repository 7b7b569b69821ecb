"""A signed row counts only for what its signer may say; an accepted log needs no earlier row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from recorder_core.archive import Password
from recorder_core.catalog import Action, EventState, Profile
from recorder_core.errors import AuditError, NotAllowed
from recorder_core.jobs.archive import (
    Archive,
    Credentials,
    accept_audit_break,
    archive_status,
    check_copies,
    disable_user,
    grant,
    repair_copies,
    verify_audit,
)
from tests.tampering import edited_catalog

PASSWORD = "correct horse"
STATES_RITA = """facts LIKE '%"users rita"%' AND facts LIKE '%"is_disabled":1%'"""
EDITS = [
    f"DELETE FROM audit WHERE action != 'accept_audit_break' AND {STATES_RITA}",
    f"UPDATE audit SET facts = '' WHERE action != 'accept_audit_break' AND {STATES_RITA}",
]


def edit(site: Any, *statements: str) -> None:
    for root in (site.path, site.mirror):
        with edited_catalog(root / "catalog.db") as connection:
            for statement in statements:
                assert connection.execute(statement).rowcount == 1


def findings(site: Any) -> list[str]:
    with site.opened("adam") as archive:
        return [finding.sentence for finding in verify_audit(archive).findings]


@pytest.mark.parametrize("change", EDITS)
def test_what_was_stated_before_an_accepted_break_stays_stated(site: Any, change: str) -> None:
    with site.opened("adam") as archive:
        disable_user(archive, "rita")
    accept_audit_break(site.path, Credentials("adam", Password(PASSWORD)))
    edit(site, change, "UPDATE users SET is_disabled = 0 WHERE user_id = 'rita'")
    with pytest.raises(NotAllowed, match="disabled"), site.opened("rita"):
        pass
    assert any(
        "users rita was changed without an entry in the log" in each for each in findings(site)
    )


@pytest.mark.parametrize("user", ["egon", "rosa", "olga", "rita"])
def test_only_who_may_accepts_a_broken_log(site: Any, user: str) -> None:
    with site.opened(user) as archive:
        session = archive._session
        row = session.catalog.audit.append(
            session.identity.actor, "accept_audit_break", detail="break_at:1 anchored:1"
        )
    assert any(f"row {row.seq} accepts a break" in each for each in findings(site))
    edit(site, f"UPDATE audit SET detail = 'other' WHERE seq = {row.seq - 1}")
    with site.opened(user) as archive:
        assert any("recordings go on" in notice for notice in archive.notices)


def advance(archive: Archive, event_id: str, by: str) -> None:
    events = archive._session.catalog.events
    events.move(event_id, EventState.IN_REVIEW, by=by)
    events.advance(event_id, EventState.SIGNED_OFF, by=by)


def review(archive: Archive, event_id: str, by: str) -> None:
    archive._session.catalog.events.move(event_id, EventState.IN_REVIEW, by=by)
    archive._session.catalog.reviews.sign_off(event_id, by=by)


@pytest.mark.parametrize(
    ("user", "action"),
    [
        ("egon", Action.REPAIR_MIRROR),
        ("adam", Action.MANAGE_SETTINGS),
        ("olga", Action.IMPORT_EVENT),
        ("olga", Action.DEIDENTIFY),
        ("rita", Action.CORRECT),
        ("adam", Action.ARCHIVE_EVENT),
    ],
)
@pytest.mark.parametrize("forge", [advance, review])
@pytest.mark.parametrize("name", ["rita", None])
def test_nobody_releases_a_copy_by_another_action(
    site: Any,
    with_copy: str,
    user: str,
    action: Action,
    forge: Callable[[Archive, str, str], None],
    name: str | None,
) -> None:
    with site.opened(user) as archive:
        session = archive._session
        with session.catalog.audit.acting(session.identity.actor, action, with_copy):
            forge(archive, with_copy, name or user)
    with site.opened("rita") as archive, pytest.raises(AuditError, match="whether the copy is rel"):
        _ = archive.event(with_copy).is_released
    with site.opened("rita") as archive, pytest.raises(AuditError):
        grant(archive, with_copy, "rosa")
    assert any("event_states" in each and "which" in each for each in findings(site))


def test_nobody_signs_off_in_the_name_of_another_reviewer(site: Any, with_copy: str) -> None:
    with site.opened("rita") as archive:
        session = archive._session
        with session.catalog.audit.acting(session.identity.actor, Action.SIGN_OFF, with_copy):
            review(archive, with_copy, "rick")
        with pytest.raises(AuditError, match="whether the copy is released"):
            _ = archive.event(with_copy).is_released
    found = findings(site)
    assert any("which rita may not by sign off" in each for each in found)
    assert f"reviews {with_copy} was put into the catalog without an entry in the log" in found


def test_a_row_that_was_put_right_stays_named_until_it_is_accepted(site: Any) -> None:
    with edited_catalog(site.path / "catalog.db") as connection:
        connection.execute("UPDATE users SET profile = 'reviewer' WHERE user_id = 'rosa'")
    with site.opened("olga"):
        pass
    for _ in range(2):
        with site.opened("adam") as archive:
            assert any(
                "users rosa had been changed" in each for each in archive_status(archive).faults
            )
            assert not check_copies(archive, read_all=True).is_sound
            assert repair_copies(archive).is_sound
            [finding] = verify_audit(archive).findings
            assert "users rosa had been changed outside this program" in finding.sentence
            assert "accept-break" in finding.sentence
    accept_audit_break(site.path, Credentials("adam", Password(PASSWORD)))
    with site.opened("adam") as archive:
        assert not any("rosa" in each for each in archive_status(archive).faults)
        assert verify_audit(archive).is_sound
        assert check_copies(archive, read_all=True).is_sound


def test_what_accepting_a_break_puts_right_is_named_until_the_next(site: Any) -> None:
    with edited_catalog(site.path / "catalog.db") as connection:
        connection.execute("UPDATE users SET profile = 'reviewer' WHERE user_id = 'rosa'")
    who = Credentials("adam", Password(PASSWORD))
    accept_audit_break(site.path, who)
    with site.opened("adam") as archive:
        [finding] = verify_audit(archive).findings
        assert "users rosa had been changed outside this program" in finding.sentence
    accept_audit_break(site.path, who)
    with site.opened("adam") as archive:
        assert verify_audit(archive).is_sound
        assert archive._session.catalog.users.get("rosa").profile is Profile.RESEARCHER
