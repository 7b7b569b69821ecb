"""What is sealed again after a recording is in nobody's way, and is done at the end."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from recorder_core.jobs.archive import check_copies, finalise_event
from recorder_core.jobs.archive.recording import seekable
from recorder_core.jobs.record import LateSealing, RecordRequest, RoomSources, record_room
from tests.recorder_core.jobs.record.fakes import FakeFrames, room


def _sources() -> RoomSources:
    return RoomSources({name: FakeFrames(name) for name in ("laparoscope", "room")})


def test_the_next_recording_runs_while_the_one_before_is_sealed_again(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_seal, asked = threading.Event(), threading.Event()
    seal = seekable._seal

    def wait(*given: Any) -> Any:
        asked.set()
        assert may_seal.wait(120)
        return seal(*given)

    monkeypatch.setattr(seekable, "_seal", wait)
    request = RecordRequest(room=room(), duration_seconds=0.5, seals_later=True)
    events, said = [], list[str]()
    with site.opened("olga") as archive, LateSealing(said.append) as sealing:
        for number in range(2):
            with record_room(archive, request, _sources()) as recorder:
                while recorder.wait(0.05):
                    pass
                events.append(recorder.finish().event_id)
            sealing.add(recorder)
            assert asked.wait(120)
            assert not sealing.wait(0.0)
            if number:
                may_seal.set()
                assert sealing.wait(120)
    assert said == []
    with site.opened("rita") as archive:
        for event in events:
            assert archive.event(event).row.is_complete
            assert archive.event(event).file("original").file_id.endswith("original.2")


def test_it_rests_while_something_is_recorded_and_not_at_the_end() -> None:
    rests = list[float]()

    class Recorder:
        fragmented = ("it stays as it was",)

        def make_seekable(self, pace: Any) -> None:
            for _ in range(2):
                began = time.monotonic()
                pace()
                rests.append(time.monotonic() - began)
                over.wait(60)

    over, said = threading.Event(), list[str]()
    sealing = LateSealing(said.append)
    with sealing:
        sealing.add(Recorder())  # type: ignore[arg-type]
        while not rests:
            time.sleep(0.01)
        sealing.hurry()
        over.set()
    assert rests[0] >= 0.1
    assert said == ["it stays as it was"]


def test_what_is_left_for_later_is_as_it_was_recorded_and_made_seekable_then(site: Any) -> None:
    request, said = RecordRequest(room=room(), duration_seconds=0.5, seals_later=True), list[str]()
    with site.opened("olga") as archive, LateSealing(said.append) as sealing:
        with record_room(archive, request, _sources()) as recorder:
            while recorder.wait(0.05):
                pass
            event = recorder.finish().event_id
        sealing.leave()
        sealing.add(recorder)
    [sentence] = said
    assert "stays fragmented MP4, as it was recorded: somebody left it for later" in sentence
    assert f"'workbench event finalise {event}' makes it seekable" in sentence
    with site.opened("rita") as archive:
        assert archive.event(event).file("original").file_id.endswith("original.1")
        result = finalise_event(archive, event)
        assert result.is_playable
        assert archive.event(event).file("original").file_id.endswith("original.2")
    with site.opened("adam") as archive:
        assert check_copies(archive).findings == ()


def test_what_ends_the_sealing_is_raised_at_the_end() -> None:
    class Recorder:
        def make_seekable(self, pace: Any) -> None:
            raise MemoryError

    with pytest.raises(MemoryError), LateSealing(print) as sealing:
        sealing.add(Recorder())  # type: ignore[arg-type]
