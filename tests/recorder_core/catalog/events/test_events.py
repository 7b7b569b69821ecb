from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from recorder_core.catalog import IDENTITY, Catalog, Event, EventState
from recorder_core.errors import CatalogError, NotInCatalog, WrongState


def test_a_recording_begins_and_ends(catalog: Catalog, clock: Any) -> None:
    began = clock()
    clock.now += timedelta(seconds=3)  # until its row is written
    begun = catalog.events.begin(
        site_code="site1", procedure_code="lap-chole", started_utc=began, by="operator1"
    )
    assert begun.state is EventState.RECORDING
    assert not begun.is_complete
    ended = began + timedelta(seconds=3600)
    clock.now = ended + timedelta(seconds=4)  # until its files are sealed
    event = catalog.events.finish(
        begun.event_id, duration_seconds=3600.0, by="operator1", ended_utc=ended
    )
    assert event == catalog.events.get(begun.event_id)
    assert event.state is EventState.RECORDED
    assert begun.started_utc == began
    assert event.stopped_utc == began + timedelta(seconds=3600)
    assert event.clock_step_seconds is None
    assert event.is_complete


@pytest.mark.parametrize("step_seconds", [-7200.0, 40.0])
def test_a_clock_set_while_recording_changes_no_duration(
    step_seconds: float, catalog: Catalog, clock: Any
) -> None:
    begun = catalog.events.begin(
        site_code="site1", procedure_code="lap-chole", started_utc=clock(), by="operator1"
    )
    clock.now += timedelta(seconds=600 + step_seconds)
    event = catalog.events.finish(
        begun.event_id, duration_seconds=600.0, by="operator1", ended_utc=clock()
    )
    assert event.duration_seconds == 600.0
    assert event.stopped_utc == begun.started_utc + timedelta(seconds=600)
    assert event.clock_step_seconds == pytest.approx(step_seconds, abs=0.1)


def test_a_recording_that_a_crash_cut_off(catalog: Catalog, clock: Any) -> None:
    begun = catalog.events.begin(
        site_code="site1", procedure_code="lap-chole", started_utc=clock(), by="operator1"
    )
    assert catalog.events.find(state=EventState.RECORDING) == [begun]
    clock.now += timedelta(days=1)
    event = catalog.events.finish(
        begun.event_id, duration_seconds=12.0, by="operator1", is_complete=False
    )
    assert (event.is_complete, event.duration_seconds, event.clock_step_seconds) == (
        False,
        12.0,
        None,
    )


def test_an_end_that_is_entered_later_says_nothing_of_the_clock(
    catalog: Catalog, clock: Any
) -> None:
    begun = catalog.events.begin(
        site_code="site1", procedure_code="lap-chole", started_utc=clock(), by="operator1"
    )
    clock.now += timedelta(days=1)
    event = catalog.events.finish(begun.event_id, duration_seconds=12.0, by="operator1")
    assert (event.is_complete, event.clock_step_seconds) == (True, None)


def test_the_caller_may_choose_the_id_but_not_twice(catalog: Catalog, clock: Any) -> None:
    catalog.events.begin(
        site_code="s", procedure_code="p", started_utc=clock(), by="operator1", event_id="e1"
    )
    with pytest.raises(CatalogError, match="refuses this row"):
        catalog.events.begin(
            site_code="s", procedure_code="p", started_utc=clock(), by="operator1", event_id="e1"
        )


def test_a_negative_duration(catalog: Catalog, clock: Any) -> None:
    begun = catalog.events.begin(
        site_code="s", procedure_code="p", started_utc=clock(), by="operator1"
    )
    with pytest.raises(CatalogError, match="cannot last"):
        catalog.events.finish(begun.event_id, duration_seconds=-1.0, by="operator1")
    assert catalog.events.get(begun.event_id).state is EventState.RECORDING


