"""Videos whose averages say nothing about what a copy needs, made from a composite.

A file without a duration, a clock that starts late, an idle stretch, a pause, and sources of
codecs that need fewer bits: an encoder that aims at the container's mean bit rate crushes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame

from recorder_core.media.files.finished import finished_file

__all__ = ["HARD_SOURCES"]

#: of one colour, before the surgery
IDLE_SECONDS: Final = 30
PAUSE_SECONDS: Final = 60
LATE_SECONDS: Final = 40_000
_GREY: Final = 60
_RATE: Final = 30


def _frames(source: Path, idle_seconds: int = 0) -> Iterator[VideoFrame]:
    with av.open(source) as container:
        stream = container.streams.video[0]
        shape = (stream.height * 3 // 2, stream.width)
        for _ in range(idle_seconds * _RATE):
            yield VideoFrame.from_ndarray(np.full(shape, _GREY, np.uint8), "yuv420p")
        yield from container.decode(stream)


def _encode(
    source: Path, target: Path, codec: str, options: Mapping[str, str], idle_seconds: int = 0
) -> None:
    """Encode the frames again, with a clock of their own."""
    container_options = {"live": "1"} if target.suffix == ".webm" else {}
    with (
        finished_file(target) as temporary,
        av.open(temporary, "w", options=container_options) as output,
        av.open(source) as first,
    ):
        stream: Any = output.add_stream(codec, rate=_RATE, options=dict(options))
        stream.width, stream.height = first.streams.video[0].width, first.streams.video[0].height
        stream.pix_fmt = "yuv420p"
        for index, frame in enumerate(_frames(source, idle_seconds)):
            frame.pts, frame.time_base = index, Fraction(1, _RATE)
            frame.pict_type = PictureType.NONE
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def _copy(source: Path, target: Path, moved: Callable[[float], float]) -> None:
    """Copy the packets of the video; `moved` says by how many seconds, at which second."""
    with (
        finished_file(target) as temporary,
        av.open(temporary, "w") as output,
        av.open(source) as first,
    ):
        video = first.streams.video[0]
        stream = output.add_stream_from_template(video)
        for packet in first.demux(video):
            if packet.dts is not None:
                _move(packet, moved)
                packet.stream = stream
                output.mux(packet)


def _move(packet: Packet[Any], moved: Callable[[float], float]) -> None:
    dts, pts, base = packet.dts, packet.pts, packet.time_base
    if dts is not None and pts is not None:
        ticks = round(moved(float(dts * base)) / base)
        packet.dts, packet.pts = dts + ticks, pts + ticks


def _half_way(source: Path) -> float:
    with av.open(source) as container:
        return float((container.duration or 0) / av.time_base / 2)


def _paused(source: Path, target: Path) -> None:
    half = _half_way(source)
    _copy(source, target, lambda second: PAUSE_SECONDS if second >= half else 0)


#: name -> suffix of the file, and what makes it from a composite
HARD_SOURCES: Final[Mapping[str, tuple[str, Callable[[Path, Path], None]]]] = {
    "hevc at crf 28": (
        ".mp4",
        lambda source, target: _encode(
            source,
            target,
            "libx265",
            {"preset": "ultrafast", "crf": "28", "x265-params": "log-level=error"},
        ),
    ),
    "webm without a duration": (
        ".webm",
        lambda source, target: _encode(
            source,
            target,
            "libvpx-vp9",
            {"deadline": "realtime", "cpu-used": "8", "crf": "33", "b": "0"},
        ),
    ),
    "h264 at crf 23": (
        ".mp4",
        lambda source, target: _encode(
            source, target, "libx264", {"preset": "veryfast", "crf": "23"}
        ),
    ),
    "h264 at crf 28": (
        ".mp4",
        lambda source, target: _encode(
            source, target, "libx264", {"preset": "veryfast", "crf": "28"}
        ),
    ),
    "idle before the surgery": (
        ".mp4",
        lambda source, target: _encode(
            source, target, "libx264", {"preset": "veryfast", "b": "7M"}, IDLE_SECONDS
        ),
    ),
    "a clock that starts late": (
        ".mkv",
        lambda source, target: _copy(source, target, lambda _: LATE_SECONDS),
    ),
    "a pause": (".mkv", _paused),
}
