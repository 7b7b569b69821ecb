"""Videos made for the tests of recorder_core.media."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from recorder_core.media import EncoderSettings, FrameIndex, MediaInfo, index_frames, probe

WIDTH, HEIGHT, FRAMES = 96, 64, 40


@dataclass(frozen=True)
class Made:
    """What a test video is made of; every frame differs from every other."""

    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    rate: Fraction = Fraction(25)
    frames: int = FRAMES
    width: int = WIDTH
    height: int = HEIGHT
    options: dict[str, str] = field(default_factory=lambda: {"g": "12", "bf": "2"})
    #: attributes of the encoder, such as colour tags
    tags: dict[str, Any] = field(default_factory=dict)
    time_base: Fraction | None = None
    pts: Sequence[int] | None = None
    audio: tuple[str, ...] = ()
    audio_rate_hz: int = 48_000
    metadata: dict[str, str] = field(default_factory=dict)
    display_matrix: tuple[int, ...] | None = None
    subtitles: bool = False


def luma(index: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray[Any, Any]:
    """A slanted ramp that moves, with the frame's number as a row of light and dark bars."""
    x, y = np.arange(width)[None], np.arange(height)[:, None]
    frame = ((x + 2 * y + 5 * index) % 160 + 40).astype(np.uint8)
    for bit in range(8):
        frame[:8, 8 * bit : 8 * bit + 8] = 220 if index >> bit & 1 else 30
    return frame


def number_of(y: np.ndarray[Any, Any]) -> int:
    """Read the number that `luma` wrote."""
    return sum(int(y[2:6, 8 * bit + 2 : 8 * bit + 6].mean() > 125) << bit for bit in range(8))


def _frame(made: Made, index: int) -> av.VideoFrame:
    planar = av.VideoFrame(made.width, made.height, "yuv420p")
    chroma = np.full((made.height + 1) // 2, 90 + index, np.uint8)[:, None]
    for plane, values in zip(
        planar.planes, (luma(index, made.width, made.height), chroma, chroma + 20), strict=True
    ):
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        rows[:, : plane.width] = values
    level = 2 if made.pixel_format.startswith("yuvj") else 1
    frame = planar.reformat(format=made.pixel_format, src_color_range=level, dst_color_range=level)
    frame.pts = made.pts[index] if made.pts else index
    frame.time_base = made.time_base or 1 / made.rate
    return frame


def _mux_audio(container: Any, track: Any, seconds: float, tone: int) -> None:
    for start in range(0, int(track.rate * seconds), 1024):
        wave = np.sin(np.arange(start, start + 1024) * (0.04 + 0.02 * tone)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(np.stack([wave, wave]) * 0.2, "fltp", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = track.rate, start, Fraction(1, track.rate)
        container.mux(track.encode(frame))
    container.mux(track.encode(None))


def write_made(path: Path, made: Made) -> Path:
    with av.open(str(path), "w") as container:
        container.metadata.update(made.metadata)
        stream = container.add_stream(made.codec, rate=made.rate, options=dict(made.options))
        stream.metadata.update(made.metadata)
        codec = stream.codec_context
        codec.width, codec.height, codec.pix_fmt = made.width, made.height, made.pixel_format
        if made.time_base:
            codec.time_base = made.time_base
        for name, value in made.tags.items():
            setattr(codec, name, value)
        if made.display_matrix:
            stream.set_display_matrix(made.display_matrix)
        tracks = [
            container.add_stream(name, rate=made.audio_rate_hz, options={"strict": "-2"})
            for name in made.audio
        ]
        for track in tracks:
            track.metadata.update(made.metadata)
        for index in range(made.frames):
            container.mux(stream.encode(_frame(made, index)))
        container.mux(stream.encode(None))
        for tone, track in enumerate(tracks):
            _mux_audio(container, track, made.frames / float(made.rate), tone)
    return path


@pytest.fixture
def make_video(tmp_path: Path) -> Callable[..., Path]:
    """Return ``make_video("name.mp4", codec=..., ...)``, see `Made`."""

    def make(name: str = "source.mp4", **settings: Any) -> Path:
        return write_made(tmp_path / name, Made(**settings))

    return make


@pytest.fixture
def make_part(make_video: Callable[..., Path]) -> Callable[..., Path]:
    """Return ``make_part("name.ts", start_seconds, ...)``: 40 frames, with audio, from a time on.

    The suffix says what is written: a transport stream (.ts, .m2ts) or a program stream (.vob).
    """

    def make(name: str, start_seconds: float, **settings: Any) -> Path:
        path = make_video(f"plain-{name}.mp4", **{"audio": ("aac",)} | settings)
        target = path.with_name(name)
        muxer = "vob" if name.endswith(".vob") else "mpegts"
        options = {"mpegts_copyts": "1"} if muxer == "mpegts" else {}
        if name.endswith(".m2ts"):
            options["mpegts_m2ts_mode"] = "1"
        _copy_later(path, target, muxer, options, round(start_seconds * 25))
        return target

    return make


def _copy_later(path: Path, target: Path, muxer: str, options: dict[str, str], frames: int) -> None:
    with (
        av.open(str(path)) as source,
        av.open(str(target), "w", format=muxer, container_options=options) as container,
    ):
        streams = [container.add_stream_from_template(each) for each in source.streams]
        for packet in source.demux():
            if packet.size and packet.pts is not None:
                later = round(Fraction(frames, 25) / packet.time_base)
                packet.pts, packet.dts = packet.pts + later, (packet.dts or 0) + later
                packet.stream = streams[packet.stream_index]
                container.mux(packet)


@pytest.fixture
def opened(make_video: Callable[..., Path]) -> Callable[..., tuple[MediaInfo, FrameIndex]]:
    """Return a function that makes a video, probes and indexes it."""

    def make(name: str = "source.mp4", **settings: Any) -> tuple[MediaInfo, FrameIndex]:
        info = probe(make_video(name, **settings))
        return info, index_frames(info)

    return make


@pytest.fixture
def settings() -> EncoderSettings:
    return EncoderSettings(preset="ultrafast", qp=12, threads=2)


@pytest.fixture
def read_number() -> Callable[[Any], int]:
    """Return a function that reads a frame's number from its luma."""
    return number_of
