"""Rows while they are recorded: appended, and readable up to the last whole batch.

The bytes are Arrow's stream format, which other programs read as well: one message for the
columns, one for each batch of rows, and an end. A recording that is cut off lacks the end, and
maybe a piece of its last batch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa

from recorder_core.errors import DataError

__all__ = ["LOG_END", "RowLog", "begin_log", "pack_batch", "read_log"]

#: what follows the last batch: a continuation, and a length of 0 (Arrow columnar format, IPC
#: streaming format)
LOG_END: Final = b"\xff\xff\xff\xff\x00\x00\x00\x00"


@dataclass(frozen=True, slots=True)
class RowLog:
    """What a log holds.

    Attributes
    ----------
    rows : pyarrow.Table
        In the order in which they came, with what the log says of itself in its metadata.
    is_whole : bool
        Whether its end was written.
    lost_bytes : int
        How many bytes follow the last whole batch.
    """

    rows: pa.Table = field(repr=False)
    is_whole: bool
    lost_bytes: int


def begin_log(schema: pa.Schema) -> bytes:
    """Return what a log begins with."""
    return bytes(schema.serialize())


def pack_batch(batch: pa.RecordBatch) -> bytes:
    """Return a batch of rows, to append."""
    return bytes(batch.serialize())


def read_log(content: bytes, schema: pa.Schema, what: str) -> RowLog:
    """Read a log up to its last whole batch.

    Parameters
    ----------
    content : bytes
        Of the log.
    schema : pyarrow.Schema
        Its columns.
    what : str
        What is logged, for messages, such as signals.

    Raises
    ------
    DataError
        If it is none of these columns.
    """
    source = pa.BufferReader(content)
    try:
        found = pa.ipc.read_schema(source)
    except (EOFError, pa.ArrowException, OSError):
        found = None
    if found is None or not found.equals(schema):
        raise DataError(f"this is no log of {what}: its columns are not there")
    batches, end = [], source.tell()
    while (message := _next_message(source)) is not None:
        batches.append(pa.ipc.read_record_batch(message, found))
        end = source.tell()
    is_whole = content[end:] == LOG_END
    lost_bytes = 0 if is_whole else len(content) - end
    return RowLog(pa.Table.from_batches(batches, found), is_whole, lost_bytes)


def _next_message(source: pa.BufferReader) -> pa.ipc.Message | None:
    try:
        return pa.ipc.read_message(source)
    except (EOFError, pa.ArrowException, OSError):  # the end, or where it was cut off
        return None
