"""A new password for somebody who forgot the old one: what is kept, and what cannot be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recorder_core.archive import DelaySettings, Password, PublicKey, parse_key_file
from recorder_core.catalog import Profile
from recorder_core.errors import (
    NoKeyMatches,
    NotAllowed,
    NotInCatalog,
    SettingsError,
    SignInDelayed,
    WrongState,
)
from recorder_core.jobs.archive import (
    Archive,
    Credentials,
    add_copy,
    add_user,
    check_copies,
    grant,
    open_archive,
    reset_password,
    set_profile,
)
from recorder_core.jobs.archive.people import granting, password_reset

NEW = "battery staple"


def _with_words(site: Any) -> Archive:
    return open_archive(site.path, Credentials("adam", Password("correct horse"), site.words))


def _as_rita(site: Any, password: str = NEW) -> Archive:
    return open_archive(site.path, Credentials("rita", Password(password)))


def test_with_the_recovery_words_login_profile_and_access_are_kept(
    site: Any, event_id: str
) -> None:
    with _with_words(site) as archive:
        old = archive._session.catalog.users.get("rita")
        result = reset_password(archive, "rita", Password(NEW))
        new = archive._session.catalog.users.get("rita")
        assert sorted(result.sealed) == [
            f"{event_id} {k}" for k in ("identity", "original", "signals")
        ]
        assert result.closed == ()
        assert (new.profile, new.user_id) == (old.profile, old.user_id)
        assert new.public_key != old.public_key
        assert check_copies(archive, read_all=True).findings == ()
    with pytest.raises(NoKeyMatches):
        _as_rita(site, "correct horse")
    with _as_rita(site) as archive:
        event = archive.event(event_id)
        assert event.names().medical_record == "MRN-5550123"
        assert len(event.signals()) > 0
        with event.video() as file:
            assert file.read(12)[4:8] == b"ftyp"


def test_the_old_key_opens_nothing_any_more(site: Any, event_id: str) -> None:
    with site.opened("rita") as old:
        with _with_words(site) as archive:
            reset_password(archive, "rita", Password(NEW))
        with pytest.raises(NoKeyMatches):
            old.event(event_id).video()
        with pytest.raises(NoKeyMatches):
            old.event(event_id).names()


def test_without_the_words_only_the_login_is_kept_until_a_grant(site: Any, event_id: str) -> None:
    with site.opened("adam") as archive:
        with pytest.raises(SettingsError, match="recovery words"):
            reset_password(archive, "rosa", Password(NEW))
        result = reset_password(archive, "rosa", Password(NEW), keep_access=False)
        assert (result.sealed, result.closed) == ((), (f"{event_id} signals",))
        assert archive.reader_ids(event_id, "signals") == ["rita"]
    with (
        open_archive(site.path, Credentials("rosa", Password(NEW))) as archive,
        pytest.raises(NoKeyMatches),
    ):
        archive.event(event_id).signals()
    with site.opened("rita") as archive:
        assert grant(archive, event_id, "rosa") == ["signals"]
    with open_archive(site.path, Credentials("rosa", Password(NEW))) as archive:
        assert len(archive.event(event_id).signals()) > 0


def test_what_is_lost_does_not_stop_the_rest(site: Any, event_id: str) -> None:
    for root in (site.path, site.mirror):
        (root / "events" / event_id / "signals.1.key").write_bytes(b"damaged")
    with _with_words(site) as archive:
        result = reset_password(archive, "rita", Password(NEW))
        assert sorted(result.sealed) == [f"{event_id} identity", f"{event_id} original"]
        assert result.closed == (f"{event_id} signals",)
        assert archive.reader_ids(event_id, "signals") == ["rosa"]
    with _as_rita(site) as archive, archive.event(event_id).video() as file:
        assert file.read(12)[4:8] == b"ftyp"


def test_waiting_after_wrong_passwords_ends_with_a_reset(site: Any) -> None:
    slow = DelaySettings(free_attempts=0, first_delay_seconds=900.0)
    credentials = Credentials("rita", Password("wrong horse"))
    with pytest.raises(NoKeyMatches):
        open_archive(site.path, credentials)
    with pytest.raises(SignInDelayed):
        open_archive(site.path, credentials, delays=slow)
    with _with_words(site) as archive:
        reset_password(archive, "rita", Password(NEW))
    open_archive(site.path, Credentials("rita", Password(NEW)), delays=slow).close()


def test_who_may_reset_whose_password(site: Any) -> None:
    with site.opened("rita") as archive, pytest.raises(NotAllowed):
        reset_password(archive, "rosa", Password(NEW), keep_access=False)
    with _with_words(site) as archive:
        with pytest.raises(SettingsError, match="your own"):
            reset_password(archive, "adam", Password(NEW))
        with pytest.raises(NotInCatalog):
            reset_password(archive, "nobody", Password(NEW))
        with pytest.raises(SettingsError, match="at least 8"):
            reset_password(archive, "rita", Password("short"))
        rows = [
            row.detail for row in archive._session.catalog.audit.rows() if row.outcome == "begun"
        ]
    assert "new_key:rita access:sealed_again" in rows
    with site.opened("rita"):
        pass  # nothing was changed


@pytest.fixture
def ruth(site: Any, event_id: str) -> PublicKey:
    """A reviewer who came after the event: the key that she has before a reset."""
    with site.opened("adam") as archive:
        return PublicKey(
            add_user(archive, "ruth", Profile.REVIEWER, Password("correct horse")).public_key
        )


def _entries(site: Any, event_id: str, key: PublicKey) -> list[str]:
    """Return the key files of an event, of both folders, that have an entry for a key."""
    files = [path for root in (site.path, site.mirror) for path in root.rglob("*.key")]
    assert files
    return [path.name for path in files if parse_key_file(path.read_bytes(), "").entry_for(key)]


def test_a_grant_during_a_reset_is_for_the_new_key(
    site: Any, event_id: str, ruth: PublicKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose = granting._permitted

    def after_a_reset(*asked: Any) -> list[str]:
        found = choose(*asked)
        with site.opened("adam") as archive:
            reset_password(archive, "ruth", Password(NEW), keep_access=False)
        return found

    monkeypatch.setattr(granting, "_permitted", after_a_reset)
    with site.opened("rita") as archive:
        assert "original" in grant(archive, event_id, "ruth")
    assert _entries(site, event_id, ruth) == []
    with open_archive(site.path, Credentials("ruth", Password(NEW))) as archive:
        assert archive.event(event_id).names().medical_record == "MRN-5550123"
        with archive.event(event_id).video() as file:
            assert file.read(12)[4:8] == b"ftyp"


def test_what_is_granted_to_the_old_key_during_a_reset_is_taken_back(
    site: Any, event_id: str, ruth: PublicKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = password_reset._check

    def after_a_grant(*asked: Any, **options: Any) -> None:
        with site.opened("rita") as archive:
            grant(archive, event_id, "ruth")
        assert _entries(site, event_id, ruth)
        check(*asked, **options)

    monkeypatch.setattr(password_reset, "_check", after_a_grant)
    with site.opened("adam") as archive:
        made = reset_password(archive, "ruth", Password(NEW), keep_access=False)
        assert f"{event_id} original" in made.closed
        assert check_copies(archive, read_all=True).findings == ()
    assert _entries(site, event_id, ruth) == []


def test_a_grant_to_who_gets_another_profile_meanwhile_is_none(
    site: Any, event_id: str, ruth: PublicKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose = granting._permitted

    def after_a_change(*asked: Any) -> list[str]:
        found = choose(*asked)
        with site.opened("adam") as archive:
            set_profile(archive, "ruth", Profile.RESEARCHER)
        return found

    monkeypatch.setattr(granting, "_permitted", after_a_change)
    with site.opened("rita") as archive, pytest.raises(WrongState, match="ruth is researcher now"):
        grant(archive, event_id, "ruth", ["original"])
    assert _entries(site, event_id, ruth) == []


def test_a_copy_that_is_added_during_a_reset_is_for_the_new_key(
    site: Any,
    with_copy: str,
    named_video: Path,
    make_copy: Callable[..., Path],
    ruth: PublicKey,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with site.opened("rita") as archive:
        grant(archive, with_copy, "ruth")
    seal, added = password_reset._seal, []

    def seal_and_add(session: Any, held: Any, reader: PublicKey) -> bool:
        is_sealed = seal(session, held, reader)
        if not added and held.key_name == "deidentified":
            added.append(True)
            with site.opened("rita") as archive:
                add_copy(archive, with_copy, make_copy(named_video, "second.mp4"))
        return is_sealed

    monkeypatch.setattr(password_reset, "_seal", seal_and_add)
    with _with_words(site) as archive:
        reset_password(archive, "ruth", Password(NEW))
        assert check_copies(archive, read_all=True).findings == ()
    assert _entries(site, with_copy, ruth) == []
    with (
        open_archive(site.path, Credentials("ruth", Password(NEW))) as archive,
        archive.event(with_copy).video("deidentified") as file,
    ):
        assert file.read(12)[4:8] == b"ftyp"


def test_of_two_new_passwords_at_once_the_first_counts(
    site: Any, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = password_reset._close

    def close_late(*values: Any) -> None:
        monkeypatch.undo()
        with site.opened("adam") as other:
            reset_password(other, "rosa", Password("paper lantern"), keep_access=False)
        close(*values)

    monkeypatch.setattr(password_reset, "_close", close_late)
    with site.opened("adam") as archive:
        with pytest.raises(WrongState, match="rosa got another new password meanwhile"):
            reset_password(archive, "rosa", Password(NEW), keep_access=False)
        assert archive.reader_ids(event_id, "signals") == ["rita"]
        assert check_copies(archive, read_all=True).findings == ()
    with open_archive(site.path, Credentials("rosa", Password("paper lantern"))):
        pass
