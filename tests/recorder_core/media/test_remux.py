from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest

from recorder_core.media import can_remux, index_pictures, probe, remux


def _packets(file: Any) -> list[bytes]:
    with av.open(file) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


@pytest.mark.parametrize("name", ["source.mp4", "source.mkv", "source.ts", "source.avi"])
def test_every_picture_keeps_its_time(
    make_video: Callable[..., Path], tmp_path: Path, name: str
) -> None:
    settings = {"codec": "mpeg4", "options": {"g": "12"}} if name.endswith("avi") else {}
    info = probe(make_video(name, sound=("aac",), **settings))
    stored = io.BytesIO()
    assert can_remux(info)
    time_base = remux(info, stored)
    target = tmp_path / "target.mp4"
    target.write_bytes(stored.getvalue())
    found = probe(target)
    assert found.video.time_base == time_base == info.video.time_base
    assert index_pictures(found).pts.tolist() == index_pictures(info).pts.tolist()
    assert len(found.audio) == 1


def test_pictures_are_not_encoded_again(make_video: Callable[..., Path]) -> None:
    source = make_video("source.mp4")
    stored = io.BytesIO()
    seen: list[int] = []
    remux(probe(source), stored, seen.append)
    assert _packets(io.BytesIO(stored.getvalue())) == _packets(str(source))
    assert seen == sorted(seen)
    assert seen[-1] == sum(map(len, _packets(str(source))))


def test_what_the_container_says_of_people_is_left_out(make_video: Callable[..., Path]) -> None:
    source = make_video("source.mp4", metadata={"title": "Zephyrina", "artist": "Quellmarker"})
    stored = io.BytesIO()
    remux(probe(source), stored)
    assert b"Zephyrina" in source.read_bytes()
    assert b"Zephyrina" not in stored.getvalue()
    assert b"Quellmarker" not in stored.getvalue()


def test_a_codec_that_mp4_does_not_hold_is_known(make_video: Callable[..., Path]) -> None:
    assert not can_remux(probe(make_video("source.webm", codec="libvpx", options={})))
