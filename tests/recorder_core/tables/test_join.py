from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from recorder_core.errors import DataError
from recorder_core.model import FrameDetections, Redaction, empty_detections
from recorder_core.tables import DetectionTable, RedactionTable, join_tables, select_rows


def _redactions(frames: range, correction: str | None = None) -> RedactionTable:
    rows = [Redaction(i, (1.0, 2.0, 3.0, 4.0 + i), "detected", 0, 0.5) for i in frames]
    return RedactionTable.from_redactions(
        rows, {i: i * 512 for i in frames}, [correction] * len(rows)
    )


def test_tables_that_follow_each_other_keep_their_rows() -> None:
    joined = join_tables([_redactions(range(3)), _redactions(range(3, 5), "7")])
    assert joined.frame_index.tolist() == [0, 1, 2, 3, 4]
    assert joined.corrections == (None, None, None, "7", "7")
    assert joined.boxes_xyxy_px[:, 3].tolist() == [4, 5, 6, 7, 8]


def test_rows_are_put_in_order_when_tables_interleave() -> None:
    outer = join_tables([_redactions(range(2)), _redactions(range(4, 6))])
    joined = join_tables([outer, _redactions(range(2, 4), "1")], in_order=False)
    assert joined.frame_index.tolist() == list(range(6))
    assert joined.corrections == (None, None, "1", "1", None, None)


def test_interleaved_tables_are_refused_where_order_is_said() -> None:
    with pytest.raises(DataError):
        join_tables([_redactions(range(4, 6)), _redactions(range(2))])


def test_nothing_cannot_be_joined() -> None:
    with pytest.raises(DataError, match="no table"):
        join_tables([])


def test_detections_with_and_without_faces_survive_joining() -> None:
    face = FrameDetections(1, 10, np.array([[0, 0, 5, 5]], np.float32), np.array([0.9], np.float32))
    tables = [
        DetectionTable.from_frames([frame], Fraction(1, 30))
        for frame in (empty_detections(0, 0), face)
    ]
    frames = join_tables(tables).to_frames()
    assert [len(frame) for frame in frames] == [0, 1]
    assert frames[1].scores[0] == np.float32(0.9)


def test_chosen_rows_keep_every_column() -> None:
    table = join_tables([_redactions(range(3)), _redactions(range(3, 5), "7")])
    chosen = select_rows(table, table.frame_index % 2 == 1)
    assert chosen.frame_index.tolist() == [1, 3]
    assert chosen.corrections == (None, "7")
    assert chosen.pts.tolist() == [512, 3 * 512]
