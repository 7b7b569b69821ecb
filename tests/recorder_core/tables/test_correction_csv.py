from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from recorder_core.errors import DataError
from recorder_core.model import CorrectionKeyframe
from recorder_core.tables import corrections_csv, read_corrections_csv

ROWS = [
    CorrectionKeyframe("1", "add", 3, (1.5, 2, 30, 40), -1, "anna", "2026-01-01T00:00:00Z", "a, b"),
    CorrectionKeyframe("1", "add", 9, (2.0, 2, 30, 40), -1, "anna", "2026-01-01T00:00:00Z"),
    CorrectionKeyframe("lamp", "remove", 1000000, (0, 0, 1, 1), 12, "", "", 'a "lamp"'),
]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    text = corrections_csv(ROWS)
    assert next(iter(csv.DictReader(io.StringIO(text))))["note"] == "a, b"
    path.write_text(text)
    assert read_corrections_csv(path) == ROWS


@pytest.mark.parametrize("delimiter", [";", "\t", ","])
def test_a_spreadsheet_may_choose_how_cells_are_separated(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "rows.csv"
    heading = "correction,action,frame,x0,y0,x1,y1".replace(",", delimiter)
    row = "a,add,5,1,2,3,4".replace(",", delimiter)
    path.write_text(f"\ufeff{heading}\r\n{row}\r\n", encoding="utf-8")
    assert read_corrections_csv(path) == [
        CorrectionKeyframe("a", "add", 5, (1, 2, 3, 4), -1, "", "", "")
    ]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "1,blur,5,1,2,3,4",
            "line 2: there is no action 'blur'; a correction is one of add, remove",
        ),
        ("1,add,five,1,2,3,4", "line 2 has a cell that is not a number"),
        ("1,add,5,1,2,3", "line 2 has a cell that is not a number"),
        (
            "1,add,5.5,1,2,3,4",
            "line 2 has a cell that is not a number, or not a whole one in frame",
        ),
        ("1,add,5,10,5,20,75,60,5", "line 2 has more cells than the first line"),
    ],
)
def test_a_wrong_row_is_named_by_its_line(tmp_path: Path, line: str, sentence: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"correction,action,frame,x0,y0,x1,y1\n{line}\n")
    with pytest.raises(DataError, match=rf"rows\.csv, {sentence}"):
        read_corrections_csv(path)


def test_a_row_as_a_spreadsheet_writes_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("correction,action,frame,x0,y0,x1,y1,track\n7, Remove ,10.0,1,2,3,4,2.0\n")
    assert read_corrections_csv(path) == [
        CorrectionKeyframe("7", "remove", 10, (1, 2, 3, 4), 2, "", "", "")
    ]


def test_a_file_that_is_no_such_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    with pytest.raises(DataError, match="cannot be read"):
        read_corrections_csv(path)
    path.write_text("frame,x0\n1,2\n")
    with pytest.raises(DataError, match="has no column correction, action, y0, x1, y1"):
        read_corrections_csv(path)
