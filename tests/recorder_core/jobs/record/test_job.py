"""The job that records a room: another process, driven by commands and watched."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from recorder_core.archive import Password
from recorder_core.catalog import EventState, Job, Profile
from recorder_core.errors import NotAllowed, SettingsError, WrongState
from recorder_core.jobs.archive import Archive, add_user, disable_user
from recorder_core.jobs.record import RecordRequest, room_from_values
from tests.recorder_core.jobs.archive.conftest import PASSWORD

PATIENT = "Zephyrina Ångström-Qux"
ROOM = {
    "procedure": "lap-chole",
    "video": {"rate": 25, "preset": "ultrafast"},
    "layout": {
        "width": 640,
        "height": 180,
        "views": [
            {"name": "laparoscope", "rectangle": [0, 0, 320, 180]},
            {"name": "room", "rectangle": [320, 0, 320, 180]},
        ],
    },
    "sources": {
        "laparoscope": {"kind": "pattern", "size": [320, 180], "rate": 25},
        "room": {"kind": "rtsp", "address": "rtsp://nurse:geheim@127.0.0.1:9/stream"},
    },
    "sound": {"kind": "tone"},
    "space": {"keep_free_gib": 0, "min_minutes": 0},
}


def _recording(archive: Archive, **settings: Any) -> Job:
    """Return the job of a recording that has begun its event."""
    job = archive.start_job("record", settings={"room": ROOM, **settings})
    while (job := archive.job(job.job_id)).event_id is None:
        assert job.state in ("queued", "running")
        time.sleep(0.05)
    return job


def _ended(archive: Archive, job: Job) -> Job:
    while (job := archive.job(job.job_id)).state in ("queued", "running"):
        time.sleep(0.05)
    return job


def test_a_recording_is_driven_by_commands_and_shows_itself(site: Any, tmp_path: Path) -> None:
    with site.opened("olga") as archive:
        job = _recording(archive, names={"patient_name": PATIENT})
        states, preview = [], None
        with archive.watch_job(job.job_id) as pieces:
            for piece in pieces:
                states += [piece.state] if piece.state else []
                preview = piece.preview or preview
                if preview and len(states) > 1:
                    break
        marked = archive.command_job(job.job_id, "mark", {"kind": "incision", "note": "x"})
        shot = archive.command_job(job.job_id, "screenshot", {})
        archive.command_job(job.job_id, "pause")
        with pytest.raises(WrongState, match="is paused already"):
            archive.command_job(job.job_id, "pause")
        archive.command_job(job.job_id, "resume")
        archive.command_job(job.job_id, "describe", {"physician_names": ["Dr Quellmarker"]})
        with pytest.raises(SettingsError, match="kind must have the form"):
            archive.command_job(job.job_id, "mark", {"kind": "free text"})
        archive.cancel_job(job.job_id)
        job = _ended(archive, job)
        assert (job.state, job.error_class) == ("done", None)
    assert preview is not None
    path = tmp_path / "preview.jpg"
    path.write_bytes(preview)
    with Image.open(path) as picture:
        assert picture.size == (640, 180)
    _check_state(states[-1])
    with site.opened("rita") as archive:
        event = archive.event(str(job.event_id))
        assert event.row.state is EventState.RECORDED
        assert event.row.duration_seconds > marked["seconds"]
        names = event.names()
        marks = event.markers()
        [taken] = archive.catalog.contents.screenshots(event.event_id)
        frames = event.frames()
    # one that could not be made in time leaves the one before for longer
    assert frames["pts"].is_monotonic_increasing
    assert 0 < len(frames) <= event.row.duration_seconds * 25 + 0.1
    assert (names.patient_name, names.physician_names) == (PATIENT, ("Dr Quellmarker",))
    assert set(marks["kind"]) >= {"incision", "pause", "signal-lost:room"}
    assert taken.frame_index == shot["frame"]


def _check_state(state: Any) -> None:
    assert (state["state"], state["faults"]) == ("recording", [])
    assert state["seconds"] > 0
    assert state["free_bytes"] > 0
    found = {each["name"]: each for each in state["sources"]}
    assert set(found) == {"laparoscope", "room", "sound"}
    assert found["laparoscope"]["is_present"]
    assert [each["frame_rate"] for each in found.values()] == [25.0, None, None]
    assert not found["room"]["is_present"]
    assert found["room"]["sentence"].startswith("room ")
    assert not [each for each in ("geheim", "nurse", "127.0.0.1") if each in str(state)]


def test_a_recording_of_a_given_length_ends_by_itself(site: Any) -> None:
    with site.opened("olga") as archive:
        job = _ended(archive, _recording(archive, duration_seconds=1.0))
        assert job.state == "done"
        event = archive.event(str(job.event_id))
        assert (event.row.duration_seconds, event.row.is_complete) == (1.0, True)
        assert archive.catalog.contents is not None
        stored = b"".join(
            path.read_bytes() for path in site.path.parent.rglob("*") if path.is_file()
        )
    assert b"geheim" not in stored
    with site.opened("olga") as archive, pytest.raises(SettingsError, match="needs the setting"):
        archive.start_job("record")
    # what no clock counts is refused before there is an event
    with pytest.raises(SettingsError, match="the duration must be above 0 s"):
        RecordRequest(room=room_from_values(ROOM), duration_seconds=0)
    with site.opened("olga") as archive, pytest.raises(SettingsError, match="at most 604800"):
        archive.start_job("record", settings={"room": ROOM, "duration_seconds": 1e308})


def _state_of(archive: Archive, job: Job, state: str) -> dict[str, Any]:
    while archive.job(job.job_id).state == "queued":
        time.sleep(0.05)
    with archive.watch_job(job.job_id) as pieces:
        for piece in pieces:
            if piece.state and piece.state["state"] == state and piece.state["seconds"] > 1:
                return dict(piece.state)
    raise AssertionError(archive.job(job.job_id))


def test_a_room_that_is_ready_is_recorded_from_before_the_command_to_start(site: Any) -> None:
    held = {each: ROOM[each] for each in ROOM if each != "procedure"}
    held["video"] = {"rate": 25, "preset": "ultrafast", "pre_record_seconds": 1}
    with site.opened("olga") as archive:
        job = archive.start_job("record", settings={"room": held, "ready": True})
        state = _state_of(archive, job, "held")
        assert (state["event"], state["frames"], archive.events()) == (None, 0, [])
        with pytest.raises(WrongState, match="has not begun: start it first"):
            archive.command_job(job.job_id, "mark", {"kind": "incision"})
        with pytest.raises(SettingsError, match="say what is done"):
            archive.command_job(job.job_id, "start", {})
        started = {"procedure_code": "hernia", "names": {"patient_name": PATIENT}}
        archive.command_job(job.job_id, "start", started)
        assert _state_of(archive, job, "recording")["seconds"] > 1
        with pytest.raises(WrongState, match="being recorded already"):
            archive.command_job(job.job_id, "start", started)
        archive.cancel_job(job.job_id)
        job = _ended(archive, job)
        assert (job.state, job.error_class) == ("done", None)
    with site.opened("rita") as archive:
        event = archive.event(str(job.event_id))
        assert (event.row.procedure_code, event.names().patient_name) == ("hernia", PATIENT)
        assert event.row.duration_seconds > 1


def test_a_room_that_was_ready_and_is_not_recorded_leaves_nothing(site: Any) -> None:
    held = ROOM | {"video": {"rate": 25, "preset": "ultrafast", "pre_record_seconds": 1}}
    with site.opened("olga") as archive:
        job = archive.start_job("record", settings={"room": held, "ready": True})
        _state_of(archive, job, "held")
        archive.cancel_job(job.job_id)
        job = _ended(archive, job)
        assert (job.state, job.event_id, archive.events()) == ("done", None, [])


def test_the_room_of_who_is_disabled_is_held_no_more_and_nobody_is_told_it_began(site: Any) -> None:
    held = ROOM | {"video": {"rate": 25, "preset": "ultrafast", "pre_record_seconds": 1}}
    with site.opened("olga") as archive:
        job = archive.start_job("record", settings={"room": held, "ready": True})
        _state_of(archive, job, "held")
    with site.opened("adam") as archive:
        add_user(archive, "otto", Profile.OPERATOR, Password(PASSWORD))
        disable_user(archive, "olga")
    with site.opened("otto") as archive:
        with pytest.raises((NotAllowed, WrongState)):  # or it has ended just then
            archive.command_job(job.job_id, "start", {})
        job = _ended(archive, job)
        assert (job.state, job.error_class, archive.events()) == ("failed", "NotAllowed", [])
