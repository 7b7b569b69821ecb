from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from recorder_core.catalog import (
    Action,
    Actor,
    AuditHead,
    AuditRow,
    Catalog,
    Event,
    Profile,
    copy_catalog,
)
from recorder_core.errors import AuditError, CatalogError, NotAllowed
from tests.tampering import edited_catalog


def tamper(path: Path, *statements: str) -> None:
    """Change the log as somebody with the file would, past our triggers."""
    with edited_catalog(path) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def logged(catalog: Catalog, reviewer: Actor) -> Catalog:
    for number in range(6):
        catalog.audit.append(reviewer, Action.VIEW_ORIGINAL, f"event{number}")
    return catalog


def test_an_action_and_its_end_are_logged(catalog: Catalog, reviewer: Actor, event: Event) -> None:
    with catalog.audited(reviewer, Action.VIEW_ORIGINAL, event.event_id, detail="role:original"):
        assert [row.outcome for row in catalog.audit.rows()] == ["begun"]
    begun, done = catalog.audit.rows()
    assert (begun.who, begun.profile, begun.origin) == ("reviewer1", "reviewer", "192.0.2.7")
    assert (begun.action, begun.event_id, begun.detail) == (
        "view_original", event.event_id, "role:original",
    )  # fmt: skip
    assert (done.outcome, done.detail) == ("done", "begun:1")
    assert done.at_utc > begun.at_utc
    assert catalog.audit.verify().is_sound


def test_a_refusal_is_logged_and_nothing_is_done(catalog: Catalog, event: Event) -> None:
    engineer = Actor("engineer1", Profile.ENGINEER)
    with pytest.raises(NotAllowed), catalog.audited(engineer, Action.VIEW_ORIGINAL, event.event_id):
        pytest.fail("the action must not begin")
    assert [(row.who, row.outcome) for row in catalog.audit.rows()] == [("engineer1", "refused")]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(ZeroDivisionError, "failed"), (NotAllowed, "refused"), (KeyboardInterrupt, "failed")],
)
def test_a_failure_is_logged_by_its_class(
    error: type[BaseException], outcome: str, catalog: Catalog, reviewer: Actor
) -> None:
    with pytest.raises(error), catalog.audited(reviewer, Action.LIST_EVENTS):
        raise error("Maria Silva")
    last = catalog.audit.rows(newest=1)[0]
    assert (last.outcome, last.detail) == (outcome, f"begun:1 error:{error.__name__}")


def test_rows_of_one_event_and_the_newest(logged: Catalog) -> None:
    assert [row.event_id for row in logged.audit.rows(newest=2)] == ["event4", "event5"]
    assert [row.seq for row in logged.audit.rows(event_id="event3")] == [4]


@pytest.mark.parametrize(
    "place",
    [{"action": "Maria Silva"}, {"event_id": "Maria Silva"}, {"detail": "note:José"}],
)
def test_free_text_does_not_get_in(
    place: dict[str, Any], catalog: Catalog, reviewer: Actor
) -> None:
    with pytest.raises(CatalogError, match="must be a code"):
        catalog.audit.append(reviewer, **({"action": "list_events"} | place))
    with pytest.raises(CatalogError, match="must be a code"):
        Actor("Maria Silva", Profile.REVIEWER)
    assert catalog.audit.rows() == []


def test_rows_cannot_be_changed_by_mistake(logged: Catalog) -> None:
    connection = sqlite3.connect(logged.path)
    for statement in ("UPDATE audit SET who = 'x'", "DELETE FROM audit"):
        with pytest.raises(sqlite3.IntegrityError, match="an audit row is never changed"):
            connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE audit SET who = 'operator1' WHERE seq = 3", "edited"),
        ("UPDATE audit SET outcome = 'refused' WHERE seq = 6", "edited"),
        ("DELETE FROM audit WHERE seq = 2", "deleted"),
        (
            "UPDATE audit SET seq = CASE seq WHEN 2 THEN -3 ELSE -2 END WHERE seq IN (2, 3)",
            "edited",
        ),
        ("DELETE FROM audit WHERE seq > 4", "truncated"),
        ("DELETE FROM audit WHERE seq = 6", "truncated"),
        ("DELETE FROM audit", "truncated"),
    ],
)
def test_every_kind_of_tampering_is_found(statement: str, kind: str, logged: Catalog) -> None:
    assert logged.audit.verify().is_sound
    tamper(logged.path, statement, "UPDATE audit SET seq = -seq WHERE seq < 0")
    report = logged.audit.verify()
    assert not report.is_sound
    assert kind in {finding.kind for finding in report.findings}


