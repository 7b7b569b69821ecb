"""Save what a cut-off recording holds of each of its files, and check what was saved.

Each is sealed again as its next generation, under a new key and to the same readers, and read back
before the catalog is told: a video as a seekable MP4 file without encoding it again, or byte for
byte where it holds no frame; signals as the table that was to become of them; the journal as far as
its lines are whole.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from recorder_core.archive import SealedReader, SealedWriter
from recorder_core.errors import ArchiveError, DataError, DecodeError, EncodeError
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.events.journal import JournalEntry, read_journal
from recorder_core.jobs.archive.events.signals import (
    SealedSignals,
    SignalTable,
    seal_recorded_signals,
)
from recorder_core.jobs.archive.files.sealing import NewFile, seal_again
from recorder_core.jobs.archive.place.roles import (
    Recorded,
    StoredFile,
    file_name,
    role_of,
)
from recorder_core.media import read_frame_times, remux_cut_recording
from recorder_core.model import FrameTimes
from recorder_core.model.values.counts import format_count

__all__ = ["Saved", "SavedFile", "save_file"]

_CHUNK_BYTES = 1 << 20
_UNITS: Final[dict[Recorded, str]] = {
    "video": "frame",
    "signal log": "value",
    "journal": "line",
}


@dataclass(frozen=True, slots=True)
class SavedFile:
    """What was saved of one file of a cut-off recording.

    Attributes
    ----------
    role : str
        What it is.
    was_whole : bool
        Whether it had its end: nothing of it is lost.
    count : int
        How many frames, values or entries it holds.
    seconds : float
        How far it goes, from the start of the event.
    lost_bytes : int
        How many bytes after the last whole value or entry were dropped.
    is_readable : bool
        False: it holds nothing that can be read; what there is was kept as it was.
    """

    role: str
    was_whole: bool
    count: int
    seconds: float
    lost_bytes: int = 0
    is_readable: bool = True

    @property
    def sentence(self) -> str:
        """What to tell a person."""
        role = role_of(self.role)
        if not self.is_readable:
            return f"{role.words}: nothing in it can be read; what there is was kept as it was"
        count = format_count(self.count, _UNITS[role.recorded_as or "video"])
        saved = f"{role.words}: {count} up to {self.seconds:.1f} s"
        if self.was_whole:
            return f"{saved}, whole"
        lost = f", {format_count(self.lost_bytes, 'byte')} lost" if self.lost_bytes else ""
        return f"{saved}, cut off there{lost}"


@dataclass(frozen=True, slots=True)
class Saved:
    """A file that was saved, of which the catalog is to be told.

    Attributes
    ----------
    old : StoredFile
        As it was recorded.
    said : SavedFile
        What was saved.
    new : NewFile or None
        What takes its place; None: nothing does.
    times : FrameTimes or None
        Of the frames of a video.
    signals : SealedSignals or None
        The table of signals.
    entries : tuple of JournalEntry
        Of a journal.
    """

    old: StoredFile
    said: SavedFile
    new: NewFile | None = None
    times: FrameTimes | None = None
    signals: SealedSignals | None = None
    entries: tuple[JournalEntry, ...] = ()


def save_file(
    session: Session, old: StoredFile, source: SealedReader, on_bytes: Callable[[int], None]
) -> Saved:
    """Seal again what a file of a cut-off recording holds, and read it back.

    Parameters
    ----------
    session : Session
        Of the open archive.
    old : StoredFile
        The file, as the catalog has it.
    source : SealedReader
        The same, open.
    on_bytes : callable
        Told how many bytes of it are done.

    Raises
    ------
    PayloadDamaged
        If a part of it is damaged on every root.
    ArchiveError
        If the new file cannot be written, or does not hold what was recorded.
    """
    save = _SAVERS[role_of(old.row.role).recorded_as or "video"]
    saved = save(session, old, source, on_bytes)
    if saved.new is not None:
        _check(session, saved, saved.new)
    return saved


def _save_video(
    session: Session, old: StoredFile, source: SealedReader, on_bytes: Callable[[int], None]
) -> Saved:
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
        return _save_bytes(session, old, source, on_bytes)
    said = SavedFile(old.row.role, source.complete, len(times.pts), times.seconds)
    return Saved(old, said, new, times=times)


def _save_signals(
    session: Session, old: StoredFile, source: SealedReader, on_bytes: Callable[[int], None]
) -> Saved:
    from recorder_core.tables import read_signal_log

    content = b"".join(source.chunks())
    try:
        log = read_signal_log(content)
    except DataError:
        return Saved(old, SavedFile(old.row.role, False, 0, 0.0, is_readable=False))
    finally:
        on_bytes(len(content))
    count = len(log.frame)
    seconds = float(log.frame["seconds"].max()) if count else 0.0
    said = SavedFile(old.row.role, log.is_whole, count, seconds, log.lost_bytes)
    if not count:
        return Saved(old, said)
    signals = seal_recorded_signals(session, source.key_file, SignalTable.of_log(log))
    return Saved(old, said, signals.new, signals=signals)


def _save_journal(
    session: Session, old: StoredFile, source: SealedReader, on_bytes: Callable[[int], None]
) -> Saved:
    content = b"".join(source.chunks())
    on_bytes(len(content))
    try:
        journal = read_journal(content)
    except DataError:
        return _save_bytes(session, old, source, on_bytes)
    whole = content[: len(content) - journal.lost_bytes]
    seconds = [_seconds_of(entry) for entry in journal.entries]
    said = SavedFile(
        old.row.role, source.complete, len(seconds), max(seconds, default=0.0), journal.lost_bytes
    )
    new, _ = seal_again(session.folders.roots(), source, lambda _, writer: writer.write(whole))
    return Saved(old, said, new, entries=journal.entries)


def _save_bytes(
    session: Session, old: StoredFile, source: SealedReader, on_bytes: Callable[[int], None]
) -> Saved:
    """Seal a file as it is: somebody may still find something in it."""

    def copy(cut: SealedReader, writer: SealedWriter) -> None:
        for chunk in cut.chunks():
            writer.write(chunk)
            on_bytes(cut.tell())

    new, _ = seal_again(session.folders.roots(), source, copy)
    return Saved(old, SavedFile(old.row.role, source.complete, 0, 0.0, is_readable=False), new)


def _seconds_of(entry: JournalEntry) -> float:
    row: Any = entry.row
    return float(row.start_seconds if entry.kind == "marker" else row.at_seconds)


_Saver = Callable[[Session, StoredFile, SealedReader, Callable[[int], None]], Saved]
_SAVERS: Final[dict[Recorded, _Saver]] = {
    "video": _save_video,
    "signal log": _save_signals,
    "journal": _save_journal,
}


def _check(session: Session, saved: Saved, new: NewFile) -> None:
    """Read the new file as its readers would, before anything is destroyed."""
    base = new.root / file_name(new.file_id)
    with SealedReader(base, session.key_for(new.key_file), new.identity) as reader:
        is_same = _is_read_back(reader, saved)
    if not is_same:
        raise ArchiveError(
            f"event {new.identity.event_id}: the finalised {new.identity.role} does not hold what "
            "was recorded; the recording is kept as it was: repeat it, or look for a faulty disk"
        )


def _is_read_back(reader: SealedReader, saved: Saved) -> bool:
    import pandas as pd

    if saved.times is not None:
        name = f"event {reader.identity.event_id}"
        found = read_frame_times(io.BufferedReader(reader), name)
        is_same_clock = found.time_base == saved.times.time_base
        return is_same_clock and np.array_equal(found.pts, saved.times.pts)
    content = b"".join(reader.chunks())
    if saved.signals is None:
        return True  # every byte of it is authentic
    return bool(pd.read_parquet(io.BytesIO(content)).equals(saved.signals.table.frame))
