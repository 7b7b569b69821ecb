"""What to record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from recorder_core.archive import CopyFault
from recorder_core.jobs.archive.names.event_names import EventNames
from recorder_core.jobs.archive.place.roles import FileRole
from recorder_core.model import View

__all__ = ["RecordingRequest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRequest:
    """What to record.

    Attributes
    ----------
    procedure_code : str
        Code of what is done.
    site_code : str or None
        None: the archive's own.
    names : EventNames
        Of people and places.
    view : View or None
        Where the room lies in the frames of the video, in square pixels of the frame that a player
        shows: copies of the event are made with it. None: nobody said it.
    roles : tuple of str
        Files beside video and journal that are opened with them, such as signals: either the
        catalog has the event with all of them, or nothing of it is left. Ask for the stream of each
        before the end.
    on_fault : callable or None
        Told of each copy of a file that stops while another goes on; called from that copy's
        thread.
    """

    procedure_code: str
    site_code: str | None = None
    names: EventNames = field(default=EventNames(), repr=False)
    view: View | None = None
    roles: tuple[FileRole, ...] = ()
    on_fault: Callable[[CopyFault], None] | None = field(default=None, repr=False)
