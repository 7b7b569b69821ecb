from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from recorder_core.archive import Password, parse_key_file
from recorder_core.catalog import Profile
from recorder_core.errors import (
    ArchiveError,
    NoKeyMatches,
    NotAllowed,
    NotInCatalog,
    SettingsError,
)
from recorder_core.jobs.archive import Credentials, add_user, grant, open_archive, revoke


@pytest.fixture
def ruth(site: Any, event_id: str) -> str:
    """A reviewer who joined after the event was recorded."""
    with site.opened("adam") as archive:
        add_user(archive, "ruth", Profile.REVIEWER, Password("correct horse"))
    return event_id


def test_who_joins_later_reads_after_a_grant(site: Any, ruth: str) -> None:
    with site.opened("ruth") as archive:
        with pytest.raises(NoKeyMatches, match="may grant it"):
            archive.event(ruth).video()
        with pytest.raises(NoKeyMatches):
            archive.event(ruth).names()
    with site.opened("rita") as archive:
        assert grant(archive, ruth, "ruth") == ["original", "signals", "identity"]
    with site.opened("ruth") as archive:
        with archive.event(ruth).video() as file:
            assert file.read(12)[4:8] == b"ftyp"
        assert archive.event(ruth).names().patient_name == "Zephyrina Ångström-Qux"


def test_an_administrator_grants_with_the_recovery_words_only(site: Any, ruth: str) -> None:
    with site.opened("adam") as archive, pytest.raises(NoKeyMatches):
        grant(archive, ruth, "ruth")
    credentials = Credentials("adam", Password("correct horse"), site.words)
    with open_archive(site.path, credentials) as archive:
        grant(archive, ruth, "ruth")
        with pytest.raises(NotAllowed):
            archive.event(ruth).video()
    with site.opened("ruth") as archive:
        assert archive.search_names("quellmarker")


def test_a_grant_beyond_the_profile_is_refused(site: Any, event_id: str) -> None:
    with site.opened("rita") as archive:
        with pytest.raises(SettingsError, match="researcher"):
            grant(archive, event_id, "rosa", ["original"])
        with pytest.raises(SettingsError, match="has no screenshot"):
            grant(archive, event_id, "rosa", ["screenshot"])
        assert grant(archive, event_id, "rosa") == ["signals"]
    with site.opened("rosa") as archive, pytest.raises(NotAllowed):
        grant(archive, event_id, "rosa")


def test_what_is_taken_back_no_longer_opens(site: Any, ruth: str) -> None:
    with site.opened("rita") as archive:
        grant(archive, ruth, "ruth")
    with site.opened("adam") as archive:
        assert list(revoke(archive, ruth, "ruth", ["original"])) == ["original"]
        assert list(revoke(archive, ruth, "ruth")) == ["identity", "signals"]
        with pytest.raises(NotInCatalog, match="no key"):
            revoke(archive, ruth, "ruth")
        history = archive._session.catalog.grants.history(ruth)
    with site.opened("ruth") as archive, pytest.raises(NoKeyMatches):
        archive.event(ruth).video()
    taken = [row for row in history if row.recipient == "ruth"]
    assert {row.revoked_by for row in taken} == {"adam"}
    assert {row.granted_by for row in taken} == {"rita"}


def test_the_recovery_words_of_another_archive_are_refused(site: Any) -> None:
    from recorder_core.archive import new_recovery_words

    words, _ = new_recovery_words()
    with pytest.raises(NoKeyMatches, match="another archive"):
        open_archive(site.path, Credentials("adam", Password("correct horse"), words))


class _Killed(BaseException):
    """Stands for the end of the process."""


def _leave_keys(site: Any, event_id: str, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Cut a grant to ruth off before the new key file has its name; return what is left of it."""

    real = Path.replace

    def replace(path: Path, target: Path) -> Path:
        if ".key." in path.name:
            raise _Killed
        return real(path, target)

    with site.opened("rita") as archive, monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace)
        with pytest.raises(_Killed):
            grant(archive, event_id, "ruth", ["original"])
    [left] = site.path.rglob("*.new")
    on_mirror = site.mirror / left.relative_to(site.path)
    on_mirror.write_bytes(left.read_bytes())
    return [left, on_mirror]


def _opens(left: Path, site: Any, event_id: str) -> bool:
    with site.opened("ruth") as archive:
        key = archive._session.identity.keys[0].public_key
    return parse_key_file(left.read_bytes(), "left").entry_for(key) is not None


def test_opening_destroys_what_a_cut_off_grant_left_on_both_roots(
    site: Any, ruth: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = _leave_keys(site, ruth, monkeypatch)
    held = [os.open(path, os.O_RDONLY) for path in left]
    before = [os.pread(each, 1 << 16, 0) for each in held]
    with site.opened("olga") as archive:
        assert archive.notices == ()
    assert [path.exists() for path in left] == [False, False]
    for each, content in zip(held, before, strict=True):
        assert os.pread(each, 1 << 16, 0) != content  # overwritten, not only unlinked
        os.close(each)


def test_taking_back_destroys_it_though_nobody_is_known_to_hold_a_key(
    site: Any, ruth: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = _leave_keys(site, ruth, monkeypatch)
    kept = left[0].read_bytes()
    with site.opened("adam") as archive:
        for path in left:
            path.write_bytes(kept)  # left after this archive was opened
        with pytest.raises(NotInCatalog, match="no key of event"):
            revoke(archive, ruth, "ruth")
        assert [path.exists() for path in left] == [False, False]


def test_what_is_left_and_cannot_be_destroyed_is_said(
    site: Any, ruth: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = _leave_keys(site, ruth, monkeypatch)
    real = Path.unlink

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if path == left[1]:
            raise OSError(errno.EROFS, "Read-only file system")
        real(path, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", unlink)
        with site.opened("adam") as archive:
            assert [str(site.mirror) in notice for notice in archive.notices] == [True]
            assert "a key file that a cut-off change left" in archive.notices[0]
            with pytest.raises(ArchiveError, match=f"left on {site.mirror} was not destroyed"):
                revoke(archive, ruth, "ruth")
    assert [path.exists() for path in left] == [False, True]


def test_a_key_in_a_file_that_was_set_aside_is_taken_back_too(site: Any, ruth: str) -> None:
    with site.opened("rita") as archive:
        grant(archive, ruth, "ruth")
        name = archive._session.stored(archive.event(ruth).file("original")).name
    aside = site.path / "set-aside" / "20260504T093000Z-unknown-file-0a1b" / f"{name}.key"
    aside.parent.mkdir(parents=True)
    shutil.copy(site.path / f"{name}.key", aside)
    assert _opens(aside, site, ruth)
    with site.opened("adam") as archive:
        revoke(archive, ruth, "ruth", ["original"])
    assert not _opens(aside, site, ruth)
    damaged = aside.read_bytes()[:-5]
    aside.write_bytes(damaged)
    with site.opened("adam") as archive:
        assert list(revoke(archive, ruth, "ruth")) == ["identity", "signals"]
    assert aside.read_bytes() == damaged
