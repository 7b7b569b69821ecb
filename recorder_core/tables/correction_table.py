"""What persons changed, as the keyframes of their corrections."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, get_args

import numpy as np
import pyarrow as pa

from recorder_core.errors import DataError
from recorder_core.model import CorrectionAction, CorrectionKeyframe
from recorder_core.tables.arrays import (
    box_array,
    box_columns,
    categories,
    category_column,
    check_boxes,
    numbers,
)
from recorder_core.tables.parquet_file import TableMetadata, read_table, reading, write_table

__all__ = ["action_of", "read_corrections", "write_corrections"]

_ACTIONS: Final[tuple[CorrectionAction, ...]] = get_args(CorrectionAction)


def write_corrections(
    path: Path, corrections: Sequence[CorrectionKeyframe], metadata: TableMetadata
) -> None:
    """Write the keyframes of corrections, in the order given.

    Raises
    ------
    DataError
        If an action is unknown, a box is inside out or the file cannot be written.
    """
    n = len(corrections)
    boxes = np.array([keyframe.box_xyxy_px for keyframe in corrections], float).reshape(n, 4)
    check_boxes(boxes)
    actions = np.array(
        [_ACTIONS.index(action_of(keyframe.action)) for keyframe in corrections], np.int8
    )
    columns = {
        "correction": pa.array([k.correction_id for k in corrections], pa.string()),
        "action": category_column(actions, _ACTIONS),
        "frame": pa.array([k.frame_index for k in corrections], pa.int64()),
        **box_columns(boxes),
        "track": pa.array([k.track for k in corrections], pa.int32()),
        "author": pa.array([k.author for k in corrections], pa.string()),
        "created_utc": pa.array([k.created_utc for k in corrections], pa.string()),
        "note": pa.array([k.note for k in corrections], pa.string()),
    }
    write_table(path, "corrections", pa.table(columns), metadata)


def action_of(text: str) -> CorrectionAction:
    """Return the action that a word names.

    Raises
    ------
    DataError
        If there is no such action.
    """
    for action in _ACTIONS:
        if text == action:
            return action
    raise DataError(f"there is no action {text!r}; a correction is one of {', '.join(_ACTIONS)}")


def read_corrections(path: Path) -> list[CorrectionKeyframe]:
    """Read the keyframes of corrections.

    Raises
    ------
    DataError
        If the file is missing, damaged, or another table.
    """
    table = read_table(path, "corrections")
    boxes = box_array(table, np.float64)
    with reading(path):
        check_boxes(boxes)
    columns = (
        table.column("correction").to_pylist(),
        [_ACTIONS[code] for code in categories(table, "action", _ACTIONS)],
        table.column("frame").to_pylist(),
        [(x0, y0, x1, y1) for x0, y0, x1, y1 in boxes.tolist()],
        numbers(table, "track", np.int32).tolist(),
        table.column("author").to_pylist(),
        table.column("created_utc").to_pylist(),
        table.column("note").to_pylist(),
    )
    return [CorrectionKeyframe(*row) for row in zip(*columns, strict=True)]
