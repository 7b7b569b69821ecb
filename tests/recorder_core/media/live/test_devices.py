"""Real inputs: streams of servers, a sound card of ALSA's, and devices that are not there."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
import rtsp

from recorder_core.errors import SourceLost, SourceNotFound
from recorder_core.media import (
    ArrivedAudio,
    ArrivedFrame,
    Frame,
    SourceSettings,
    open_live,
    read_pattern_number,
)
from recorder_core.media.live.display import DisplayWatch
from recorder_core.media.live.pattern import paint_pattern
from recorder_core.model import FrameFormat
from tests.recorder_core.media.live import rtsp_server
from tests.recorder_core.media.live.cameras import free_port, running_camera


def _settings(port: int, credentials: str = "", **more: object) -> SourceSettings:
    user = f"{credentials}@" if credentials else ""
    return SourceSettings(
        kind="rtsp",
        address=f"rtsp://{user}127.0.0.1:{port}/room",
        sample_rate=rtsp_server.AUDIO_RATE,
        channels=1,
        **more,  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def camera_port() -> Iterator[int]:
    port = free_port()
    with running_camera(port, "recorder:hunter2"):
        yield port


def test_picture_and_sound_of_a_stream_come_in_step_over_tcp(camera_port: int) -> None:
    with open_live(_settings(camera_port, "recorder:hunter2"), audio=True) as live:
        assert live.frame_rate == rtsp_server.RATE
        arrived = list(islice(live.arrivals, 120))
    frames = [each for each in arrived if isinstance(each, ArrivedFrame)]
    blocks = [each for each in arrived if isinstance(each, ArrivedAudio)]
    numbers = [read_pattern_number(each.frame.planes.y) for each in frames]
    assert len(numbers) > 40
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))  # type: ignore[arg-type,operator]
    assert [each.is_joined for each in blocks] == [False] + [True] * (len(blocks) - 1)
    seen = [
        each.seconds - number / rtsp_server.RATE  # type: ignore[operator]
        for each, number in zip(frames, numbers, strict=True)
    ]
    sound = np.concatenate([each.samples[:, 0] for each in blocks])
    clap = int(np.flatnonzero(np.abs(sound) > 0.3)[0])
    block, inside = divmod(clap, len(blocks[0].samples))
    moment = blocks[block].seconds + inside / rtsp_server.AUDIO_RATE
    heard = moment - round(moment)
    # whatever it takes to make and send them, they are made and sent together
    assert abs(seen[-1] - heard) < 0.75 / rtsp_server.RATE
    assert min(seen) > -0.005


def test_one_of_picture_and_sound_may_be_wanted_alone(camera_port: int) -> None:
    settings = _settings(camera_port, "recorder:hunter2")
    with open_live(settings, frames=False, audio=True) as live:
        assert all(isinstance(each, ArrivedAudio) for each in islice(live.arrivals, 10))
    with open_live(settings) as live:
        assert all(isinstance(each, ArrivedFrame) for each in islice(live.arrivals, 10))


@pytest.mark.parametrize(
    ("credentials", "path", "sentence"),
    [
        ("recorder:wrong-hunter2", "room", "refuses the user or the password"),
        ("recorder:hunter2", "nothing", "has no stream of this name"),
    ],
)
def test_what_a_camera_refuses_is_said_without_the_password(
    camera_port: int, credentials: str, path: str, sentence: str
) -> None:
    address = f"rtsp://{credentials}@127.0.0.1:{camera_port}/{path}"
    with (
        pytest.raises(SourceNotFound, match=sentence) as refused,
        open_live(SourceSettings(kind="rtsp", address=address)),
    ):
        pass
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert str(refused.value).startswith(f"rtsp://127.0.0.1:{camera_port} ")


def test_a_stream_without_a_server_is_refused() -> None:
    with (
        pytest.raises(SourceNotFound, match="refuses the connection; check"),
        open_live(_settings(free_port())),
    ):
        pass


def test_a_server_that_answers_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = _settings(silent.getsockname()[1])
        with (
            pytest.raises(SourceNotFound, match=r"gives nothing .* check its address"),
            ExitStack() as stack,
        ):
            stack.enter_context(open_live(settings))


@pytest.mark.parametrize(
    ("what", "sentence"),
    [(signal.SIGSTOP, "is connected but sends nothing; check the device"),
     (signal.SIGKILL, "has ended; check the device")],
)  # fmt: skip
def test_a_server_that_freezes_or_dies_is_lost(what: int, sentence: str) -> None:
    port = free_port()
    with running_camera(port) as process, open_live(_settings(port)) as live:
        assert isinstance(next(live.arrivals), ArrivedFrame)
        os.kill(process.pid, what)
        with pytest.raises(SourceLost, match=sentence):
            list(live.arrivals)


FORMAT = FrameFormat(width=320, height=240, pixel_format="yuv420p", time_base=Fraction(1, 25))


def _send_pictures(server: rtsp.Server, stop: threading.Event) -> None:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 320, 240, "yuv420p"
    encoder.time_base, encoder.gop_size = Fraction(1, 25), 5
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "qp": "24"}
    number = 0
    while not stop.wait(0.04):
        frame = Frame.black(FORMAT, frame_index=0, pts=number, duration=1)
        paint_pattern(frame, FORMAT, number, 25)
        for packet in encoder.encode(frame.av_frame):
            server.send_frame(bytes(packet), 3600)
        number += 1


def test_a_stream_comes_over_udp_from_a_server_of_others() -> None:
    port, stop = free_port(), threading.Event()
    server = rtsp.Server(f"127.0.0.1:{port}")
    server.start()
    sender = threading.Thread(target=_send_pictures, args=(server, stop))
    sender.start()
    try:
        settings = SourceSettings(
            kind="rtsp", address=f"rtsp://127.0.0.1:{port}/stream", transport="udp"
        )
        with open_live(settings) as live:
            frames = list(islice(live.arrivals, 40))
    finally:
        stop.set()
        sender.join()
        server.stop()
    numbers = [
        read_pattern_number(each.frame.planes.y)
        for each in frames
        if isinstance(each, ArrivedFrame)
    ]
    assert numbers == list(range(numbers[0], numbers[0] + 40))  # type: ignore[arg-type,operator]
    stamps = [each.seconds for each in frames]  # type: ignore[union-attr]
    assert all(np.diff(stamps) > 0)


@pytest.fixture
def file_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], str]:
    """Return a function that makes a sound card of a file, as ALSA's own library reads it."""

    def make(content: bytes) -> str:
        (tmp_path / "in.raw").write_bytes(content)
        config = tmp_path / "asound.conf"
        config.write_text(
            "pcm.nowhere { type null }\n"
            'pcm.filecard { type file slave.pcm nowhere file "/dev/null" '
            f'infile "{tmp_path}/in.raw" format raw }}\n'
        )
        usual = "/usr/share/alsa/alsa.conf"
        monkeypatch.setenv(
            "ALSA_CONFIG_PATH", f"{usual}:{config}" if Path(usual).exists() else str(config)
        )
        return "filecard"

    return make


