"""A source that is silent, and one that this computer is too busy for: by a clock that is set."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction

import pytest

from recorder_core.capture.connection import Connection
from recorder_core.capture.source import SourceState
from recorder_core.capture.stalls import Stalls
from recorder_core.capture.video import InputFrames
from recorder_core.media import Arrival, ArrivedFrame, Frame, InputWait, LiveInput, SourceSettings
from recorder_core.model import FrameFormat
from tests.waiting import wait_until

FORMAT = FrameFormat(width=32, height=32, pixel_format="yuv420p", time_base=Fraction(1, 30))
CABLE = "room is connected, but has sent nothing for {} s; check the device and its cable"
BUSY = "this computer is too busy to read room: end other programs that run on it"


class _Camera:
    """Gives a frame, and then holds its thread: in the driver, or in what is done with a frame."""

    def __init__(self) -> None:
        self.now = 100.0
        self.wait: InputWait | None = InputWait(lambda: self.now)
        self.stalls = Stalls()
        self.works, self.may_go_on = threading.Event(), threading.Event()
        self.is_held = threading.Event()
        connection = Connection(
            "room",
            self._open,
            is_played_once=False,
            on_open=lambda live: self.frames.open(live.frame_rate),
            on_arrival=self._receive,
            stalls=self.stalls,
        )
        settings = SourceSettings(kind="pattern")
        self.frames = InputFrames("room", settings, connection, lambda: self.now)

    @contextmanager
    def _open(self, pause: Callable[[float], object]) -> Iterator[LiveInput]:
        yield LiveInput(30.0, self._arrivals(pause), self.wait)

    def _arrivals(self, pause: Callable[[float], object]) -> Iterator[Arrival]:
        yield ArrivedFrame(Frame.black(FORMAT, frame_index=0, pts=0, duration=1), self.now)
        if self.wait is not None and not self.works.is_set():
            with self.wait.waiting():
                self._hold(pause)
        self._hold(pause)

    def _receive(self, arrival: Arrival) -> None:
        self.frames.receive(arrival)

    def _hold(self, pause: Callable[[float], object]) -> None:
        self.is_held.set()
        while not self.may_go_on.is_set() and not pause(0.005):
            pass

    def state_after(self, seconds: float) -> SourceState:
        """Return the state so long after the frame."""
        wait_until(self.is_held.is_set)
        self.now += seconds
        return self.frames.state


@pytest.fixture
def camera() -> Iterator[_Camera]:
    camera = _Camera()
    yield camera
    camera.frames.close()


def test_a_source_that_is_waited_for_is_silent(camera: _Camera) -> None:
    camera.frames.start()
    assert camera.state_after(0.4).is_present
    state = camera.state_after(2.6)
    assert (state.is_present, state.is_starved) == (False, False)
    assert state.sentence == CABLE.format(3)


def test_a_source_whose_thread_works_is_not_called_silent(camera: _Camera) -> None:
    camera.works.set()
    camera.frames.start()
    state = camera.state_after(3.0)
    assert (state.is_present, state.is_starved) == (False, True)
    assert state.sentence.startswith(BUSY)


def test_a_source_is_not_called_silent_for_what_the_process_did_not_run(camera: _Camera) -> None:
    camera.frames.start()
    wait_until(camera.is_held.is_set)
    camera.stalls.note(0.05, 3.05)
    assert camera.state_after(3.2).is_starved
    # since then it runs, and nothing comes
    state = camera.state_after(3.1)
    assert not state.is_starved
    assert state.sentence == CABLE.format(6)


def test_an_input_that_does_not_say_how_long_it_waits_is_called_silent(camera: _Camera) -> None:
    camera.wait = None
    camera.frames.start()
    assert not camera.state_after(3.0).is_starved


def test_a_wait_that_ends_a_little_late_is_no_stall() -> None:
    stalls = Stalls()
    for waited in (0.05, 0.01, 0.14):
        stalls.note(0.05, waited)
    assert stalls.seconds == 0.0
    stalls.note(0.05, 0.55)
    assert stalls.seconds == pytest.approx(0.5)
