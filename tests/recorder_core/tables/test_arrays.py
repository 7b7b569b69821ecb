from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

from recorder_core.tables.arrays import (
    category_column,
    flag_column,
    number_column,
    text_column,
)


def test_columns_hold_what_pyarrow_itself_would_make() -> None:
    whole = np.arange(-5, 15, dtype=np.int64)
    broken = np.array([0.5, np.nan, -2.0, np.inf] * 5, np.float32)
    flags = np.arange(20) % 3 == 0
    texts = ["", "a", None, "\u00e9\u4e2d", "\U0001f600", None, "z"]
    made = [number_column(whole[::2]), number_column(broken), flag_column(flags)]
    expected = [pa.array(whole[::2]), pa.array(broken, from_pandas=True), pa.array(flags)]
    made += [text_column(texts), text_column([])]
    expected += [pa.array(texts, pa.string()), pa.array([], pa.string())]
    for own, other in zip(made, expected, strict=True):
        own.validate(full=True)
        assert own.equals(other)
        assert own.null_count == other.null_count
    codes = category_column(np.array([1, -1, 0, 1], np.int8), ("left", "right"))
    codes.validate(full=True)
    assert codes.to_pylist() == ["right", None, "left", "right"]


def test_a_command_that_writes_a_table_imports_no_pandas(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
import numpy as np
from recorder_core.model import FrameDetections
from recorder_core.tables import PictureTable, TableMetadata, write_picture_detections

found = FrameDetections(0, 0, np.ones((1, 4), np.float32), np.ones(1, np.float32))
table = PictureTable.from_pictures([("a.png", found)])
write_picture_detections(Path(sys.argv[1]), table, TableMetadata("pictures"))
print("pandas" in sys.modules)
"""
    words = [sys.executable, "-c", code, str(tmp_path / "faces.parquet")]
    assert subprocess.run(words, check=True, capture_output=True, text=True).stdout == "False\n"
