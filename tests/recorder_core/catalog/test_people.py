from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from recorder_core.catalog import Catalog, Event, Profile, SealedKey, User
from recorder_core.errors import CatalogError, NotAllowed, NotInCatalog


@pytest.fixture
def user(catalog: Catalog) -> User:
    return catalog.users.add(
        "reviewer1", Profile.REVIEWER, public_key=b"P" * 32, wrapped_private_key=b"W" * 60
    )


def key_for(event: Event, recipient: str, sealed: bytes = b"sealed") -> SealedKey:
    return SealedKey(
        event_id=event.event_id,
        key_name="original",
        recipient_kind="user",
        recipient=recipient,
        sealed=sealed,
    )


def test_users(catalog: Catalog, user: User) -> None:
    assert catalog.users.get("reviewer1") == user
    other = catalog.users.add(
        "admin1", Profile.ADMINISTRATOR, public_key=b"p", wrapped_private_key=b"w"
    )
    assert catalog.users.all() == [other, user]
    with pytest.raises(CatalogError):
        catalog.users.add("admin1", Profile.OPERATOR, public_key=b"", wrapped_private_key=b"")
    with pytest.raises(NotInCatalog):
        catalog.users.get("nobody")
    assert "W" * 60 not in repr(user)


def test_changes_of_a_user(catalog: Catalog, user: User) -> None:
    assert catalog.users.set_profile("reviewer1", Profile.ENGINEER).profile is Profile.ENGINEER
    assert catalog.users.set_wrapped_private_key("reviewer1", b"new").wrapped_private_key == b"new"
    assert catalog.actor("reviewer1", origin="192.0.2.1").profile is Profile.ENGINEER
    assert catalog.users.set_disabled("reviewer1", True).is_disabled
    with pytest.raises(NotAllowed, match="disabled"):
        catalog.actor("reviewer1")
    with pytest.raises(NotInCatalog):
        catalog.users.set_disabled("nobody", True)


def test_wrong_passwords_slow_the_login_down(catalog: Catalog, user: User, clock: Any) -> None:
    waits = []
    for _ in range(14):
        catalog.users.note_login("reviewer1", succeeded=False)
        waits.append(round(catalog.users.login_wait_seconds("reviewer1")))
    assert waits[:6] == [0, 0, 0, 2, 4, 8]
    assert waits[-1] == 300
    clock.now -= timedelta(days=2)
    assert catalog.users.login_wait_seconds("reviewer1") == 300
    clock.now += timedelta(days=3)
    assert catalog.users.login_wait_seconds("reviewer1") == 0
    assert catalog.users.note_login("reviewer1", succeeded=True).failed_logins == 0
    assert catalog.users.login_wait_seconds("reviewer1") == 0


def test_keys_are_given_and_taken_back(catalog: Catalog, event: Event) -> None:
    catalog.grants.give(key_for(event, "reviewer1", b"old"), by="reviewer2")
    catalog.grants.give(key_for(event, "reviewer1", b"new"), by="reviewer2")
    catalog.grants.give(key_for(event, "reviewer3"), by="reviewer2")
    event_id = event.event_id
    assert catalog.grants.key(event_id, "original", "user", "reviewer1").sealed == b"new"
    assert len(catalog.grants.keys(event_id)) == 2
    assert catalog.grants.keys(event_id, "deidentified") == []
    catalog.grants.take_back(event_id, "original", "user", "reviewer1", by="admin1")
    for call in (
        lambda: catalog.grants.key(event_id, "original", "user", "reviewer1"),
        lambda: catalog.grants.take_back(event_id, "original", "user", "reviewer1", by="admin1"),
    ):
        with pytest.raises(NotInCatalog, match="no key original for this recipient"):
            call()
    history = catalog.grants.history(event_id)
    assert [grant.revoked_by for grant in history] == ["admin1", "admin1", None]


def test_a_sealed_key_is_not_printed(event: Event) -> None:
    assert "sealed=" not in repr(key_for(event, "reviewer1"))
