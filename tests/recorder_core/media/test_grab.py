"""Single pictures out of a file object."""

from __future__ import annotations

import io
from contextlib import closing
from fractions import Fraction
from itertools import repeat
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from recorder_core.errors import DecodeError
from recorder_core.media import decode_pictures, grab_pictures, index_pictures, probe
from recorder_core.media.shown_geometry import read_geometry
from recorder_core.media.synthesis import SynthesisSettings, write_video
from recorder_core.model import Orientation, Planes


def _luma(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    return picture @ np.array([0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("name", ["drawn", "h264 mkv", "h264 ts", "hevc mp4", "mpeg2 mpg"])
def test_the_pictures_are_those_of_the_decoder(
    name: str, drawn_source: Path, foreign: dict[str, Path]
) -> None:
    path = drawn_source if name == "drawn" else foreign[name]
    info = probe(path)
    index = index_pictures(info)
    with closing(decode_pictures(info, index)) as pictures:
        decoded = [(picture.planes.y.astype(float) - 16) / 0.859 for picture in pictures]
    # not in order, the last one too, and none of those behind the drawn wall
    frames = [7, 3, len(index) - 1, 0, len(index) * 2 // 3]
    with path.open("rb") as file:
        grabbed = list(grab_pictures(file, [int(index.pts[frame]) for frame in frames], "a video"))
    for frame, picture in zip(frames, grabbed, strict=True):
        assert picture.shape == (info.video.height, info.video.width, 3)
        errors = [np.abs(_luma(picture) - luma).mean() for luma in decoded]
        # the drawing repeats after twelve pictures
        assert int(np.argmin(errors)) % 12 == frame % 12
        assert errors[frame] < 3


@pytest.mark.parametrize("height", [480, 720])
def test_colours_are_right_with_and_without_a_tag(height: int, tmp_path: Path) -> None:
    # pure red in the matrix that a player takes for this height where no tag says it
    y, u, v = (63, 102, 240) if height == 720 else (81, 90, 240)
    planes = Planes(
        np.full((height, 640), y, np.uint8),
        np.full((height // 2, 320), u, np.uint8),
        np.full((height // 2, 320), v, np.uint8),
    )
    path = _write_untagged(tmp_path / "red.mkv", planes)
    with path.open("rb") as file:
        (picture,) = grab_pictures(file, [0], "red")
    assert np.abs(picture.mean(axis=(0, 1)) - [255, 0, 0]).max() < 4


def _write_untagged(path: Path, planes: Planes) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = planes.width, planes.height, "yuv420p"
        packed = np.concatenate([planes.y.ravel(), planes.u.ravel(), planes.v.ravel()])
        frame = av.VideoFrame.from_ndarray(packed.reshape(-1, planes.width), "yuv420p")
        frame.pts, frame.time_base = 0, Fraction(1, 10)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_it_is_upright_with_square_pixels(tmp_path: Path) -> None:
    half = np.full((64, 128), 16, np.uint8)
    half[:, :64] = 235
    chroma = np.full((32, 64), 128, np.uint8)
    plain = tmp_path / "plain.mp4"
    settings = SynthesisSettings(Fraction(10), 100_000, preset="ultrafast")
    write_video(plain, zip(repeat(Planes(half, chroma, chroma), 3), repeat(None)), settings)
    turned = tmp_path / "turned.mp4"
    with av.open(str(plain)) as source, av.open(str(turned), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        stream.set_display_rotation(90)
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    info = probe(turned)
    assert info.video.geometry.orientation == Orientation(turns=1)
    with turned.open("rb") as file:
        (picture,) = grab_pictures(file, [int(index_pictures(info).pts[0])], "turned")
    assert picture.shape == (128, 64, 3)
    # what was on the left is at the bottom after a quarter turn against the clock
    assert picture[:64].mean() < 20 < 230 < picture[64:].mean()


def test_what_is_not_there(drawn_source: Path) -> None:
    with drawn_source.open("rb") as file, pytest.raises(DecodeError, match=r"second .* of it is"):
        list(grab_pictures(file, [10**9], "it"))
    with pytest.raises(DecodeError, match="it is not a video that this program can read"):
        list(grab_pictures(io.BytesIO(b"no video" * 99), [0], "it"))


def test_the_pictures_of_a_chosen_stream_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("libx264", rate=25) for _ in range(2)]
        for stream, width in zip(streams, (64, 96), strict=True):
            stream.width, stream.height, stream.pix_fmt = width, 64, "yuv420p"
        for stream, width, grey in zip(streams, (64, 96), (60, 180), strict=True):
            frame = av.VideoFrame.from_ndarray(np.full((96, width), grey, np.uint8), "yuv420p")
            frame.pts = 0
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    shown = []
    for stream_index in (None, 0, 1):
        with path.open("rb") as file:
            (picture,) = grab_pictures(file, [0], "two", stream_index=stream_index)
            geometry = read_geometry(file, "two", stream_index)
        assert picture.shape[1::-1] == geometry.shown_size_px
        shown.append((geometry.width_px, round(picture[:, :, 0].mean() / 10)))
    assert shown[0] == shown[2]
    assert [width for width, _ in shown] == [96, 64, 96]
    assert shown[1][1] < shown[2][1]
    with path.open("rb") as file, pytest.raises(DecodeError, match="two holds no video"):
        list(grab_pictures(file, [0], "two", stream_index=2))
