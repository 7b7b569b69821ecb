"""The parts of a recorder, each by itself: gaps, pauses, space on the disks, ticks, frames."""

from __future__ import annotations

import io
import math
import subprocess
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from recorder_core.archive import SealedWriter
from recorder_core.capture.source import LiveFrame, SourceState
from recorder_core.composite import PanelContent
from recorder_core.errors import ArchiveError
from recorder_core.jobs.record import writing
from recorder_core.jobs.record.composer import Composer
from recorder_core.jobs.record.event_time import EventTime
from recorder_core.jobs.record.frame_queue import FrameQueue
from recorder_core.jobs.record.gaps import Gap, GapWatch
from recorder_core.jobs.record.pauses import Pauses
from recorder_core.jobs.record.room_picture import RoomPicture
from recorder_core.jobs.record.space import SpaceGuard, SpaceLimits
from recorder_core.jobs.record.ticks import Ticks
from recorder_core.jobs.record.writing import RecordingWriter
from recorder_core.media import EncoderSettings, FragmentWriter, Frame
from recorder_core.model import EventClock, FrameFormat
from recorder_core.tables import SignalRow
from tests.recorder_core.jobs.record.fakes import FORMAT, FakeFrames

GIB = 1 << 30


def _frame(tick: int) -> Frame:
    return Frame.black(FORMAT, frame_index=0, pts=tick, duration=1)


def _ticks(rate: int = 200) -> Ticks:
    return Ticks(EventClock(time.monotonic(), datetime.now(UTC)), Fraction(rate))


def test_a_gap_lasts_from_the_last_frame_to_the_next_one() -> None:
    watch = GapWatch("room")
    assert [watch.note(each) for each in (0.1, 0.2, 0.2, None, None)] == [None] * 5
    assert watch.is_absent
    assert watch.note(1.5) == Gap("room", 0.2, 1.5)
    assert watch.note(1.6) is None
    assert watch.finish(9.0) is None
    watch.note(None)
    assert watch.finish(2.0) == Gap("room", 1.6, 2.0)
    watch.note(2.5)
    watch.note(None)
    watch.note(None, is_starved=True)  # what is said last is known best
    assert watch.note(3.0) == Gap("room", 2.5, 3.0, is_starved=True)
    assert [gap.seconds for gap in watch.gaps] == pytest.approx([1.3, 0.4, 0.5])


def test_gaps_before_an_event_are_forgotten_and_others_count_from_its_start() -> None:
    watch = GapWatch("room")
    for seconds in (1.0, None, 2.0, None, 4.0):
        watch.note(seconds)
    watch.forget_before(3.0)
    assert watch.gaps == [Gap("room", 2.0, 4.0)]
    opened = EventClock(1000.0, datetime(1999, 1, 1, tzinfo=UTC))
    event_time = EventTime(Ticks(opened, Fraction(30)), 90, 88)
    assert event_time.gaps([Gap("room", 1.0, 2.0), *watch.gaps]) == [Gap("room", 0.0, 1.0)]
    for clock, zero in (
        (event_time.clock(), 1003.0),
        (EventTime(event_time.ticks).clock(), 1000.0),
    ):
        assert clock.zero_monotonic_seconds == zero
        # by the wall clock as it is set now, not as it was when the room was opened
        assert clock.zero_utc.timestamp() - zero == pytest.approx(
            time.time() - time.monotonic(), abs=1.0
        )


def test_a_source_that_never_came_is_absent_from_the_start() -> None:
    watch = GapWatch("room")
    watch.note(None)
    assert watch.finish(5.0) == Gap("room", 0.0, 5.0)
    said = GapWatch("bis")
    assert said.note_state(is_present=True, since_seconds=0.0) is None
    assert said.note_state(is_present=False, since_seconds=3.0) is None
    assert said.note_state(is_present=False, since_seconds=3.0) is None
    assert said.note_state(is_present=True, since_seconds=4.5) == Gap("bis", 3.0, 4.5)
    said.note_state(is_present=False, since_seconds=5.0, is_starved=True)
    assert said.finish(6.0) == Gap("bis", 5.0, 6.0, is_starved=True)


