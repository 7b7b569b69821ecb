"""Between NumPy arrays and Arrow columns; NaN here is null there.

Columns are made of their buffers: ``pyarrow.array`` imports pandas, which takes a quarter of a
second of a command that only writes a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

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
    "flag_column",
    "number_column",
    "numbers",
    "text_column",
]

Number = TypeVar("Number", bound=np.generic)
_EDGES: Final = ("x0", "y0", "x1", "y1")
#: names that Arrow has for what NumPy names otherwise
_FLOATS: Final = {"halffloat": "float16", "float": "float32", "double": "float64"}


def number_column(values: NDArray[Any]) -> pa.Array:
    """Return numbers as a column."""
    missing = np.isnan(values) if np.issubdtype(values.dtype, np.floating) else None
    return _masked_column(values, missing)


def box_columns(boxes: NDArray[Any]) -> dict[str, pa.Array]:
    """Return (N, 4) boxes as the four columns x0, y0, x1, y1."""
    return {edge: number_column(boxes[:, i]) for i, edge in enumerate(_EDGES)}


def category_column(codes: NDArray[np.int8], values: Sequence[str]) -> pa.Array:
    """Return codes into `values` as a column; -1 is null."""
    indices = _masked_column(codes.astype(np.int32), codes < 0)
    return pa.DictionaryArray.from_arrays(indices, text_column(values))


def flag_column(values: NDArray[np.bool_]) -> pa.Array:
    """Return flags as a column."""
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, _bits(values)])


def text_column(values: Sequence[str | None]) -> pa.Array:
    """Return texts as a column; None is null."""
    texts = [(value or "").encode() for value in values]
    ends = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    if ends[-1] > np.iinfo(np.int32).max:
        raise DataError(f"a column of texts takes at most 2 GiB, not {ends[-1]} bytes")
    missing = np.array([value is None for value in values], np.bool_)
    buffers = [
        _validity(missing),
        pa.py_buffer(ends.astype(np.int32)),
        pa.py_buffer(b"".join(texts)),
    ]
    return pa.Array.from_buffers(pa.string(), len(texts), buffers)


def _masked_column(values: NDArray[Any], missing: NDArray[np.bool_] | None) -> pa.Array:
    buffers = [_validity(missing), pa.py_buffer(np.ascontiguousarray(values))]
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), buffers)


def _validity(missing: NDArray[np.bool_] | None) -> pa.Buffer | None:
    """Return the buffer that says which rows are not null; None where all are not."""
    return None if missing is None or not missing.any() else _bits(~missing)


def _bits(flags: NDArray[np.bool_]) -> pa.Buffer:
    return pa.py_buffer(np.packbits(flags, bitorder="little"))


def numbers(table: pa.Table, name: str, dtype: type[Number]) -> NDArray[Number]:
    """Return a column of numbers; nulls are NaN, or -1 for whole numbers."""
    chunks = [_values(chunk) for chunk in table.column(name).chunks]
    return np.concatenate([np.empty(0, dtype), *chunks]).astype(dtype)


def _values(chunk: pa.Array) -> NDArray[Any]:
    """Return the numbers of an array from their buffers: pyarrow's own way loads pandas."""
    if pa.types.is_boolean(chunk.type):
        chunk = chunk.cast(pa.uint8())
    dtype = np.dtype(_FLOATS.get(str(chunk.type), str(chunk.type)))
    buffer = chunk.buffers()[1]
    if buffer is None:
        return np.empty(0, dtype)
    values = np.frombuffer(buffer, dtype, len(chunk), chunk.offset * dtype.itemsize)
    if not chunk.null_count:
        return values
    missing = np.nan if np.issubdtype(dtype, np.floating) else -1
    return np.where(_values(chunk.is_valid()), values, missing)


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
    # the index of a null is -1: that of the last code
    return np.asarray(codes[_values(column.indices)], np.int8)


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
