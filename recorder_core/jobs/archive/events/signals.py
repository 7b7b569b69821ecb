"""Signals of an event: one long table, sealed as a Parquet file.

Columns: ``signal`` (code), ``unit``, ``seconds`` (float64, from the start of the event) and
``value`` (float64, NaN where the device gave no valid one).
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from recorder_core.archive import FileIdentity
from recorder_core.catalog import Action, EventFile, Signal
from recorder_core.catalog.model.codes import check_code, new_id
from recorder_core.errors import DataError
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.files.sealing import NewFile, seal_bytes
from recorder_core.jobs.archive.files.storing import store_file
from recorder_core.signals import find_gaps, usual_interval

if TYPE_CHECKING:
    from recorder_core.tables import SignalLog

__all__ = [
    "SIGNAL_SUFFIXES",
    "SealedSignals",
    "SignalTable",
    "check_unit",
    "enter_signals",
    "read_signal_file",
    "seal_signals",
]

COLUMNS: Final = ("signal", "unit", "seconds", "value")
#: of files with these columns
SIGNAL_SUFFIXES: Final = frozenset({".csv", ".parquet"})
#: with which a Parquet file begins (Apache Parquet, file format)
_PARQUET: Final = b"PAR1"
#: stored in clear, so no room for a sentence
_UNIT: Final = re.compile(r"[A-Za-z0-9%/.°µ^*-]{0,16}")


@dataclass(frozen=True, slots=True)
class SignalTable:
    """All signals of an event, as a pandas table with the columns of `COLUMNS`."""

    frame: Any = field(repr=False)

    @classmethod
    def of_log(cls, log: SignalLog) -> SignalTable:
        """Return the signals that a log holds, each in the order of its times."""
        return cls(log.frame.sort_values(["signal", "seconds"], kind="stable", ignore_index=True))

    def parquet(self) -> bytes:
        """Return the table as a Parquet file."""
        stored = io.BytesIO()
        self.frame.to_parquet(stored, index=False)
        return stored.getvalue()


@dataclass(frozen=True, slots=True)
class SealedSignals:
    """A sealed signals file that the catalog does not know yet."""

    new: NewFile
    table: SignalTable

    def store(self, session: Session) -> None:
        """Enter the file and one row per signal; inside a transaction."""
        enter_signals(session, store_file(session, self.new), self.table)


def read_signal_file(path: Path) -> SignalTable:
    """Read signals from a Parquet or CSV file and check them.

    Raises
    ------
    DataError
        If the file cannot be read or lacks a column; the message names it.
    """
    frame = _read_columns(path)
    # a column without any unit is one of numbers, in which no text is filled
    frame = frame.assign(unit=frame["unit"].astype(str).where(frame["unit"].notna(), ""))
    try:
        frame = frame.astype({"seconds": np.float64, "value": np.float64})
    except (ValueError, TypeError) as error:
        raise DataError("the signals file holds seconds or values that are not numbers") from error
    _check_signals(frame)
    return SignalTable(frame.sort_values(["signal", "seconds"], kind="stable"))


def _read_columns(path: Path) -> Any:
    """Return the columns of a signals file as they are."""
    import pandas as pd

    try:
        with path.open("rb") as file:
            is_parquet = file.read(len(_PARQUET)) == _PARQUET
        if is_parquet:
            frame = pd.read_parquet(path)
        else:
            frame = pd.read_csv(path, dtype={"signal": str, "unit": str})
    except (OSError, ValueError, UnicodeError) as error:
        raise DataError("the signals file cannot be read as Parquet or CSV") from error
    missing = [column for column in COLUMNS if column not in frame.columns]
    if missing:
        raise DataError(f"the signals file lacks the columns {', '.join(missing)}")
    return frame[list(COLUMNS)]


def _check_signals(frame: Any) -> None:
    if frame["signal"].isna().any():
        raise DataError("the signals file has rows without the name of their signal")
    for name in frame["signal"].unique():
        check_code(str(name), "the name of a signal")
    for unit in frame["unit"].unique():
        check_unit(str(unit))
    if not len(frame) or frame["seconds"].isna().any() or (frame["seconds"] < 0).any():
        raise DataError("the signals file needs rows, each with its time in seconds from the start")


def seal_signals(session: Session, event_id: str, table: SignalTable) -> SealedSignals:
    """Seal the signals of an event to those who may read signals."""
    identity = FileIdentity(event_id, "signals")
    readers = partial(session.readers, Action.READ_SIGNALS)
    new = seal_bytes(session.folders.roots(), identity, readers, table.parquet())
    return SealedSignals(new, table)


def enter_signals(session: Session, row: EventFile, table: SignalTable) -> None:
    """Enter one row per signal of a file that the catalog knows; inside a transaction."""
    for name, part in table.frame.groupby("signal", sort=True):
        session.catalog.contents.add_signal(_row(row.event_id, row.file_id, str(name), part))


def check_unit(unit: str) -> None:
    """Raise DataError if a unit is too long, or has characters that a unit has not."""
    if not _UNIT.fullmatch(unit):
        raise DataError(
            "the unit of a signal has at most 16 letters, digits and signs, such as mmHg or 1/min"
        )


def _row(event_id: str, file_id: str, name: str, part: Any) -> Signal:
    seconds = part["seconds"].to_numpy()
    gaps = find_gaps(seconds)
    usual = usual_interval(seconds)
    return Signal(
        signal_id=new_id(),
        event_id=event_id,
        file_id=file_id,
        name=name,
        unit=str(part["unit"].iloc[0]),
        rate_hz=1.0 / usual if usual > 0 and not gaps else None,
        sample_count=len(part),
        start_seconds=float(seconds[0]),
        stop_seconds=float(seconds[-1]),
        gap_count=len(gaps),
        gap_seconds=sum(stop - start for start, stop in gaps),
    )
