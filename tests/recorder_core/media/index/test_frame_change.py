"""A change of size or format is found by the headers of keyframes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest

from recorder_core.errors import DecodeError
from recorder_core.jobs import DetectOptions
from recorder_core.jobs.inputs.job_video import open_job_video
from recorder_core.media import index_frames, probe

MakeVideo = Callable[..., Path]
SECONDS_OF_PART = 1.6
KINDS: dict[str, dict[str, Any]] = {
    "h264.ts": {},
    "h264.mkv": {},
    "h264.mp4": {},
    "hevc.ts": {"codec": "libx265", "options": {"x265-params": "keyint=12:log-level=none"}},
    "mpeg2.ts": {"codec": "mpeg2video"},
    "vp8.mkv": {"codec": "libvpx", "options": {"deadline": "realtime", "cpu-used": "8"}},
    "vp9.mkv": {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}},
    "mjpeg.avi": {"codec": "mjpeg", "pixel_format": "yuvj420p"},
}


def follow(first: Path, second: Path, target: Path) -> Path:
    """Write the frames of two files one after the other, each with its own headers."""
    with av.open(str(target), "w") as container:
        stream: Any = None
        for place, path in enumerate((first, second)):
            with av.open(str(path)) as source:
                video = source.streams.video[0]
                stream = stream or container.add_stream_from_template(video)
                later = round(place * SECONDS_OF_PART / video.time_base)
                for packet in source.demux(video):
                    if packet.size and packet.pts is not None:
                        packet.pts, packet.dts = packet.pts + later, (packet.dts or 0) + later
                        packet.stream = stream
                        container.mux(packet)
    return target


def in_band(name: str) -> str:
    """Return a suffix of which the packets of H.264 and HEVC hold their headers."""
    return "ts" if name.startswith(("h264", "hevc", "mpeg2")) else name.rpartition(".")[2]


@pytest.mark.parametrize("name", KINDS)
def test_another_size_is_found_before_the_work(
    make_video: MakeVideo, tmp_path: Path, name: str
) -> None:
    parts = [
        make_video(
            f"{width}.{in_band(name)}", width=width, **{"options": {"g": "12"}} | KINDS[name]
        )
        for width in (96, 128)
    ]
    joined = follow(*parts, tmp_path / f"joined-{name}")
    info = probe(joined)
    index = index_frames(info)
    assert index.change is not None
    first = int(index.pts[40]) - info.video.start_pts
    assert info.video.seconds(index.change.pts - info.video.start_pts) == pytest.approx(
        info.video.seconds(first), abs=0.05
    )
    with pytest.raises(DecodeError, match=r"change from 96x64 to 128x64 .* ffmpeg -i INPUT -vf"):
        open_job_video(joined, DetectOptions())
    # what comes before can be worked on
    assert len(open_job_video(joined, DetectOptions(stop_seconds=1.0))) == 25


@pytest.mark.parametrize("name", ["h264.ts", "mjpeg.avi", "vp9.mkv"])
def test_other_headers_of_one_size_are_no_change(
    make_video: MakeVideo, tmp_path: Path, name: str
) -> None:
    made = {"options": {"g": "12"}} | KINDS[name]
    suffix = in_band(name)
    parts = [
        make_video(f"a.{suffix}", **made),
        make_video(f"b.{suffix}", **made | {"tags": {"color_primaries": 1, "qmax": 40}}),
    ]
    assert index_frames(probe(follow(*parts, tmp_path / f"joined-{name}"))).change is None


def test_another_pixel_format_is_found(make_video: MakeVideo, tmp_path: Path) -> None:
    parts = [
        make_video(f"{name}.ts", options={"g": "12"}, pixel_format=name)
        for name in ("yuv420p", "yuv422p")
    ]
    change = index_frames(probe(follow(*parts, tmp_path / "joined.ts"))).change
    assert change is not None
    assert "from yuv420p to yuv422p" in change.reason
