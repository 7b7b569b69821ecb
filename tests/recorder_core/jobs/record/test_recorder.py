"""A room of sources that a test plays, recorded into an archive and read from it."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from recorder_core.capture.switch import SwitchPress
from recorder_core.catalog import EventState
from recorder_core.composite import PanelContent, StaticZone
from recorder_core.errors import ArchiveError, Cancelled, EncodeError, WrongState
from recorder_core.jobs.archive import EventNames, export_event, finalise_event
from recorder_core.jobs.archive.recording import journal
from recorder_core.jobs.record import (
    RecordRequest,
    RoomSources,
    SpaceLimits,
    assembling,
    record_room,
    recorder_state,
)
from recorder_core.media import FragmentWriter
from recorder_core.model import View
from tests.recorder_core.jobs.record.fakes import (
    RATE,
    ROOM_VIEW,
    FakeAudio,
    FakeFrames,
    FakeSignals,
    FakeSwitch,
    room,
)


def _sources(**more: Any) -> RoomSources:
    frames = {"laparoscope": FakeFrames("laparoscope", 90), "room": FakeFrames("room", 180)}
    return RoomSources(frames, **more)


def _wait_until(recorder: Any, seconds: float) -> None:
    while recorder.seconds < seconds:
        recorder.wait(0.02)


def _finish(recorder: Any) -> Any:
    """Wait for the end of a recording of a given length."""
    while recorder.wait(0.1):
        pass
    return recorder.finish()


def _hole(times: Any) -> float:
    """Return how long the longest frame is shown: more than a tick where the machine was busy."""
    return float(np.diff(times).max())


def _frames(path: Path) -> Any:
    """Return the luma of each frame, and when it is shown, as FFmpeg's own tools say."""
    command = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_packets", "-of", "json"]
    probed = subprocess.run([*command, str(path)], check=True, capture_output=True).stdout
    times = [float(each["pts_time"]) for each in json.loads(probed)["packets"]]
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "yuv420p"]
    command += ["-fps_mode", "passthrough", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    planes = np.frombuffer(raw, np.uint8).reshape(len(times), 270, 640)
    return planes[:, :180], np.array(times)


def test_a_start_that_is_not_wanted_any_more_leaves_nothing(site: Any) -> None:
    files = {each for each in site.path.rglob("*") if each.suffix in (".sealed", ".key")}
    request = RecordRequest(room=room(), procedure_code="lap-chole")
    with site.opened("olga") as archive:
        with (
            pytest.raises(Cancelled, match="Nothing was recorded"),
            record_room(archive, request, _sources(), is_wanted=lambda: False),
        ):
            raise AssertionError
        assert archive.events() == []
    assert {each for each in site.path.rglob("*") if each.suffix in (".sealed", ".key")} == files


def test_a_room_becomes_an_event_with_video_signals_marks_and_screenshots(
    site: Any, tmp_path: Path
) -> None:
    switch = FakeSwitch()
    sources = _sources(signals=[FakeSignals()], switches=[switch])
    request = RecordRequest(
        room=room(), names=EventNames(patient_name="Zephyrina"), duration_seconds=2.0
    )
    with site.opened("olga") as archive, record_room(archive, request, sources) as recorder:
        _wait_until(recorder, 0.5)
        marked = recorder.mark("incision", note="said so")
        switch.press()
        shot = recorder.take_screenshot(by="olga").result(20)
        summary = _finish(recorder)
    assert not any(source.is_open for source in sources)  # type: ignore[attr-defined]
    assert (summary.seconds, summary.frame_count + summary.dropped_frames) == (2.0, 60)
    assert (summary.gaps, summary.faults) == ((), ())
    with site.opened("rita") as archive:
        event = archive.event(summary.event_id)
        export_event(archive, event.event_id, tmp_path, ["original", "signals"])
        assert (event.row.duration_seconds, event.row.procedure_code) == (2.0, "lap-chole")
        assert event.names().patient_name == "Zephyrina"
        assert event.room_view() == ROOM_VIEW
        marks = event.markers()
        shots = archive.catalog.contents.screenshots(event.event_id)
        devices = archive.catalog.contents.devices(event.event_id)
        values = event.signals()
    assert marks["kind"].tolist() == ["incision", "foot-switch"]
    assert marks["start_seconds"][0] == marked.start_seconds >= 0.5
    assert sorted(each.author for each in shots) == ["foot-switch", "olga"]
    assert sorted(each.kind for each in devices) == ["bis", "laparoscope", "room", "switch"]
    assert shot.at_seconds == shot.pts / RATE >= 0.5
    assert values["seconds"].tolist() == values["value"].tolist()
    assert values["seconds"].max() == 1.9
    luma, times = _frames(tmp_path / f"{summary.event_id}.original.mp4")
    assert len(times) == summary.frame_count
    assert set(np.rint(times * RATE).astype(int)) <= set(range(60))
    assert shot.pts == round(times[shot.frame_index] * RATE)
    assert np.allclose(luma[:, 100, 100], 90, atol=3)
    assert np.allclose(luma[:, 100, 500], 180, atol=3)


class _SlowSwitch(FakeSwitch):
    """A switch whose press is read late."""

    def __init__(self) -> None:
        super().__init__()
        self.may_read = threading.Event()

    def take(self) -> Sequence[SwitchPress]:
        return super().take() if self.may_read.is_set() else ()


def test_a_press_that_is_read_while_the_recording_ends_has_its_screenshot(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = _SlowSwitch()
    with (
        site.opened("olga") as archive,
        record_room(archive, RecordRequest(room=room()), _sources(switches=[switch])) as recorder,
    ):
        composer = recorder._parts.composer
        stop = composer.stop

        def stop_then_read(seconds: float) -> int:
            ticks = stop(seconds)
            switch.may_read.set()
            return ticks

        monkeypatch.setattr(composer, "stop", stop_then_read)
        _wait_until(recorder, 1.0)
        switch.press()
        _wait_until(recorder, recorder.seconds + 0.1)
        summary = recorder.finish()
        with pytest.raises(WrongState, match="the recording has ended: take a picture of its"):
            recorder.take_screenshot()
        assert composer.frame_at(time.monotonic() + 10).cancelled()
    assert summary.faults == ()
    with site.opened("rita") as archive:
        (mark,) = archive.event(summary.event_id).marker_rows()
        (shot,) = archive.catalog.contents.screenshots(summary.event_id)
    assert mark.kind == "foot-switch"
    assert abs(shot.at_seconds - mark.start_seconds) < 1 / RATE + 0.17  # of the next that is kept


@pytest.mark.parametrize("shows_wall_clock", [False, True])
def test_the_date_stands_in_the_video_only_where_the_room_wants_it(
    site: Any, monkeypatch: pytest.MonkeyPatch, shows_wall_clock: bool
) -> None:
    shown = []

    def content(**given: Any) -> PanelContent:
        shown.extend(given[name] for name in ("zero_utc",) if name in given)
        return PanelContent(**given)

    monkeypatch.setattr(assembling, "PanelContent", content)
    request = RecordRequest(
        room=replace(room(), shows_wall_clock=shows_wall_clock), duration_seconds=0.2
    )
    with site.opened("olga") as archive, record_room(archive, request, _sources()) as recorder:
        zero = recorder.clock.zero_utc
        # as the clock is set when the event begins
        shown.append(recorder._parts.picture._content.zero_utc)  # type: ignore[union-attr]
        _finish(recorder)
    assert [each is not None for each in shown] == [shows_wall_clock] * 2
    if shows_wall_clock:
        assert shown[1] == zero


def test_a_lost_source_is_a_gap_and_the_recording_goes_on(site: Any, tmp_path: Path) -> None:
    sources = _sources(signals=[bis := FakeSignals()])
    request = RecordRequest(room=room(), duration_seconds=2.5)
    with site.opened("olga") as archive, record_room(archive, request, sources) as recorder:
        zero = recorder.clock.zero_monotonic_seconds
        for source in sources.frames.values():
            source.gaps.append((zero + 1.0, zero + 1.5))  # type: ignore[attr-defined]
        bis.is_present, bis.since = False, zero + 0.8
        summary = _finish(recorder)
    assert summary.frame_count + summary.dropped_frames == 75
    with site.opened("rita") as archive:
        export_event(archive, summary.event_id, tmp_path, ["original"])
        marks = archive.event(summary.event_id).markers()
    luma, times = _frames(tmp_path / f"{summary.event_id}.original.mp4")
    found = {gap.source: (gap.start_seconds, gap.stop_seconds) for gap in summary.gaps}
    assert found["bis"] == pytest.approx((0.8, 2.5), abs=0.01)
    # what a machine that stood still did not compose, it did not miss
    lost = {"laparoscope", "room"} if ((times > 1.0) & (times < 1.5)).any() else set()
    assert set(found) == lost | {"bis"}
    for name in lost:
        assert found[name] == pytest.approx((1.0, 1.5), abs=_hole(times) + 1.1 / RATE)
    assert sorted(marks["kind"]) == [f"signal-lost:{name}" for name in sorted(found)]
    for kind, start, stop in zip(
        marks["kind"], marks["start_seconds"], marks["stop_seconds"], strict=True
    ):
        assert (start, stop) == pytest.approx(found[kind.partition(":")[2]])
    is_lost = (times > 1.0) & (times < 1.5)
    assert np.allclose(luma[~is_lost & ((times < 0.98) | (times > 1.55)), 100, 100], 90, atol=3)
    assert (luma[is_lost, 20, 100] < 60).all()  # what says so lies in the middle of a dark view


def test_a_pause_is_black_and_keeps_the_clock(site: Any, tmp_path: Path) -> None:
    sources = _sources(signals=[FakeSignals()])
    request = RecordRequest(room=room(), duration_seconds=2.0)
    with site.opened("olga") as archive, record_room(archive, request, sources) as recorder:
        zero = recorder.clock.zero_monotonic_seconds
        with pytest.raises(WrongState, match="is not paused"):
            recorder.resume()
        recorder.pause(asked_seconds=zero + 0.7)
        assert recorder.is_paused
        with pytest.raises(WrongState, match="is paused already"):
            recorder.pause()
        with pytest.raises(WrongState, match="resume it first"):
            recorder.take_screenshot(asked_seconds=zero + 0.8)
        recorder.resume(asked_seconds=zero + 1.4)
        summary = _finish(recorder)
    with site.opened("rita") as archive:
        export_event(archive, summary.event_id, tmp_path, ["original"])
        event = archive.event(summary.event_id)
        [mark] = event.markers().to_dict("records")
        seconds = event.signals()["seconds"]
    assert (mark["kind"], mark["start_seconds"]) == ("pause", pytest.approx(0.7, abs=1e-3))
    assert mark["stop_seconds"] == pytest.approx(1.4, abs=1e-3)
    assert not ((seconds >= 0.71) & (seconds < 1.39)).any()
    assert (seconds > 1.41).any()
    luma, times = _frames(tmp_path / f"{summary.event_id}.original.mp4")
    is_dark = luma.max(axis=(1, 2)) < 24
    assert is_dark[(times > 0.71) & (times < 1.39)].all()
    assert not is_dark[(times < 0.69) | (times > 1.41)].any()
    assert summary.gaps == ()


def test_nothing_is_recorded_after_a_stop_while_something_is_still_to_be_done(site: Any) -> None:
    request = RecordRequest(room=room())
    with site.opened("olga") as archive, record_room(archive, request, _sources()) as recorder:
        _wait_until(recorder, 0.5)
        recorder.stop()
        stopped = recorder.seconds
        time.sleep(1.0)
        summary = recorder.finish()
    assert summary.seconds == pytest.approx(stopped, abs=0.3)


def test_a_pause_that_comes_late_is_marked_where_it_is_black(site: Any, tmp_path: Path) -> None:
    request = RecordRequest(room=room(), duration_seconds=2.0)
    with site.opened("olga") as archive, record_room(archive, request, _sources()) as recorder:
        _wait_until(recorder, 1.0)
        recorder.pause(asked_seconds=recorder.clock.zero_monotonic_seconds + 0.2)
        summary = _finish(recorder)
    with site.opened("rita") as archive:
        export_event(archive, summary.event_id, tmp_path, ["original"])
        [mark] = archive.event(summary.event_id).markers().to_dict("records")
    luma, times = _frames(tmp_path / f"{summary.event_id}.original.mp4")
    is_dark = luma.max(axis=(1, 2)) < 24
    assert 0.5 < mark["start_seconds"] <= 2.0
    assert is_dark[times >= mark["start_seconds"] - 1e-3].all()
    assert not is_dark[times < mark["start_seconds"] - 1e-3].any()


def test_a_catalog_that_does_not_answer_keeps_nobody_who_records_waiting(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, real = threading.Event(), journal.updating_catalog

    def late(session: Any, event_id: str) -> Any:
        assert answers.wait(60)
        return real(session, event_id)

    monkeypatch.setattr(journal, "updating_catalog", late)
    monkeypatch.setattr(journal, "_UPDATE_SECONDS", 0.05)
    request = RecordRequest(room=room())
    with site.opened("olga") as archive, record_room(archive, request, _sources()) as recorder:
        recorder.pause()
        recorder.resume(by="rita")
        recorder.mark("incision", by="rita")
        recorder.wait(0.05)
        recorder.stop()
        answers.set()
        summary = recorder.finish()
    assert summary.faults == ()
    with site.opened("rita") as archive:
        marks = archive.event(summary.event_id).marker_rows()
    assert {(each.kind, each.author) for each in marks} == {("pause", "rita"), ("incision", "rita")}


def test_names_that_become_known_later_are_added_to_those_before(site: Any) -> None:
    request = RecordRequest(
        room=room(), names=EventNames(patient_name="Zephyrina", place="Xanthos")
    )
    with site.opened("olga") as archive, record_room(archive, request, _sources()) as recorder:
        recorder.describe(EventNames(physician_names=("Dr Quellmarker",), place="Timbuktoo"))
        _wait_until(recorder, 0.3)
        recorder.stop()
        assert not recorder.wait(0.1)
        summary = recorder.finish()
    assert summary.seconds >= 0.3
    with site.opened("rita") as archive:
        names = archive.event(summary.event_id).names()
    assert names.patient_name == "Zephyrina"
    assert (names.physician_names, names.place) == (("Dr Quellmarker",), "Timbuktoo")


def test_it_does_not_begin_without_room_and_ends_before_the_disk_is_full(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = SpaceLimits(keep_free_bytes=1 << 60)
    request = RecordRequest(room=room(space=limits))
    with (
        site.opened("olga") as archive,
        pytest.raises(ArchiveError, match="there is no space for a recording: "),
        record_room(archive, request, _sources()),
    ):
        pass
    with site.opened("olga") as archive:
        assert archive.events() == []
        request = RecordRequest(room=room())
        with record_room(archive, request, _sources()) as recorder:
            _wait_until(recorder, 0.5)
            free = recorder._parts.guard
            monkeypatch.setattr(free, "_free_bytes", lambda _: 0)
            while recorder.wait(0.1):
                pass
            summary = recorder.finish()
        assert summary.stop_reason.startswith("the recording was ended before the disk is full")
        assert archive.event(summary.event_id).row.is_complete


def test_an_event_whose_encoder_failed_says_so_also_once_it_is_finalised(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise EncodeError("this frame cannot be encoded")

    monkeypatch.setattr(FragmentWriter, "write_frame", refuse)
    request = RecordRequest(room=room())
    with site.opened("olga") as archive:
        with record_room(archive, request, _sources()) as recorder:
            for _ in range(2):  # marked once, however often it is asked
                with pytest.raises(EncodeError, match="cannot be encoded"):
                    _wait_until(recorder, 60)
        [event] = archive.events()
        assert (event.row.state, event.row.is_complete) == (EventState.RECORDING, False)
    with site.opened("rita") as archive:
        assert finalise_event(archive, event.event_id).frame_count == 0
        found = archive.event(event.event_id)
        [mark] = found.marker_rows()
    assert (found.row.state, found.row.is_complete) == (EventState.RECORDED, False)
    assert (mark.kind, mark.author, mark.stop_seconds) == ("broken-off", "olga", None)


def test_what_ends_without_finish_is_saved_by_finalise(site: Any) -> None:
    request = RecordRequest(room=room())
    sources = _sources(signals=[FakeSignals()])
    with site.opened("olga") as archive, record_room(archive, request, sources) as recorder:
        _wait_until(recorder, 1.0)
        recorder.mark("incision")
    with site.opened("rita") as archive:
        result = finalise_event(archive, recorder.event_id)
        assert result.seconds >= 1.0
        assert result.event.markers()["kind"].tolist() == ["incision"]
    assert not any(each.name in ("composer", "recording writer") for each in threading.enumerate())


def test_audio_is_heard_when_it_was_and_is_silent_in_a_pause(site: Any, tmp_path: Path) -> None:
    audio = FakeAudio()
    request = RecordRequest(room=room(), duration_seconds=3.0)
    with (
        site.opened("olga") as archive,
        record_room(archive, request, _sources(audio=audio)) as recorder,
    ):
        zero = recorder.clock.zero_monotonic_seconds
        audio.onset_seconds = zero + 1.0
        recorder.pause(asked_seconds=zero + 2.0)
        recorder.resume(asked_seconds=zero + 2.5)
        levels = [recorder_state(recorder)["audio_level_dbfs"]]
        while recorder.wait(0.05):
            levels.append(recorder_state(recorder)["audio_level_dbfs"])
        summary = recorder.finish()
        assert set(summary.sources) == {"laparoscope", "room", "sound"}
    with site.opened("rita") as archive:
        export_event(archive, summary.event_id, tmp_path, ["original"])
    path = tmp_path / f"{summary.event_id}.original.mp4"
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "f32le", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    heard = np.frombuffer(raw, "<f4").reshape(-1, 2)[:, 0]
    loud = np.abs(heard).reshape(-1, 1)[: len(heard) // 480 * 480].reshape(-1, 480).max(axis=1)
    is_loud = loud > 0.25
    seconds = np.arange(len(loud)) / 100
    assert np.argmax(is_loud) / 100 == pytest.approx(1.0, abs=0.04)
    assert is_loud[(seconds > 1.1) & (seconds < 1.95)].all()
    assert not is_loud[(seconds > 2.05) & (seconds < 2.45)].any()
    assert is_loud[(seconds > 2.55) & (seconds < 2.95)].all()
    # half of full scale, but for what resampling adds at an onset; nothing before
    assert levels[0] == -96.0
    assert max(levels) == pytest.approx(-6.0, abs=1.0)


def test_a_screenshot_of_a_source_is_of_its_own_size_and_hides_what_the_layout_hides(
    site: Any,
) -> None:
    usual = room()
    zone = StaticZone(
        source="laparoscope", rectangle=View(0, 0, 160, 180), picture_size_px=(320, 180)
    )
    layout = replace(usual.layout, zones=(zone,))
    request = RecordRequest(room=replace(usual, layout=layout, screenshot_of="laparoscope"))
    with site.opened("olga") as archive, record_room(archive, request, _sources()) as recorder:
        _wait_until(recorder, 0.3)
        shot = recorder.take_screenshot().result(60)
        recorder.stop()
        summary = recorder.finish()
    with site.opened("rita") as archive:
        event = archive.event(summary.event_id)
        with event.open_file("screenshot") as file, Image.open(io.BytesIO(file.read())) as picture:
            shown = np.asarray(picture.convert("L"))
    assert shown.shape == (180, 320)  # the composite has 640x180
    assert shown[:, :158].max() < 4
    assert np.allclose(shown[:, 180:], (90 - 16) * 255 / 219, atol=4)
    assert shot.frame_index < summary.frame_count


def test_a_mirror_that_is_unplugged_is_said_and_the_recording_goes_on(site: Any) -> None:
    request = RecordRequest(room=room())
    away = site.mirror.with_name("unplugged")
    with site.opened("olga") as archive, record_room(archive, request, _sources()) as recorder:
        _wait_until(recorder, 0.5)
        shutil.move(site.mirror, away)
        recorder.take_screenshot().result(60)  # a new file of the event, on one folder
        while not recorder.faults:
            recorder.wait(0.1)
        recorder.stop()
        summary = recorder.finish()
    assert str(site.mirror) in summary.faults[0]
    with site.opened("rita") as archive:
        assert archive.event(summary.event_id).row.is_complete


def test_a_journal_and_signals_that_cannot_be_written_end_nothing_else(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ArchiveError("no root can be written any more")

    switch = FakeSwitch()
    sources = _sources(signals=[FakeSignals()], switches=[switch])
    with site.opened("olga") as archive:
        request = RecordRequest(room=room())
        with record_room(archive, request, sources) as recorder:
            monkeypatch.setattr(recorder._recording.journal, "mark", refuse)
            monkeypatch.setattr(recorder._parts.collector._held, "append", refuse)
            switch.press()
            recorder.pause()
            recorder.resume()
            while len(recorder.faults) < 3:
                recorder.wait(0.05)
            recorder.stop()
            summary = recorder.finish()
        assert archive.event(summary.event_id).row.is_complete
    said = " ".join(summary.faults)
    for words in ("press of the foot switch was lost", "marker pause at", "signals are no longer"):
        assert words in said


def test_nothing_that_comes_after_the_end_is_recorded(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A composer that is a second behind still composes while signals come."""
    sources = _sources(signals=[FakeSignals()], switches=[switch := FakeSwitch()])
    request = RecordRequest(room=room(delay_seconds=1.0))
    with site.opened("olga") as archive, record_room(archive, request, sources) as recorder:
        composer = recorder._parts.composer
        stop = composer.stop

        def press_then_stop(seconds: float) -> int:
            time.sleep(0.2)
            switch.press()
            return stop(seconds)

        monkeypatch.setattr(composer, "stop", press_then_stop)
        _wait_until(recorder, 1.0)
        summary = recorder.finish()
    assert summary.faults == ()
    with site.opened("rita") as archive:
        event = archive.event(summary.event_id)
        values = event.signals()["seconds"]
        marks = event.markers()
    assert summary.seconds - 0.3 < values.max() < summary.seconds
    assert "foot-switch" not in set(marks["kind"])


def test_a_gap_of_a_source_with_too_long_a_name_ends_nothing(site: Any) -> None:
    name = "c" * 53
    usual = room()
    views = (replace(usual.layout.views[0], source=name), usual.layout.views[1])
    config = replace(
        usual,
        layout=replace(usual.layout, views=views),
        sources={name: usual.sources["room"], "room": usual.sources["room"]},
    )
    camera = FakeFrames(name)
    sources = RoomSources({name: camera, "room": FakeFrames("room")})
    request = RecordRequest(room=config, duration_seconds=1.5)
    with site.opened("olga") as archive, record_room(archive, request, sources) as recorder:
        zero = recorder.clock.zero_monotonic_seconds
        camera.gaps.append((zero + 0.5, zero + 0.8))
        summary = _finish(recorder)
        assert archive.event(summary.event_id).row.is_complete
    assert summary.seconds == 1.5
    assert f"the marker signal-lost:{name} at" in " ".join(summary.faults)
