from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import Any

import pytest

from recorder_core.archive import Password, new_recovery_words, wrap_private_key
from recorder_core.catalog import Profile
from recorder_core.errors import NoKeyMatches, NotAllowed, SettingsError
from recorder_core.jobs.archive import (
    Credentials,
    add_user,
    change_own_password,
    disable_user,
    list_users,
    open_archive,
    recover_access,
    set_profile,
)
from recorder_core.jobs.archive.people import users


def test_a_changed_password_opens_what_was_recorded_before(site: Any, event_id: str) -> None:
    with site.opened("rita") as archive:
        with pytest.raises(NoKeyMatches):
            change_own_password(archive, Password("wrong horse"), Password("battery staple"))
        change_own_password(archive, Password("correct horse"), Password("battery staple"))
    with pytest.raises(NoKeyMatches), site.opened("rita"):
        pass
    with (
        open_archive(site.path, Credentials("rita", Password("battery staple"))) as archive,
        archive.event(event_id).video() as file,
    ):
        assert file.read(12)[4:8] == b"ftyp"


def test_the_last_administrator_stays(site: Any) -> None:
    with site.opened("adam") as archive:
        with pytest.raises(SettingsError, match="only administrator"):
            disable_user(archive, "adam")
        with pytest.raises(SettingsError, match="only administrator"):
            set_profile(archive, "adam", Profile.ENGINEER)
        add_user(archive, "anna", Profile.ADMINISTRATOR, Password("correct horse"))
        assert disable_user(archive, "adam").is_disabled
    with site.opened("anna") as archive:
        assert not disable_user(archive, "adam", disabled=False).is_disabled


def test_of_two_administrators_who_remove_each_other_at_once_one_stays(site: Any) -> None:
    with site.opened("adam") as archive:
        add_user(archive, "anna", Profile.ADMINISTRATOR, Password("correct horse"))
    together = threading.Barrier(2)
    disable, demote = disable_user, partial(set_profile, profile=Profile.REVIEWER)

    def remove(me: str, other: str, how: Callable[..., object]) -> str:
        with site.opened(me) as archive:
            together.wait(30)
            try:
                how(archive, other)
            except SettingsError as error:
                return str(error)
        return ""

    with ThreadPoolExecutor(2) as threads:
        said = threads.map(remove, ("adam", "anna"), ("anna", "adam"), (disable, demote))
        assert sorted(map(bool, said)) == [False, True]
    with closing(sqlite3.connect(site.path / "catalog.db")) as catalog:
        sql = "SELECT count(*) FROM users WHERE profile = 'administrator' AND NOT is_disabled"
        assert catalog.execute(sql).fetchall() == [(1,)]


def test_a_login_is_taken_once(site: Any) -> None:
    with site.opened("adam") as archive:
        with pytest.raises(SettingsError, match="another login"):
            add_user(archive, "rita", Profile.REVIEWER, Password("correct horse"))
        assert [user.user_id for user in list_users(archive)] == [
            "adam",
            "egon",
            "olga",
            "rita",
            "rosa",
        ]


def test_only_administrators_manage_users(site: Any) -> None:
    with site.opened("rita") as archive:
        for act in (
            lambda: add_user(archive, "x", Profile.REVIEWER, Password("correct horse")),
            lambda: list_users(archive),
            lambda: disable_user(archive, "rosa"),
            lambda: set_profile(archive, "rita", Profile.ADMINISTRATOR),
        ):
            with pytest.raises(NotAllowed):
                act()


def test_the_recovery_words_make_a_new_administrator(site: Any) -> None:
    with pytest.raises(NoKeyMatches):
        recover_access(site.path, new_recovery_words()[0], "anna", Password("correct horse"))
    recover_access(site.path, site.words, "anna", Password("correct horse"))
    with site.opened("anna") as archive:
        assert archive._session.identity.actor.profile is Profile.ADMINISTRATOR
        who = [row.who for row in archive._session.catalog.audit.rows()]
        [refused] = [
            row for row in archive._session.catalog.audit.rows() if row.outcome == "refused"
        ]
    assert "recovery-key" in who
    assert "error:NoKeyMatches" in refused.detail


def test_a_login_that_is_taken_meanwhile_is_taken(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrapping a key takes long, and another administrator may be quicker."""

    def wrap_late(*values: Any, **named: Any) -> Any:
        monkeypatch.undo()
        with site.opened("adam") as other:
            add_user(other, "ruth", Profile.REVIEWER, Password("paper lantern"))
        return wrap_private_key(*values, **named)

    monkeypatch.setattr(users, "wrap_private_key", wrap_late)
    with (
        site.opened("adam") as archive,
        pytest.raises(SettingsError, match="there is already a user ruth; choose another"),
    ):
        add_user(archive, "ruth", Profile.REVIEWER, Password("battery staple"))
    with open_archive(site.path, Credentials("ruth", Password("paper lantern"))):
        pass
