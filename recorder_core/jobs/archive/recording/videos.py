"""A video that is recorded: fragmented MP4, or another container that needs no end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import ClassVar

from recorder_core.archive import SealedReader, SealedWriter
from recorder_core.catalog import EventFile, EventState
from recorder_core.errors import ArchiveError, DecodeError, EncodeError, NotInCatalog, RecorderError
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.files.leftovers import retire_file
from recorder_core.jobs.archive.files.sealing import NewFile, seal_again
from recorder_core.jobs.archive.place.roles import (
    FileRole,
    RecordingFormat,
    StoredFile,
    file_name,
    role_of,
)
from recorder_core.jobs.archive.recording.saving import OnBytes, Saved, SavedFile, save_as_it_is
from recorder_core.jobs.archive.recording.seekable import (
    buffered,
    choose_index,
    has_frames,
    make_seekable,
    no_pace,
    remux_whole,
)
from recorder_core.jobs.archive.recording.streams import RecordedStream
from recorder_core.media import remux_cut_recording
from recorder_core.model import FrameTimes

__all__ = ["VideoStream"]


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
        self._written: SealedReader | None = None

    def close(self) -> None:
        """Complete the file, which can still be read until `forget`; again does nothing.

        Raises
        ------
        ArchiveError
            If no copy can be completed; what is durable stays, incomplete.
        """
        if not self.sink.closed:
            self.forget()
            with suppress(ArchiveError):  # closing says what is wrong with the copies
                self.sink.sync()
                bases = [root / self._name for root in self.sink.whole_roots]
                self._written = SealedReader.of_writer(self.sink, bases)
        super().close()

    def enter(self) -> None:
        """Mark the file complete in the catalog, and store when its frames are shown."""
        super().enter()
        if self.index is not None:
            self._session.catalog.contents.put_pts_index(self.file_id, self.index)

    def make_seekable(self, pace: Callable[[], None] = no_pace) -> str | None:
        """Replace the finished file by a seekable one, where it is fragmented MP4.

        It needs as much space again, and as long as reading and writing the video once.

        Parameters
        ----------
        pace : callable, optional
            Called before each MiB: as long as it takes, something else has the machine.

        Returns
        -------
        str or None
            Why it stays as it was recorded; None: there is nothing to say.
        """
        if self._written is None:
            return None
        try:
            make_seekable(self._session, self._written, self.sink.whole_roots, self.index, pace)
        except (RecorderError, OSError) as error:
            event_id = self._identity.event_id
            return (
                f"event {event_id}: the {role_of(self.role).words} stays fragmented MP4, as it was "
                f"recorded: {error}; nothing of it is lost, and 'workbench event finalise "
                f"{event_id}' makes it seekable"
            )
        finally:
            self.forget()
        return None

    def forget(self) -> None:
        """Forget how the finished file is read back."""
        if self._written is not None:
            self._written.close()
            self._written = None

    @classmethod
    def save(
        cls, session: Session, old: StoredFile, source: SealedReader, on_bytes: OnBytes
    ) -> Saved:
        """Seal its frames as a seekable MP4 file; byte for byte where it holds none.

        A finished one is kept whole.

        Raises
        ------
        DecodeError, EncodeError
            If it is finished, and not all of it would be in the new file.
        """
        roots = session.folders.roots()
        if _is_finished(session, old):
            return _save_finished(session, old, source, on_bytes)

        def remux(cut: SealedReader, writer: SealedWriter) -> FrameTimes:
            with buffered(cut) as file:
                return remux_cut_recording(file, writer, f"event {old.row.event_id}", on_bytes)

        try:
            new, times = seal_again(roots, source, remux, is_muxed=True)
        except (DecodeError, EncodeError):
            return save_as_it_is(session, old, source, on_bytes)
        return _saved(old, source, new, times, times)


def _is_finished(session: Session, old: StoredFile) -> bool:
    """Return whether the catalog has a file as a whole one of a recorded event."""
    state = session.catalog.events.get(old.row.event_id).state
    return old.row.is_complete and state is EventState.RECORDED


def _save_finished(
    session: Session, old: StoredFile, source: SealedReader, on_bytes: OnBytes
) -> Saved:
    roots = session.folders.roots()
    new, times = seal_again(roots, source, remux_whole, is_muxed=True)
    on_bytes(source.size_bytes)
    try:
        index = choose_index(times, session.catalog.contents.pts_index(old.row.file_id))
    except NotInCatalog:
        index = times
    except EncodeError:
        retire_file(session, file_name(new.file_id))
        raise
    return _saved(old, source, new, times, index)


def _saved(
    old: StoredFile, source: SealedReader, new: NewFile, times: FrameTimes, index: FrameTimes
) -> Saved:
    count, seconds = len(times.pts), times.seconds
    summary = SavedFile(old.row.role, source.complete, count, seconds, unit=VideoStream.unit)
    enter, is_read_back = partial(_enter, index=index), partial(has_frames, times=times)
    return Saved(old, summary, new, enter, is_read_back)


def _enter(session: Session, row: EventFile, *, index: FrameTimes) -> None:
    session.catalog.contents.put_pts_index(row.file_id, index)
