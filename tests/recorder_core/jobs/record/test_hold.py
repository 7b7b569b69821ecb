"""What is held of a room before its start comes first in the recording, and is nowhere before."""

from __future__ import annotations

import io
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from recorder_core.capture.source import LiveFrame
from recorder_core.composite import LayoutPanel, PanelContent
from recorder_core.composite.panels.clock import ClockPanel
from recorder_core.errors import ArchiveError, NotAllowed, SettingsError, WrongState
from recorder_core.jobs.archive import export_event
from recorder_core.jobs.archive.recording import streams
from recorder_core.jobs.record import (
    ReadyRoom,
    RecordRequest,
    RoomSources,
    held_state,
    hold_room,
    record_room,
    show_room,
)
from recorder_core.jobs.record.live.hidden import HiddenSpans
from recorder_core.model import EventClock, View
from recorder_core.tables import RawRow, SignalRow
from tests.recorder_core.jobs.record.fakes import RATE, FakeAudio, FakeSignals, FakeSwitch, room
from tests.recorder_core.jobs.record.test_untouched_room import (
    HEIGHT,
    LAYOUT,
    NUMBERS,
    WIDTH,
    _AllOver,
    _luma,
    _Numbered,
    _numbers,
)

HOLD_SECONDS = 2.0


class _Clocked(FakeSignals):
    """A value ten times a second: what `time.monotonic` said then."""

    def __init__(self) -> None:
        super().__init__()
        self._tenths = int(time.monotonic() * 10)

    def _next(self) -> Sequence[float]:
        first, self._tenths = self._tenths + 1, int(time.monotonic() * 10)
        return [each / 10 for each in range(first, self._tenths + 1)]

    def take_rows(self, clock: EventClock) -> Sequence[SignalRow]:
        return [SignalRow("bis", "", clock.seconds(each), each) for each in self._next()]

    def take_raw(self, clock: EventClock) -> Sequence[RawRow]:
        now = time.monotonic()
        return [RawRow("bis", clock.seconds(now), repr(now).encode())]


class _Interrupted(_Numbered):
    """Frames with the number of their tick, but for its gaps."""

    def take(self, seconds: float) -> LiveFrame | None:
        is_lost = any(lost <= seconds < back for lost, back in self.gaps)
        return None if is_lost else super().take(seconds)


def _sources(**more: Any) -> RoomSources:
    numbered = {
        name: _Interrupted(name, has_faces=name == "room") for name in ("laparoscope", "room")
    }
    return RoomSources(numbered, **more)


def _wait_until_some_is_forgotten(ready: ReadyRoom, tick: int = 0) -> None:
    """Wait until the GOP of a tick is forgotten."""
    gops = ready._parts.writer
    while not gops.held_gops or gops.held_gops[0][1] <= tick:
        ready.wait(0.05)


def _files(*folders: Path) -> dict[Path, int]:
    """Return the sizes of all files but those of the catalog, which follows who signed in."""
    found = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    catalog = ("catalog", "audit")
    return {path: path.stat().st_size for path in found if not path.name.startswith(catalog)}


def _shows_the_room(preview: bytes) -> bool:
    """Return whether the number in the view of the room is that of the view beside it."""
    with Image.open(io.BytesIO(preview)) as picture:
        luma = np.asarray(picture.convert("L").resize((2 * WIDTH, HEIGHT)))[None]
    [beside], [seen] = _numbers(luma[:, :, :WIDTH]), _numbers(luma[:, :, WIDTH:])
    assert beside >= 0
    return bool(seen == beside)


