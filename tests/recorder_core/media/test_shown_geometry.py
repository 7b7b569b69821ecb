"""Boxes of the stored picture in the picture that is shown."""

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
from recorder_core.media import grab_pictures, read_geometry
from recorder_core.media.synthesis import SynthesisSettings, write_video
from recorder_core.model import Planes, ShownGeometry

#: a bright mark in a dark picture of 128x64
MARK = (16, 8, 48, 24)


def _marked(path: Path) -> Path:
    y = np.full((64, 128), 16, np.uint8)
    x0, y0, x1, y1 = MARK
    y[y0:y1, x0:x1] = 235
    chroma = np.full((32, 64), 128, np.uint8)
    settings = SynthesisSettings(Fraction(10), 200_000, preset="ultrafast")
    write_video(path, zip(repeat(Planes(y, chroma, chroma), 2), repeat(None)), settings)
    return path


def _turned(source: Path, path: Path, degrees: int) -> Path:
    with av.open(str(source)) as old, av.open(str(path), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        if degrees:
            stream.set_display_rotation(degrees)
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = stream
                new.mux(packet)
    return path


def _mark_in(picture: NDArray[np.uint8]) -> list[int]:
    rows, columns = np.nonzero(picture.mean(axis=2) > 128)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_the_mark_is_where_the_geometry_says(degrees: int, tmp_path: Path) -> None:
    video = _turned(_marked(tmp_path / "plain.mp4"), tmp_path / "turned.mp4", degrees)
    with video.open("rb") as file:
        (picture,) = grab_pictures(file, [0], "turned")
        geometry = read_geometry(file, "turned")
    assert (geometry.width_px, geometry.height_px) == (128, 64)
    box = geometry.show_boxes(np.array([MARK], float))
    assert np.abs(box[0] - _mark_in(picture)).max() <= 1


def test_the_geometry_of_a_video_is_read(drawn_source: Path) -> None:
    with drawn_source.open("rb") as file:
        assert read_geometry(file, "drawn") == ShownGeometry(384, 192)
        file.seek(500)
        assert read_geometry(file, "drawn") == ShownGeometry(384, 192)


def test_what_is_no_video_is_refused() -> None:
    with closing(io.BytesIO(b"no video at all")) as file, pytest.raises(DecodeError):
        read_geometry(file, "text")