def test_a_sound_card_is_read_through_alsa(file_card: Callable[[bytes], str]) -> None:
    at = np.arange(48_000 * 4)
    tone = (np.sin(2 * np.pi * 440 * at / 48_000) * 8_000).astype("<i2")
    card = file_card(np.repeat(tone, 2).tobytes())
    settings = SourceSettings(kind="alsa", address=card)
    with open_live(settings, frames=False, audio=True) as live:
        blocks = list(islice(live.arrivals, 2000))  # this card gives one sample at a time
    assert all(isinstance(each, ArrivedAudio) for each in blocks)
    sound = np.concatenate([each.samples for each in blocks])  # type: ignore[union-attr]
    assert np.array_equal(
        sound, np.repeat(tone[: len(sound), None] / np.float32(32_768), 2, axis=1)
    )
    assert np.abs(sound).max() > 0.24


def test_a_card_that_is_not_there_is_said_by_its_error_alone(
    file_card: Callable[[bytes], str], capfd: pytest.CaptureFixture[str]
) -> None:
    file_card(b"")
    settings = SourceSettings(kind="alsa", address="hw:7,0")
    with (
        pytest.raises(SourceNotFound, match=r"hw:7,0 is not there; plug it in"),
        open_live(settings, frames=False, audio=True),
    ):
        pass
    assert capfd.readouterr() == ("", "")  # ALSA's own library has lines of its own for it


def test_a_camera_that_is_not_there_is_said(tmp_path: Path) -> None:
    settings = SourceSettings(kind="v4l2", address=str(tmp_path / "video9"), size=(640, 480))
    with (
        pytest.raises(SourceNotFound, match="video9 is not there; plug it in"),
        open_live(settings),
    ):
        pass


def test_a_display_that_is_not_there_is_said() -> None:
    settings = SourceSettings(kind="x11grab", address=":97", size=(640, 480))
    with (
        pytest.raises(SourceNotFound, match=r"^:97 is not there; check that the display is on"),
        open_live(settings),
    ):
        pass


@contextmanager
def _running_display() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A display of its own, all in black."""
    read, write = os.pipe()
    words = ["Xvfb", "-displayfd", str(write)]
    words += ["-screen", "0", "640x480x24", "-nolisten", "tcp"]
    with subprocess.Popen(words, pass_fds=[write], stderr=subprocess.DEVNULL) as process:
        os.close(write)
        with os.fdopen(read) as said:
            yield f":{said.readline().strip()}", process
        process.terminate()


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    with _running_display() as (name, _):
        yield name


def test_a_display_that_ends_is_lost_and_another_source_of_it_may_be_closed() -> None:
    with _running_display() as (name, process):
        settings = SourceSettings(kind="x11grab", address=f"{name}.0", size=(320, 240), rate=25.0)
        with open_live(settings) as live:
            with open_live(settings) as other:
                assert isinstance(next(other.arrivals), ArrivedFrame)
                assert isinstance(next(live.arrivals), ArrivedFrame)
            assert len(list(islice(live.arrivals, 5))) == 5
            process.terminate()
            process.wait()
            with pytest.raises(SourceLost, match=f"^{name}.0 is gone; check that the display is"):
                list(islice(live.arrivals, 100))
        assert not DisplayWatch(name).is_gone  # it is not there, and nobody has a connection


def test_a_part_of_a_screen_is_a_source(display: str) -> None:
    settings = SourceSettings(
        kind="x11grab", address=f"{display}.0+64,32", size=(320, 240), rate=25.0
    )
    with open_live(settings) as live:
        assert live.frame_rate == 25.0
        frames = list(islice(live.arrivals, 5))
    assert next(live.arrivals, None) is None  # what is closed holds no packet
    for number, each in enumerate(frames):
        assert isinstance(each, ArrivedFrame)
        assert each.frame.frame_index == number
        assert each.frame.planes.y.shape == (240, 320)
        assert (each.frame.planes.y == 16).all()
    assert all(np.diff([each.seconds for each in frames]) > 0)  # type: ignore[union-attr]