def _onset(path: Path) -> float:
    """Return the second of a video with which its tone begins."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "f32le", "-ac", "1", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    return int((np.abs(np.frombuffer(raw, "<f4")) > 0.25).argmax()) / 48_000


def _expected(zero: float, pts: Sequence[int]) -> list[int]:
    """Return the number of each frame, as the time of the room alone says it."""
    return [round((zero + each / RATE) * RATE) % NUMBERS for each in pts]


def test_the_last_seconds_before_the_start_come_first_and_everything_is_in_step(
    site: Any, tmp_path: Path
) -> None:
    switch, audio = FakeSwitch(), FakeAudio()
    sources = _sources(audio=audio, signals=[_Clocked()], switches=[switch])
    request = RecordRequest(room=room(layout=LAYOUT, pre_record_seconds=HOLD_SECONDS))
    with site.opened("olga") as archive, hold_room(archive, request, sources) as ready:
        opened, files = ready._parts.ticks.clock, _files(site.path, site.mirror)
        _wait_until_some_is_forgotten(ready)
        switch.press()  # of nothing that is recorded
        moment = time.monotonic()
        audio.onset_seconds = moment + 0.4
        lost = moment + 0.2, moment + 0.6
        sources.frames["laparoscope"].gaps.append(lost)  # type: ignore[attr-defined]
        ready.wait(HOLD_SECONDS - 0.5)
        assert ready.held_seconds >= HOLD_SECONDS
        assert _files(site.path, site.mirror) == files
        began = time.monotonic()
        with ready.begin() as recorder:
            zero = recorder.clock.zero_monotonic_seconds
            recorder.wait(0.5)
            marked = recorder.mark("incision", asked_seconds=began)
            shot = recorder.take_screenshot(asked_seconds=time.monotonic()).result(30)
            paused = time.monotonic()
            recorder.pause(asked_seconds=paused)
            recorder.resume(asked_seconds=paused + 0.2)
            recorder.wait(0.5)
            summary = recorder.finish()
    assert zero > opened.zero_monotonic_seconds
    assert began - zero >= HOLD_SECONDS
    assert summary.faults == ()
    assert summary.frame_count + summary.dropped_frames == round(summary.seconds * RATE)
    assert marked.start_seconds == pytest.approx(began - zero)
    [gap] = summary.gaps
    late = np.array((gap.start_seconds, gap.stop_seconds)) + zero - lost
    # a machine that is busy sees both late, and early by what it left out alone
    assert (late >= -(2 + summary.dropped_frames) / RATE - 1e-6).all()
    assert (late <= 1).all()
    with site.opened("rita") as archive:
        event = archive.event(summary.event_id)
        export_event(archive, event.event_id, tmp_path, ["original"])
        pts, marks, signals = event.frames()["pts"].tolist(), event.markers(), event.signals()
        utc = event.row.started_utc
    assert utc.timestamp() == pytest.approx(time.time() - time.monotonic() + zero, abs=0.5)
    assert pts[0] == 0
    assert len(pts) == summary.frame_count
    assert sorted(marks["kind"]) == ["incision", "pause", "signal-lost:laparoscope"]
    [start] = marks[marks["kind"] == "pause"]["start_seconds"]
    assert start + zero == pytest.approx(paused)
    assert (shot.frame_index, shot.at_seconds) == (pts.index(shot.pts), shot.pts / RATE)
    assert np.allclose(signals["seconds"] + zero, signals["value"], atol=1e-3)
    assert 0 <= signals["seconds"].min() < 0.11
    path = tmp_path / f"{summary.event_id}.original.mp4"
    luma, numbers = _luma(path, 2 * WIDTH), np.array(_expected(zero, pts))
    shown, beside = _numbers(luma[:, :, WIDTH:]), _numbers(luma[:, :, :WIDTH])
    seconds = np.array(pts) / RATE + zero
    is_dark = (seconds >= paused - 1e-6) & (seconds < paused + 0.2 - 1e-6)
    assert np.array_equal(shown[~is_dark], numbers[~is_dark])
    assert (shown[is_dark] == 0).all()
    is_lost = (seconds >= lost[0]) & (seconds < lost[1])
    assert np.array_equal(beside[~is_dark & ~is_lost], numbers[~is_dark & ~is_lost])
    assert _onset(path) + zero == pytest.approx(audio.onset_seconds, abs=0.04)


def _refuse(ready: ReadyRoom, tick: int) -> None:
    """Let the queue of the room as it is be full for the frame of a tick."""
    live = ready._parts.live
    assert live is not None
    offer = live._queue.offer
    live._queue.offer = lambda frame: frame.pts != tick and offer(frame)  # type: ignore[method-assign]


def _are_keyframes(path: Path) -> list[bool]:
    command = ["ffprobe", "-v", "error", "-select_streams", "v", "-of", "csv=p=0"]
    command += ["-show_entries", "packet=flags", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return ["K" in line for line in done.stdout.splitlines()]


def test_what_is_held_is_deidentified_and_the_room_as_it_is_begins_with_the_same_frame(
    site: Any, tmp_path: Path
) -> None:
    request = RecordRequest(
        room=room(layout=LAYOUT, deidentify="both", pre_record_seconds=HOLD_SECONDS)
    )
    with (
        site.opened("olga") as archive,
        hold_room(archive, request, _sources(), _AllOver()) as ready,
    ):
        _refuse(ready, RATE)
        _wait_until_some_is_forgotten(ready, RATE)
        with ready.begin() as recorder:
            zero = recorder.clock.zero_monotonic_seconds
            recorder.wait(0.5)
            summary = recorder.finish()
    assert summary.faults == ()
    assert not recorder.fragmented
    with site.opened("rita") as archive:
        event = archive.event(summary.event_id)
        export_event(archive, event.event_id, tmp_path, ["original", "room"])
        with archive.event(event.event_id).open_video("room") as video:
            untouched_pts = video.index.pts.tolist()
        pts, detections = event.frames()["pts"].tolist(), event.detections()
    beside = str(tmp_path / summary.event_id)
    luma = _luma(Path(f"{beside}.original.mp4"), 2 * WIDTH)
    untouched = _numbers(_luma(Path(f"{beside}.room.mp4"), WIDTH)).tolist()
    are_keyframes = _are_keyframes(Path(f"{beside}.room.mp4"))
    expected = _expected(zero, pts)
    assert are_keyframes[0]
    assert len(are_keyframes) == len(untouched)
    assert untouched == _expected(zero, untouched_pts)
    assert _numbers(luma[:, :, :WIDTH]).tolist() == expected
    assert np.mean(_numbers(luma[:, :, WIDTH:]) == expected) < 0.1
    assert len(untouched) + summary.live.dropped_frames == len(pts)
    assert set(untouched) <= set(expected)
    if not summary.live.dropped_frames:
        assert untouched == expected
    assert summary.live.hidden_frames <= len(pts)
    for start, stop in summary.live.hidden_spans:
        assert 0 <= start < stop <= summary.seconds
    assert set(detections["frame"]) <= set(range(len(pts)))
    shown_at = {index: each / RATE for index, each in enumerate(pts)}
    assert np.allclose(detections["seconds"], detections["frame"].map(shown_at))


def test_what_nobody_begins_is_forgotten_and_only_who_may_record_holds(site: Any) -> None:
    request = RecordRequest(room=room(layout=LAYOUT, pre_record_seconds=HOLD_SECONDS))
    with site.opened("olga") as archive:
        files = _files(site.path, site.mirror)
        with hold_room(archive, request, sources := _sources()) as ready:
            _wait_until_some_is_forgotten(ready)
            assert ready.preview() is None  # it does not wait
            assert [each.name for each in ready.source_states()] == ["laparoscope", "room"]
        assert not any(each.is_open for each in sources)  # type: ignore[attr-defined]
        assert archive.events() == []
        assert _files(site.path, site.mirror) == files
        nothing = RecordRequest(room=room())
        with (
            pytest.raises(SettingsError, match="nothing of this room is held"),
            hold_room(archive, nothing, _sources()),
        ):
            pass
    with (
        site.opened("rosa") as archive,
        pytest.raises(NotAllowed),
        hold_room(archive, request, _sources()),
    ):
        pass


def _fail(*_given: Any, **_named: Any) -> Any:
    raise ArchiveError("the archive is gone")


def _start_is_refused(ready: ReadyRoom, because: str) -> None:
    with pytest.raises(ArchiveError, match=because), ready.begin():
        pass


def test_a_start_that_fails_wherever_it_does_leaves_what_is_held_for_the_next(
    site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = RecordRequest(room=room(layout=LAYOUT, pre_record_seconds=HOLD_SECONDS))
    sources = _sources(signals=[_Clocked()], switches=[switch := FakeSwitch()])
    with site.opened("olga") as archive, hold_room(archive, request, sources) as ready:
        _wait_until_some_is_forgotten(ready)
        with monkeypatch.context() as patch:
            patch.setattr(ready._parts.guard, "_free_bytes", lambda _root: -1)
            _start_is_refused(ready, "there is no space for a recording")
        with monkeypatch.context() as patch:
            patch.setattr(streams, "_begin_file", _fail)  # before there is an event
            _start_is_refused(ready, "is gone")
        begin = streams._begin_file
        with monkeypatch.context() as patch:  # the last file of all
            patch.setattr(
                streams,
                "_begin_file",
                lambda *given: _fail() if given[2] == "raw" else begin(*given),
            )
            _start_is_refused(ready, "is gone")
        assert archive.events(include_deleted=True) == []
        assert not any((site.path / "events").iterdir())
        switch.press()  # of nothing that is recorded
        ready.wait(2.0)  # what is older is forgotten again
        assert HOLD_SECONDS <= ready.held_seconds < HOLD_SECONDS + 1.5
        began = time.monotonic()
        with ready.begin() as recorder:
            zero = recorder.clock.zero_monotonic_seconds
            recorder.wait(0.5)
            summary = recorder.finish()
    assert began - zero >= HOLD_SECONDS
    assert summary.faults == ()
    with site.opened("rita") as archive:
        event = archive.event(summary.event_id)
        export_event(archive, event.event_id, tmp_path, ["original"])
        pts, signals = event.frames()["pts"].tolist(), event.signals()
        assert set(event.markers()["kind"]) == set()
        assert [each.event_id for each in archive.events()] == [summary.event_id]
    luma = _luma(tmp_path / f"{summary.event_id}.original.mp4", 2 * WIDTH)
    assert _numbers(luma[:, :, WIDTH:]).tolist() == _expected(zero, pts)
    assert 0 <= signals["seconds"].min() < 0.11
    assert np.allclose(signals["seconds"] + zero, signals["value"], atol=1e-3)


@pytest.mark.parametrize("deidentify", ["none", "both"])
def test_a_room_that_is_shown_is_held_nowhere_and_its_recording_begins_with_the_start(
    site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deidentify: str
) -> None:
    audio = FakeAudio()
    sources = _sources(audio=audio)
    request = RecordRequest(
        room=room(layout=LAYOUT, deidentify=deidentify, pre_record_seconds=HOLD_SECONDS)
    )
    with (
        site.opened("olga") as archive,
        show_room(archive, request, sources, _AllOver()) as shown,
    ):
        files = _files(site.path, site.mirror)
        pictures = list[bytes]()
        while len(pictures) < 3:
            shown.wait(0.05)
            pictures += filter(None, [shown.preview()])
        # what a site hides of the room while it is recorded is hidden here, too
        assert all(map(_shows_the_room, pictures)) == (deidentify == "none")
        state = held_state(shown)
        assert (state["state"], state["event"], shown.held_seconds) == ("previewing", None, 0.0)
        assert state["seconds"] > 0
        assert {writer._writer.frame_count for writer in shown._parts._writers} == {0}
        assert _files(site.path, site.mirror) == files
        if deidentify == "none":
            with monkeypatch.context() as patch:
                patch.setattr(streams, "_begin_file", _fail)
                _start_is_refused(shown, "is gone")
            assert (archive.events(), shown.held_seconds) == ([], 0.0)
        began = time.monotonic()
        with shown.begin() as recorder:
            zero = recorder.clock.zero_monotonic_seconds
            audio.onset_seconds = time.monotonic() + 0.3
            recorder.wait(1.0)
            summary = recorder.finish()
    assert zero >= began - 1e-4
    assert summary.faults == ()
    with site.opened("rita") as archive:
        export_event(archive, summary.event_id, tmp_path, ["original"])
        pts = archive.event(summary.event_id).frames()["pts"].tolist()
    path = tmp_path / f"{summary.event_id}.original.mp4"
    assert pts[0] == 0
    assert _numbers(_luma(path, 2 * WIDTH)[:, :, :WIDTH]).tolist() == _expected(zero, pts)
    assert _onset(path) + zero == pytest.approx(audio.onset_seconds, abs=0.04)


def test_what_comes_while_an_event_is_begun_is_recorded_however_long_that_takes(
    site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill, switch, begun = streams.fill_reserves, FakeSwitch(), list[float]()

    def fill_slowly(roots: Any) -> None:
        time.sleep(2.5)
        switch.press()
        begun.append(time.monotonic())
        fill(roots)

    monkeypatch.setattr(streams, "fill_reserves", fill_slowly)
    request = RecordRequest(room=room(layout=LAYOUT), duration_seconds=3.5)
    with (
        site.opened("olga") as archive,
        record_room(archive, request, _sources(switches=[switch])) as recorder,
    ):
        zero = recorder.clock.zero_monotonic_seconds
        while recorder.wait(0.05):
            pass
        summary = recorder.finish()
    assert (summary.faults, summary.gaps, summary.seconds) == ((), (), 3.5)
    with site.opened("rita") as archive:
        export_event(archive, summary.event_id, tmp_path, ["original"])
        event = archive.event(summary.event_id)
        pts, marks = event.frames()["pts"].tolist(), event.markers()
    assert any(0 < each / RATE + zero < begun[0] - 0.5 for each in pts)
    luma = _luma(tmp_path / f"{summary.event_id}.original.mp4", 2 * WIDTH)
    assert _numbers(luma[:, :, WIDTH:]).tolist() == _expected(zero, pts)
    [pressed] = marks["start_seconds"]
    assert pressed + zero == pytest.approx(begun[0], abs=0.5)


def test_a_room_of_which_a_part_fails_is_not_held(site: Any) -> None:
    request = RecordRequest(room=room(layout=LAYOUT, pre_record_seconds=HOLD_SECONDS))
    with site.opened("olga") as archive, hold_room(archive, request, _sources()) as ready:
        ready._parts.composer.error = ValueError()
        with pytest.raises(WrongState, match="cannot be open any more"):
            ready.wait(0.1)


def test_frames_that_were_hidden_before_the_event_are_not_counted() -> None:
    hidden = HiddenSpans()
    for tick in range(10):
        hidden.note(tick / 10, is_hidden=tick in {1, 2, 5, 6, 7, 9})
    hidden.begin(0.6)
    assert (hidden.count, hidden.spans, hidden.is_on) == (3, ((0.6, 0.8),), True)
    hidden.note(1.0, is_hidden=True)
    hidden.finish(1.1)
    assert (hidden.count, hidden.spans) == (4, ((0.6, 0.8), (0.9, 1.1)))
    assert hidden.pop_new() == [(0.6, 0.8), (0.9, 1.1)]


def test_the_clock_in_the_picture_stands_until_the_event_has_begun() -> None:
    clock = ClockPanel(LayoutPanel(name="clock", kind="clock", rectangle=View(0, 0, 330, 120)))
    assert clock.state(PanelContent(start_seconds=None), 75.0)[0] == "--:--:--"
    assert clock.state(PanelContent(start_seconds=10.0), 75.0)[0] == "00:01:05"
