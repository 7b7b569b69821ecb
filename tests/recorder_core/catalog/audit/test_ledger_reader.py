"""What was read of the log stays known; what may have been changed is read and verified again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from recorder_core.catalog import Action, Actor, Catalog, Profile
from recorder_core.catalog.audit.chain import RESTORED
from recorder_core.catalog.audit.log import AuditLog
from recorder_core.catalog.settings import HAS_MIRROR
from tests.tampering import edited_catalog

KEY = b"k" * 8


def signed(row_hash: str) -> str:
    return f"{KEY.hex()} {row_hash}"


ADAM = Actor("adam", Profile.ADMINISTRATOR, sign=signed)


class Verifier:
    """Checks signatures, and counts how many."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, key: bytes, signature: str, row_hash: str) -> bool:
        self.count += 1
        return signature == f"{key.hex()} {row_hash}"

    def counted(self, work: Callable[[], object]) -> int:
        """Return how many signatures some work checks."""
        before = self.count
        work()
        return self.count - before


def add_user(catalog: Catalog, login: str) -> None:
    catalog.users.add(
        login, Profile.ADMINISTRATOR, public_key=b"p", wrapped_private_key=b"", verify_key=KEY
    )


@pytest.fixture
def verify() -> Verifier:
    return Verifier()


@pytest.fixture
def trust(catalog: Catalog) -> str:
    """Hash of the row that states the first administrator; twenty more users follow it."""
    with catalog.audit.acting(ADAM, Action.MANAGE_USERS), catalog.transaction():
        add_user(catalog, "adam")
        row_hash = catalog.audit.state_now().hash
    for number in range(20):
        with catalog.audit.acting(ADAM, Action.MANAGE_USERS):
            add_user(catalog, f"user{number}")
    return row_hash


def test_only_what_was_added_is_read_again(catalog: Catalog, trust: str, verify: Verifier) -> None:
    look = partial(catalog.people_ledger, trust, verify)
    assert verify.counted(look) == 21
    assert verify.counted(look) == 0
    with catalog.audit.acting(ADAM, Action.MANAGE_USERS):
        catalog.users.set_profile("user3", Profile.REVIEWER)
    assert verify.counted(look) == 1
    ledger = look().ledger
    assert ledger.profile("user3") == Profile.REVIEWER
    assert ledger.profile("user4") == Profile.ADMINISTRATOR
    whole = catalog.ledger(trust, verify)
    assert (ledger.facts, ledger.findings, ledger.doubts) == (whole.facts, [], {})


def test_what_another_connection_changed_is_noticed(
    catalog: Catalog, path: Path, trust: str, verify: Verifier
) -> None:
    with catalog.audit.acting(ADAM, Action.MANAGE_USERS):
        catalog.users.set_profile("user3", Profile.REVIEWER)
    before = catalog.people_ledger(trust, verify).ledger
    newest = catalog.audit.head().seq
    with edited_catalog(path) as connection:
        connection.execute("UPDATE audit SET signature = '' WHERE seq = ?", (newest,))
    after = catalog.people_ledger(trust, verify).ledger
    assert [finding.seq for finding in after.findings] == [newest]
    assert list(after.doubts) == ["users user3"]
    # what was handed out before is not changed under whoever holds it
    assert (before.findings, before.doubts) == ([], {})


def test_what_another_process_added_is_read(
    catalog: Catalog, path: Path, trust: str, verify: Verifier
) -> None:
    catalog.people_ledger(trust, verify)
    with Catalog(path) as other, other.audit.acting(ADAM, Action.MANAGE_USERS):
        other.users.set_profile("user3", Profile.ENGINEER)
    assert catalog.people_ledger(trust, verify).ledger.profile("user3") == Profile.ENGINEER


def test_what_was_undone_is_not_known(catalog: Catalog, trust: str, verify: Verifier) -> None:
    catalog.people_ledger(trust, verify)
    undone = pytest.raises(KeyError, match="undone")
    with undone, catalog.audit.acting(ADAM, Action.MANAGE_USERS), catalog.transaction():
        catalog.users.set_profile("user3", Profile.REVIEWER)
        catalog.audit.state_now()
        assert catalog.people_ledger(trust, verify).ledger.profile("user3") == Profile.REVIEWER
        raise KeyError("undone")
    assert catalog.people_ledger(trust, verify).ledger.profile("user3") == Profile.ADMINISTRATOR


def test_another_row_of_trust_is_another_ledger(
    catalog: Catalog, trust: str, verify: Verifier
) -> None:
    assert catalog.people_ledger(trust, verify).ledger.facts
    other = catalog.people_ledger("0" * 64, verify).ledger
    assert not other.facts
    assert ["rests is not in it" in finding.sentence for finding in other.findings] == [True]
    assert catalog.people_ledger(trust, verify).ledger.facts


def test_a_catalog_was_restored_until_it_is_stated_again_whether_there_is_a_mirror(
    catalog: Catalog, trust: str, verify: Verifier
) -> None:
    found = []
    for step in (state_mirror, note_restored, add_row, state_mirror, add_row):
        step(catalog.audit, catalog)
        found.append(catalog.people_ledger(trust, verify).was_restored)
    assert found == [False, True, True, False, False]


def state_mirror(audit: AuditLog, catalog: Catalog) -> None:
    with audit.acting(ADAM, Action.MANAGE_SETTINGS):
        catalog.settings.put({HAS_MIRROR: "yes"})


def note_restored(audit: AuditLog, _: Catalog) -> None:
    audit.append(ADAM, Action.MANAGE_SETTINGS, detail=RESTORED)


def add_row(audit: AuditLog, _: Catalog) -> None:
    audit.append(ADAM, Action.LIST_EVENTS)
