"""Signals that are recorded: a log of rows, which becomes a table like that of an import."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from recorder_core.archive import SealedWriter
from recorder_core.catalog.model.codes import check_code
from recorder_core.errors import DataError
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.events.signals import SignalTable, check_unit, enter_signals
from recorder_core.jobs.archive.place.roles import FileRole, RecordingFormat
from recorder_core.jobs.archive.recording.logs import LoggedTable, LogStream
from recorder_core.tables import SignalRow, begin_signal_log, pack_signals, read_signal_log

__all__ = ["SignalStream"]


class SignalStream(LogStream):
    """The signals of an event that is being recorded; threads may share it."""

    kind: ClassVar[RecordingFormat] = "signal log"
    unit: ClassVar[str] = "value"

    def __init__(self, session: Session, role: FileRole, sink: SealedWriter) -> None:
        super().__init__(session, role, sink, begin_signal_log())
        self._named: set[tuple[str, str]] = set()

    def append(self, rows: Sequence[SignalRow]) -> None:
        """Append rows as one batch: of it a crash leaves all or nothing.

        Parameters
        ----------
        rows : sequence of SignalRow
            Such as the values that a monitor gave at one moment.

        Raises
        ------
        DataError
            If a name is no code, a unit too long, or a time no number from 0 up; none is stored.
        ArchiveError
            If no copy can be written any more.
        """
        if not rows:
            return
        self._check(rows)
        batch = pack_signals(rows)
        with self._lock:
            self.sink.write(batch)

    @classmethod
    def read(cls, content: bytes) -> LoggedTable:
        """Return the table of signals, each in the order of its times."""
        log = read_signal_log(content)
        table, count = SignalTable.of_log(log), len(log.frame)
        return LoggedTable(
            count,
            float(log.frame["seconds"].max()) if count else 0.0,
            log.is_whole,
            log.lost_bytes,
            table.parquet(),
            partial(enter_signals, table=table),
        )

    def _check(self, rows: Sequence[SignalRow]) -> None:
        for row in rows:
            if not 0 <= row.seconds < math.inf:
                raise DataError(
                    f"{row.signal} has a value at {row.seconds} s; give seconds from the start of "
                    "the event, 0 or more"
                )
        for name, unit in {(row.signal, row.unit) for row in rows} - self._named:
            check_code(name, "the name of a signal")
            check_unit(unit)
            self._named.add((name, unit))
