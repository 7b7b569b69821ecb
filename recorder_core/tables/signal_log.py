"""The log of signals that are recorded; see :mod:`recorder_core.tables.row_log`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import pyarrow as pa

from recorder_core.errors import DataError
from recorder_core.tables.row_log import begin_log, pack_batch, read_log

__all__ = [
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
    return begin_log(_SCHEMA)


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
    return pack_batch(pa.record_batch(arrays, schema=_SCHEMA))


def read_signal_log(content: bytes) -> SignalLog:
    """Read a log of signals up to its last whole batch.

    Raises
    ------
    DataError
        If it is none.
    """
    log = read_log(content, _SCHEMA, "signals")
    return SignalLog(log.rows.to_pandas(), log.is_whole, log.lost_bytes)
