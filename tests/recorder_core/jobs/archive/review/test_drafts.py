"""The key that seals what a person has not saved of a review, in a browser that others use, too."""

from __future__ import annotations

from typing import Any

import pytest

from recorder_core.archive import Password
from recorder_core.catalog import Profile
from recorder_core.errors import NotAllowed, NotInCatalog
from recorder_core.jobs.archive import (
    Credentials,
    add_user,
    change_own_password,
    draft_key,
    open_archive,
)
from tests.recorder_core.jobs.archive.conftest import PASSWORD

ANOTHER = "another good password"


def test_a_person_has_one_key_for_an_event_at_every_sign_in(site: Any, event_id: str) -> None:
    with site.opened("rita") as archive:
        first = draft_key(archive, event_id)
        assert len(first) == 32
        assert draft_key(archive, event_id[:8]) == first
        with pytest.raises(NotInCatalog):
            draft_key(archive, "none")
        change_own_password(archive, Password(PASSWORD), Password(ANOTHER))
    with open_archive(site.path, Credentials("rita", Password(ANOTHER))) as archive:
        assert draft_key(archive, event_id) == first


def test_nobody_else_gets_it(site: Any, event_id: str) -> None:
    with site.opened("adam") as archive:
        add_user(archive, "rolf", Profile.REVIEWER, Password(PASSWORD))
        with pytest.raises(NotAllowed):
            draft_key(archive, event_id)
    keys = set()
    for login in ("rita", "rolf"):
        with site.opened(login) as archive:
            keys.add(draft_key(archive, event_id))
    assert len(keys) == 2
