"""Frames that come from no file are encoded into any container."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from recorder_core.errors import EncodeError
from recorder_core.media import EncoderName, EncoderSettings, Frame, FrameEncoder
from recorder_core.model import FrameFormat

WIDTH, HEIGHT, FRAMES = 384, 216, 30
#: mean squared: a PSNR of 42 dB
MAX_ERROR = 255**2 / 10**4.2
#: every tag is another number
CAMERA = FrameFormat(
    width=WIDTH,
    height=HEIGHT,
    pixel_format="yuyv422",
    time_base=Fraction(1, 90_000),
    color_primaries=5,
    color_transfer=6,
    color_matrix=1,
    color_range=2,
    sample_aspect_ratio=Fraction(4, 3),
)
#: of a camera that gives about 25 frames a second, and skips two
PTS = [90_000 * n // 25 + 37 * (n % 5) + 7_200 * (n > 20) for n in range(FRAMES)]


class Socket:
    """Takes bytes as they come, and never goes back."""

    def __init__(self) -> None:
        self.content = bytearray()

    def write(self, data: bytes) -> int:
        self.content += data
        return len(data)


def captured() -> Iterator[Frame]:
    """Yield frames of a picture that moves, as a camera gives them."""
    x, y = np.arange(WIDTH)[None], np.arange(HEIGHT)[:, None]
    for index, pts in enumerate(PTS):
        frame = Frame.black(CAMERA, frame_index=index, pts=pts, duration=3600)
        planes = frame.writable()
        planes.y[:] = (np.sin((x + 3 * index) / 17) + np.cos((y - index) / 11)) * 50 + 128
        planes.u[:], planes.v[:] = 90 + index, 150 - x[:, ::2] // 8
        yield frame


def encoded(muxer: str, settings: EncoderSettings, **options: str) -> bytes:
    socket = Socket()
    with av.open(socket, "w", format=muxer, container_options=options) as container:
        encoder = FrameEncoder(container, CAMERA, settings, frame_rate=Fraction(25))
        for frame in captured():
            container.mux(encoder.encode(frame))
        container.mux(encoder.finish())
    assert encoder.luma_errors == []
    return bytes(socket.content)


def ffprobe(path: Path) -> dict[str, Any]:
    words = ["-v", "error", "-of", "json", "-show_streams", "-show_packets", str(path)]
    done = subprocess.run(["ffprobe", *words], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def decoded(path: Path) -> np.ndarray[Any, Any]:
    """Return what FFmpeg's program decodes: each row a frame, its planes one after another."""
    words = ["-v", "error", "-i", str(path), "-fps_mode", "passthrough", "-f", "rawvideo", "-"]
    done = subprocess.run(["ffmpeg", *words], capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.uint8).reshape(FRAMES, -1)


@pytest.mark.parametrize(
    ("encoder", "muxer", "options"),
    [
        ("libx264", "mp4", {"movflags": "frag_keyframe+empty_moov"}),
        ("libx264", "matroska", {}),
        ("libx264", "mpegts", {"mpegts_copyts": "1"}),
        ("libx265", "matroska", {}),
        ("libx265", "mpegts", {"mpegts_copyts": "1"}),
    ],
)
def test_a_live_source_is_encoded_into_any_container(
    tmp_path: Path, encoder: EncoderName, muxer: str, options: dict[str, str]
) -> None:
    path = tmp_path / "live"
    settings = EncoderSettings(encoder=encoder, preset="ultrafast", qp=14, threads=2)
    path.write_bytes(encoded(muxer, settings, **options))
    found = ffprobe(path)
    (stream,) = found["streams"]
    assert stream["codec_name"] == settings.codec
    assert (stream["width"], stream["height"]) == (WIDTH, HEIGHT)
    assert stream["sample_aspect_ratio"] == "4:3"
    assert stream["color_primaries"] == "bt470bg"
    assert stream["color_transfer"] == "smpte170m"
    assert stream["color_space"] == "bt709"
    assert stream["color_range"] == "pc"
    unit = float(Fraction(stream["time_base"]))
    seconds = [int(packet["pts"]) * unit for packet in found["packets"]]
    assert seconds == pytest.approx([pts / 90_000 for pts in PTS], abs=unit)
    keyframes = [n for n, packet in enumerate(found["packets"]) if "K" in packet["flags"]]
    assert keyframes == [0, next(n for n, pts in enumerate(PTS) if pts >= 89_910)]
    for frame, came in zip(captured(), decoded(path), strict=True):
        given = np.concatenate(
            [p.ravel() for p in (frame.planes.y, frame.planes.u, frame.planes.v)]
        )
        error = np.square(given.astype(float) - came)
        assert error[: WIDTH * HEIGHT].mean() < MAX_ERROR
        assert error[WIDTH * HEIGHT :].mean() < MAX_ERROR


def test_errors_are_counted_where_somebody_asks_and_change_no_byte(tmp_path: Path) -> None:
    settings = EncoderSettings(preset="ultrafast", qp=14)
    counted = {}
    for counts_errors in (True, False):
        with av.open(str(tmp_path / f"{counts_errors}.mp4"), "w") as container:
            encoder = FrameEncoder(
                container, CAMERA, settings, frame_rate=Fraction(25), counts_errors=counts_errors
            )
            for frame in captured():
                container.mux(encoder.encode(frame))
            container.mux(encoder.finish())
        counted[counts_errors] = encoder.luma_errors
    came = decoded(tmp_path / "True.mp4")[:, : WIDTH * HEIGHT]
    shown = [frame.planes.y.ravel() for frame in captured()]
    errors = np.square(np.asarray(shown).astype(float) - came).sum(axis=1)
    assert counted == {True: pytest.approx(errors.tolist(), rel=0.05), False: []}
    assert (tmp_path / "True.mp4").read_bytes() == (tmp_path / "False.mp4").read_bytes()


def test_frames_come_one_after_another_and_not_none() -> None:
    settings = EncoderSettings(preset="ultrafast", qp=14)
    first, _, third, *_ = captured()
    with av.open(io.BytesIO(), "w", format="matroska") as container:
        encoder = FrameEncoder(container, CAMERA, settings, frame_rate=Fraction(25))
        encoder.encode(first)
        with pytest.raises(EncodeError, match="frame 2 came where 1 was expected"):
            encoder.encode(third)
    with av.open(io.BytesIO(), "w", format="matroska") as container:
        encoder = FrameEncoder(container, CAMERA, settings, frame_rate=Fraction(25))
        with pytest.raises(EncodeError, match="lost 0 of 0 frames"):
            encoder.finish()
