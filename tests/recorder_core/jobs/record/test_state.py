"""How a recording is, as whoever watches it is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from recorder_core.capture.source import SourceCounters, SourceState
from recorder_core.catalog import Marker, Screenshot
from recorder_core.errors import SettingsError
from recorder_core.jobs.archive.queue.pieces import MAX_STATE_BYTES
from recorder_core.jobs.archive.queue.recording_state import RECORDING_STATE
from recorder_core.jobs.record.space import SpaceLeft
from recorder_core.jobs.record.state import recorder_state
from recorder_core.jobs.worker import recording
from recorder_core.jobs.worker.showing import Showing
from recorder_core.model.values.schema import check_value


def _marker(kind: str, seconds: float, stop_seconds: float | None = None) -> Marker:
    return Marker(
        marker_id=f"id of {kind}",
        event_id="20260504-1",
        kind=kind,
        start_seconds=seconds,
        stop_seconds=stop_seconds,
        author="olga",
        created_utc=datetime(2026, 5, 4, tzinfo=UTC),
    )


def _screenshot(seconds: float) -> Screenshot:
    return Screenshot(
        screenshot_id="id of a picture",
        event_id="20260504-1",
        file_id="1",
        frame_index=7,
        pts=7,
        at_seconds=seconds,
        author="olga",
        created_utc=datetime(2026, 5, 4, tzinfo=UTC),
    )


def _recorder(faults: list[str]) -> Any:
    counters = SourceCounters(received=5)
    states = [SourceState("room", False, 0.0, 1, counters, "it is away", frame_rate=25.0)]
    return SimpleNamespace(
        event_id="20260504-1",
        is_paused=False,
        seconds=36_000.0,
        space=SpaceLeft(0, float("inf")),
        frame_count=1,
        dropped_frames=0,
        encoder="libx264",
        hidden=None,
        audio_level_dbfs=None,
        faults=faults,
        newest_entries=(
            _marker("incision", 61.0),
            _screenshot(62.5),
            _marker("pause", 70.0, 80.0),
        ),
        source_states=lambda: states,
    )


def test_a_state_is_as_its_schema_says() -> None:
    state = recorder_state(_recorder(["a disk is away"]))
    check_value("state", state, RECORDING_STATE)
    assert [each["frame_rate"] for each in state["sources"]] == [25.0]
    assert [tuple(each.values()) for each in state["journal"]] == [
        ("id of incision", "incision", 61.0, None),
        ("id of a picture", None, 62.5, None),
        ("id of pause", "pause", 70.0, 80.0),
    ]
    with pytest.raises(SettingsError, match=r"state\.seconds must be of the type number"):
        check_value("state", state | {"seconds": None}, RECORDING_STATE)


def test_what_cannot_be_shown_ends_neither_a_hold_nor_a_recording() -> None:
    seen: list[object] = []

    def refuse(*, state: object = None, preview: object = None) -> None:
        if preview is not None:
            raise SettingsError("a preview has at most 1048576 bytes")
        seen.append(state)

    faults: list[str] = []
    running: Any = SimpleNamespace(show=refuse, has_watchers=True)
    showing = Showing(running, faults)
    room: Any = SimpleNamespace(preview=lambda: b"large")
    assert [showing.look(room, lambda: {"seconds": 1.0}) for _ in range(2)] == [True, False]
    assert seen == [{"seconds": 1.0}]
    [fault] = faults
    assert "at most 1048576 bytes" in fault


def test_a_room_is_held_or_only_shown_before_its_start() -> None:
    assert recording._opener({"ready": False}) is None
    with pytest.raises(SettingsError, match="give ready or preview, not both"):
        recording._opener({"ready": True, "preview": True})


def test_a_night_of_faults_is_no_longer_than_a_state_may_be() -> None:
    faults = [f"the marker signal-lost:room at {at}.0 s is missing: no space" for at in range(9999)]
    state = recorder_state(_recorder(faults))
    assert state["faults"] == faults[-20:]
    assert len(json.dumps(state)) < MAX_STATE_BYTES
