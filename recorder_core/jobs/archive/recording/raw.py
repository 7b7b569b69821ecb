"""The bytes of monitors as they arrive, recorded beside the signals that were read of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from recorder_core.archive import SealedWriter
from recorder_core.errors import DataError
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.place.roles import FileRole, RecordingFormat
from recorder_core.jobs.archive.recording.logs import LoggedTable, LogStream
from recorder_core.tables import RawRow, begin_raw_log, pack_raw, read_raw_log

__all__ = ["RawStream"]


class RawStream(LogStream):
    """What devices said in an event that is being recorded; threads may share it."""

    kind: ClassVar[RecordingFormat] = "raw log"
    unit: ClassVar[str] = "piece"

    def __init__(self, session: Session, role: FileRole, sink: SealedWriter) -> None:
        super().__init__(session, role, sink, begin_raw_log())

    def append(self, rows: Sequence[RawRow]) -> None:
        """Append what arrived as one batch: of it a crash leaves all or nothing.

        Parameters
        ----------
        rows : sequence of RawRow
            In the order in which they came.

        Raises
        ------
        DataError
            If a time is no number from 0 up; none is stored.
        ArchiveError
            If no copy can be written any more.
        """
        if not rows:
            return
        for row in rows:
            if not 0 <= row.seconds < math.inf:
                raise DataError(
                    f"bytes of {row.source} arrived at {row.seconds} s; give seconds from the "
                    "start of the event, 0 or more"
                )
        batch = pack_raw(rows)
        with self._lock:
            self.sink.write(batch)

    @classmethod
    def read(cls, content: bytes) -> LoggedTable:
        """Return the table of what arrived, in the order in which it came."""
        log = read_raw_log(content)
        count = log.rows.num_rows
        return LoggedTable(count, log.stop_seconds, log.is_whole, log.lost_bytes, log.parquet())
