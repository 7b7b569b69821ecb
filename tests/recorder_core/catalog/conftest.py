from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recorder_core.catalog import (
    Actor,
    Catalog,
    DetectionsSummary,
    Event,
    EventState,
    Profile,
)
from recorder_core.catalog.model.codes import new_id


class SteppedClock:
    """A clock that a test sets; every look moves it by a millisecond."""

    def __init__(self) -> None:
        self.now = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalog.db"


@pytest.fixture
def catalog(path: Path, clock: SteppedClock) -> Iterator[Catalog]:
    with Catalog.create(path, clock=clock) as made:
        yield made


@pytest.fixture
def event(catalog: Catalog, clock: SteppedClock) -> Event:
    """An event that was recorded and is complete."""
    begun = catalog.events.begin(
        site_code="site1", procedure_code="lap-chole", started_utc=clock(), by="operator1"
    )
    return catalog.events.finish(begun.event_id, duration_seconds=0.1, by="operator1")


@pytest.fixture
def reviewed(catalog: Catalog, event: Event) -> Event:
    """An event in review."""
    catalog.reviews.add_detections_summary(detections_summary(event.event_id))
    catalog.events.move(event.event_id, EventState.DEIDENTIFIED, by="reviewer1")
    return catalog.events.move(event.event_id, EventState.IN_REVIEW, by="reviewer1")


@pytest.fixture
def administrator() -> Actor:
    return Actor("admin1", Profile.ADMINISTRATOR)


@pytest.fixture
def reviewer() -> Actor:
    return Actor("reviewer1", Profile.REVIEWER, "192.0.2.7")


def detections_summary(event_id: str) -> DetectionsSummary:
    return DetectionsSummary(
        summary_id=new_id(),
        event_id=event_id,
        detector="retinaface",
        weights_sha256="ab" * 32,
        method="cells",
        frames_checked=300,
        box_count=290,
        track_count=2,
        repaired_box_count=11,
        longest_repaired_gap_frames=4,
        created_utc=datetime(2026, 5, 4, tzinfo=UTC),
    )
