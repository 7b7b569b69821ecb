from __future__ import annotations

import math

import numpy as np
import pytest

from recorder_core.errors import DataError
from recorder_core.model import Redaction
from recorder_core.tables import (
    ORIGINS,
    RedactionTable,
    TableMetadata,
    read_redactions,
    write_redactions,
)

METADATA = TableMetadata("sha256:0123")
REDACTIONS = [
    Redaction(0, (1 / 3, -2.0, 10.1, 20.7), "detected", 4, 0.123456789),
    Redaction(0, (30.0, 2.0, 40.0, 20.0), "corrected", -1, 0.5),
    Redaction(2, (31.0, 2.0, 41.0, 20.0), "rescued", 4, 0.2),
]


def test_redactions_come_back_exactly(tmp_path):
    path = tmp_path / "plan.parquet"
    table = RedactionTable.from_redactions(
        REDACTIONS, [0, 3003, 6006], [None, "c1", "c2"], [True, True, False]
    )
    write_redactions(path, table, METADATA)
    read = read_redactions(path)
    assert read.to_redactions(applied_only=False) == REDACTIONS
    assert read.to_redactions() == REDACTIONS[:2]
    assert read.by_frame() == {0: REDACTIONS[:2]}
    assert read.by_frame(applied_only=False) == {0: REDACTIONS[:2], 2: REDACTIONS[2:]}
    assert read.pts.tolist() == [0, 0, 6006]
    assert read.corrections == (None, "c1", "c2")
    assert len(read) == 3


@pytest.mark.parametrize("origin", ORIGINS)
def test_origins_and_missing_scores_come_back(tmp_path, origin):
    path = tmp_path / "plan.parquet"
    redaction = Redaction(0, (1.0, 2.0, 3.0, 4.0), origin, -1, math.nan)
    write_redactions(path, RedactionTable.from_redactions([redaction], {0: 9}), METADATA)
    (read,) = read_redactions(path).to_redactions()
    assert read.origin == origin
    assert math.isnan(read.score)


def test_nothing_redacted(tmp_path):
    path = tmp_path / "plan.parquet"
    write_redactions(path, RedactionTable.from_redactions([], []), METADATA)
    assert read_redactions(path).by_frame() == {}


def test_damaged_columns_are_refused():
    with pytest.raises(DataError, match="does not hold frame"):
        RedactionTable.from_redactions(REDACTIONS, [0, 3003])
    with pytest.raises(DataError, match="equally long"):
        RedactionTable.from_redactions(REDACTIONS, range(3), [None])
    with pytest.raises(DataError, match="must increase"):
        RedactionTable.from_redactions(REDACTIONS[::-1], range(3))
    for box in ((3.0, 1.0, 2.0, 4.0), (np.nan, 1.0, 2.0, 4.0)):
        with pytest.raises(DataError, match="left, top, right and bottom"):
            RedactionTable.from_redactions([Redaction(0, box, "filled", 1, 0.1)], [0])
