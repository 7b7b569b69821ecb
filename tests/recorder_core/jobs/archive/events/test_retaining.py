"""Retention: rules per site, what is due, and deletion only where a site chose it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from recorder_core.catalog import EventState, RetentionRule
from recorder_core.errors import CatalogError, NotAllowed, SettingsError, WrongState
from recorder_core.jobs.archive import (
    archive_status,
    confirm_clock,
    delete_due,
    delete_event,
    retention_due,
    retention_rules,
    set_retention_rule,
)
from recorder_core.jobs.archive.place.event_lock import lock_event


def test_by_default_nothing_is_deleted_and_somebody_is_told(site: Any, event_id: str) -> None:
    site.clock.shift = timedelta(days=40_000)
    with site.opened("adam") as archive:
        assert retention_rules(archive) == []
        assert retention_due(archive) == []
        assert delete_due(archive) == []
        assert "workbench retention set site1" in " ".join(archive_status(archive).reminders)


def test_what_is_due_is_deleted_only_where_the_site_chose_that(site: Any, event_id: str) -> None:
    with site.opened("adam") as archive:
        set_retention_rule(archive, RetentionRule(site_code="site1", warn_after_days=10))
        details = [
            row.detail for row in archive._session.catalog.audit.rows() if row.outcome == "begun"
        ]
        assert "site:site1 keep:0 warn:10 delete:no" in details
    site.clock.shift = timedelta(days=11)
    with site.opened("adam") as archive:
        [notice] = retention_due(archive)
        assert notice.event_id == event_id
        assert "kept until someone deletes it" in " ".join(archive_status(archive).reminders)
        assert delete_due(archive) == []
        rule = RetentionRule(site_code="site1", warn_after_days=10, deletes_itself=True)
        set_retention_rule(archive, rule)
        assert "retention apply" in retention_due(archive)[0].sentence
        assert delete_due(archive) == [event_id]
        assert archive.event(event_id).row.state is EventState.DELETED
        rows = archive._session.catalog.audit.rows(event_id=event_id)
        assert any("reason:retention" in row.detail for row in rows)


def test_an_event_that_is_being_written_keeps_none_of_the_others_from_being_deleted(
    site: Any, event_id: str, named_video: Path
) -> None:
    second = site.bring_in(named_video)
    site.clock.shift = timedelta(days=11)
    with site.opened("adam") as archive:
        rule = RetentionRule(site_code="site1", warn_after_days=10, deletes_itself=True)
        set_retention_rule(archive, rule)
        first, later = (notice.event_id for notice in retention_due(archive))
        assert {first, later} == {event_id, second}
        told: list[WrongState] = []
        with lock_event(archive.folders, first):
            assert delete_due(archive, told.append) == [later]
            with pytest.raises(WrongState, match=f"event {first} is being recorded or written"):
                delete_due(archive)
        assert [f"event {first} is being" in str(error) for error in told] == [True]
        assert archive.event(later).row.state is EventState.DELETED
        assert archive.event(first).row.state is EventState.RECORDED
        assert delete_due(archive) == [first]


def test_a_clock_that_was_set_back_deletes_nothing(site: Any, event_id: str) -> None:
    rule = RetentionRule(site_code="site1", warn_after_days=0, deletes_itself=True)
    with site.opened("adam") as archive:
        set_retention_rule(archive, rule)
    site.clock.shift = timedelta(days=-30)
    with site.opened("adam") as archive:
        for act in (retention_due, delete_due):
            with pytest.raises(CatalogError, match="set the clock first"):
                act(archive)


def test_a_clock_that_is_far_ahead_deletes_nothing_until_a_person_gives_the_date(
    site: Any, event_id: str
) -> None:
    rule = RetentionRule(site_code="site1", warn_after_days=300, deletes_itself=True)
    with site.opened("adam") as archive:
        set_retention_rule(archive, rule)
        right: date = site.clock().date()
    site.clock.shift = timedelta(days=365)
    for _ in range(2):  # the rows of the first look are no evidence for the second
        with site.opened("adam") as archive:
            with pytest.raises(CatalogError, match="workbench retention confirm-clock DATE"):
                delete_due(archive)
            with pytest.raises(CatalogError, match="nothing is deleted for its age"):
                delete_event(archive, event_id, "retention")
            with pytest.raises(SettingsError, match=f"and not {right}: set it first"):
                confirm_clock(archive, right)
            assert archive.event(event_id).row.state is EventState.RECORDED
            assert "confirm-clock" in " ".join(archive_status(archive).reminders)
    with site.opened("adam") as archive:
        confirm_clock(archive, site.clock().date())
        assert "confirm-clock" not in " ".join(archive_status(archive).reminders)
        assert delete_due(archive) == [event_id]


def test_only_administrators_decide(site: Any) -> None:
    with site.opened("rita") as archive, pytest.raises(NotAllowed):
        set_retention_rule(archive, RetentionRule())
