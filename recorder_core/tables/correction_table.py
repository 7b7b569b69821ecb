"""What persons changed, as the keyframes of their corrections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Final, get_args

import numpy as np
import pyarrow as pa

from recorder_core.errors import DataError
from recorder_core.model import CorrectionAction, CorrectionKeyframe
from recorder_core.model.files.paths import StrPath
from recorder_core.tables.arrays import (
    box_array,
    box_columns,
    categories,
    category_column,
    check_boxes,
    numbers,
)
from recorder_core.tables.columns import TableKind
from recorder_core.tables.parquet_file import TableMetadata, read_table, reading, write_table
from recorder_core.tables.table import Table

__all__ = ["CorrectionTable", "action_of", "read_corrections", "write_corrections"]

_ACTIONS: Final[tuple[CorrectionAction, ...]] = get_args(CorrectionAction)


@dataclass(frozen=True, slots=True, repr=False)
class CorrectionTable(Table):
    """The keyframes of corrections, in the order in which they were written."""

    kind: ClassVar[TableKind] = "corrections"

    keyframes: tuple[CorrectionKeyframe, ...]

    def __len__(self) -> int:
        return len(self.keyframes)

    def __iter__(self) -> Iterator[CorrectionKeyframe]:
        return iter(self.keyframes)

    def counts(self) -> dict[str, int]:
        """Return the numbers of rows, each a keyframe, and of corrections."""
        return {
            "rows": len(self),
            "corrections": len({keyframe.correction_id for keyframe in self}),
        }

    def _columns(self) -> dict[str, pa.Array]:
        boxes = np.array([keyframe.box_xyxy_px for keyframe in self], float).reshape(-1, 4)
        check_boxes(boxes)
        actions = [_ACTIONS.index(action_of(keyframe.action)) for keyframe in self]
        return {
            "correction": pa.array([each.correction_id for each in self], pa.string()),
            "action": category_column(np.array(actions, np.int8), _ACTIONS),
            "frame": pa.array([each.frame_index for each in self], pa.int64()),
            **box_columns(boxes),
            "track": pa.array([each.track for each in self], pa.int32()),
            "author": pa.array([each.author for each in self], pa.string()),
            "created_utc": pa.array([each.created_utc for each in self], pa.string()),
            "note": pa.array([each.note for each in self], pa.string()),
        }


def write_corrections(
    path: StrPath, corrections: Iterable[CorrectionKeyframe], metadata: TableMetadata
) -> None:
    """Write the keyframes of corrections, in the order given.

    Raises
    ------
    DataError
        If an action is unknown, a box is inside out or the file cannot be written.
    """
    write_table(path, CorrectionTable(tuple(corrections)), metadata)


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


def read_corrections(path: StrPath) -> CorrectionTable:
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
    return CorrectionTable(tuple(CorrectionKeyframe(*row) for row in zip(*columns, strict=True)))
