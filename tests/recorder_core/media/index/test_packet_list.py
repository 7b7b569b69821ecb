"""Streams of a recording that begin late, or never."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from recorder_core.errors import DecodeError
from recorder_core.media import (
    EncoderSettings,
    Part,
    assemble,
    decode_frames,
    index_frames,
    probe,
    verify_output,
    write_segment,
)
from recorder_core.media.container.source_clock import FILE_CLOCK
from recorder_core.media.index.packet_list import PacketList, list_packets


def _with_late(
    path: Path, target: Path, kind: str, seconds: float, muxer: str | None = None
) -> Path:
    """Copy a file without what one kind of stream has before a time; inf: all of it."""
    with av.open(str(path)) as source, av.open(str(target), "w", format=muxer) as container:
        streams = [container.add_stream_from_template(each) for each in source.streams]
        for packet in source.demux():
            if packet.pts is None or not packet.size:
                continue
            if packet.stream.type != kind or packet.pts * packet.time_base >= seconds:
                packet.stream = streams[packet.stream_index]
                container.mux(packet)
    return target


#: 10 seconds: FFmpeg looks at 5 for what streams hold, at 7 of transport streams
SLOW = {"rate": Fraction(4), "options": {"g": "4", "bf": "0", "sc_threshold": "0"}}
LATE_SECONDS = 8


@pytest.mark.parametrize(
    ("name", "audio", "seconds", "made"),
    [
        ("late.ts", "aac", LATE_SECONDS, {}),
        ("late.m2ts", "ac3", LATE_SECONDS, {}),
        ("late.vob", "ac3", 6, {"codec": "mpeg2video", "rate": Fraction(25), "frames": 165}),
    ],
)
def test_audio_that_begins_late_keeps_its_place(
    make_video: Callable[..., Path],
    tmp_path: Path,
    name: str,
    audio: str,
    seconds: float,
    made: dict[str, Any],
) -> None:
    path = make_video("plain.mp4", audio=(audio,), **SLOW | made)
    late = _with_late(
        path, tmp_path / name, "audio", seconds, "vob" if name == "late.vob" else None
    )
    info = probe(late)
    assert [(track.sample_rate_hz, track.channels) for track in info.audio] == [(48000, 2)]
    index = index_frames(info)
    part, copy = tmp_path / "part.mp4", tmp_path / "copy.mp4"
    write_segment(part, info.video, EncoderSettings(preset="ultrafast"), decode_frames(info, index))
    assemble([Part(part)], info, index, copy)
    verify_output(copy, info, index)
    with av.open(str(copy)) as container:
        begins = {
            stream.type: float(stream.start_time * stream.time_base) for stream in container.streams
        }
    assert begins["audio"] - begins["video"] == pytest.approx(seconds, abs=0.1)


def test_video_that_begins_late_is_found(make_video: Callable[..., Path], tmp_path: Path) -> None:
    path = make_video("plain.mkv", audio=("mp2",), **SLOW)
    late = _with_late(path, tmp_path / "late.ts", "video", LATE_SECONDS)
    info = probe(late)
    assert (info.video.width, info.video.height) == (96, 64)
    assert len(index_frames(info)) == 8


def test_audio_that_is_announced_and_never_comes_is_named(
    make_video: Callable[..., Path], tmp_path: Path
) -> None:
    path = make_video("plain.mkv", audio=("mp2",))
    info = probe(_with_late(path, tmp_path / "silent.ts", "audio", math.inf))
    assert info.audio == ()
    assert info.dropped == ("audio stream 1",)
    assert len(index_frames(info)) == 40


def test_audio_that_begins_too_late_is_refused_with_a_way(
    make_video: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_video("plain.mkv", audio=("aac",), **SLOW)
    late = _with_late(path, tmp_path / "late.ts", "audio", LATE_SECONDS)
    opening = importlib.import_module("recorder_core.media.container.probe")
    monkeypatch.setattr(opening, "_LATE_STREAMS", {})
    advice = "ffmpeg -analyzeduration 2000M -probesize 2000M -i late.ts -map 0:v -map 0:a -c copy"
    with pytest.raises(DecodeError, match=f"audio stream 1 of late.ts begins so late.* {advice}"):
        index_frames(probe(late))
    options = {"analyzeduration": "2000000000", "probesize": "2000000000"}
    followed = tmp_path / "new.mkv"
    with (
        av.open(str(late), options=options) as source,
        av.open(str(followed), "w") as container,
    ):
        streams = [container.add_stream_from_template(each) for each in source.streams]
        for packet in source.demux():
            if packet.size:
                packet.stream = streams[packet.stream_index]
                container.mux(packet)
    info = probe(followed)
    assert [track.codec for track in info.audio] == ["aac"]
    assert len(index_frames(info)) == 40


def _listed_bytes(found: PacketList) -> tuple[int, int]:
    """Return the bytes that are held for the packets of video, and of audio."""
    video = (found.pts, found.dts, found.durations, found.sizes_bytes, found.keyframe_pts)
    [times] = found.audio.values()
    audio = (times.starts_seconds, times.durations_seconds, times.positions, times.sizes_bytes)
    return tuple(sum(len(each) * each.itemsize for each in column) for column in (video, audio))


@pytest.mark.parametrize(
    ("name", "audio_bytes"), [("one.mp4", 16), ("one.mkv", 16), ("one.ts", 28)]
)
def test_a_packet_takes_a_few_bytes(
    make_video: Callable[..., Path], name: str, audio_bytes: int
) -> None:
    """Only losses in a transport stream need the place of each packet of audio."""
    path = make_video(name, frames=100, audio=("aac",), options={"g": "1"})
    found = list_packets(probe(path), FILE_CLOCK)
    [times] = found.audio.values()
    count = len(times.starts_seconds)
    assert len(found.keyframe_pts) == len(found.pts) == 100
    assert count > 150
    assert _listed_bytes(found) == (100 * 36, count * audio_bytes)
