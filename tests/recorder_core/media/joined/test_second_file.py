"""Files that were joined byte by byte though their kind cannot be."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest

from recorder_core.errors import DecodeError
from recorder_core.media import index_frames, probe
from recorder_core.media.files.media_file import media_file
from recorder_core.media.joined.second_file import refuse_second_file

MakeVideo = Callable[..., Path]
KINDS: dict[str, dict[str, Any]] = {
    "joined.mp4": {"audio": ("aac",)},
    "joined.mov": {
        "codec": "mjpeg",
        "options": {},
        "pixel_format": "yuvj420p",
        "audio": ("pcm_s16le",),
    },
    "joined.flv": {"audio": ("aac",)},
    "joined.wmv": {"codec": "wmv2", "options": {}},
    "joined.mxf": {"codec": "mpeg2video", "options": {"g": "12"}, "audio": ("pcm_s16le",)},
}


@pytest.mark.parametrize("name", KINDS)
def test_a_second_file_is_refused_and_can_be_divided(
    make_video: MakeVideo, tmp_path: Path, name: str
) -> None:
    part, joined = make_video(f"part-{name}", **KINDS[name]), tmp_path / name
    joined.write_bytes(part.read_bytes() * 2)
    with pytest.raises(DecodeError, match="holds a second file from byte") as refused:
        index_frames(probe(joined))
    # what the commands of the message do
    head, tail = re.findall(r"(?:head -c |tail -c \+)(\d+)", str(refused.value))
    data = joined.read_bytes()
    for half in (data[: int(head)], data[int(tail) - 1 :]):
        divided = tmp_path / f"divided-{name}"
        divided.write_bytes(half)
        assert half == part.read_bytes()
        assert len(index_frames(probe(divided))) == 40


@pytest.mark.parametrize("first_is_faststart", [True, False])
def test_the_place_is_right_whether_the_index_comes_first_or_last(
    make_video: MakeVideo, tmp_path: Path, first_is_faststart: bool
) -> None:
    part, fast = make_video("part.mp4"), tmp_path / "fast.mp4"
    with (
        av.open(str(part)) as source,
        av.open(str(fast), "w", container_options={"movflags": "+faststart"}) as container,
    ):
        stream = container.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                container.mux(packet)
    first, second = (fast, part) if first_is_faststart else (part, fast)
    joined = tmp_path / "joined.mp4"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    with pytest.raises(DecodeError, match=f"from byte {first.stat().st_size} on"):
        refuse_second_file(media_file(joined), "mov,mp4,m4a,3gp,3g2,mj2")


def test_fragments_may_repeat_the_index(make_video: MakeVideo, tmp_path: Path) -> None:
    part, path = make_video("part.mp4"), tmp_path / "fragmented.mp4"
    options = {"movflags": "+frag_keyframe+empty_moov+default_base_moof"}
    with (
        av.open(str(part)) as source,
        av.open(str(path), "w", container_options=options) as container,
    ):
        stream = container.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                container.mux(packet)
    data = path.read_bytes()
    first = data.index(b"moof") - 4
    second = data.index(b"moof", first + 8) - 4
    path.write_bytes(data[:second] + data[:first] + data[second:])
    assert len(index_frames(probe(path))) == 40


def test_raw_streams_are_refused_with_a_command(make_video: MakeVideo, tmp_path: Path) -> None:
    raw = make_video("part.mp4").with_name("raw.h264")
    with av.open(str(tmp_path / "part.mp4")) as source, av.open(str(raw), "w") as container:
        stream = container.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                container.mux(packet)
    with pytest.raises(DecodeError, match=r"no timestamps.*ffmpeg -i raw.h264 -crf 12 new.mp4"):
        index_frames(probe(raw))
