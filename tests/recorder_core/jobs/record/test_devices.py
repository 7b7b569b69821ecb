"""A room with the real drivers: test signals, and a BIS monitor that is simulated on a port."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from recorder_core.jobs.record import RecordRequest, record_room, room_from_values
from recorder_core.simulate.devices import BisMonitorModel, SimulatedBisMonitor
from recorder_core.simulate.physiology import Patient
from tests.recorder_core.jobs.record.test_job import ROOM

PATIENT = Patient(72.0, 4.0, 20.0)


def test_what_a_monitor_says_is_in_the_event_and_its_absence_a_marker(
    site: Any, tmp_path: Path
) -> None:
    port = tmp_path / "bis"
    camera = {"kind": "pattern", "size": [320, 180], "rate": 25}
    room = room_from_values(
        ROOM
        | {
            "sources": {"laparoscope": camera, "room": camera},
            "sound": {"source": "room"},
            "bis": {"port": str(port), "protocol": "binary", "raw_eeg": False},
        }
    )
    with (
        SimulatedBisMonitor(port, BisMonitorModel(PATIENT, "binary"), speed=5) as monitor,
        site.opened("olga") as archive,
        record_room(archive, RecordRequest(room=room)) as recorder,
    ):
        bis = {state.name: state for state in recorder.source_states()}["bis"]
        while bis.counters.used < 5 or recorder.seconds < 1:
            recorder.wait(0.05)
            bis = {state.name: state for state in recorder.source_states()}["bis"]
        monitor.unplug()
        while bis.is_present:
            recorder.wait(0.05)
            bis = {state.name: state for state in recorder.source_states()}["bis"]
        assert bis.sentence
        recorder.stop()
        summary = recorder.finish()
    sent = {
        round(each.combined.bis, 1) for each in monitor.sent.records if each.combined is not None
    }
    with site.opened("rita") as archive:
        event = archive.event(summary.event_id)
        values = event.signals()
        marks = event.markers()
    found = values[values["signal"] == "bis"]["value"].dropna()
    assert len(found) > 0
    assert set(np.round(found, 1)) <= sent
    assert (values["seconds"] <= event.row.duration_seconds).all()
    assert "signal-lost:bis" in set(marks["kind"])
    assert [gap.stop_seconds for gap in summary.gaps if gap.source == "bis"][-1] == summary.seconds
    assert set(summary.sources) == {"laparoscope", "room", "sound", "bis"}
