"""Between NumPy arrays and Arrow columns; NaN here is null there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recorder_core.errors import DataError

__all__ = [
    "box_array",
    "box_columns",
    "categories",
    "category_column",
    "check_boxes",
    "check_frame_order",
    "check_lengths",
    "number_column",
    "numbers",
]

Number = TypeVar("Number", bound=np.generic)
_EDGES = ("x0", "y0", "x1", "y1")


def number_column(values: NDArray[Any]) -> pa.Array:
    """Return numbers as a column."""
    return pa.array(values, from_pandas=True)


def box_columns(boxes: NDArray[Any]) -> dict[str, pa.Array]:
    """Return (N, 4) boxes as the four columns x0, y0, x1, y1."""
    return {edge: number_column(np.ascontiguousarray(boxes[:, i])) for i, edge in enumerate(_EDGES)}


def category_column(codes: NDArray[np.int8], values: Sequence[str]) -> pa.Array:
    """Return codes into `values` as a column; -1 is null."""
    indices = pa.array(codes.astype(np.int32), mask=codes < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(values, pa.string()))


def numbers(table: pa.Table, name: str, dtype: type[Number]) -> NDArray[Number]:
    """Return a column of numbers; nulls are NaN, or -1 for whole numbers."""
    column = table.column(name)
    if column.null_count and np.issubdtype(dtype, np.integer):
        column = column.fill_null(-1)
    return np.asarray(column.to_numpy(), dtype)


def box_array(table: pa.Table, dtype: type[Number]) -> NDArray[Number]:
    """Return the columns x0, y0, x1, y1 as (N, 4) boxes."""
    return np.stack([numbers(table, edge, dtype) for edge in _EDGES], axis=1)


def categories(table: pa.Table, name: str, values: Sequence[str]) -> NDArray[np.int8]:
    """Return a column of categories as codes into `values`; null is -1."""
    column = table.column(name).combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks else pa.array([], column.type)
    # a file's dictionary may name what no row has
    known = {value: code for code, value in enumerate(values)}
    codes = np.array([known.get(value, -1) for value in column.dictionary.to_pylist()] + [-1])
    indices = column.indices.fill_null(len(codes) - 1).to_numpy(zero_copy_only=False)
    return np.asarray(codes[indices], np.int8)


def check_lengths(columns: Mapping[str, Sequence[Any] | NDArray[Any]]) -> None:
    """Refuse columns of different lengths."""
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"columns of one table must be equally long, not {lengths}")


def check_frame_order(frames: NDArray[np.int64]) -> None:
    """Refuse rows that are not ordered by frame."""
    if len(frames) and (frames[0] < 0 or bool((np.diff(frames) < 0).any())):
        raise DataError("column 'frame' must increase from row to row, from 0 on")


def check_boxes(boxes: NDArray[np.float64]) -> None:
    """Refuse boxes that are not finite or inside out."""
    if not np.isfinite(boxes).all() or (boxes[:, 2:] < boxes[:, :2]).any():
        raise DataError("columns 'x0', 'y0', 'x1', 'y1' must hold left, top, right and bottom")
