"""How a recording is, as whoever watches it is told."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from recorder_core.jobs.archive.queue.pieces import MAX_STATE_BYTES
from recorder_core.jobs.record.space import SpaceLeft
from recorder_core.jobs.record.state import recorder_state


def test_a_night_of_faults_is_no_longer_than_a_state_may_be() -> None:
    faults = [f"the marker signal-lost:room at {at}.0 s is missing: no space" for at in range(9999)]
    recorder: Any = SimpleNamespace(
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
        source_states=list,
    )
    state = recorder_state(recorder)
    assert state["faults"] == faults[-20:]
    assert len(json.dumps(state)) < MAX_STATE_BYTES
