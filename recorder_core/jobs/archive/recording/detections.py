"""Detections that are recorded, as live de-identification finds them: a log, then a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from recorder_core.archive import SealedWriter
from recorder_core.errors import DataError
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.place.roles import FileRole, RecordingFormat
from recorder_core.jobs.archive.recording.logs import LoggedTable, LogStream
from recorder_core.model import FrameDetections
from recorder_core.tables import (
    DetectionTable,
    TableMetadata,
    begin_detection_log,
    pack_detections,
    pack_table,
    read_detection_log,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["DetectionStream", "detections_from"]


class DetectionStream(LogStream):
    """The detections of an event that is being recorded; threads may share it.

    Parameters
    ----------
    session : Session
        Of the open archive.
    role : str
        What the table is of the event.
    sink : SealedWriter
        Just begun.
    time_base : Fraction
        Seconds per unit of the pts of the frames.
    beginning : bytes
        With which the log begins; it says where the detections come from.
    """

    kind: ClassVar[RecordingFormat] = "detection log"
    unit: ClassVar[str] = "row"

    def __init__(
        self,
        session: Session,
        role: FileRole,
        sink: SealedWriter,
        time_base: Fraction,
        beginning: bytes,
    ) -> None:
        super().__init__(session, role, sink, beginning)
        self._time_base = time_base
        self._last_frame = -1

    def append(
        self,
        frames: Sequence[FrameDetections],
        tracks: Sequence[NDArray[np.int32]] | None = None,
    ) -> None:
        """Append what was found in frames as one batch: of it a crash leaves all or nothing.

        Parameters
        ----------
        frames : sequence of FrameDetections
            Frames that were searched, with or without a face, in order and after those that were
            appended before.
        tracks : sequence of ndarray of int32, optional
            For each frame, the track of each of its boxes; none unless given.

        Raises
        ------
        DataError
            If a frame comes twice or late, or a score is none; none is stored.
        ArchiveError
            If no copy can be written any more.
        """
        if not frames:
            return
        batch = pack_detections(DetectionTable.from_frames(frames, self._time_base, tracks))
        with self._lock:
            numbers = [self._last_frame, *(frame.frame_index for frame in frames)]
            for before, frame in pairwise(numbers):
                if frame <= before:
                    raise DataError(
                        f"the detections of frame {frame} come after those of frame {before}: "
                        "append each frame once, in order"
                    )
            self.sink.write(batch)
            self._last_frame = numbers[-1]

    @classmethod
    def read(cls, content: bytes) -> LoggedTable:
        """Return the table of detections; its file is one that `read_detections` reads."""
        log = read_detection_log(content)
        count = len(log.table)
        return LoggedTable(
            count,
            float(log.table.seconds[-1]) if count else 0.0,
            log.is_whole,
            log.lost_bytes,
            pack_table(log.table, log.metadata),
        )


def detections_from(
    event_id: str, time_base: Fraction, settings: Mapping[str, Any]
) -> Callable[[Session, FileRole, SealedWriter], DetectionStream]:
    """Return what begins the detections of an event; DataError if a setting is no JSON value."""
    beginning = begin_detection_log(TableMetadata(event_id, settings, time_base))
    return partial(DetectionStream, time_base=time_base, beginning=beginning)
