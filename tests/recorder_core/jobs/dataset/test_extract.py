"""Frames of plain videos as training pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recorder_core.datasets import (
    Dataset,
    check_dataset,
    measure_pictures,
    read_dataset,
    read_picture_bgr,
    require_pictures,
)
from recorder_core.errors import DataError, DecodeError, SettingsError
from recorder_core.jobs.dataset.extract import VideoTables, extract_video
from recorder_core.jobs.dataset.frames import ExtractSettings
from recorder_core.media import file_sha256, index_frames, open_video, probe
from recorder_core.model import CorrectionKeyframe, FrameDetections, Origin, Redaction
from recorder_core.tables import (
    DetectionTable,
    RedactionTable,
    TableMetadata,
    write_corrections,
    write_detections,
    write_redactions,
)

BOX = (100.0, 40.0, 150.0, 100.0)
#: every frame of a twentieth of a second
ALL = ExtractSettings(every_seconds=0.05)


def _pts(video: Path) -> list[int]:
    return [int(pts) for pts in index_frames(probe(video)).pts]


def _redactions(video: Path, rows: list[Redaction], **columns: object) -> Path:
    path = video.parent / f"{len(list(video.parent.iterdir()))}.redactions.parquet"
    table = RedactionTable.from_redactions(rows, _pts(video), **columns)  # type: ignore[arg-type]
    settings = {"view_px": "96,32,192,128", "frame_span": [0, 60]}
    write_redactions(path, table, TableMetadata("0" * 64, settings))
    return path


def _face(frame: int, origin: Origin = "detected", track: int = 3) -> Redaction:
    return Redaction(frame, BOX, origin, track, 0.9)


def _keyframe(frame: int, action: str, track: int = -1, name: str = "c1") -> CorrectionKeyframe:
    box = (200.0, 60.0, 240.0, 110.0)
    return CorrectionKeyframe(name, action, frame, box, track, "rita", "2026-01-01")  # type: ignore[arg-type]


def _corrections(folder: Path, rows: list[CorrectionKeyframe]) -> Path:
    path = folder / "corrections.parquet"
    write_corrections(path, rows, TableMetadata("0" * 64))
    return path


@pytest.fixture
def video(drawn_source: Path, tmp_path: Path) -> Path:
    """A video whose file name is a person's name."""
    path = tmp_path / "in" / "Zephyrina.mp4"
    path.parent.mkdir()
    path.write_bytes(drawn_source.read_bytes())
    return path


def _frames(dataset: Dataset) -> list[int]:
    return [int(p.frame_index or 0) for p in dataset.pictures]


def test_faces_of_the_table_become_labels_in_the_view(video: Path, tmp_path: Path) -> None:
    table = _redactions(video, [_face(0), _face(20, "filled"), _face(40, "padded")])
    seen: list[tuple[int, int]] = []
    settings = ExtractSettings(every_seconds=1.0)
    result = extract_video(
        video,
        VideoTables(redactions=table),
        tmp_path / "out",
        settings,
        lambda done, total: seen.append((done, total)),
    )
    assert (result.pictures, result.faces, result.corrected_pictures) == (3, 2, 0)
    assert seen == [(1, 3), (2, 3), (3, 3)]
    dataset = require_pictures(read_dataset(result.labels))
    assert _frames(dataset) == [0, 20, 40]
    first, second, padded = dataset.pictures
    assert first.size_px == (192, 128)
    assert first.faces[0].box_xyxy_px == (4, 8, 54, 68)
    assert (first.faces[0].track, second.faces[0].attributes) == (3, {"origin": "filled"})
    assert padded.faces[0].ignored
    assert {p.segment for p in dataset.pictures} == {p.group for p in dataset.pictures}
    assert check_dataset(dataset, *measure_pictures(dataset)).faults == ()


def test_the_pictures_are_those_frames(video: Path, tmp_path: Path) -> None:
    table = _redactions(video, [])
    result = extract_video(video, VideoTables(redactions=table), tmp_path / "out", ALL)
    dataset = read_dataset(result.labels)
    assert result.pictures == 60
    with open_video(video) as made:
        shown = made.frame(7).to_rgb()
    read = read_picture_bgr(dataset.pictures[7].path)[:, :, ::-1]
    errors = np.abs(read.astype(int) - shown[32:160, 96:288])
    assert errors.mean() < 2


def test_nothing_names_the_video(video: Path, tmp_path: Path) -> None:
    table = _redactions(video, [_face(0)])
    extract_video(video, VideoTables(redactions=table), tmp_path / "out", ExtractSettings())
    for path in (tmp_path / "out").rglob("*"):
        assert "zephyrina" not in path.name.lower()
        assert path.is_dir() or b"zephyrina" not in path.read_bytes().lower()
    assert (tmp_path / "out").stat().st_mode & 0o077 == 0


def test_corrections_add_and_lift(video: Path, tmp_path: Path) -> None:
    table = _redactions(video, [_face(frame) for frame in range(60)])
    keyframes = [
        _keyframe(10, "add"),
        _keyframe(14, "add"),
        _keyframe(30, "remove", 3, "c2"),
        _keyframe(31, "remove", 3, "c2"),
    ]
    tables = VideoTables(redactions=table, corrections=_corrections(tmp_path, keyframes))
    result = extract_video(video, tables, tmp_path / "out", ALL)
    dataset = read_dataset(result.labels)
    counts = {int(p.frame_index or 0): len(p.judged_faces) for p in dataset.pictures}
    assert [counts[frame] for frame in (9, 10, 12, 14, 15, 29, 30, 31, 32)] == [
        *(1, 2, 2, 2, 1),
        *(1, 0, 0, 1),
    ]
    added = dataset.pictures[12].faces[1]
    assert added.box_xyxy_px == (104, 28, 144, 78)
    assert added.attributes == {"origin": "corrected"}
    assert result.corrected_pictures == 7
    assert dataset.pictures[12].attributes == {"corrected": True}


