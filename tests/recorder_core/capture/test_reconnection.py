"""A camera that freezes, dies and comes back, as whoever records sees it."""

from __future__ import annotations

import os
import signal
import threading
import time

from recorder_core.capture.inputs import connect_input
from recorder_core.capture.source import SourceState
from recorder_core.media import SourceSettings
from tests.recorder_core.media.live.cameras import free_port, running_camera
from tests.recorder_core.media.live.rtsp_server import AUDIO_RATE
from tests.waiting import wait_until

SECRET = "hunter2"


def test_a_camera_that_freezes_and_dies_is_absent_and_comes_back() -> None:
    port = free_port()
    settings = SourceSettings(
        kind="rtsp",
        address=f"rtsp://recorder:{SECRET}@127.0.0.1:{port}/room",
        sample_rate=AUDIO_RATE,
        channels=1,
    )
    sources = connect_input("room", settings, audio=True)
    frames, audio = sources.frames, sources.audio
    assert frames is not None
    assert audio is not None
    states: list[SourceState] = []

    def say(word: str) -> bool:
        states.append(frames.state)
        return word in frames.state.sentence

    with frames, audio:
        wait_until(lambda: say("refuses the connection"))
        assert frames.take(time.monotonic()) is None
        with running_camera(port, f"recorder:{SECRET}") as camera:
            wait_until(lambda: frames.state.is_present and audio.state.is_present)
            wait_until(lambda: frames.take(time.monotonic()) is not None)
            assert frames.state.sentence == ""
            os.kill(camera.pid, signal.SIGSTOP)
            frozen = time.monotonic()
            wait_until(lambda: say("sends nothing") or say("has sent nothing"))
            state = frames.state
            assert not state.is_present
            assert abs(state.since_seconds - frozen) < 5
            assert frames.take(time.monotonic()) is None
            assert frames.peek() is None
            audio.take()
            os.kill(camera.pid, signal.SIGCONT)
            wait_until(lambda: frames.state.is_present and audio.state.is_present)
            assert frames.state.since_seconds > frozen
            assert not next(iter(audio.take())).is_joined or frames.state.connections == 1
        wait_until(lambda: say("has ended") or say("refuses the connection"))
        connections = frames.state.connections
        assert not frames.state.is_present
        with running_camera(port, f"recorder:{SECRET}"):
            wait_until(lambda: frames.state.is_present)
            assert frames.state.connections == connections + 1
            assert frames.state.counters.received > frames.state.counters.used > 0
    assert not any(SECRET in repr(state) for state in states)


def test_closing_while_a_camera_is_frozen_ends_the_thread() -> None:
    port = free_port()
    settings = SourceSettings(kind="rtsp", address=f"rtsp://127.0.0.1:{port}/room")
    frames = connect_input("theatre", settings).frames
    assert frames is not None
    with running_camera(port) as camera:
        frames.start()
        wait_until(lambda: frames.state.is_present)
        os.kill(camera.pid, signal.SIGSTOP)
        frames.close()
        assert not any("source theatre" in each.name for each in threading.enumerate())
