"""What a guess at a password costs is raised at the next sign-in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recorder_core.archive import DEFAULT_COST, Argon2Settings, Password, WrappedKey
from recorder_core.catalog import Action
from recorder_core.errors import NoKeyMatches, NotAllowed, SettingsError, WrongState
from recorder_core.jobs.archive import (
    Credentials,
    archive_status,
    change_own_password,
    open_archive,
    set_password_cost,
)
from recorder_core.jobs.archive.access import identity as sign_in_module


def _choose(site: Any, cost: Argon2Settings | None) -> None:
    """State a choice in an administrator's name; the command refuses less work."""
    text = "" if cost is None else f"{cost.memory_kib}/{cost.iterations}/{cost.lanes}"
    with site.opened("adam") as archive, archive._session.audited(Action.MANAGE_SETTINGS):
        archive._session.catalog.settings.put({"password_cost": text})


def _cost_of(archive: Any, user: str) -> Argon2Settings:
    return WrappedKey.from_bytes(
        archive._session.catalog.users.get(user).wrapped_private_key
    ).settings


def test_a_key_is_wrapped_again_when_the_site_asks_for_another_cost(
    site: Any, event_id: str
) -> None:
    dearer = Argon2Settings(memory_kib=128, iterations=2, lanes=1)
    _choose(site, dearer)
    with site.opened("rita") as archive:
        assert _cost_of(archive, "rita") == dearer
        assert _cost_of(archive, "rosa") != dearer
        [row] = [r for r in archive._session.catalog.audit.rows() if r.action == "rewrap_own_key"][
            :1
        ]
        assert (row.who, row.detail) == ("rita", "from:64/1/1 to:128/2/1")
        with archive.event(event_id).video() as file:
            assert file.read(12)[4:8] == b"ftyp"
    with site.opened("rita") as archive:
        rows = [r for r in archive._session.catalog.audit.rows() if r.action == "rewrap_own_key"]
        assert [r.outcome for r in rows] == ["begun", "changed", "done"]  # once
    with pytest.raises(NoKeyMatches):
        open_archive(site.path, Credentials("rita", Password("wrong horse")))


def test_a_key_below_what_this_version_thinks_right_is_wrapped_again(site: Any) -> None:
    _choose(site, None)
    with site.opened("rita") as archive:
        assert archive.folders.info.cost == DEFAULT_COST
        assert _cost_of(archive, "rita") == DEFAULT_COST


def test_a_password_that_was_changed_meanwhile_stays_changed(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signing in with the old password must not bring it back."""
    real = sign_in_module._keep_cost

    def change_first(*arguments: Any) -> None:
        monkeypatch.setattr(sign_in_module, "_keep_cost", real)
        with site.opened("rita") as other:
            change_own_password(other, Password("correct horse"), Password("battery staple"))
        real(*arguments)

    _choose(site, Argon2Settings(memory_kib=128, iterations=1, lanes=1))
    monkeypatch.setattr(sign_in_module, "_keep_cost", change_first)
    with site.opened("rita"):
        pass
    with pytest.raises(NoKeyMatches):
        open_archive(site.path, Credentials("rita", Password("correct horse")))
    open_archive(site.path, Credentials("rita", Password("battery staple"))).close()


def test_two_changes_at_once_are_told(site: Any) -> None:
    with site.opened("rita") as archive:
        stale = archive._session.catalog.users.get("rita")
        change_own_password(archive, Password("correct horse"), Password("battery staple"))
        archive._session.catalog.users.get = lambda _: stale
        with pytest.raises(WrongState, match="changed meanwhile"):
            change_own_password(archive, Password("correct horse"), Password("third password"))


def test_the_site_raises_the_cost_and_never_lowers_it(site: Any) -> None:
    dearer = Argon2Settings(memory_kib=2 * DEFAULT_COST.memory_kib)
    with site.opened("adam") as archive:
        with pytest.raises(SettingsError, match="at least 64 MiB and 3 passes"):
            set_password_cost(archive, Argon2Settings(memory_kib=64))
        set_password_cost(archive, dearer)
        assert archive_status(archive).password_cost == dearer
    for root in (site.path, site.mirror):
        assert json.loads((root / "archive.json").read_text())["password_cost"]["iterations"] == 3
    with site.opened("rita") as archive:
        assert _cost_of(archive, "rita") == dearer
        with pytest.raises(NotAllowed):
            set_password_cost(archive, dearer)
