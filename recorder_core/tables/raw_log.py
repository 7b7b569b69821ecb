"""The log of the bytes of monitors as they arrive; see :mod:`recorder_core.tables.row_log`."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from recorder_core.errors import DataError
from recorder_core.tables.row_log import RowLog, begin_log, pack_batch, read_log

__all__ = ["RawLog", "RawRow", "begin_raw_log", "pack_raw", "read_raw_log"]

_SCHEMA: Final = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("seconds", pa.float64(), nullable=False),
        pa.field("bytes", pa.binary(), nullable=False),
    ]
)


class RawRow(NamedTuple):
    """What arrived from a device at one moment."""

    #: name of the source
    source: str
    #: from the start of the event
    seconds: float
    data: bytes


class RawLog(RowLog):
    """What a log of bytes holds; its rows are source, seconds and bytes."""

    __slots__ = ()

    @property
    def stop_seconds(self) -> float:
        """When the last bytes arrived; 0 where none did."""
        return max(self.rows["seconds"].to_pylist(), default=0.0)

    def parquet(self) -> bytes:
        """Return the rows as a Parquet file."""
        stored = io.BytesIO()
        pq.write_table(self.rows, stored, compression="zstd")
        return stored.getvalue()


def begin_raw_log() -> bytes:
    """Return what a log of bytes begins with."""
    return begin_log(_SCHEMA)


def pack_raw(rows: Sequence[RawRow]) -> bytes:
    """Return a batch of rows, to append.

    Raises
    ------
    DataError
        If a name is no text, a time no number, or what arrived no bytes.
    """
    columns = zip(*rows, strict=True) if rows else [()] * len(_SCHEMA)
    try:
        arrays = [
            pa.array(column, kind) for column, kind in zip(columns, _SCHEMA.types, strict=True)
        ]
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise DataError("a row of raw bytes is a source, seconds and bytes") from error
    return pack_batch(pa.record_batch(arrays, schema=_SCHEMA))


def read_raw_log(content: bytes) -> RawLog:
    """Read a log of bytes up to its last whole batch.

    Raises
    ------
    DataError
        If it is none.
    """
    log = read_log(content, _SCHEMA, "raw bytes")
    return RawLog(log.rows, log.is_whole, log.lost_bytes)