def test_only_of_a_source_without_a_frame_the_picture_says_that_the_computer_is_too_busy() -> None:
    class Source(FakeFrames):
        @property
        def state(self) -> SourceState:
            return replace(super().state, is_starved=self.name != "cable")

    sources = {name: Source(name) for name in ("cable", "busy", "well")}
    for name in ("cable", "busy"):
        sources[name].gaps.append((0.0, math.inf))
    said: list[Any] = []
    compositor: Any = SimpleNamespace(compose=lambda *given: said.append(given[-1]))
    picture = RoomPicture(sources, compositor, PanelContent(), _ticks(), Pauses())
    picture.compose(0)
    assert said == [{"busy"}]
    assert {gap.source: gap.is_starved for gap in picture.finish(1.0)} == {
        "cable": False,
        "busy": True,
    }


def test_frames_that_a_pause_hides_are_taken_and_not_lost() -> None:
    asked: list[float] = []

    class Source(FakeFrames):
        def take(self, seconds: float) -> LiveFrame | None:
            asked.append(seconds)
            return None

    compositor: Any = SimpleNamespace(format=FORMAT)
    pauses: Any = SimpleNamespace(covers=lambda _: True)
    picture = RoomPicture({"room": Source("room")}, compositor, PanelContent(), _ticks(), pauses)
    shown = [picture.compose(tick) for tick in range(3)]
    assert len(asked) == 3
    assert not any(frame.planes.y.max() > 16 or picture.shown for frame in shown)
    # a cable that comes off in a pause is a gap all the same
    assert [gap.source for gap in picture.finish(1.0)] == ["room"]


def test_a_number_is_shown_from_its_moment_on_however_far_the_picture_is_behind() -> None:
    shown: list[Any] = []
    compositor: Any = SimpleNamespace(
        compose=lambda _frames, content, seconds, _: shown.append(
            content.signals.newest("bis", seconds, 10.0).value
        )
    )
    picture = RoomPicture({}, compositor, PanelContent(), _ticks(), Pauses())
    picture.add_signals([SignalRow("bis", "", 0.5, 41.0), SignalRow("bis", "", 1.0, 42.0)])
    for tick in (99, 100, 199, 200):
        picture.compose(tick)
    assert shown == [None, 41.0, 41.0, 42.0]


class _Sealed:
    """What was written, and how much of it when it was asked to be durable."""

    def __init__(self) -> None:
        self.content, self.synced = io.BytesIO(), list[int]()
        self.write = self.content.write

    def request_sync(self) -> None:
        self.synced.append(self.content.tell())


