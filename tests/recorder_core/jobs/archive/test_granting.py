from __future__ import annotations

from typing import Any

import pytest

from recorder_core.archive import Password
from recorder_core.catalog import Profile
from recorder_core.errors import NoKeyMatches, NotAllowed, NotInCatalog, SettingsError
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
        assert revoke(archive, ruth, "ruth", ["original"]) == ["original"]
        assert revoke(archive, ruth, "ruth") == ["identity", "signals"]
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
