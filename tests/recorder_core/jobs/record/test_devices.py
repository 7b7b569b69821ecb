"""A room with the real drivers: test signals, and a BIS monitor that is simulated on a port."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from recorder_core.errors import NotAllowed
from recorder_core.jobs.archive import export_event
from recorder_core.jobs.record import RecordRequest, record_room, room_from_values
from recorder_core.simulate.devices import (
    BisMonitorModel,
    SimulatedBisMonitor,
    damage_bytes,
)
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


def _used(recorder: Any) -> int:
    """Return how many records of the monitor were read so far."""
    return {state.name: state for state in recorder.source_states()}["bis"].counters.used


def test_what_arrives_of_a_monitor_is_kept_byte_by_byte_whatever_is_read_of_it(
    site: Any, tmp_path: Path
) -> None:
    port, chance = tmp_path / "bis", random.Random(7)
    camera = {"kind": "pattern", "size": [320, 180], "rate": 25}
    room = room_from_values(
        ROOM
        | {
            "sources": {"laparoscope": camera, "room": camera},
            "bis": {"port": str(port), "protocol": "binary"},
        }
    )
    with (
        SimulatedBisMonitor(
            port,
            BisMonitorModel(PATIENT, "binary"),
            speed=5,
            damage=lambda content: damage_bytes(content, chance),
        ) as monitor,
        site.opened("olga") as archive,
        record_room(archive, RecordRequest(room=room)) as recorder,
    ):
        while recorder.seconds < 1:
            recorder.wait(0.05)
        monitor.send_garbage(300)
        read = _used(recorder)
        while recorder.seconds < 2 or _used(recorder) < read + 3:
            recorder.wait(0.05)
        recorder.stop()
        summary = recorder.finish()
        with pytest.raises(NotAllowed):
            export_event(archive, summary.event_id, tmp_path, ["raw"])
    # who reads signals has no bytes that nobody read: names may be among them
    with site.opened("rosa") as archive:
        export_event(archive, summary.event_id, tmp_path)
        with pytest.raises(NotAllowed):
            export_event(archive, summary.event_id, tmp_path, ["raw"])
    assert not (tmp_path / f"{summary.event_id}.raw.parquet").exists()
    with site.opened("rita") as archive:
        export_event(archive, summary.event_id, tmp_path, ["raw"])
    table = pq.read_table(tmp_path / f"{summary.event_id}.raw.parquet")
    assert (tmp_path / f"{summary.event_id}.signals.parquet").exists()
    assert set(table["source"].to_pylist()) == {"bis"}
    seconds = np.array(table["seconds"])
    assert (np.diff(seconds) >= 0).all()
    assert 0 <= seconds[0] < seconds[-1]
    arrived = b"".join(table["bytes"].to_pylist())
    # a whole piece of what was sent, damage and garbage included
    assert arrived in bytes(monitor.sent.content)
    assert len(arrived) > 2000
    assert summary.sources["bis"].invalid > 0
