"""Make a finished video of a recording seekable, inside the archive.

A recorder writes fragmented MP4, which is whole wherever it ends but lists its frames only piece by
piece. At the end its packets go, as they are, into an MP4 file with one index, sealed as the next
generation. Nobody's private key is needed: the keys of both writers read back what they wrote.
Until the catalog names the new file the recorded one stays as it is.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import numpy as np

from recorder_core.archive import KeyFile, SealedReader, SealedWriter, read_any_key_file
from recorder_core.archive.secrets.secret import SecretBytes
from recorder_core.errors import ArchiveError, CatalogError, EncodeError, WrongState
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.files.leftovers import retire_file
from recorder_core.jobs.archive.files.sealing import NewFile, seal_again
from recorder_core.jobs.archive.files.storing import store_file
from recorder_core.jobs.archive.place.roles import file_name, make_file_id
from recorder_core.jobs.archive.recording.streams import updating_catalog
from recorder_core.media import is_fragmented, read_frame_times, remux_whole_recording
from recorder_core.model import FrameTimes

__all__ = [
    "buffered",
    "choose_index",
    "has_frames",
    "make_seekable",
    "no_pace",
    "remux_whole",
]

_CHUNK_BYTES: Final = 1 << 20
#: of a video, for tags and its index, and at least so many bytes
_MORE_SPACE_DIVISOR: Final = 64
_MORE_SPACE_BYTES: Final = 16 * 2**20


def no_pace() -> None:
    """Leave nothing to others."""


class _Paced(io.RawIOBase):
    """Reads a video, and calls somebody before each chunk."""

    def __init__(self, reader: SealedReader, pace: Callable[[], None]) -> None:
        super().__init__()
        self._reader, self._pace = reader, pace

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        self._pace()
        return self._reader.readinto(buffer)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._reader.seek(offset, whence)

    def tell(self) -> int:
        return self._reader.tell()


@contextmanager
def buffered(
    reader: SealedReader, pace: Callable[[], None] = no_pace
) -> Iterator[io.BufferedReader[Any]]:
    """Yield a video as a demuxer reads it, which asks for a few bytes at a time.

    Parameters
    ----------
    reader : SealedReader
        Of the video.
    pace : callable, optional
        Called before each MiB is read: as long as it takes, something else has the machine.
    """
    file = io.BufferedReader(_Paced(reader, pace), buffer_size=_CHUNK_BYTES)
    try:
        yield file
    finally:
        file.detach()


def has_frames(reader: SealedReader, times: FrameTimes, pace: Callable[[], None] = no_pace) -> bool:
    """Return whether a video has these frames; `pace` as of `buffered`."""
    name = f"event {reader.identity.event_id}"
    with buffered(reader, pace) as file:
        found = read_frame_times(file, name)
    return found.time_base == times.time_base and np.array_equal(found.pts, times.pts)


def remux_whole(
    source: SealedReader, writer: SealedWriter, pace: Callable[[], None] = no_pace
) -> FrameTimes:
    """Write a recorded video into a seekable MP4 file, as it is and all of it; `pace` as above.

    Raises
    ------
    DecodeError
        If a part of it cannot be read.
    EncodeError
        If MP4 cannot hold it all.
    """
    with buffered(source, pace) as file:
        return remux_whole_recording(file, writer, f"event {source.identity.event_id}")


def choose_index(times: FrameTimes, index: FrameTimes | None) -> FrameTimes:
    """Return when frames are shown: as the recorder said, otherwise as the file says.

    Raises
    ------
    EncodeError
        If the recorder counted other frames than the file has.
    """
    if index is not None and len(index) != len(times):
        raise EncodeError(
            f"{len(times)} frames can be read in it, and {len(index)} were said to be recorded"
        )
    return times if index is None else index


def make_seekable(
    session: Session,
    written: SealedReader,
    whole: Sequence[Path],
    index: FrameTimes | None,
    pace: Callable[[], None] = no_pace,
) -> None:
    """Replace a finished video by a seekable file; another container stays.

    Parameters
    ----------
    session : Session
        Of the open archive; the caller holds the event.
    written : SealedReader
        The video as it was recorded, read by its writer's key.
    whole : sequence of Path
        The folders that have all of it.
    index : FrameTimes or None
        When each frame is shown, as the recorder says.
    pace : callable, optional
        Called before each MiB: as long as it takes, something else has the machine.

    Raises
    ------
    RecorderError
        If it cannot be done, or the new file is not on every folder; the recorded file stays, and
        nothing is left beside it.
    """
    if not is_fragmented(written):
        return
    roots = _roots(session, written, whole)
    name = file_name(make_file_id(written.identity))
    old = read_any_key_file(roots, name, written.identity)
    new, times, key = _seal(roots, written, old, pace)
    try:
        _check(new, times, key, pace)
        _swap(session, old, new, choose_index(times, index))
    except BaseException:
        _discard(session, new)
        raise
    retire_file(session, name)


def _roots(session: Session, written: SealedReader, whole: Sequence[Path]) -> list[Path]:
    """Return all folders of the archive, each of which has the video and space for it once more."""
    fault, roots = session.folders.mirror_fault(), session.folders.roots()
    if fault is not None:
        raise ArchiveError(fault)
    lacking = [root for root in roots if root not in whole]
    if lacking:
        raise ArchiveError(f"it is not whole on {lacking[0]}")
    size = written.size_bytes
    wanted = size + max(size // _MORE_SPACE_DIVISOR, _MORE_SPACE_BYTES)
    for root in roots:
        try:
            free = shutil.disk_usage(root).free
        except OSError as error:
            raise ArchiveError(f"{root} cannot be read ({error.strerror})") from error
        if free < wanted:
            missing = -(-(wanted - free) // 10**6)
            raise ArchiveError(f"{root} lacks {missing} MB of space for it")
    return roots


def _seal(
    roots: Sequence[Path], written: SealedReader, old: KeyFile, pace: Callable[[], None]
) -> tuple[NewFile, FrameTimes, SecretBytes]:
    """Seal the seekable file; return its key, too, which the closed writer has no more."""

    def remux(cut: SealedReader, writer: SealedWriter) -> tuple[FrameTimes, SecretBytes]:
        return remux_whole(cut, writer, pace), writer.copy_key()

    new, (times, key) = seal_again(roots, written, remux, key_file=old, is_muxed=True)
    return new, times, key


def _check(new: NewFile, times: FrameTimes, key: SecretBytes, pace: Callable[[], None]) -> None:
    """Raise RecorderError unless the new file is whole everywhere and holds what was recorded."""
    base = new.root / file_name(new.file_id)
    with SealedReader.with_key(new.key_file, key, [base]) as reader:
        is_same = has_frames(reader, times, pace)
    if new.faults:
        raise ArchiveError(str(new.faults[0]))
    if not is_same:
        raise ArchiveError("the seekable file does not hold what was recorded")


def _swap(session: Session, old: KeyFile, new: NewFile, index: FrameTimes) -> None:
    """Replace the recorded file by the new one in the catalog, if the same people open both."""
    identity, contents = old.identity, session.catalog.contents
    file_id = make_file_id(identity)
    with updating_catalog(session, identity.event_id):  # nobody grants or revokes in between
        now = read_any_key_file(session.folders.roots(), file_name(file_id), identity)
        if _openers(now) != _openers(new.key_file):
            raise WrongState("who can open it was changed meanwhile")
        contents.remove_file(file_id)
        contents.put_pts_index(store_file(session, new).file_id, index)


def _openers(key_file: KeyFile) -> set[bytes]:
    return {entry.public_key.raw for entry in key_file.entries}


def _discard(session: Session, new: NewFile) -> None:
    """Destroy a new file, unless the catalog names it or cannot say: then mirror repair decides."""
    with suppress(CatalogError):
        rows = session.catalog.contents.files(new.identity.event_id, new.identity.role)
        if all(row.file_id != new.file_id for row in rows):
            retire_file(session, file_name(new.file_id))
