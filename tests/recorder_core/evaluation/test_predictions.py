from __future__ import annotations

import pytest

from recorder_core.datasets import LabelledPicture
from recorder_core.errors import DataError
from recorder_core.evaluation import name_by_picture, read_predictions
from recorder_core.model import FrameDetections
from recorder_core.tables import PictureTable, TableMetadata, write_picture_detections


def _text(name, *rows):
    return "\n".join([name, str(len(rows)), *(" ".join(map(str, row)) for row in rows)]) + "\n"


def test_a_folder_with_a_text_file_for_each_picture(tmp_path):
    (tmp_path / "0--Parade").mkdir()
    rows = [(10, 20, 30, 40, 0.5), (1.5, 2, 3, 4, 0.25)]
    (tmp_path / "0--Parade" / "a.b_1.txt").write_text(_text("whatever.jpg", *rows))
    (tmp_path / "0--Parade" / "c.txt").write_text(_text("c"))
    found = read_predictions(tmp_path)
    assert list(found) == ["0--Parade/a.b_1", "0--Parade/c"]
    first = found["0--Parade/a.b_1"]
    assert first.xyxy_px.tolist() == [[10, 20, 40, 60], [1.5, 2, 4.5, 6]]
    assert first.scores.tolist() == [0.5, 0.25]
    assert len(found["0--Parade/c"]) == 0


def test_one_text_file_for_all_pictures(tmp_path):
    path = tmp_path / "faces.txt"
    path.write_text(_text("2002/a", (1, 2, 3, 4, 17.5)) + _text("2002/b"))
    found = read_predictions(path)
    assert {name: len(found[name]) for name in found} == {"2002/a": 1, "2002/b": 0}
    assert found["2002/a"].scores.tolist() == [17.5]


def test_a_table_of_this_program(tmp_path, boxes):
    seen = [("x/a.jpg", boxes((1, 2, 3, 4, 0.5))), ("b.jpg", boxes())]
    table = PictureTable.from_pictures(
        (name, FrameDetections(n, n, found.xyxy_px, found.scores))
        for n, (name, found) in enumerate(seen)
    )
    path = tmp_path / "faces.parquet"
    write_picture_detections(path, table, TableMetadata("pictures", {}))
    found = read_predictions(path)
    assert found["x/a.jpg"].xyxy_px.tolist() == [[1, 2, 3, 4]]
    assert len(found["b.jpg"]) == 0


def test_pictures_are_found_with_and_without_their_suffix(boxes):
    pictures = [LabelledPicture(name) for name in ("e/a.jpg", "e/b.c.jpg", "missing.jpg")]
    predictions = {"e/a": boxes((1, 2, 3, 4, 0.5)), "e/b.c.jpg": boxes(), "other": boxes()}
    named = name_by_picture(predictions, pictures)
    assert {name: len(found) for name, found in named.items()} == {"e/a.jpg": 1, "e/b.c.jpg": 0}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a\n1\n1 2 3 4\n", "line 3"),
        ("a\n1\n1 2 3 4 high\n", "line 3"),
        ("a\n1\n1 2 3 4 nan\n", "line 3"),
        ("a\n2\n1 2 3 4 0.5\n", "should have 2"),
        ("a\nmany\n", "line 2"),
    ],
)
def test_damaged_text_is_named_by_its_line(tmp_path, text, place):
    path = tmp_path / "faces.txt"
    path.write_text(text)
    with pytest.raises(DataError, match=place):
        read_predictions(path)


def test_a_file_of_a_folder_holds_one_picture(tmp_path):
    (tmp_path / "a.txt").write_text(_text("a") + _text("b"))
    with pytest.raises(DataError, match="one picture, not of 2"):
        read_predictions(tmp_path)


def test_what_holds_no_detections(tmp_path):
    with pytest.raises(DataError, match=r"holds no \.txt file"):
        read_predictions(tmp_path)
    (tmp_path / "a.parquet").write_text("no")
    with pytest.raises(DataError, match=r"a\.parquet"):
        read_predictions(tmp_path / "a.parquet")
