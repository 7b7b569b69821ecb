from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recorder_core.errors import DataError
from recorder_core.model import CorrectionKeyframe
from recorder_core.tables import TableMetadata, read_corrections, write_corrections

METADATA = TableMetadata("sha256:0123")
KEYFRAMES = [
    CorrectionKeyframe("c2", "add", 9, (1 / 3, 2, 30, 40), -1, "u1", "2025-01-02T03:04:05Z", "é|"),
    CorrectionKeyframe("c2", "add", 20, (5, 2, 35, 40), -1, "u1", "2025-01-02T03:04:05Z"),
    CorrectionKeyframe("c1", "remove", 3, (5, 2, 35, 40), 7, "u2", "2025-01-01T03:04:05Z"),
]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_corrections_come_back_in_order(tmp_path, count):
    path = tmp_path / "changes.parquet"
    write_corrections(path, KEYFRAMES[:count], METADATA)
    assert list(read_corrections(path)) == KEYFRAMES[:count]


def test_boxes_inside_out_are_refused(tmp_path):
    damaged = CorrectionKeyframe("c2", "add", 9, (30, 2, 1, 40), -1, "u1", "2025-01-02T03:04:05Z")
    with pytest.raises(DataError, match="left, top, right and bottom"):
        write_corrections(tmp_path / "changes.parquet", [damaged], METADATA)
    assert not list(tmp_path.iterdir())


def test_an_unknown_action_is_one_sentence(tmp_path):
    strange = CorrectionKeyframe("c2", "blur", 9, (1, 2, 30, 40), -1, "u1", "2025-01-02T03:04:05Z")
    with pytest.raises(DataError, match="there is no action 'blur'; a correction is one of add"):
        write_corrections(tmp_path / "changes.parquet", [strange], METADATA)
    assert not list(tmp_path.iterdir())


def test_an_action_that_no_row_has_may_stand_in_the_dictionary(tmp_path):
    path = tmp_path / "changes.parquet"
    write_corrections(path, KEYFRAMES, METADATA)
    table = pq.read_table(path)
    indices = [0, 0, 1]
    actions = pa.DictionaryArray.from_arrays(indices, ["add", "remove", "blur"])
    place = table.schema.get_field_index("action")
    table = table.set_column(place, "action", actions.cast(table.schema.field(place).type))
    pq.write_table(table, path)
    assert list(read_corrections(path)) == KEYFRAMES