def test_what_was_held_is_written_when_a_recording_has_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_MAX_WAIT_SECONDS", 120.0)
    rate, queue = Fraction(30), FrameQueue(FORMAT, Fraction(30))
    settings = EncoderSettings(preset="ultrafast", threads=1)
    encoder = FragmentWriter(None, FORMAT, settings, frame_rate=rate, hold_seconds=60.0)
    writer, sealed = RecordingWriter(queue, encoder, None, rate), _Sealed()

    def offer(count: int) -> None:
        while count:
            count -= queue.offer(_frame(queue.count))
            time.sleep(0.001)

    writer.start()
    offer(90)
    while writer.held_seconds < 2.9:
        time.sleep(0.01)
    next_frame = threading.Timer(0.2, lambda: offer(1))
    next_frame.start()
    writer.begin(cast(SealedWriter, sealed), 0)
    written = tmp_path / "written.mp4"
    written.write_bytes(sealed.content.getvalue())
    next_frame.join()
    queue.end()
    writer.join()
    assert sealed.synced == [written.stat().st_size]
    command = ["ffprobe", "-v", "error", "-count_packets", "-of", "csv=p=0"]
    command += ["-show_entries", "stream=nb_read_packets", str(written)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert 75 <= int(done.stdout) <= 91  # all but the fragment that is not full yet
    assert len(writer.times()) == 91


def test_pauses_cover_their_moments_alone() -> None:
    pauses = Pauses()
    assert pauses.end(1.0) is None
    assert pauses.begin(2.0)
    assert not pauses.begin(3.0)
    assert (pauses.is_on, pauses.spans) == (True, ((2.0, math.inf),))
    assert pauses.covers(1e9)
    assert pauses.end(4.0) == (2.0, 4.0)
    assert pauses.begin(3.5)  # asked for before the last one ended
    assert pauses.end(1.0) == (4.0, 4.0)
    assert [pauses.covers(each) for each in (1.9, 2.0, 3.9, 4.0)] == [False, True, True, False]


def test_room_is_that_of_the_disk_which_is_full_first(tmp_path: Path) -> None:
    free = {tmp_path: 12 * GIB}
    guard = SpaceGuard(SpaceLimits(2 * GIB, 600), 8_000_000, free.__getitem__)
    left = guard.check_start([tmp_path])
    assert (left.free_bytes, left.seconds) == (12 * GIB, 10 * GIB / 1e6)
    assert not left.is_used_up
    mirror = tmp_path / "mirror"
    mirror.mkdir()  # on the same disk: everything is written twice
    assert guard.check_start([tmp_path, mirror]).seconds == 10 * GIB / 2e6
    # what is measured counts once there is something
    assert guard.measure([tmp_path], 2 * GIB, 1000.0).seconds == pytest.approx(5000.0)
    assert guard.measure([tmp_path], 2 * GIB, 1.0).seconds == 10 * GIB / 1e6
    free[tmp_path] = 2 * GIB
    assert guard.measure([tmp_path], GIB, 100.0).is_used_up
    with pytest.raises(ArchiveError, match="there is no space for a recording: "):
        guard.check_start([tmp_path])
    assert not guard.measure([tmp_path / "unplugged"], GIB, 100.0).is_used_up


def test_ticks_are_where_the_clock_has_them() -> None:
    ticks = Ticks(EventClock(1000.0, datetime.now(UTC)), Fraction(30))
    assert [ticks.tick_at(ticks.seconds(each)) for each in range(2000)] == list(range(2000))
    assert ticks.tick_at(1000.01) == 1
    assert ticks.tick_at(990.0) == 0
    assert ticks.room_seconds(45) == 1.5


def test_a_full_queue_leaves_frames_out_and_makes_nobody_wait() -> None:
    queue = FrameQueue(FORMAT, Fraction(1))
    assert [queue.offer(_frame(each)) for each in range(6)] == [True] * 4 + [False] * 2
    assert queue.is_full
    assert queue.is_behind
    first = queue.take()
    assert first is not None
    assert (first.frame_index, first.pts) == (0, 0)
    assert queue.offer(_frame(9))
    queue.end()
    rest = [queue.take() for _ in range(5)]
    assert [each and (each.frame_index, each.pts) for each in rest] == [
        (1, 1),
        (2, 2),
        (3, 3),
        (4, 9),
        None,
    ]


def test_an_encoder_may_be_held_up_for_seconds_that_fit_into_memory() -> None:
    def held(queue: FrameQueue) -> int:
        frame = _frame(0)
        return sum(queue.offer(frame) for _ in range(1000))

    full = FrameFormat(width=1920, height=1080, pixel_format="yuv420p", time_base=Fraction(1, 30))
    assert held(FrameQueue(full, Fraction(30))) == 4 * 30
    assert held(FrameQueue(full, Fraction(60))) * 1920 * 1080 * 1.5 == pytest.approx(384e6, rel=0.1)


class _Picture:
    """Composes black, and is slow at one tick."""

    def __init__(self, slow_tick: int = -1, seconds: float = 0.0) -> None:
        self.slow_tick, self.seconds = slow_tick, seconds
        self.ticks: list[int] = []
        self.moments: list[float] = []
        self.shown: dict[str, Frame] = {}

    def compose(self, tick: int) -> Frame:
        self.ticks.append(tick)
        self.moments.append(time.monotonic())
        if tick == self.slow_tick:
            time.sleep(self.seconds)
        return _frame(tick)


def _drain(queue: FrameQueue, found: list[Frame]) -> None:
    while (frame := queue.take()) is not None:
        found.append(frame)


def _composed(picture: _Picture, stop_tick: int, rate: int = 200) -> tuple[Composer, list[Frame]]:
    ticks, queue, found = _ticks(rate), FrameQueue(FORMAT, Fraction(rate)), list[Frame]()
    composer = Composer(picture, ticks, 0.05, queue)
    reader = threading.Thread(target=_drain, args=(queue, found))
    reader.start()
    composer.start()
    while composer.next_tick < stop_tick // 2 and composer.error is None:
        time.sleep(0.005)
    assert composer.stop(ticks.seconds(stop_tick)) >= stop_tick or composer.error is not None
    reader.join()
    return composer, found


def test_every_tick_before_the_end_is_composed_once() -> None:
    picture = _Picture()
    composer, found = _composed(picture, 60)
    assert picture.ticks == sorted(set(picture.ticks))
    assert [each.pts for each in found] == picture.ticks
    assert composer.dropped + len(found) == composer.next_tick >= 60
    assert composer.error is None


def test_ticks_that_are_too_late_are_left_out_and_counted() -> None:
    picture = _Picture(slow_tick=10, seconds=1.0)
    composer, found = _composed(picture, 300)
    assert composer.dropped > 50
    # what is not too late is composed: the next is as late as one may be
    after = picture.ticks.index(10) + 1
    assert picture.moments[after] - composer._ticks.seconds(picture.ticks[after]) > 0.7
    assert composer.dropped + len(found) == composer.next_tick
    assert [each.frame_index for each in found] == list(range(len(found)))
    pts = [each.pts for each in found]
    assert pts == sorted(set(pts))
    assert 10 in pts


def test_a_frame_that_the_encoder_cannot_take_is_not_composed() -> None:
    picture, ticks, queue = _Picture(), _ticks(10), FrameQueue(FORMAT, Fraction(1))
    composer = Composer(picture, ticks, 0.0, queue)
    composer.start()
    composer.stop(ticks.seconds(8))
    assert composer.is_behind
    assert picture.ticks == [0, 1, 2, 3]
    assert composer.dropped == composer.next_tick - 4


def test_second_0_is_a_frame_where_it_takes_long_to_begin() -> None:
    picture, rate = _Picture(), 50
    ticks = Ticks(EventClock(time.monotonic() - 3.0, datetime.now(UTC)), Fraction(rate))
    queue, found = FrameQueue(FORMAT, Fraction(rate)), list[Frame]()
    composer = Composer(picture, ticks, 0.05, queue)
    reader = threading.Thread(target=_drain, args=(queue, found))
    reader.start()
    composer.start()
    composer.stop(ticks.seconds(7 * rate // 2))
    reader.join()
    assert found[0].pts == 0
    assert rate < found[1].pts < found[-1].pts
    assert composer.dropped == composer.next_tick - len(found)


def test_an_error_of_what_is_composed_ends_it_and_is_kept() -> None:
    class Broken(_Picture):
        def compose(self, tick: int) -> Frame:
            raise ArchiveError("broken")

    composer, found = _composed(Broken(), 10)
    assert isinstance(composer.error, ArchiveError)
    assert found == []


def test_the_frame_of_a_moment_is_handed_out_once_it_is_composed() -> None:
    ticks, queue = _ticks(100), FrameQueue(FORMAT, Fraction(100))
    composer = Composer(_Picture(), ticks, 0.02, queue)
    wanted = composer.frame_at(ticks.seconds(20))
    composer.start()
    shown = wanted.result(10)
    assert (shown.frame.pts, shown.room_seconds) == (20, 0.2)
    # of what went by some are known
    late = composer.frame_at(ticks.seconds(10)).result(0)
    assert 10 <= late.frame.pts <= 10 + 17
    assert composer.frame_at(ticks.seconds(18)).result(10).frame.pts >= 18
    never = composer.frame_at(ticks.seconds(9999))
    composer.stop(time.monotonic())
    assert never.cancelled()