def test_nothing_is_done_after_a_cut_log(logged: Catalog, reviewer: Actor) -> None:
    tamper(logged.path, "DELETE FROM audit WHERE seq > 4")
    with (
        pytest.raises(AuditError, match="rows are missing or changed, so nothing is done"),
        logged.audited(reviewer, Action.VIEW_ORIGINAL),
    ):
        pytest.fail("the action must not begin")
    with Catalog(logged.path) as again, pytest.raises(AuditError):
        again.audit.append(reviewer, Action.LIST_EVENTS)


def test_an_administrator_accepts_a_break_and_it_stays_visible(
    logged: Catalog, reviewer: Actor, administrator: Actor
) -> None:
    kept = logged.audit.head()
    tamper(logged.path, "DELETE FROM audit WHERE seq > 4")
    with pytest.raises(NotAllowed):
        logged.audit.accept_break(reviewer)
    row = logged.audit.accept_break(administrator)
    assert (row.seq, row.detail) == (5, "break_at:4 anchored:6")
    assert logged.audit.append(reviewer, Action.LIST_EVENTS).seq == 6
    assert logged.audit.verify().is_sound
    found = logged.audit.verify([kept]).findings
    assert [finding.kind for finding in found] == ["edited"]


def test_a_head_kept_on_paper(logged: Catalog) -> None:
    head = logged.audit.head()
    assert logged.audit.verify([head]).is_sound
    assert not logged.audit.verify([AuditHead(head.seq, "0" * 64)]).is_sound
    assert not logged.audit.verify([AuditHead(head.seq + 1, head.hash)]).is_sound


def test_no_anchor_no_action(logged: Catalog, reviewer: Actor) -> None:
    anchor = logged.path.with_name("audit-head.json")
    kept = anchor.read_bytes()
    anchor.unlink()
    assert [finding.kind for finding in logged.audit.verify().findings] == ["anchor"]
    with pytest.raises(AuditError, match="every anchor of the audit log is missing or damaged"):
        logged.audit.append(reviewer, Action.LIST_EVENTS)
    anchor.write_text("{")
    assert [finding.kind for finding in logged.audit.verify().findings] == ["anchor"]
    anchor.write_bytes(kept)
    assert logged.audit.append(reviewer, Action.LIST_EVENTS).seq == 7


def test_a_log_that_cannot_be_written_stops_the_action(catalog: Catalog, reviewer: Actor) -> None:
    anchor = catalog.path.with_name("audit-head.json")
    anchor.with_name("audit-head.json.partial").mkdir()
    with (
        pytest.raises(AuditError, match="cannot be written"),
        catalog.audited(reviewer, Action.VIEW_ORIGINAL),
    ):
        pytest.fail("the action must not begin")
    anchor.with_name("audit-head.json.partial").rmdir()
    with closing(sqlite3.connect(catalog.path)) as connection:
        connection.execute("ALTER TABLE audit RENAME TO gone")
    with pytest.raises(CatalogError), catalog.audited(reviewer, Action.VIEW_ORIGINAL):
        pytest.fail("the action must not begin")


def test_an_audited_action_does_not_begin_inside_a_transaction(
    catalog: Catalog, reviewer: Actor
) -> None:
    with (
        pytest.raises(AuditError, match="inside a transaction"),
        catalog.transaction(),
        catalog.audited(reviewer, Action.LIST_EVENTS),
    ):
        pytest.fail("the action must not begin")


def test_rows_inside_a_transaction_share_its_fate(catalog: Catalog, reviewer: Actor) -> None:
    def log_and_fail() -> None:
        with catalog.transaction():
            catalog.audit.append(reviewer, Action.LIST_EVENTS)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        log_and_fail()
    assert catalog.audit.rows() == []
    with catalog.transaction():
        catalog.audit.append(reviewer, Action.LIST_EVENTS)
        catalog.audit.append(reviewer, Action.LIST_EVENTS)
    assert catalog.audit.verify().is_sound


def test_an_anchor_that_a_crash_left_behind_catches_up(logged: Catalog, reviewer: Actor) -> None:
    anchor = logged.path.with_name("audit-head.json")
    old = anchor.read_bytes()
    logged.audit.append(reviewer, Action.LIST_EVENTS)
    anchor.write_bytes(old)
    assert logged.audit.verify().is_sound
    with Catalog(logged.path) as again:
        assert again.audit.head().seq == 7
    tamper(logged.path, "DELETE FROM audit WHERE seq = 7")
    assert not logged.audit.verify().is_sound


