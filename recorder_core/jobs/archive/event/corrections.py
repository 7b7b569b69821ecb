"""All corrections of an event, with their notes and what became of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias, cast, get_args

from recorder_core.catalog import CorrectionRecord
from recorder_core.errors import DataError, NoKeyMatches
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.event.present_copy import (
    OpensFiles,
    PresentCopy,
    corrections_due,
    is_of_an_earlier_copy,
    read_present_copy,
)
from recorder_core.jobs.archive.files.notes import open_note
from recorder_core.jobs.deidentify.correcting.checks import whole_corrections
from recorder_core.model import Correction

__all__ = [
    "CorrectionState",
    "EventCorrection",
    "EventCorrections",
    "corrections_version",
    "read_corrections",
]

#: states of those that are in the copy, or will be
_IN_FORCE: Final = ("in the copy", "not rendered")
CorrectionState: TypeAlias = Literal["in the copy", "not rendered", "undone", "of an earlier copy"]


@dataclass(frozen=True, slots=True)
class EventCorrection:
    """One correction of an event, or of the copy that was added to it."""

    #: its id is the number of the archive, or as the copy that was added names it
    correction: Correction
    state: CorrectionState
    #: who made it, where its author entered it for another; from the sealed note
    made_by: str = ""

    @property
    def correction_id(self) -> str:
        """The id of the correction."""
        return self.correction.correction_id

    def signed(self) -> Correction:
        """Return the correction by who made it, as a file of corrections has it."""
        return replace(self.correction, author=self.made_by or self.correction.author)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values: those of the correction, its state and who made it."""
        return self.correction.to_dict() | {"state": self.state, "made_by": self.made_by}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> EventCorrection:
        """Return what `to_dict` returned; DataError if it is anything else."""
        own = {key: value for key, value in content.items() if key not in ("state", "made_by")}
        state, made_by = content.get("state"), content.get("made_by")
        if state not in get_args(CorrectionState) or not isinstance(made_by, str):
            raise DataError("a correction of an event has a state, and who made it")
        return cls(Correction.from_dict(own), cast(CorrectionState, state), made_by)


@dataclass(frozen=True, slots=True)
class EventCorrections:
    """The corrections of an event at one moment."""

    #: undone ones too, oldest first
    corrections: tuple[EventCorrection, ...]
    #: rises with every change; whoever saves says which one was seen
    version: int

    def __len__(self) -> int:
        return len(self.corrections)

    def __iter__(self) -> Iterator[EventCorrection]:
        return iter(self.corrections)

    @property
    def in_force(self) -> tuple[EventCorrection, ...]:
        """Those that are in the copy, or will be when it is rendered again."""
        return tuple(each for each in self.corrections if each.state in _IN_FORCE)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "corrections": [each.to_dict() for each in self],
            "version": self.version,
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> EventCorrections:
        """Return what `to_dict` returned; DataError if it is anything else."""
        rows = tuple(map(EventCorrection.from_dict, content["corrections"]))
        return cls(rows, int(content["version"]))


def read_corrections(session: Session, event: OpensFiles) -> EventCorrections:
    """Return all corrections of an event, undone ones too, oldest first; the caller has asked."""
    event_id = event.event_id
    copy = read_present_copy(event)
    due = whole_corrections(corrections_due(session, event_id, copy))
    records = session.catalog.reviews.corrections(event_id, in_force=False)
    undone = {each.undoes for each in records}
    own = [each for each in records if each.undoes is None]
    numbers = {str(each.correction_id) for each in own}
    foreign = [
        EventCorrection(each, "in the copy") for key, each in due.items() if key not in numbers
    ]
    return EventCorrections(
        (*foreign, *(_read(session, each, _state(session, each, undone, copy)) for each in own)),
        corrections_version(records),
    )


def corrections_version(records: Sequence[CorrectionRecord]) -> int:
    """Return the version of the corrections of an event: the number of the newest row, or 0."""
    return max((each.correction_id for each in records), default=0)


def _state(
    session: Session, record: CorrectionRecord, undone: set[int | None], copy: PresentCopy
) -> CorrectionState:
    if record.correction_id in undone:
        return "undone"
    if is_of_an_earlier_copy(session, record):
        return "of an earlier copy"
    rendered = whole_corrections(copy.corrections).get(str(record.correction_id))
    own = whole_corrections(record.correction().rows())[str(record.correction_id)]
    return "in the copy" if rendered == own else "not rendered"


def _read(session: Session, record: CorrectionRecord, state: CorrectionState) -> EventCorrection:
    """Return a correction with its notes; without them for who cannot read them."""
    try:
        note = open_note(session, record.event_id, f"correction:{record.correction_id}")
    except NoKeyMatches:
        note = {}
    # one text stands for all keyframes; texts that differ are a list
    notes = note.get("notes") or [note.get("note", "")] * len(record.keyframes)
    return EventCorrection(record.correction(notes), state, note.get("author", ""))
