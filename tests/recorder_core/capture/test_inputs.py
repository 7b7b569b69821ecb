"""Sources of real inputs: files, test signals, and inputs that fail in every way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from recorder_core.capture import retrying
from recorder_core.capture.connection import Connection
from recorder_core.capture.inputs import connect_input
from recorder_core.capture.source import FrameSource
from recorder_core.capture.stalls import Stalls
from recorder_core.errors import SettingsError, SourceLost, SourceNotFound
from recorder_core.jobs.record.room.opening import open_sources
from recorder_core.media import LiveInput, SourceSettings, read_pattern_number
from tests.recorder_core.jobs.record.fakes import room
from tests.waiting import wait_until

PATTERN = SourceSettings(kind="pattern", size=(160, 120))


def _number_now(source: FrameSource) -> int | None:
    frame = source.take(time.monotonic())
    return None if frame is None else read_pattern_number(frame.frame.planes.y)


def test_frames_and_audio_of_one_input_are_opened_once() -> None:
    sources = connect_input("room", PATTERN, audio=True)
    assert sources.frames is not None
    assert sources.audio is not None
    assert sources.frames.state.sentence == "room was not started yet"
    assert _number_now(sources.frames) is None
    sources.frames.start()
    sources.audio.start()
    try:
        wait_until(lambda: sources.frames.state.is_present and sources.audio.state.is_present)
        frame = sources.frames.take(time.monotonic())
        assert frame is not None
        assert read_pattern_number(frame.frame.planes.y) == round(frame.seconds * 30) % 2**24
        assert sources.frames.peek() is not None
        blocks = sources.audio.take()
        assert [each.is_joined for each in blocks] == [False] + [True] * (len(blocks) - 1)
        assert (sources.audio.sample_rate, sources.audio.channels) == (48_000, 2)
        assert sources.frames.state.connections == sources.audio.state.connections == 1
        assert sum("source room" in each.name for each in threading.enumerate()) == 1
        sources.frames.close()
        assert not sources.frames.state.is_present
        assert sources.audio.state.is_present
    finally:
        sources.frames.close()
        sources.audio.close()
    assert not any("source room" in each.name for each in threading.enumerate())


def test_latency_is_subtracted_once() -> None:
    settings = SourceSettings(kind="pattern", size=(160, 120), latency_seconds=2.0)
    frames = connect_input("room", settings).frames
    assert frames is not None
    frames.start()
    try:
        wait_until(lambda: frames.peek() is not None)
        frame = frames.peek()
        assert frame is not None
        assert read_pattern_number(frame.frame.planes.y) == round((frame.seconds + 2) * 30) % 2**24
    finally:
        frames.close()


def test_frames_of_some_seconds_ago_are_those_of_then() -> None:
    values = dict.fromkeys(("laparoscope", "room"), PATTERN)
    sources = open_sources(room(sources=values, delay_seconds=2.5))
    frames, ages = sources.frames["room"], list[float]()

    def has_taken_some() -> bool:
        moment = time.monotonic() - 2.5
        frame = frames.take(moment)
        if frame is not None:
            ages.append(moment - frame.seconds)
            assert read_pattern_number(frame.frame.planes.y) == round(frame.seconds * 30) % 2**24
        return len(ages) >= 20

    with frames:
        wait_until(has_taken_some)
    assert -0.02 < np.median(ages) < 0.5


def test_a_file_that_is_not_there_is_said_and_found_when_it_comes(
    tmp_path: Path, tiny_video: Path
) -> None:
    path = tmp_path / "later.mp4"
    frames = connect_input("room", SourceSettings(kind="file", address=str(path))).frames
    assert frames is not None
    frames.start()
    try:
        wait_until(lambda: "not there" in frames.state.sentence)
        state = frames.state
        assert state.sentence == "room is not there; check its name"
        assert not state.is_present
        assert state.connections == 0
        assert frames.take(time.monotonic()) is None
        path.write_bytes(tiny_video.read_bytes())
        wait_until(lambda: frames.state.is_present)
        assert frames.state.sentence == ""
        assert frames.take(time.monotonic()) is not None
    finally:
        frames.close()


def test_a_file_that_is_played_once_ends(tiny_video: Path) -> None:
    settings = SourceSettings(kind="file", address=str(tiny_video), loop=False)
    frames = connect_input("room", settings).frames
    assert frames is not None
    frames.start()
    try:
        wait_until(lambda: frames.state.sentence == "room has been played to its end")
        assert frames.state.connections == 1
        assert frames.take(time.monotonic()) is None
    finally:
        frames.close()


def test_closing_twice_or_without_a_start_does_nothing() -> None:
    frames = connect_input("room", PATTERN).frames
    assert frames is not None
    frames.close()
    frames.start()
    frames.start()
    frames.close()
    frames.close()
    assert frames.state.sentence == "room was stopped"
    assert not frames.state.is_present


def test_a_source_can_be_started_again() -> None:
    frames = connect_input("room", PATTERN).frames
    assert frames is not None
    for turn in (1, 2):
        frames.start()
        wait_until(lambda turn=turn: frames.state.connections == turn and _number_now(frames))
        frames.close()


@pytest.mark.parametrize(
    ("settings", "audio", "sentence"),
    [
        (SourceSettings(kind="tone"), False, "the source room is of the kind tone, which gives no"),
        (SourceSettings(kind="v4l2"), True, "gives no audio"),
    ],
)
def test_what_a_kind_does_not_give_is_refused(
    settings: SourceSettings, audio: bool, sentence: str
) -> None:
    with pytest.raises(SettingsError, match=sentence):
        connect_input("room", settings, audio=audio)


class _Faulty:
    """An input that is absent, then ends, then is silent, as its plan says."""

    def __init__(self, plan: list[str]) -> None:
        self.plan = plan
        self.opened: list[float] = []

    @contextmanager
    def __call__(self, pause: Callable[[float], object]) -> Iterator[LiveInput]:
        self.opened.append(time.monotonic())
        step = self.plan.pop(0) if self.plan else "silent"
        if step == "absent":
            raise SourceNotFound("it is not there; plug it in")
        yield LiveInput(None, self._arrivals(step, pause))

    @staticmethod
    def _arrivals(step: str, pause: Callable[[float], object]) -> Iterator[object]:
        if step == "lost":
            raise SourceLost("it has ended; check the device")
        while not pause(10.0):
            pass
        yield None


def test_an_input_is_opened_again_and_more_rarely() -> None:
    faulty = _Faulty(["absent", "lost", "absent", "lost"])
    said: list[str] = []
    connection = Connection(
        "room",
        faulty,  # type: ignore[arg-type]
        is_played_once=False,
        on_open=lambda _: said.append(connection.sentence),
        on_arrival=lambda _: None,
        stalls=Stalls(),
        retry_seconds=0.01,
    )
    connection.start(faulty)
    wait_until(lambda: connection.count == 3 and connection.is_open)
    connection.close(faulty)
    assert len(faulty.opened) == 5
    assert connection.sentence == "room was stopped"
    assert said == [
        "it is not there; plug it in",
        "it is not there; plug it in",
        "it has ended; check the device",
    ]


def test_a_thread_that_a_driver_holds_does_not_hold_who_closes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retrying, "_END_SECONDS", 0.1)
    release = threading.Event()

    @contextmanager
    def held(_: object) -> Iterator[LiveInput]:
        release.wait(120)
        yield LiveInput(None, iter(()))

    connection = Connection(
        "room",
        held,
        is_played_once=False,
        on_open=lambda _: None,
        on_arrival=lambda _: None,
        stalls=Stalls(),
    )
    connection.start(held)
    connection.close(held)
    thread = next(each for each in threading.enumerate() if "source room" in each.name)
    release.set()
    thread.join(60)
    assert not thread.is_alive()