def test_a_second_anchor_on_another_disk(tmp_path: Path, reviewer: Actor) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    anchors = [tmp_path / "head.json", disk / "head.json"]
    with Catalog.create(tmp_path / "catalog.db", anchors=anchors) as catalog:
        catalog.audit.append(reviewer, Action.LIST_EVENTS)
        disk.rename(tmp_path / "unplugged")
        catalog.audit.append(reviewer, Action.LIST_EVENTS)
        assert len(catalog.audit.anchor_faults) == 1
        assert not catalog.audit.verify().is_sound
        (tmp_path / "unplugged").rename(disk)
    with Catalog(tmp_path / "catalog.db", anchors=anchors) as catalog:
        assert catalog.audit.verify().is_sound
        anchors[0].unlink()
        tamper(catalog.path, "DELETE FROM audit WHERE seq = 2")
        assert "truncated" in {finding.kind for finding in catalog.audit.verify().findings}


def test_an_older_copy_of_the_catalog_is_found(
    logged: Catalog, reviewer: Actor, tmp_path: Path
) -> None:
    copy_catalog(logged.path, tmp_path / "old.db")
    logged.audit.append(reviewer, Action.LIST_EVENTS)
    logged.close()
    (tmp_path / "old.db").replace(logged.path)
    with Catalog(logged.path) as older:
        assert [finding.kind for finding in older.audit.verify().findings] == ["truncated"]


def test_a_clock_that_goes_back(logged: Catalog, reviewer: Actor, clock: Any) -> None:
    assert logged.audit.clock_lag_seconds() == 0
    clock.now -= timedelta(hours=3)
    assert logged.audit.clock_lag_seconds() == pytest.approx(3 * 3600, abs=1)
    logged.audit.append(reviewer, Action.LIST_EVENTS)
    report = logged.audit.verify()
    assert report.is_sound
    assert "the clock was set back by 10800 s" in report.remarks[0]


def test_a_clock_that_was_ahead_once_is_accepted_by_an_administrator(
    logged: Catalog, reviewer: Actor, administrator: Actor, clock: Any
) -> None:
    right = clock.now
    clock.now += timedelta(days=9000)
    logged.audit.append(reviewer, Action.LIST_EVENTS)
    clock.now = right + timedelta(hours=1)
    with pytest.raises(CatalogError, match="workbench audit accept-break"):
        logged.check_clock()
    row = logged.audit.accept_break(administrator)
    word, lag = row.detail.split(" ")[-1].split(":")
    assert word == "clock_behind_seconds"
    assert float(lag) == pytest.approx(9000 * 86400 - 3600, abs=10)
    logged.check_clock()
    assert logged.audit.verify().is_sound
    clock.now = right
    with pytest.raises(CatalogError, match="behind the latest time"):
        logged.check_clock()


@pytest.mark.parametrize("fault", ["missing folder", "damaged"])
def test_an_anchor_that_cannot_be_moved_stops_nobody(
    catalog: Catalog, reviewer: Actor, tmp_path: Path, clock: Any, fault: str
) -> None:
    own, other = catalog.path.with_name("audit-head.json"), tmp_path / "mirror" / "head.json"
    other.parent.mkdir()
    shutil.copy(own, other)
    if fault == "damaged":
        other.write_text("{")
    else:
        shutil.rmtree(other.parent)
    catalog.close()
    with Catalog(catalog.path, anchors=[own, other], clock=clock) as again:
        row = again.audit.append(reviewer, Action.LIST_EVENTS)
        [told] = again.audit.anchor_faults
        assert str(other) in told
        assert row.seq == again.audit.head().seq


def test_what_was_done_is_never_called_undone(
    catalog: Catalog, administrator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise CatalogError("the disk is full")

    def end_without_log(act: Callable[[], object]) -> None:
        with (
            monkeypatch.context() as patch,
            catalog.audited(administrator, Action.MANAGE_USERS),
        ):
            patch.setattr(catalog._database, "_check_file", refuse)
            act()

    with pytest.raises(AuditError, match=r"is done, but .* do not repeat it"):
        end_without_log(dict)
    with pytest.raises(ZeroDivisionError):
        end_without_log(lambda: 1 // 0)
    assert catalog.audit.head().seq == 2


def test_a_log_without_anchors_is_refused(catalog: Catalog, clock: Any) -> None:
    from recorder_core.catalog import AuditLog
    from recorder_core.catalog.database.connection import Database

    with Database(catalog.path) as database, pytest.raises(AuditError, match="at least one anchor"):
        AuditLog(database, clock, [])


def test_what_is_appended_while_the_log_is_verified_is_no_fault(
    logged: Catalog, reviewer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rows_and_then_another() -> list[AuditRow]:
        found = read()
        logged.audit.append(reviewer, Action.LOG_IN)
        return found

    read = logged.audit.rows
    monkeypatch.setattr(logged.audit, "rows", rows_and_then_another)
    assert logged.audit.verify().findings == ()
