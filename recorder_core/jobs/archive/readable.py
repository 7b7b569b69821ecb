"""The reading half of an archive, as whoever reads one may ask for it: :class:`ReadableArchive`.

:class:`~recorder_core.jobs.archive.Archive` opens the folders of this machine; a client that asks
another machine offers the same. What only reads an archive takes these types.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from recorder_core.catalog import (
    Event,
    EventFile,
    EventState,
    Job,
    JobState,
    Marker,
    Review,
    StateChange,
)
from recorder_core.jobs.archive.event.incomplete import Incomplete
from recorder_core.jobs.archive.names.event_names import EventNames
from recorder_core.jobs.archive.place.roles import FileRole, VideoRole
from recorder_core.model import FrameTimes, View

if TYPE_CHECKING:
    from recorder_core.jobs.archive.event.corrections import EventCorrections
    from recorder_core.media import Video
    from recorder_core.tables import RedactionTable

__all__ = ["ReadableArchive", "ReadableEvent"]


class ReadableEvent(Protocol):
    """One event, to read; every method asks the person's profile."""

    @property
    def row(self) -> Event:
        """What the catalog says, without names."""

    @property
    def event_id(self) -> str:
        """The event's id."""

    @property
    def is_released(self) -> bool:
        """Whether somebody signed the de-identified copy off."""

    def files(self) -> Sequence[EventFile]:
        """Return the rows of the event's files that are complete; none of a deleted event."""

    def file(self, role: str) -> EventFile:
        """Return the row of the newest file of a role; NotInCatalog if there is none."""

    def incomplete(self) -> Incomplete | None:
        """Return how much of a recording without its end is there; None of one that has it."""

    def names(self) -> EventNames:
        """Return the names of people and places; NotAllowed or NoKeyMatches for others."""

    def video(self, role: VideoRole = "original", *, incomplete: bool = False) -> io.BufferedReader:
        """Open a video as a seekable, read-only file object."""

    def open_video(
        self,
        role: VideoRole = "original",
        *,
        incomplete: bool = False,
        stream_index: int | None = None,
        salvage: bool = False,
    ) -> Video:
        """Open a video: any frame of it, decoding, its index."""

    def pts_index(self, role: VideoRole = "original") -> FrameTimes:
        """Return when each frame of a video is shown."""

    def frames(self, role: VideoRole = "original") -> Any:
        """Return a pandas table of the frames: frame, pts, seconds from the first frame."""

    def signals(self, *, incomplete: bool = False) -> Any:
        """Return a pandas table of all signals: signal, unit, seconds, value."""

    def detections(self) -> Any:
        """Return a pandas table of what the detector saw; see docs/tables.md."""

    def redactions(self) -> Any:
        """Return a pandas table of what was redacted; see docs/tables.md."""

    def redaction_table(self) -> RedactionTable:
        """Return what was redacted as arrays, for what loads no pandas; see `redactions`."""

    def copy_report(self) -> Mapping[str, Any]:
        """Return how the de-identified copy was made: the JSON beside it; docs/copies.md."""

    def marker_rows(self) -> Sequence[Marker]:
        """Return the rows of the markers, in the order of their time."""

    def markers(self) -> Any:
        """Return a pandas table of the markers: kind, start and stop in seconds, author."""

    def room_view(self) -> View | None:
        """Return where the room lies in the frame as a player shows it; None if nobody said it."""

    def history(self) -> Sequence[StateChange]:
        """Return the steps of the event's life, oldest first."""

    def review(self) -> Review | None:
        """Return how far the review has come; None before it began."""

    def corrections(self) -> EventCorrections:
        """Return all corrections of the event, undone ones too, oldest first."""

    def may_still_read(self, role: FileRole) -> bool:
        """Return whether this person may have a file now: for what was opened before."""

    def media_type(self, role: FileRole) -> str:
        """Return the media type of the newest file of a role, as HTTP names it."""


class ReadableArchive(Protocol):
    """An open archive, to read, for one person; every method asks the person's profile."""

    def events(
        self,
        *,
        state: EventState | None = None,
        procedure_code: str | None = None,
        include_deleted: bool = False,
    ) -> Sequence[ReadableEvent]:
        """Return the events, newest first, without any name."""

    def event(self, event: str) -> ReadableEvent:
        """Return one event; a beginning of its id that fits no other is enough."""

    def search_names(self, text: str) -> Sequence[tuple[ReadableEvent, EventNames]]:
        """Return the events in whose names a text occurs, and that this person's key opens."""

    def roles(self, events: Sequence[ReadableEvent]) -> Mapping[str, Sequence[str]]:
        """Return which kinds of complete files each event has; none of a deleted one."""

    def frame_count(self, event: str, role: VideoRole = "original") -> int | None:
        """Return how many frames a video has; None if there is no such video."""

    def reader_ids(self, event: str, kind: str) -> Sequence[str]:
        """Return the users to whom one kind of file of an event is sealed."""

    def jobs(self, *, state: JobState | None = None, event: str | None = None) -> Sequence[Job]:
        """Return the jobs, oldest first, of one state or one event if given."""

    def job(self, job_id: str) -> Job:
        """Return one job; NotInCatalog if there is none."""
