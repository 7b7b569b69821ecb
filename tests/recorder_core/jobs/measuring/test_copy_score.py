from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recorder_core.errors import DataError
from recorder_core.jobs import score_copy, sidecar
from recorder_core.media import file_sha256, index_frames, probe
from recorder_core.model import TruthFace
from recorder_core.tables import (
    TableMetadata,
    TruthTable,
    read_metadata,
    read_redactions,
    read_truth,
    write_redactions,
    write_truth,
)
from tests.conftest import JUMPS, WALL

#: the largest drawn face, and a place where nothing is
FACE = (226.0, 38.0, 314.0, 150.0)
EMPTY = (330.0, 150.0, 350.0, 175.0)


def _truth(path: Path, source: Path, box: tuple[float, float, float, float]) -> Path:
    info = probe(source)
    pts = index_frames(info).pts.tolist()
    faces = tuple(
        TruthFace(
            index, time, 0, (box[0] + index % 12, box[1], box[2] + index % 12, box[3]),
            0.0 if index in range(28, 33) else 1.0, "plain",
        )
        for index, time in enumerate(pts)
    )  # fmt: skip
    metadata = TableMetadata(file_sha256(source), {}, info.video.time_base)
    write_truth(path, TruthTable(faces, tuple(enumerate(pts))), metadata)
    return path


def test_a_hidden_face_is_never_exposed(drawn: Any, finished: Path, tmp_path: Path) -> None:
    reports = score_copy(finished, _truth(tmp_path / "truth.parquet", drawn.source, FACE))
    assert set(reports) == {"before", "temporal_kernel", "after"}
    # the detector looked at every second frame and at jumps, time filled the others
    looked_at = {*range(0, 60, 2), 59, *JUMPS} - {*WALL}
    assert reports["before"].hidden_share == pytest.approx(len(looked_at) / 55)
    # the kernel reaches over the frames that were not looked at
    assert reports["temporal_kernel"].hidden_share > 0.9
    assert reports["after"].hidden_share == 1.0
    assert reports["after"].longest_exposure_frames == 0


def test_a_missed_face_is_exposed_all_the_time(drawn: Any, finished: Path, tmp_path: Path) -> None:
    after = score_copy(finished, _truth(tmp_path / "truth.parquet", drawn.source, EMPTY))["after"]
    assert after.hidden_share == 0.0
    assert after.tracks_ever_exposed == 1
    assert after.longest_exposure_frames == 28
    assert after.exposed_face_seconds == pytest.approx(55 / 20)


def test_the_copy_of_an_earlier_program_is_scored(
    drawn: Any, finished: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(finished.parent, tmp_path / "copy")) / finished.name
    path = sidecar(copy, "redactions")
    metadata = read_metadata(path)
    earlier = dict(metadata.settings["redaction"])
    earlier["least_margin_px"] = earlier.pop("min_margin_px")
    settings = {**metadata.settings, "redaction": earlier}
    write_redactions(path, read_redactions(path), replace(metadata, settings=settings))
    truth = _truth(tmp_path / "truth.parquet", drawn.source, FACE)
    assert score_copy(copy, truth)["after"] == score_copy(finished, truth)["after"]


@pytest.mark.parametrize("missing", ["redactions", "detections"])
def test_a_copy_without_its_tables_is_refused(
    drawn: Any, finished: Path, tmp_path: Path, missing: str
) -> None:
    copy = Path(shutil.copytree(finished.parent, tmp_path / "copy")) / finished.name
    sidecar(copy, missing).unlink()
    with pytest.raises(DataError, match="there is no such file"):
        score_copy(copy, _truth(tmp_path / "truth.parquet", drawn.source, FACE))


def test_a_table_that_does_not_say_how_is_refused(
    drawn: Any, finished: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(finished.parent, tmp_path / "copy")) / finished.name
    path = sidecar(copy, "redactions")
    bare = TableMetadata("made", {}, read_metadata(path).time_base)
    write_redactions(path, read_redactions(path), bare)
    with pytest.raises(DataError, match="does not say how"):
        score_copy(copy, _truth(tmp_path / "truth.parquet", drawn.source, FACE))


def test_a_missing_truth_is_refused(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such file"):
        score_copy(finished, tmp_path / "truth.parquet")


def test_the_truth_of_another_video_is_refused(drawn: Any, finished: Path, tmp_path: Path) -> None:
    truth = _truth(tmp_path / "truth.parquet", drawn.source, FACE)
    table = read_truth(truth)
    write_truth(truth, table, TableMetadata("0" * 64, {}, read_metadata(truth).time_base))
    with pytest.raises(DataError, match="are of another video"):
        score_copy(finished, truth)


def test_a_copy_whose_report_is_lost_is_refused(drawn: Any, finished: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(finished.parent, tmp_path / "copy")) / finished.name
    sidecar(copy, "report").write_text("{}")
    with pytest.raises(DataError, match="does not say what the copy was made of"):
        score_copy(copy, _truth(tmp_path / "truth.parquet", drawn.source, FACE))
