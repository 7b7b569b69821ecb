"""Fragmented MP4 as a recorder writes it, read by FFmpeg's own tools."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Collection
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder_core.errors import ArchiveError, EncodeError, SettingsError
from recorder_core.media import (
    AudioFormat,
    EncoderSettings,
    FragmentWriter,
    Frame,
    read_frame_times,
    recorded_seconds,
)
from recorder_core.model import FrameFormat

FORMAT = FrameFormat(
    width=320, height=176, pixel_format="yuv420p", time_base=Fraction(1, 90_000), color_range=1
)
SETTINGS = EncoderSettings(max_bit_rate_bps=1_000_000, threads=2)
TICK = 3000
#: sample at which the tone begins, when the picture turns white
ONSET_SECONDS = 1.5


def _frame(index: int, tick: int) -> Frame:
    frame = Frame.black(FORMAT, frame_index=index, pts=tick * TICK, duration=TICK)
    planes = frame.writable()
    planes.y[:, (tick * 4) % 320] = 160
    if tick >= ONSET_SECONDS * 30:
        planes.y[:100] = 235
    return frame


def _tone(tick: int) -> np.ndarray:
    seconds = (np.arange(1600) + tick * 1600) / 48_000
    tone = np.where(seconds >= ONSET_SECONDS, 0.5 * np.sin(seconds * 2 * np.pi * 1000), 0)
    return np.stack([tone, tone], axis=1).astype(np.float32)


class _Sink(io.RawIOBase):
    """Takes bytes forward only, and notes how many there were after each write."""

    def __init__(self, most: int | None = None) -> None:
        self.content, self.most = bytearray(), most
        self.ends: list[int] = []

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def write(self, data: Any) -> int:
        if self.most is not None and len(self.content) > self.most:
            raise ArchiveError("no root can be written any more")
        self.content += bytes(data)
        self.ends.append(len(self.content))
        return len(data)


def _writer(sink: _Sink, channels: int = 2) -> FragmentWriter:
    return FragmentWriter(
        sink, FORMAT, SETTINGS, frame_rate=Fraction(30), audio=AudioFormat(channels)
    )


def _record(sink: _Sink, ticks: list[int]) -> Any:
    with _writer(sink) as writer:
        for index, tick in enumerate(ticks):
            writer.write_frame(_frame(index, tick))
            writer.write_audio(_tone(index))
        return writer.finish()


def _probe(path: Path, *what: str) -> Any:
    command = ["ffprobe", "-v", "error", "-of", "json", *what, str(path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sink = _Sink()
    _record(sink, list(range(90)))
    path = tmp_path_factory.mktemp("recorded") / "video.mp4"
    path.write_bytes(sink.content)
    return path


def test_the_frames_and_their_times_are_as_ffprobe_reads_them() -> None:
    sink = _Sink()
    ticks = [*range(20), *range(25, 70)]  # five could not be made in time
    times = _record(sink, ticks)
    assert times.time_base == Fraction(1, 90_000)
    assert times.pts.tolist() == [tick * TICK for tick in ticks]
    assert times.stop_pts == 70 * TICK
    read = read_frame_times(io.BytesIO(bytes(sink.content)), "it")
    assert read.time_base == times.time_base
    assert read.pts.tolist() == times.pts.tolist()


def test_every_second_begins_with_a_keyframe_and_nothing_is_reordered(recorded: Path) -> None:
    packets = _probe(recorded, "-select_streams", "v", "-show_packets")["packets"]
    assert len(packets) == 90
    keys = [number for number, each in enumerate(packets) if each["flags"].startswith("K")]
    assert keys == [0, 30, 60]
    assert all(each["pts"] == each["dts"] for each in packets)
    [video, audio] = _probe(recorded, "-show_streams")["streams"]
    assert (video["codec_name"], video["width"], video["has_b_frames"]) == ("h264", 320, 0)
    assert (audio["codec_name"], audio["sample_rate"], audio["channels"]) == ("aac", "48000", 2)
    assert float(video["start_time"]) == 0.0


def test_audio_begins_with_the_first_frame(recorded: Path) -> None:
    command = ["ffmpeg", "-v", "error", "-i", str(recorded), "-f", "f32le", "-ac", "1", "-"]
    heard = np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, "<f4")
    onset = int(np.argmax(np.abs(heard) > 0.1))
    # the first packet of AAC holds nothing, and lies before the first frame
    [audio] = _probe(recorded, "-select_streams", "a", "-show_streams")["streams"]
    start_seconds = float(audio["start_time"])
    assert start_seconds == pytest.approx(-1024 / 48_000, abs=1e-6)
    assert start_seconds + onset / 48_000 == pytest.approx(ONSET_SECONDS, abs=0.002)
    assert start_seconds + len(heard) / 48_000 == pytest.approx(3.0, abs=0.03)


def test_what_was_written_before_can_be_played_wherever_it_stops(recorded: Path) -> None:
    sink = _Sink()
    with _writer(sink) as writer:
        for tick in range(75):
            writer.write_frame(_frame(tick, tick))
            writer.write_audio(_tone(tick))
            known = recorded_seconds(io.BytesIO(bytes(sink.content)), "it")
            # half a second of a fragment, and what the encoder of video and of audio holds
            assert known >= (tick + 1) / 30 - 0.75
    content = recorded.read_bytes()
    for size in range(len(content) * 2 // 3, len(content), 997):
        assert recorded_seconds(io.BytesIO(content[:size]), "it") > 0.5


def test_an_error_of_the_sink_is_that_of_the_writer() -> None:
    with pytest.raises(ArchiveError, match="no root"):
        _record(_Sink(most=1000), list(range(90)))


def test_what_cannot_be_written_is_said() -> None:
    with pytest.raises(SettingsError, match="1 or 2 channels, not 3"):
        AudioFormat(3)
    with _writer(_Sink(), channels=1) as writer:
        writer.write_frame(_frame(0, 0))
        writer.write_audio(np.zeros((0, 1), np.float32))
        with pytest.raises(SettingsError, match="audio of 1 channels cannot hold"):
            writer.write_audio(_tone(0))
        with pytest.raises(EncodeError, match="frame 2 came where 1 was expected"):
            writer.write_frame(_frame(2, 2))


def _number(luma: np.ndarray) -> int:
    """Return of which tick a frame is, by the brightest column of its lower half."""
    return int(luma[120:].mean(axis=0).argmax()) // 4


def _luma(path: Path) -> np.ndarray:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "gray"]
    command += ["-fps_mode", "passthrough", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, 176, 320)


def test_of_what_is_held_whole_gops_are_written_first_at_shifted_times(tmp_path: Path) -> None:
    held, sink = 65, _Sink()
    with FragmentWriter(
        None,
        FORMAT,
        SETTINGS,
        frame_rate=Fraction(30),
        audio=AudioFormat(2),
        hold_seconds=1.0,
    ) as writer:
        for tick in range(80):
            if tick == held:
                assert not sink.content
                assert 1.0 <= writer.held_seconds < 2.0
                ((index, pts), *_) = writer.held_gops
                assert (index, pts) == (30, 30 * TICK)
                writer.begin(sink, pts)
            writer.write_frame(_frame(tick, tick))
            writer.write_audio(_tone(tick))
        times = writer.finish()
    assert times.pts.tolist() == [tick * TICK for tick in range(50)]
    assert times.stop_pts == 50 * TICK
    path = tmp_path / "held.mp4"
    path.write_bytes(sink.content)
    packets = _probe(path, "-select_streams", "v", "-show_packets")["packets"]
    assert [each["pts"] for each in packets] == times.pts.tolist()
    luma = _luma(path)
    assert [_number(each) for each in luma] == list(range(30, 80))
    # the tone begins with the white frames
    onset = ONSET_SECONDS - 1.0
    assert int((luma[:, 50].mean(axis=1) > 200).argmax()) == round(onset * 30)
    stream = _probe(path, "-select_streams", "a", "-show_streams")["streams"][0]
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "f32le", "-ac", "1", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    heard = np.abs(np.frombuffer(raw, "<f4")) > 0.2
    assert float(stream["start_time"]) + heard.argmax() / 48_000 == pytest.approx(onset, abs=0.005)


@pytest.mark.parametrize(
    ("left_out", "begin_tick", "gop_ticks", "first_tick"),
    [({30}, 60, [0, 31, 60, 90], 60), ({0, 30, 60}, 30, [1, 31, 61, 90], 31), ((), 91, [], 120)],
    ids=["the-next-gop-is-in-time", "a-tick-later", "not-held-yet"],
)
def test_gops_begin_on_a_grid_and_what_is_written_with_one_of_them(
    tmp_path: Path,
    left_out: Collection[int],
    begin_tick: int,
    gop_ticks: list[int],
    first_tick: int,
) -> None:
    ticks, sink = [tick for tick in range(125) if tick not in left_out], _Sink()
    with FragmentWriter(
        None, FORMAT, SETTINGS, frame_rate=Fraction(30), hold_seconds=9.0
    ) as writer:
        for index, tick in enumerate(ticks):
            if tick == 100:
                assert not gop_ticks or [pts // TICK for _, pts in writer.held_gops] == gop_ticks
                writer.begin(sink, begin_tick * TICK)
            writer.write_frame(_frame(index, tick))
        times = writer.finish()
    written = [tick for tick in ticks if tick >= first_tick]
    assert times.pts.tolist() == [(tick - begin_tick) * TICK for tick in written]
    path = tmp_path / "held.mp4"
    path.write_bytes(sink.content)
    packets = _probe(path, "-select_streams", "v", "-show_packets")["packets"]
    assert [each["pts"] for each in packets] == times.pts.tolist()
    assert "K" in packets[0]["flags"]
    assert [_number(each) for each in _luma(path)] == [tick % 80 for tick in written]


def test_what_ends_before_its_first_keyframe_is_no_video() -> None:
    with FragmentWriter(
        None, FORMAT, SETTINGS, frame_rate=Fraction(30), hold_seconds=9.0
    ) as writer:
        for tick in range(10):
            writer.write_frame(_frame(tick, tick))
        writer.begin(_Sink(), TICK)
        with pytest.raises(EncodeError, match="before a frame of it could be written"):
            writer.finish()


def test_what_was_never_begun_writes_nothing() -> None:
    with FragmentWriter(
        None, FORMAT, SETTINGS, frame_rate=Fraction(30), hold_seconds=1.0
    ) as writer:
        for tick in range(40):
            writer.write_frame(_frame(tick, tick))
        assert writer.frame_count == 40
        with pytest.raises(EncodeError, match="never begun"):
            writer.finish()
