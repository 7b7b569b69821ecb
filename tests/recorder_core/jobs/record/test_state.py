"""How a recording is, as whoever watches it is told."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from recorder_core.capture.source import SourceCounters, SourceState
from recorder_core.errors import SettingsError
from recorder_core.jobs.archive.queue.pieces import MAX_STATE_BYTES
from recorder_core.jobs.archive.queue.recording_state import RECORDING_STATE
from recorder_core.jobs.record.space import SpaceLeft
from recorder_core.jobs.record.state import recorder_state
from recorder_core.jobs.worker import recording
from recorder_core.model.values.schema import check_value


def _recorder(faults: list[str]) -> Any:
    states = [SourceState("room", False, 0.0, 1, SourceCounters(received=5), "it is away")]
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
        source_states=lambda: states,
    )


def test_a_state_is_as_its_schema_says() -> None:
    state = recorder_state(_recorder(["a disk is away"]))
    check_value("state", state, RECORDING_STATE)
    with pytest.raises(SettingsError, match=r"state\.seconds must be of the type number"):
        check_value("state", state | {"seconds": None}, RECORDING_STATE)


def test_a_state_that_cannot_be_shown_ends_no_recording() -> None:
    def refuse(**_: object) -> None:
        raise SettingsError("state.frames must be at least 0")

    recorder = _recorder([])
    running: Any = SimpleNamespace(show=refuse)
    for _ in range(2):
        recording._show(running, recorder, state={})
    [fault] = recorder.faults
    assert "state.frames must be at least 0" in fault


def test_a_night_of_faults_is_no_longer_than_a_state_may_be() -> None:
    faults = [f"the marker signal-lost:room at {at}.0 s is missing: no space" for at in range(9999)]
    state = recorder_state(_recorder(faults))
    assert state["faults"] == faults[-20:]
    assert len(json.dumps(state)) < MAX_STATE_BYTES
