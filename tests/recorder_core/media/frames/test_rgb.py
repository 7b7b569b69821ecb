"""Decoded frames as a player shows them."""

from __future__ import annotations

from contextlib import closing
from fractions import Fraction
from itertools import repeat
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from recorder_core.media import open_video
from recorder_core.media.encode.synthesis import SynthesisSettings, write_video
from recorder_core.model import Planes


def _luma(frame: NDArray[np.uint8]) -> NDArray[np.float64]:
    return frame @ np.array([0.2126, 0.7152, 0.0722])


#: a bright mark in a dark frame of 128x64: left, top, right, bottom
MARK = (16, 8, 48, 24)


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
    with open_video(path) as video:
        shown_rgb = video.frame(0).to_rgb()
    assert np.abs(shown_rgb.mean(axis=(0, 1)) - [255, 0, 0]).max() < 4


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


def _marked(path: Path) -> Path:
    y = np.full((64, 128), 16, np.uint8)
    x0, y0, x1, y1 = MARK
    y[y0:y1, x0:x1] = 235
    chroma = np.full((32, 64), 128, np.uint8)
    settings = SynthesisSettings(Fraction(10), 200_000, preset="ultrafast")
    write_video(path, zip(repeat(Planes(y, chroma, chroma), 2), repeat(None)), settings)
    return path


def _shown(source: Path, path: Path, degrees: int, aspect: Fraction) -> Path:
    with av.open(str(source)) as old, av.open(str(path), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        stream.sample_aspect_ratio = aspect
        if degrees:
            stream.set_display_rotation(degrees)
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = stream
                new.mux(packet)
    return path


def _mark_in(frame: NDArray[np.uint8]) -> list[int]:
    rows, columns = np.nonzero(frame.mean(axis=2) > 128)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


@pytest.mark.parametrize("aspect", [Fraction(1), Fraction(2)])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_it_is_upright_with_square_pixels_as_the_geometry_says(
    degrees: int, aspect: Fraction, tmp_path: Path
) -> None:
    path = _shown(_marked(tmp_path / "plain.mp4"), tmp_path / "shown.mp4", degrees, aspect)
    with path.open("rb") as file, open_video(file) as video, closing(video.decode()) as frames:
        geometry = video.info.video.geometry
        found, decoded = video.frame(0).to_rgb(), next(frames).to_rgb()
    assert np.array_equal(found, decoded)
    assert (geometry.width_px, geometry.height_px) == (128, 64)
    assert found.shape[1::-1] == geometry.shown_size_px
    box = geometry.show_boxes(np.array([MARK], float))
    assert np.abs(box[0] - _mark_in(found)).max() <= 1


def test_what_was_redacted_is_shown(drawn_source: Path) -> None:
    with open_video(drawn_source) as video:
        frame = video.frame(3)
        before = frame.to_rgb()
        frame.writable().y[:64] = 16
        after = frame.to_rgb()
    assert after[:60].mean() < before[:60].mean() - 20
    assert np.array_equal(after[80:], before[80:])