def test_corrections_in_the_table_count_unless_others_are_given(
    video: Path, tmp_path: Path
) -> None:
    lifted, added = _face(5), Redaction(6, BOX, "corrected", -1, float("nan"))
    table = _redactions(video, [lifted, added], corrections=["old", "old"], applied=[False, True])
    result = extract_video(video, VideoTables(redactions=table), tmp_path / "1", ALL)
    faces = [len(p.judged_faces) for p in read_dataset(result.labels).pictures]
    assert (faces[5], faces[6], result.corrected_pictures) == (0, 1, 2)
    tables = VideoTables(redactions=table, corrections=_corrections(tmp_path, []))
    result = extract_video(video, tables, tmp_path / "2", ALL)
    faces = [len(p.judged_faces) for p in read_dataset(result.labels).pictures]
    assert (faces[5], faces[6], result.corrected_pictures) == (1, 0, 0)


def test_frames_with_corrections_come_first(video: Path, tmp_path: Path) -> None:
    table = _redactions(video, [])
    keyframes = [_keyframe(20, "add"), _keyframe(39, "add")]
    tables = VideoTables(redactions=table, corrections=_corrections(tmp_path, keyframes))
    settings = ExtractSettings(every_seconds=1.0, corrected_every_seconds=0.2)
    result = extract_video(video, tables, tmp_path / "1", settings)
    assert _frames(read_dataset(result.labels)) == [0, 20, 24, 28, 32, 36, 40]
    few = ExtractSettings(every_seconds=1.0, corrected_every_seconds=0.2, max_pictures=4)
    result = extract_video(video, tables, tmp_path / "2", few)
    assert _frames(read_dataset(result.labels)) == [20, 24, 32, 36]


def _detections(video: Path, folder: Path, looked_at: range) -> Path:
    pts = _pts(video)
    boxes = np.array([BOX, (200, 60, 240, 110)], np.float32)
    frames = [
        FrameDetections(frame, pts[frame], boxes, np.array([0.9, 0.3], np.float32))
        for frame in looked_at
    ]
    table = DetectionTable.from_frames(frames, probe(video).video.time_base)
    write_detections(folder / "detections.parquet", table, TableMetadata("0" * 64))
    return folder / "detections.parquet"


def test_detections_are_faces_from_a_score_on(video: Path, tmp_path: Path) -> None:
    table = _detections(video, tmp_path, range(0, 60, 10))
    result = extract_video(video, VideoTables(detections=table), tmp_path / "1", ALL)
    dataset = read_dataset(result.labels)
    # frames that were not looked at are not taken
    assert _frames(dataset) == [0, 10, 20, 30, 40, 50]
    assert dataset.pictures[0].size_px == (384, 192)
    assert dataset.pictures[0].boxes_xyxy_px.tolist() == [list(BOX)]
    low = VideoTables(detections=table, min_score=0.2)
    assert extract_video(video, low, tmp_path / "2", ALL).faces == 12


def test_cvat_gets_numbered_pictures_and_tracks(video: Path, tmp_path: Path) -> None:
    table = _redactions(video, [_face(frame) for frame in range(0, 60, 2)])
    settings = ExtractSettings(every_seconds=0.5, file_format="cvat")
    result = extract_video(video, VideoTables(redactions=table), tmp_path / "out", settings)
    assert result.labels.name == "annotations.xml"
    dataset = require_pictures(read_dataset(tmp_path / "out"))
    assert _frames(dataset) == list(range(6))
    assert [p.file_name[-10:] for p in dataset.pictures[:2]] == ["000000.jpg", "000010.jpg"]
    assert {face.track for p in dataset.pictures for face in p.faces} == {3}
    assert [len(p.judged_faces) for p in dataset.pictures] == [1] * 6


def test_a_table_of_another_video_is_refused(
    video: Path, tmp_path: Path, foreign: dict[str, Path]
) -> None:
    table = _redactions(video, [_face(50)])
    with pytest.raises(DataError, match="is of another video"):
        extract_video(foreign["h264 mkv"], VideoTables(redactions=table), tmp_path / "out", ALL)


def test_the_copy_is_refused(video: Path, tmp_path: Path) -> None:
    path = tmp_path / "copy.redactions.parquet"
    settings = {"copy_sha256": file_sha256(video)}
    table = RedactionTable.from_redactions([], _pts(video))
    write_redactions(path, table, TableMetadata("0" * 64, settings))
    with pytest.raises(SettingsError, match="this is the de-identified copy"):
        extract_video(video, VideoTables(redactions=path), tmp_path / "out", ALL)


def test_a_folder_that_exists_is_left_alone(video: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    tables = VideoTables(redactions=_redactions(video, []))
    with pytest.raises(SettingsError, match="out already exists"):
        extract_video(video, tables, tmp_path / "out", ALL)


def test_a_damaged_video_leaves_nothing(video: Path, tmp_path: Path) -> None:
    tables = VideoTables(redactions=_redactions(video, []))
    content = bytearray(video.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4000] = bytes(4000)
    video.write_bytes(content)
    with pytest.raises(DecodeError):
        extract_video(video, tables, tmp_path / "out", ALL)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("names", [(), ("redactions", "detections")])
def test_one_table_is_needed(names: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError, match="name one table"):
        VideoTables(**{name: Path("x") for name in names})


@pytest.mark.parametrize(
    "changes", [{"every_seconds": 0}, {"corrected_every_seconds": -1}, {"max_pictures": 0}]
)
def test_settings_must_be_positive(changes: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match="must be positive"):
        ExtractSettings(**changes)  # type: ignore[arg-type]
