"""Every table prints what it holds, and becomes the pandas table that its file is."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recorder_core.model import (
    CorrectionKeyframe,
    FrameDetections,
    Redaction,
    TruthFace,
    empty_detections,
)
from recorder_core.tables import (
    TABLES,
    CorrectionTable,
    DetectionTable,
    PictureTable,
    RedactionTable,
    Table,
    TableMetadata,
    TruthTable,
    write_corrections,
    write_detections,
    write_picture_detections,
    write_redactions,
    write_truth,
)

METADATA = TableMetadata("made", {}, Fraction(1, 30))
BOX = (1.0, 2.0, 11.5, 22.25)
SEEN = FrameDetections(0, 0, np.array([BOX, BOX], np.float32), np.array([0.9, 0.5], np.float32))
DETECTIONS = DetectionTable.from_frames(
    [SEEN, empty_detections(2, 2)], Fraction(1, 30), [np.array([4, 7], np.int32), np.zeros(0, int)]
)
PICTURES = PictureTable.from_pictures([("a/<one>.jpg", SEEN), ("b.jpg", empty_detections(1, 1))])
REDACTIONS = RedactionTable.from_redactions(
    [Redaction(3, BOX, "filled", 4, np.nan), Redaction(3, BOX, "detected", -1, 0.5)],
    {3: 9},
    [None, "wall"],
    [True, False],
)
TRUTH = TruthTable((TruthFace(1, 30, 5, BOX, 0.25, "masked"),), ((0, 0), (1, 30)))
CORRECTIONS = CorrectionTable(
    (CorrectionKeyframe("wall", "remove", 3, BOX, -1, "ana", "2026-01-02T03:04:05Z", "a lamp"),)
)
TABLE_WRITERS = [
    (DETECTIONS, write_detections),
    (PICTURES, write_picture_detections),
    (REDACTIONS, write_redactions),
    (TRUTH, write_truth),
    (CORRECTIONS, write_corrections),
]


def test_there_is_an_example_of_every_kind() -> None:
    assert {table.kind for table, _ in TABLE_WRITERS} == set(TABLES)


@pytest.mark.parametrize(("table", "write"), TABLE_WRITERS, ids=lambda each: str(each)[:20])
def test_the_pandas_view_is_what_pandas_reads_of_the_file(
    table: Table, write, tmp_path: Path
) -> None:
    path = f"{tmp_path}/table.parquet"
    write(path, table, METADATA)
    pd.testing.assert_frame_equal(table.to_pandas(), pd.read_parquet(path))


def test_an_empty_table_keeps_its_columns() -> None:
    table = DetectionTable.from_frames([], Fraction(1, 30))
    assert list(table.to_pandas().columns) == [column.name for column in TABLES["detections"]]
    assert repr(table) == "DetectionTable(rows=0, frames=0, tracks=0)"


def test_a_table_prints_how_much_it_holds_and_no_value() -> None:
    assert repr(DETECTIONS) == "DetectionTable(rows=3, frames=2, tracks=2)"
    assert repr(PICTURES) == "PictureTable(rows=3, pictures=2, faces=2)"
    assert repr(REDACTIONS) == "RedactionTable(rows=2, frames=1, tracks=1, lifted=1)"
    assert repr(TRUTH) == "TruthTable(rows=2, frames=2, faces=1)"
    assert repr(CORRECTIONS) == "CorrectionTable(rows=1, corrections=1)"


def test_a_notebook_shows_units_types_and_the_first_rows() -> None:
    shown = DETECTIONS._repr_html_()
    assert "<caption>DetectionTable(rows=3, frames=2, tracks=2)</caption>" in shown
    assert "<th>seconds [s] float64</th><th>x0 [px] float32</th>" in shown
    assert "<td>1</td><td>2</td><td>11.5</td><td>22.25</td><td>0.9</td><td>4</td></tr>" in shown
    assert shown.count("<td>-</td>") == 5  # no face in frame 2: four edges and a score
    assert "&lt;one&gt;" in PICTURES._repr_html_()


def test_a_notebook_shows_ten_rows_of_many() -> None:
    many = DetectionTable.from_frames([empty_detections(i, i) for i in range(11)], Fraction(1, 30))
    shown = many._repr_html_()
    assert shown.count("<tr>") == 1 + 10
    assert "(rows=11, frames=11, tracks=0), the first 10</caption>" in shown
