from __future__ import annotations

import gc
import wave
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder_core.errors import SourceNotFound
from recorder_core.media import (
    Arrival,
    ArrivedAudio,
    ArrivedFrame,
    Damaged,
    SourceSettings,
    open_live,
)
from recorder_core.media.live.player import open_file
from tests.recorder_core.media.live.clocks import FakeClock


@pytest.fixture
def without_collector() -> Iterator[Callable[[], int]]:
    """Count the objects that only the collector of cycles frees."""
    gc.collect()
    gc.disable()
    try:
        yield gc.collect
    finally:
        gc.enable()


def _play(
    path: Path, count: int, *, frames: bool = True, audio: bool = False, **settings: Any
) -> tuple[list[Arrival], list[float]]:
    """Return what is played of a file, and when each thing came."""
    clock, played, came = FakeClock(), [], []
    source = SourceSettings(kind="file", address=str(path), **settings)
    with open_file(source, frames=frames, audio=audio, pause=clock.pause, clock=clock) as live:
        for each in islice(live.arrivals, count):
            played.append(each)
            came.append(clock.now)
    return played, came


def test_frames_come_when_they_are_due(
    make_video: Callable[..., Path], read_number: Callable[[Any], int]
) -> None:
    played, came = _play(make_video(), 100, loop=False)
    frames = [each for each in played if isinstance(each, ArrivedFrame)]
    assert [read_number(each.frame.planes.y) for each in frames] == list(range(40))
    assert came == pytest.approx([1000 + n / 25 for n in range(40)])
    assert [each.seconds for each in frames] == pytest.approx(came)


def test_a_loop_goes_on_with_the_next_frame_in_time(
    make_video: Callable[..., Path], read_number: Callable[[Any], int]
) -> None:
    played, came = _play(make_video("loop.mp4", audio=("aac",)), 100)
    frames = [each for each in played if isinstance(each, ArrivedFrame)]
    assert [read_number(each.frame.planes.y) for each in frames] == [n % 40 for n in range(100)]
    assert [each.frame.frame_index for each in frames] == list(range(100))
    assert np.diff(came) == pytest.approx(1 / 25, abs=0.03)
    assert frames[0].frame.planes.y.shape == (64, 96)


def test_a_loop_needs_no_collector_of_cycles(
    make_video: Callable[..., Path], without_collector: Callable[[], int]
) -> None:
    # a frame in a cycle would hold its decoder's pool of buffers, again at every round
    _play(make_video("cycles.mp4"), 130)
    assert without_collector() == 0


def test_a_variable_rate_is_played_by_its_time_stamps(make_video: Callable[..., Path]) -> None:
    pts = [0, 1, 2, 10, 11, 40, 41, 42]
    path = make_video("variable.mkv", frames=8, pts=pts, options={"bf": "0"})
    _, came = _play(path, 20, loop=False)
    assert came == pytest.approx([1000 + each / 25 for each in pts], abs=0.002)


def test_picture_and_sound_of_a_file_come_together(make_video: Callable[..., Path]) -> None:
    path = make_video("both.mp4", audio=("aac",), frames=100)
    played, came = _play(path, 10_000, audio=True, loop=False, channels=1)
    frames = [each for each in played if isinstance(each, ArrivedFrame)]
    blocks = [each for each in played if isinstance(each, ArrivedAudio)]
    assert len(frames) == 100
    assert all(each.samples.shape[1] == 1 for each in blocks)
    assert sum(len(each.samples) for each in blocks) == pytest.approx(4 * 48_000, abs=4096)
    assert [each.is_joined for each in blocks] == [False] + [True] * (len(blocks) - 1)
    late = [
        at - each.seconds
        for each, at in zip(played, came, strict=True)
        if isinstance(each, ArrivedFrame | ArrivedAudio)
    ]
    assert max(late) < 0.1  # where a frame waits for one that it needs, audio waits with it
    assert np.abs(np.concatenate([each.samples for each in blocks])).max() > 0.1


def test_other_pixel_formats_become_8_bit_yuv420p(make_video: Callable[..., Path]) -> None:
    path = make_video("ten.mkv", codec="libx265", pixel_format="yuv420p10le", options={})
    played, _ = _play(path, 3)
    frame = played[0]
    assert isinstance(frame, ArrivedFrame)
    assert frame.frame.planes.y.dtype == np.uint8
    assert frame.frame.av_frame.format.name == "yuv420p"


def test_a_wave_file_is_a_source_of_audio(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    rate = 22_050
    tone = (np.sin(np.arange(rate) * 2 * np.pi * 441 / rate) * 16_000).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(tone.tobytes())
    played, _ = _play(path, 1000, frames=False, audio=True, loop=False)
    sound = np.concatenate([each.samples for each in played])  # type: ignore[union-attr]
    assert sound.shape[1] == 2
    assert len(sound) == pytest.approx(48_000, abs=100)
    middle = sound[10_000:40_000, 0]
    crossings = np.count_nonzero(np.diff(np.signbit(middle)))
    assert crossings == pytest.approx(2 * 441 * 30_000 / 48_000, abs=3)


def test_what_is_damaged_is_said_and_the_rest_is_played(make_video: Callable[..., Path]) -> None:
    path = make_video("damaged.mkv", options={"g": "10", "bf": "0"}, frames=60)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = b"\x55" * 2000
    path.write_bytes(content)
    played, _ = _play(path, 1000, loop=False)
    assert any(isinstance(each, Damaged) for each in played) or len(played) < 60
    assert sum(isinstance(each, ArrivedFrame) for each in played) > 20


def test_an_absent_file_is_said_by_its_name(tmp_path: Path) -> None:
    settings = SourceSettings(kind="file", address=str(tmp_path / "absent.mp4"))
    with pytest.raises(SourceNotFound) as refused, open_live(settings):
        pass
    assert str(refused.value) == "absent.mp4 is not there; check its name"


@pytest.mark.parametrize(("name", "content"), [("text.mp4", b"no video"), ("list.m3u8", b"a.ts\n")])
def test_what_is_no_video_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    settings = SourceSettings(kind="file", address=str(tmp_path / name))
    with pytest.raises(SourceNotFound, match=f"^{name} ") as refused, open_live(settings):
        pass
    assert str(tmp_path) not in str(refused.value)


def test_a_file_that_lacks_what_is_wanted_is_refused(make_video: Callable[..., Path]) -> None:
    settings = SourceSettings(kind="file", address=str(make_video("silent.mp4")))
    with (
        pytest.raises(SourceNotFound, match=r"silent\.mp4 holds no audio"),
        open_live(settings, audio=True),
    ):
        pass


def test_a_file_that_is_taken_away_is_lost_at_its_end(make_video: Callable[..., Path]) -> None:
    clock, path = FakeClock(), make_video("taken.mp4")
    settings = SourceSettings(kind="file", address=str(path))
    with open_file(settings, frames=True, audio=False, pause=clock.pause, clock=clock) as live:
        assert len(list(islice(live.arrivals, 20))) == 20
        path.unlink()
        with pytest.raises(SourceNotFound, match=r"taken\.mp4 is not there"):
            list(live.arrivals)
