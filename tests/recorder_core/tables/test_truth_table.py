from __future__ import annotations

from typing import get_args

import pyarrow.parquet as pq
import pytest

from recorder_core.errors import DataError
from recorder_core.model import TruthFace, TruthState
from recorder_core.tables import TableMetadata, TruthTable, read_truth, write_truth

METADATA = TableMetadata("sha256:0123")
FACES = tuple(
    TruthFace(index // 4, 3003 * (index // 4), index, (1.5, 2.0, 30.1, 40.0), 0.25, state)
    for index, state in enumerate(get_args(TruthState))
)
FRAMES = ((0, 0), (1, 3003), (2, 6006))


def test_truth_comes_back_with_empty_frames(tmp_path):
    path = tmp_path / "truth.parquet"
    table = TruthTable(FACES, FRAMES)
    write_truth(path, table, METADATA)
    assert read_truth(path) == table
    assert pq.read_table(path).column("frame").to_pylist() == [0, 0, 0, 0, 1, 1, 2]


def test_video_without_faces(tmp_path):
    path = tmp_path / "truth.parquet"
    for table in (TruthTable((), FRAMES), TruthTable((), ())):
        write_truth(path, table, METADATA)
        assert read_truth(path) == table


def test_faces_outside_the_video_are_refused():
    with pytest.raises(DataError, match="frame 0 at pts 0 holds a true face"):
        TruthTable(FACES, FRAMES[1:])
    with pytest.raises(DataError, match="ordered and listed once"):
        TruthTable((), FRAMES[::-1])


def test_half_a_face_is_refused(tmp_path):
    path = tmp_path / "truth.parquet"
    write_truth(path, TruthTable(FACES, FRAMES), METADATA)
    table = pq.read_table(path)
    visible = table.column("visible").fill_null(1.0)
    pq.write_table(table.set_column(7, "visible", visible), path)
    with pytest.raises(DataError, match=r"truth\.parquet: column 'visible' must be null where"):
        read_truth(path)
