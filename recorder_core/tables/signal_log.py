"""Signals while they are recorded: rows that are appended and readable up to the last whole batch.

The bytes are Arrow's stream format, which other programs read as well: one message for the
columns, one for each batch of rows, and an end. A recording that is cut off lacks the end, and
maybe a piece of its last batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import pyarrow as pa

from recorder_core.errors import DataError

__all__ = [
    "SIGNAL_LOG_END",
    "SignalLog",
    "SignalRow",
    "begin_signal_log",
    "pack_signals",
    "read_signal_log",
]

_SCHEMA: Final = pa.schema(
    [
        pa.field("signal", pa.string(), nullable=False),
        pa.field("unit", pa.string(), nullable=False),
        pa.field("seconds", pa.float64(), nullable=False),
        pa.field("value", pa.float64()),
    ]
)
#: what follows the last batch: a continuation, and a length of 0 (Arrow columnar format, IPC
#: streaming format)
SIGNAL_LOG_END: Final = b"\xff\xff\xff\xff\x00\x00\x00\x00"


class SignalRow(NamedTuple):
    """One value that a device gave."""

    #: code
    signal: str
    #: empty for an index such as BIS
    unit: str
    #: from the start of the event
    seconds: float
    #: NaN where the device gave no valid one
    value: float


@dataclass(frozen=True, slots=True)
class SignalLog:
    """What a log of signals holds.

    Attributes
    ----------
    frame : pandas.DataFrame
        signal, unit, seconds and value, in the order in which they came.
    is_whole : bool
        Whether its end was written.
    lost_bytes : int
        How many bytes follow the last whole batch.
    """

    frame: Any = field(repr=False)
    is_whole: bool
    lost_bytes: int


def begin_signal_log() -> bytes:
    """Return what a log of signals begins with."""
    return bytes(_SCHEMA.serialize())


def pack_signals(rows: Sequence[SignalRow]) -> bytes:
    """Return a batch of rows, to append; a device's values of one moment are best one batch.

    Raises
    ------
    DataError
        If a time or a value is no number, or a name no text, or one is missing.
    """
    columns = zip(*rows, strict=True) if rows else [()] * len(_SCHEMA)
    try:
        arrays = [
            pa.array(column, kind) for column, kind in zip(columns, _SCHEMA.types, strict=True)
        ]
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise DataError("a row of signals is a name, a unit, seconds and a value") from error
    if any(array.null_count for array in arrays):
        raise DataError("a row of signals has no gaps: give NaN for a value that is not valid")
    return bytes(pa.record_batch(arrays, schema=_SCHEMA).serialize())


def read_signal_log(content: bytes) -> SignalLog:
    """Read a log of signals up to its last whole batch.

    Raises
    ------
    DataError
        If it is none.
    """
    source = pa.BufferReader(content)
    try:
        schema = pa.ipc.read_schema(source)
    except (EOFError, pa.ArrowException, OSError):
        schema = None
    if schema is None or not schema.equals(_SCHEMA):
        raise DataError("this is no log of signals: its columns are not there")
    batches, end = [], source.tell()
    while (message := _next_message(source)) is not None:
        batches.append(pa.ipc.read_record_batch(message, schema))
        end = source.tell()
    is_whole = content[end:] == SIGNAL_LOG_END
    lost_bytes = 0 if is_whole else len(content) - end
    return SignalLog(pa.Table.from_batches(batches, schema).to_pandas(), is_whole, lost_bytes)


def _next_message(source: pa.BufferReader) -> pa.ipc.Message | None:
    try:
        return pa.ipc.read_message(source)
    except (EOFError, pa.ArrowException, OSError):  # the end, or where it was cut off
        return None
