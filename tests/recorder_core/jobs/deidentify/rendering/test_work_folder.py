from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from recorder_core.errors import EncodeError
from recorder_core.jobs.deidentify.rendering.segments import RenderedSegment
from recorder_core.jobs.deidentify.rendering.work_folder import SegmentRecord, WorkFolder
from recorder_core.media import SegmentInfo, file_sha256
from recorder_core.model import FrameDetections, Redaction
from recorder_core.tables import DetectionTable, RedactionTable

BASE = Fraction(1, 20)


def _folder(tmp_path: Path, job: str = "job") -> WorkFolder:
    return WorkFolder(tmp_path / "copy.mp4", job, BASE)


def _record(work: WorkFolder, number: int) -> SegmentRecord:
    path = work.segment_path(number)
    path.write_bytes(b"segment %d" % number)
    first = number * 2
    pts = (first, first + 1)
    info = SegmentInfo(path, first, first + 2, pts, path.stat().st_size, file_sha256(path))
    box = np.array([[1, 2, 3, 4]], np.float32)
    found = [FrameDetections(index, index, box, np.array([0.5], np.float32)) for index in pts]
    planned = [Redaction(index, (1.0, 2.0, 3.0, 4.0), "detected", 0, 0.5) for index in pts]
    redactions = RedactionTable.from_redactions(planned, {index: index for index in pts})
    rendered = RenderedSegment(info, redactions, 4.5, 39.5)
    return SegmentRecord(rendered, DetectionTable.from_frames(found, BASE), (first,))


def _filled(tmp_path: Path, segments: int = 3) -> WorkFolder:
    work = _folder(tmp_path)
    assert work.open(resume=False) == []
    for number in range(segments):
        work.add(_record(work, number))
    return work


def _numbers(records: list[SegmentRecord]) -> list[int]:
    return [record.rendered.segment.first_index // 2 for record in records]


def test_finished_segments_come_back(tmp_path: Path) -> None:
    work = _filled(tmp_path)
    records = _folder(tmp_path).open(resume=True)
    assert _numbers(records) == [0, 1, 2]
    rendered = records[1].rendered
    assert rendered.segment.pts == (2, 3)
    assert rendered.segment.path == work.segment_path(1)
    assert (rendered.mean_squared_error, rendered.min_psnr_y_db) == (4.5, 39.5)
    assert rendered.redactions.to_redactions()[0].box_xyxy_px == (1.0, 2.0, 3.0, 4.0)
    assert [frame.frame_index for frame in records[1].detections.to_frames()] == [2, 3]
    assert records[1].cuts == (2,)


def test_without_resume_everything_is_begun_again(tmp_path: Path) -> None:
    work = _filled(tmp_path)
    assert work.open(resume=False) == []
    assert not work.segment_path(0).exists()


def test_segments_of_another_job_are_not_taken(tmp_path: Path) -> None:
    work = _filled(tmp_path)
    assert _folder(tmp_path, "another").open(resume=True) == []
    assert not work.segment_path(0).exists()


@pytest.mark.parametrize(
    "damage",
    ["no json", "half a json", "another json", "no video", "another video", "half a table"],
)
def test_a_damaged_segment_and_all_after_it_are_done_again(tmp_path: Path, damage: str) -> None:
    work = _filled(tmp_path)
    video = work.segment_path(1)
    facts, table = video.with_suffix(".json"), video.with_suffix(".redactions.parquet")
    match damage:
        case "no json":
            facts.unlink()
        case "half a json":
            facts.write_text(facts.read_text()[:40])
        case "another json":
            facts.write_text(json.dumps({"sha256": file_sha256(video)}))
        case "no video":
            video.unlink()
        case "another video":
            video.write_bytes(b"something else")
        case "half a table":
            table.write_bytes(table.read_bytes()[:100])
    assert _numbers(_folder(tmp_path).open(resume=True)) == [0]


def test_only_finished_segments_are_kept(tmp_path: Path) -> None:
    work = _filled(tmp_path, 2)
    files = {path.name: path.read_bytes() for path in work.path.iterdir()}
    unfinished = ("segment_000002.mp4", ".segment_000003.part.mp4", "segment_000002.partial")
    for name in unfinished:
        (work.path / name).write_bytes(b"half")
    kept = work.keep_finished()
    assert {path.name: path.read_bytes() for path in work.path.iterdir()} == files
    assert (kept.segments, kept.stop_index) == (2, 4)
    assert kept.size_bytes == sum(map(len, files.values()))
    assert str(kept) == "2 finished segments are kept in .copy.mp4.work"


def test_a_folder_without_finished_segments_is_not_kept(tmp_path: Path) -> None:
    work = _filled(tmp_path, 0)
    work.segment_path(0).write_bytes(b"half")
    assert work.keep_finished().segments == 0
    assert not list(tmp_path.iterdir())


def test_finished_segments_of_another_job_are_not_kept(tmp_path: Path) -> None:
    _filled(tmp_path)
    assert _folder(tmp_path, "another").keep_finished().segments == 0
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_after_removing(tmp_path: Path) -> None:
    work = _filled(tmp_path)
    work.remove()
    work.remove()
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    work = WorkFolder(tmp_path / "file" / "copy.mp4", "job", BASE)
    with pytest.raises(EncodeError, match="cannot be written"):
        work.open(resume=False)


def test_a_segment_that_cannot_be_written_down_is_one_sentence(tmp_path: Path) -> None:
    work = _filled(tmp_path, 1)
    record = _record(work, 1)
    work.segment_path(1).with_suffix(".partial").mkdir()
    with pytest.raises(EncodeError, match="written down"):
        work.add(record)
