"""What is saved of a file of a cut-off recording, and how it is checked.

Each is sealed again as its next generation, under a new key and to the same readers, and read back
before the catalog is told. What is kept of each kind its class says; see
:mod:`recorder_core.jobs.archive.recording.kinds`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from recorder_core.archive import SealedReader, SealedWriter
from recorder_core.catalog import EventFile
from recorder_core.errors import ArchiveError
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.files.sealing import NewFile, seal_again
from recorder_core.jobs.archive.place.roles import StoredFile, file_name, role_of
from recorder_core.model.values.counts import format_count

__all__ = ["OnBytes", "Saved", "SavedFile", "check_saved", "enter_nothing", "save_as_it_is"]

#: told how many bytes of a file are done
OnBytes = Callable[[int], None]


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
        How many frames, values, rows or entries it holds.
    seconds : float
        How far it goes, from the start of the event.
    lost_bytes : int
        How many bytes after the last whole value or entry were dropped.
    is_readable : bool
        False: it holds nothing that can be read; what there is was kept as it was.
    unit : str
        What is counted.
    damage : str or None
        Why it was left as it was, where a part of it is damaged on every root.
    """

    role: str
    was_whole: bool
    count: int
    seconds: float
    lost_bytes: int = 0
    is_readable: bool = True
    unit: str = "frame"
    damage: str | None = None

    @property
    def sentence(self) -> str:
        """What to tell a person."""
        words = role_of(self.role).words
        if self.damage is not None:
            return f"{words}: left as it was, because it is damaged ({self.damage})"
        if not self.is_readable:
            return f"{words}: nothing in it can be read; what there is was kept as it was"
        saved = f"{words}: {format_count(self.count, self.unit)} up to {self.seconds:.1f} s"
        if self.was_whole:
            return f"{saved}, whole"
        lost = f", {format_count(self.lost_bytes, 'byte')} lost" if self.lost_bytes else ""
        return f"{saved}, cut off there{lost}"


def enter_nothing(session: Session, row: EventFile) -> None:
    """Enter nothing besides the row of the file."""


def _is_authentic(reader: SealedReader) -> bool:
    """Read the file once; every byte that is handed out is authentic."""
    return sum(map(len, reader.chunks())) == reader.size_bytes


@dataclass(frozen=True, slots=True)
class Saved:
    """A file that was saved, of which the catalog is to be told.

    Attributes
    ----------
    old : StoredFile
        As it was recorded.
    summary : SavedFile
        What was saved.
    new : NewFile or None
        What takes its place; None: nothing does.
    enter : callable
        Stores what the catalog has of the new file besides its row; inside a transaction.
    is_read_back : callable
        Whether the new file, opened by a reader of it, holds what was saved.
    """

    old: StoredFile
    summary: SavedFile
    new: NewFile | None = None
    enter: Callable[[Session, EventFile], None] = field(default=enter_nothing, repr=False)
    is_read_back: Callable[[SealedReader], bool] = field(default=_is_authentic, repr=False)


def save_as_it_is(
    session: Session, old: StoredFile, source: SealedReader, on_bytes: OnBytes
) -> Saved:
    """Seal a file again byte for byte: somebody may still find something in it."""

    def copy(cut: SealedReader, writer: SealedWriter) -> None:
        for chunk in cut.chunks():
            writer.write(chunk)
            on_bytes(cut.tell())

    new, _ = seal_again(session.folders.roots(), source, copy)
    return Saved(old, SavedFile(old.row.role, source.complete, 0, 0.0, is_readable=False), new)


def check_saved(session: Session, saved: Saved) -> None:
    """Read the new file as its readers would, before anything is destroyed.

    Raises
    ------
    ArchiveError
        If it does not hold what was recorded.
    """
    new = saved.new
    if new is None:
        return
    base = new.root / file_name(new.file_id)
    with SealedReader(base, session.key_for(new.key_file), new.identity) as reader:
        is_same = saved.is_read_back(reader)
    if not is_same:
        raise ArchiveError(
            f"event {new.identity.event_id}: the finalised {new.identity.role} does not hold what "
            "was recorded; the recording is kept as it was: repeat it, or look for a faulty disk"
        )