def test_a_wrong_step_changes_nothing(catalog: Catalog, event: Event) -> None:
    with pytest.raises(WrongState, match="what can follow: archived, de-identified, deleted"):
        catalog.events.move(event.event_id, EventState.IN_REVIEW, by="reviewer1")
    for state in (EventState.DELETED, EventState.SIGNED_OFF):
        with pytest.raises(WrongState, match=f"is not simply set to {state}"):
            catalog.events.move(event.event_id, state, by="reviewer1")
    with pytest.raises(WrongState):
        catalog.events.finish(event.event_id, duration_seconds=9.0, by="operator1")
    assert catalog.events.get(event.event_id) == event
    assert [change.state for change in catalog.events.history(event.event_id)] == [
        EventState.RECORDING,
        EventState.RECORDED,
    ]


def test_an_unknown_event(catalog: Catalog) -> None:
    with pytest.raises(NotInCatalog, match="no event none"):
        catalog.events.get("none")
    with pytest.raises(LookupError):
        catalog.events.move("none", EventState.ARCHIVED, by="admin1")
    with pytest.raises(NotInCatalog):
        catalog.events.put_sealed("none", IDENTITY, b"sealed")


def test_find_by_state_procedure_and_time(catalog: Catalog, clock: Any) -> None:
    made = []
    for code in ("a", "b", "a"):
        made.append(
            catalog.events.begin(
                site_code="s", procedure_code=code, started_utc=clock(), by="operator1"
            )
        )
        clock.now += timedelta(days=1)
    ids = [event.event_id for event in made]
    find = catalog.events.find
    assert [event.event_id for event in find()] == ids[::-1]
    assert [event.event_id for event in find(procedure_code="a")] == [ids[2], ids[0]]
    assert [event.event_id for event in find(since=made[1].started_utc)] == [ids[2], ids[1]]
    assert [event.event_id for event in find(until=made[1].started_utc)] == [ids[0]]
    assert find(state=EventState.ARCHIVED) == []


def test_sealed_records(catalog: Catalog, event: Event) -> None:
    catalog.events.put_sealed(event.event_id, IDENTITY, b"first")
    catalog.events.put_sealed(event.event_id, "marker:m1", b"note")
    catalog.events.put_sealed(event.event_id, IDENTITY, b"second")
    assert catalog.events.get_sealed(event.event_id) == b"second"
    assert catalog.events.get_sealed(event.event_id, "marker:m1") == b"note"
    with pytest.raises(NotInCatalog, match="no sealed record marker:m2"):
        catalog.events.get_sealed(event.event_id, "marker:m2")
    catalog.events.put_sealed(event.event_id, "device:a", b"third")
    names = catalog.events.sealed_names(event.event_id)
    assert names == sorted(names)
    assert {IDENTITY, "device:a"} <= set(names)
    assert catalog.events.sealed_names("none") == []


def test_released_only_while_signed_off(catalog: Catalog, reviewed: Event) -> None:
    event_id = reviewed.event_id
    assert not catalog.events.was_signed_off(event_id)
    catalog.reviews.sign_off(event_id, by="reviewer1")
    assert catalog.events.was_signed_off(event_id)
    catalog.events.move(event_id, EventState.ARCHIVED, by="admin1")
    assert catalog.events.was_signed_off(event_id)
    catalog.reviews.reopen(event_id, by="reviewer1")
    assert not catalog.events.was_signed_off(event_id)


def test_archived_without_review_is_not_released(catalog: Catalog, event: Event) -> None:
    catalog.events.move(event.event_id, EventState.ARCHIVED, by="admin1")
    assert not catalog.events.was_signed_off(event.event_id)


def test_what_was_recorded_elsewhere_is_a_whole_event(catalog: Catalog) -> None:
    started = datetime(2020, 2, 3, 4, 5, tzinfo=UTC)
    event = catalog.events.add_recorded(
        "e1",
        site_code="site1",
        procedure_code="lap-chole",
        started_utc=started,
        duration_seconds=90.0,
        by="operator1",
    )
    assert catalog.events.get("e1") == event
    assert event.stopped_utc == started + timedelta(seconds=90)
    assert event.is_complete
    assert event.clock_step_seconds is None
    assert [step.state for step in catalog.events.history("e1")] == [EventState.RECORDED]
