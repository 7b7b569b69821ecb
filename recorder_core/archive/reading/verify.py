"""Checking every segment of a sealed file, and saying what became of those that fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from recorder_core.archive.identity import FileIdentity
from recorder_core.archive.reading.reader import SealedReader
from recorder_core.archive.secrets.wrapping import PrivateKey
from recorder_core.errors import PayloadDamaged

__all__ = ["SegmentFault", "VerifyReport", "explain_segment", "verify_sealed"]

#: places at which a segment that fails is tried, nearest first; bounds the work per fault
MAX_PLACES_TRIED: Final = 1024


@dataclass(frozen=True, slots=True)
class SegmentFault:
    """A segment that is not authentic, and why as far as can be known."""

    index: int
    reason: str

    def __str__(self) -> str:
        return f"segment {self.index} {self.reason}"


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What a check of every segment found.

    Attributes
    ----------
    identity : FileIdentity
        What the file is.
    complete : bool
        Whether the file has its end.
    segment_count : int
        Segments checked.
    faults : tuple of SegmentFault
        Those that are not authentic.
    """

    identity: FileIdentity
    complete: bool
    segment_count: int
    faults: tuple[SegmentFault, ...]

    @property
    def is_sound(self) -> bool:
        """Whether the file is whole and every segment authentic."""
        return self.complete and not self.faults

    def __str__(self) -> str:
        authentic = self.segment_count - len(self.faults)
        state = "complete" if self.complete else "incomplete"
        faults = "".join(f"; {fault}" for fault in self.faults)
        return (
            f"{self.identity}: {state}, {authentic} of {self.segment_count} segments "
            f"authentic{faults}"
        )


def verify_sealed(
    base: Path,
    private_key: PrivateKey,
    expected: FileIdentity,
    *,
    others: Sequence[SealedReader] = (),
    on_progress: Callable[[int, int], None] | None = None,
) -> VerifyReport:
    """Check every segment of a sealed file.

    Parameters
    ----------
    base : Path
        Base path of the file.
    private_key : PrivateKey
        Of someone to whom it is sealed.
    expected : FileIdentity
        What the catalog says lies here.
    others : sequence of SealedReader
        Files in which a segment that does not belong here is looked for.
    on_progress : callable, optional
        Receives how many segments were checked, of how many.

    Raises
    ------
    NoKeyMatches, WrongCopy, HeaderDamaged, PayloadDamaged
        If the file cannot be opened at all, as `SealedReader`.
    """
    faults = []
    with SealedReader(base, private_key, expected, incomplete=True) as reader:
        for index in range(reader.segment_count):
            if not reader.is_authentic(index):
                faults.append(SegmentFault(index, explain_segment(reader, index, others)))
            if on_progress is not None:
                on_progress(index + 1, reader.segment_count)
        return VerifyReport(reader.identity, reader.complete, reader.segment_count, tuple(faults))


def explain_segment(reader: SealedReader, index: int, others: Sequence[SealedReader] = ()) -> str:
    """Return what lies in the place of a segment that is not authentic."""
    try:
        stored = reader.stored_segment(index)
    except PayloadDamaged:
        return "cannot be read from the disk"
    for place, last in _places(index, reader.segment_count):
        if reader.authenticates(stored, place, last=last):
            return f"holds segment {place} of this file: segments were moved or repeated"
    for other in others:
        for place, last in _places(index, other.segment_count):
            if other.authenticates(stored, place, last=last):
                return f"holds segment {place} of another file: {other.identity}"
    return "is damaged, or comes from a file that was not compared"


def _places(index: int, count: int) -> Iterator[tuple[int, bool]]:
    """Yield the places of a file, nearest first, each as inner and as last segment."""
    nearest = sorted(
        range(max(0, index - MAX_PLACES_TRIED), min(count, index + MAX_PLACES_TRIED)),
        key=lambda place: abs(place - index),
    )
    for place in nearest[:MAX_PLACES_TRIED]:
        yield place, False
        yield place, True
