"""Recordings that a program joined in one Matroska file, where they overlap."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from recorder_core.media import (
    EncoderSettings,
    FrameIndex,
    MediaInfo,
    Part,
    assemble,
    decode_frames,
    index_frames,
    probe,
    verify_output,
    write_segment,
)

MakeVideo = Callable[..., Path]
ReadNumber = Callable[[Any], int]


def join(part: Path, target: Path, later_seconds: list[Fraction]) -> Path:
    """Write a file several times into one, each time so much later."""
    with av.open(str(target), "w") as container:
        streams: list[Any] = []
        latest: dict[int, int] = {}
        for later in later_seconds:
            with av.open(str(part)) as source:
                if not streams:
                    streams = [container.add_stream_from_template(each) for each in source.streams]
                for packet in source.demux():
                    if packet.size and packet.pts is not None and packet.dts is not None:
                        shift = round(later / packet.time_base)
                        packet.pts += shift
                        # as FFmpeg's joining does: no packet is decoded before the one before
                        dts = max(packet.dts + shift, latest.get(packet.stream_index, -10_000))
                        latest[packet.stream_index] = packet.dts = dts
                        packet.pts = max(packet.pts, dts)
                        packet.stream = streams[packet.stream_index]
                        container.mux(packet)
    return target


def numbers(info: MediaInfo, index: FrameIndex, read: ReadNumber, start: int = 0) -> list[int]:
    with closing(decode_frames(info, index, start=start)) as frames:
        return [read(frame.planes.y) for frame in frames]


@pytest.mark.parametrize("frames", [1, 2])
def test_parts_that_overlap_follow_each_other(
    make_video: MakeVideo, read_number: ReadNumber, tmp_path: Path, frames: int
) -> None:
    part = make_video("part.mp4", audio=("aac",))
    later = [Fraction(place * (40 - frames), 25) for place in range(3)]
    info = probe(join(part, tmp_path / "joined.mkv", later))
    index = index_frames(info)
    assert numbers(info, index, read_number) == list(range(40)) * 3
    for start in (39, 40, 41, 77, 95):
        assert numbers(info, index, read_number, start) == (list(range(40)) * 3)[start:]
    steps = np.diff(index.pts) * float(info.video.time_base)
    assert steps.min() > 0.03
    assert steps.max() < 0.2
    segment, copy = tmp_path / "segment.mp4", tmp_path / "copy.mp4"
    settings = EncoderSettings(preset="ultrafast", qp=12)
    write_segment(segment, info.video, settings, decode_frames(info, index))
    assemble([Part(segment)], info, index, copy)
    verify_output(copy, info, index)
    after = probe(copy)
    assert numbers(after, index_frames(after), read_number) == list(range(40)) * 3
    assert [_audio(copy), len(after.audio)] == [_audio(part) * 3, 1]


def _audio(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def test_one_recording_has_no_parts(make_video: MakeVideo) -> None:
    options = {"g": "12", "bf": "3", "x264-params": "open-gop=1"}
    index = index_frames(probe(make_video("one.mkv", options=options, audio=("aac",))))
    assert len(index) == 40
    assert type(index.clock).__name__ == "FileClock"
