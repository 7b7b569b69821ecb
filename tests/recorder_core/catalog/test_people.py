from __future__ import annotations

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
    keys = {"public_key": b"other", "wrapped_private_key": b"wrapped other"}
    changed = catalog.users.set_keys("reviewer1", **keys)
    assert (changed.public_key, changed.wrapped_private_key) == (b"other", b"wrapped other")
    assert catalog.actor("reviewer1", origin="192.0.2.1").profile is Profile.ENGINEER
    assert catalog.users.set_disabled("reviewer1", True).is_disabled
    with pytest.raises(NotAllowed, match="disabled"):
        catalog.actor("reviewer1")
    with pytest.raises(NotInCatalog):
        catalog.users.set_disabled("nobody", True)


def test_a_wrapped_key_is_replaced_only_if_nobody_else_did(catalog: Catalog, user: User) -> None:
    replace = catalog.users.set_wrapped_private_key
    assert replace("reviewer1", b"first", instead_of=user.wrapped_private_key)
    assert not replace("reviewer1", b"second", instead_of=user.wrapped_private_key)
    assert not replace("nobody", b"second", instead_of=b"first")
    assert catalog.users.get("reviewer1").wrapped_private_key == b"first"


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
