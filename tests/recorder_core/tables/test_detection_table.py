from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from recorder_core.errors import DataError
from recorder_core.model import FrameDetections, empty_detections
from recorder_core.tables import (
    DetectionTable,
    PictureTable,
    TableMetadata,
    read_detections,
    read_picture_detections,
    write_detections,
    write_picture_detections,
)

TIME_BASE = Fraction(1, 90000)
METADATA = TableMetadata("sha256:0123", time_base=TIME_BASE)


def frame(index: int, faces: int) -> FrameDetections:
    rng = np.random.default_rng(index)
    boxes = rng.random((faces, 4), np.float32) * 1000
    return FrameDetections(index, 3003 * index, boxes, rng.random(faces, np.float32))


FRAMES = [frame(0, 2), empty_detections(1, 3003), frame(2, 1), frame(5, 3), frame(6, 0)]


def same(a: FrameDetections, b: FrameDetections) -> bool:
    return (
        (a.frame_index, a.pts) == (b.frame_index, b.pts)
        and np.array_equal(a.boxes_xyxy_px, b.boxes_xyxy_px)
        and np.array_equal(a.scores, b.scores)
        and a.boxes_xyxy_px.dtype == b.boxes_xyxy_px.dtype == np.float32
    )


def test_frames_come_back_with_and_without_faces(tmp_path):
    path = tmp_path / "faces.parquet"
    tracks = [np.full(len(item), 7, np.int32) for item in FRAMES]
    write_detections(path, DetectionTable.from_frames(FRAMES, TIME_BASE, tracks), METADATA)
    table = read_detections(path)
    assert all(same(a, b) for a, b in zip(table.to_frames(), FRAMES, strict=True))
    assert table.tracks.tolist() == [7, 7, -1, 7, 7, 7, 7, -1]
    assert np.isnan(table.scores).tolist() == [False, False, True, *[False] * 4, True]
    assert table.seconds[3] == pytest.approx(2 * 3003 / 90000)
    assert len(table) == 8


@pytest.mark.parametrize("frames", [[], [empty_detections(0, 0)]])
def test_video_without_faces(tmp_path, frames):
    path = tmp_path / "faces.parquet"
    write_detections(path, DetectionTable.from_frames(frames, TIME_BASE), METADATA)
    assert [item.frame_index for item in read_detections(path).to_frames()] == [
        item.frame_index for item in frames
    ]


def test_pictures_come_back(tmp_path):
    path = tmp_path / "pictures.parquet"
    pictures = [("a/1.jpg", frame(0, 2)), ("a/2.jpg", frame(1, 0)), ("b.png", frame(2, 1))]
    write_picture_detections(path, PictureTable.from_pictures(pictures), METADATA)
    table = read_picture_detections(path)
    assert table.files == ("a/1.jpg", "a/1.jpg", "a/2.jpg", "b.png")
    assert len(table) == 4
    for (name, faces), (expected_name, expected) in zip(table.to_pictures(), pictures, strict=True):
        assert name == expected_name
        assert np.array_equal(faces.boxes_xyxy_px, expected.boxes_xyxy_px)
        assert np.array_equal(faces.scores, expected.scores)


def test_no_picture(tmp_path):
    path = tmp_path / "pictures.parquet"
    write_picture_detections(path, PictureTable.from_pictures([]), METADATA)
    assert read_picture_detections(path).to_pictures() == []


def test_hours_of_video_are_quick(tmp_path):
    """Two hours at 30 frames per second, four faces: columns, not rows."""
    count = 2 * 3600 * 30 * 4
    frames = np.repeat(np.arange(count // 4), 4)
    table = DetectionTable(
        frames,
        frames * 3000,
        frames / 30.0,
        np.zeros((count, 4), np.float32),
        np.ones(count, np.float32),
        np.zeros(count, np.int32),
    )
    path = tmp_path / "faces.parquet"
    write_detections(path, table, METADATA)
    assert len(read_detections(path)) == count
    assert len(table.to_frames()) == count // 4


def test_damaged_columns_are_refused():
    table = DetectionTable.from_frames(FRAMES, TIME_BASE)
    columns = {
        "frame_index": table.frame_index,
        "pts": table.pts,
        "seconds": table.seconds,
        "boxes_xyxy_px": table.boxes_xyxy_px,
        "scores": table.scores,
        "tracks": table.tracks,
    }
    for change, message in (
        ({"pts": table.pts[1:]}, "equally long"),
        ({"frame_index": table.frame_index[::-1]}, "must increase"),
        ({"scores": np.ones(8, np.float32)}, "null together"),
        ({"scores": table.scores * 2}, "0 to 1"),
        ({"boxes_xyxy_px": np.zeros((8, 3), np.float32)}, "do not fit"),
    ):
        with pytest.raises(DataError, match=message):
            DetectionTable(**{**columns, **change})
    with pytest.raises(DataError, match="1 tracks do not fit 6 boxes"):
        DetectionTable.from_frames(FRAMES, TIME_BASE, [np.zeros(1, np.int32)])
