from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from recorder_core.catalog import Event, EventState
from recorder_core.jobs.archive import (
    Archive,
    ArchivedEvent,
    EventNames,
    ReadableArchive,
    ReadableEvent,
)
from workbench.cli.event.event import event_rows

STARTED = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


@dataclass
class SentEvent:
    """An event as a client of another machine may hold it."""

    row: Event

    @property
    def event_id(self) -> str:
        return self.row.event_id

    def incomplete(self) -> None:
        return None


class SentArchive:
    """The part of an archive that the list reads."""

    def roles(self, events: Sequence[ReadableEvent]) -> Mapping[str, Sequence[str]]:
        return {event.event_id: ("original", "signals") for event in events}


@pytest.mark.parametrize(
    ("kind", "promise"), [(Archive, ReadableArchive), (ArchivedEvent, ReadableEvent)]
)
def test_the_archive_offers_what_may_be_read_in_the_same_words(kind: Any, promise: Any) -> None:
    names = [name for name in vars(promise) if not name.startswith("_")]
    assert len(names) >= 6
    for name in names:
        if name == "row":
            assert kind(None, "the row").row == "the row"  # set when it is made
            continue
        promised, offered = getattr(promise, name), getattr(kind, name)
        assert isinstance(promised, property) is isinstance(offered, property), name
        if not isinstance(promised, property):
            asked = list(inspect.signature(promised).parameters.values())
            given = list(inspect.signature(offered).parameters.values())
            assert [(each.name, each.kind, each.default) for each in asked] == [
                (each.name, each.kind, each.default) for each in given
            ], name


def test_what_lists_events_takes_another_machine_s_too() -> None:
    event: Any = SentEvent(
        Event(
            event_id="01ab",
            site_code="or-1",
            procedure_code="lap-chole",
            state=EventState.RECORDED,
            started_utc=STARTED,
            duration_seconds=3725.0,
            is_complete=True,
        )
    )
    archive: Any = SentArchive()
    assert event_rows(archive, [(event, EventNames(patient_name="Zephyrina"))]) == [
        {
            "event": "01ab",
            "started": "2026-05-04 09:30:00Z",
            "length": "1:02:05",
            "procedure": "lap-chole",
            "state": "recorded",
            "incomplete": None,
            "files": "original, signals",
            "patient": "Zephyrina",
            "record": None,
            "source": None,
        }
    ]
