from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from recorder_core.catalog import Actor, Catalog, Event, EventState, RetentionRule
from recorder_core.errors import CatalogError, WrongState


def test_by_default_everything_is_kept(catalog: Catalog, event: Event, clock: Any) -> None:
    clock.now += timedelta(days=40_000)
    assert catalog.retention.rules() == []
    assert catalog.retention.rule_for("site1") == RetentionRule()
    assert catalog.retention.due() == []


def test_rules_by_site(catalog: Catalog) -> None:
    here = RetentionRule(site_code="site1", minimum_days=30)
    others = RetentionRule(warn_after_days=7300)
    catalog.retention.set_rule(RetentionRule(site_code="site1", minimum_days=1))
    catalog.retention.set_rule(here)
    catalog.retention.set_rule(others)
    assert catalog.retention.rule_for("site1") == here
    assert catalog.retention.rule_for("site2") == others
    assert catalog.retention.rules() == [others, here]


def test_a_site_without_a_rule_is_named(catalog: Catalog, event: Event) -> None:
    assert catalog.retention.sites_without_rule() == ["site1"]
    catalog.retention.set_rule(RetentionRule(site_code="site2"))
    assert catalog.retention.sites_without_rule() == ["site1"]
    catalog.retention.set_rule(RetentionRule(warn_after_days=30))
    assert catalog.retention.sites_without_rule() == []


def test_what_is_due_is_listed_and_not_deleted(catalog: Catalog, event: Event, clock: Any) -> None:
    catalog.retention.set_rule(RetentionRule(site_code="site1", warn_after_days=30))
    recording = catalog.events.begin(
        site_code="site1", procedure_code="p", started_utc=clock(), by="operator1"
    )
    assert catalog.retention.due() == []
    clock.now += timedelta(days=31)
    (notice,) = catalog.retention.due()
    assert (notice.event_id, notice.age_days) == (event.event_id, 31)
    assert "is kept until someone deletes it" in notice.sentence
    assert catalog.events.get(event.event_id).state is EventState.RECORDED
    assert notice.event_id != recording.event_id
    catalog.retention.set_rule(
        RetentionRule(site_code="site1", warn_after_days=30, deletes_itself=True)
    )
    assert "will be deleted" in catalog.retention.due()[0].sentence


def test_no_deletion_before_the_minimum_age(
    catalog: Catalog, event: Event, administrator: Actor, clock: Any
) -> None:
    catalog.retention.set_rule(RetentionRule(site_code="site1", minimum_days=10))
    with pytest.raises(WrongState, match="is 0 days old and site site1 keeps events for 10"):
        catalog.delete_event(administrator, event.event_id, "retention")
    assert catalog.events.get(event.event_id).state is EventState.RECORDED
    clock.now += timedelta(days=11)
    assert catalog.delete_event(administrator, event.event_id, "retention")


def test_a_withdrawn_consent_overrides_the_rule(
    catalog: Catalog, event: Event, administrator: Actor
) -> None:
    catalog.retention.set_rule(RetentionRule(minimum_days=7300))
    assert catalog.delete_event(administrator, event.event_id, "consent_withdrawn")


@pytest.mark.parametrize(
    "fields",
    [
        {"minimum_days": -1},
        {"warn_after_days": -1},
        {"deletes_itself": True},
        {"deletes_itself": True, "warn_after_days": 29, "minimum_days": 30},
    ],
)
def test_rules_that_cannot_be(fields: dict[str, Any]) -> None:
    with pytest.raises(CatalogError):
        RetentionRule(**fields)
