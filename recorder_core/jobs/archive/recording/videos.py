"""A video that is recorded: fragmented MP4, or another container that needs no end."""

from __future__ import annotations

import io
from functools import partial
from typing import ClassVar, Final

import numpy as np

from recorder_core.archive import SealedReader, SealedWriter
from recorder_core.catalog import EventFile
from recorder_core.errors import DecodeError, EncodeError
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.files.sealing import seal_again
from recorder_core.jobs.archive.place.roles import FileRole, RecordingFormat, StoredFile
from recorder_core.jobs.archive.recording.saving import OnBytes, Saved, SavedFile, save_as_it_is
from recorder_core.jobs.archive.recording.streams import RecordedStream
from recorder_core.media import read_frame_times, remux_cut_recording
from recorder_core.model import FrameTimes

__all__ = ["VideoStream"]

_CHUNK_BYTES: Final = 1 << 20


class VideoStream(RecordedStream):
    """A video of an event that is being recorded.

    Attributes
    ----------
    index : FrameTimes or None
        When each frame is shown; set it before the event is finished.
    """

    kind: ClassVar[RecordingFormat] = "video"
    unit: ClassVar[str] = "frame"

    def __init__(self, session: Session, role: FileRole, sink: SealedWriter) -> None:
        super().__init__(session, role, sink)
        self.index: FrameTimes | None = None

    def enter(self) -> None:
        """Mark the file complete in the catalog, and store when its frames are shown."""
        super().enter()
        if self.index is not None:
            self._session.catalog.contents.put_pts_index(self.file_id, self.index)

    @classmethod
    def save(
        cls, session: Session, old: StoredFile, source: SealedReader, on_bytes: OnBytes
    ) -> Saved:
        """Seal its frames as a seekable MP4 file; byte for byte where it holds none."""
        name, roots = f"event {old.row.event_id}", session.folders.roots()

        def remux(cut: SealedReader, writer: SealedWriter) -> FrameTimes:
            file = io.BufferedReader(cut, buffer_size=_CHUNK_BYTES)
            try:
                return remux_cut_recording(file, writer, name, on_bytes)
            finally:
                file.detach()

        try:
            new, times = seal_again(roots, source, remux, is_muxed=True)
        except (DecodeError, EncodeError):
            return save_as_it_is(session, old, source, on_bytes)
        summary = SavedFile(
            old.row.role, source.complete, len(times.pts), times.seconds, unit=cls.unit
        )
        return Saved(old, summary, new, partial(_enter, times=times), partial(_holds, times=times))


def _enter(session: Session, row: EventFile, *, times: FrameTimes) -> None:
    session.catalog.contents.put_pts_index(row.file_id, times)


def _holds(reader: SealedReader, *, times: FrameTimes) -> bool:
    """Return whether a video has these frames."""
    name = f"event {reader.identity.event_id}"
    found = read_frame_times(io.BufferedReader(reader), name)
    return found.time_base == times.time_base and np.array_equal(found.pts, times.pts)
