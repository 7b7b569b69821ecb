"""Join tables of one video, and choose rows of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from itertools import chain, compress
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from recorder_core.errors import DataError
from recorder_core.tables.detection_table import DetectionTable
from recorder_core.tables.redaction_table import RedactionTable

__all__ = ["join_tables", "select_rows"]

Table = TypeVar("Table", DetectionTable, RedactionTable)


def join_tables(tables: Sequence[Table], *, in_order: bool = True) -> Table:
    """Return one table with the rows of all.

    Parameters
    ----------
    tables : sequence of DetectionTable or of RedactionTable
        At least one.
    in_order : bool
        The tables follow each other; otherwise their rows are sorted by frame.

    Raises
    ------
    DataError
        If there is no table, or the frames are not in the order that was said.
    """
    if not tables:
        raise DataError("there is no table to join")
    frames = np.concatenate([table.frame_index for table in tables])
    order = np.arange(len(frames)) if in_order else np.argsort(frames, kind="stable")
    columns: dict[str, Any] = {}
    for column in fields(tables[0]):
        pieces = [getattr(table, column.name) for table in tables]
        if isinstance(pieces[0], np.ndarray):
            columns[column.name] = np.concatenate(pieces)[order]
        else:
            rows = tuple(chain(*pieces))
            columns[column.name] = tuple(rows[row] for row in order)
    return type(tables[0])(**columns)


def select_rows(table: Table, wanted: NDArray[np.bool_]) -> Table:
    """Return the rows of a table where `wanted`, of shape (N,), is True."""
    columns: dict[str, Any] = {}
    for column in fields(table):
        values = getattr(table, column.name)
        if isinstance(values, np.ndarray):
            columns[column.name] = values[wanted]
        else:
            columns[column.name] = tuple(compress(values, wanted))
    return type(table)(**columns)
