"""What is recorded in a room."""

from __future__ import annotations

from dataclasses import dataclass, field

from recorder_core.catalog.model.codes import check_code
from recorder_core.errors import SettingsError
from recorder_core.jobs.archive import EventNames
from recorder_core.jobs.record.room.config import RoomConfig

__all__ = ["RecordRequest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRequest:
    """What is recorded in a room.

    Attributes
    ----------
    room : RoomConfig
        Its sources, and what becomes of them.
    procedure_code : str or None
        Code of what is done; None: as the room says.
    names : EventNames
        Of people and places.
    duration_seconds : float or None
        How long; None: until it is stopped.
    is_unattended : bool
        Whether it ends when the signal is gone that the room names for that.
    seals_later : bool
        Whether its videos stay as they were recorded until `RoomRecorder.make_seekable`.
    room_name : str
        How the room is called; empty where it has no name.

    Raises
    ------
    SettingsError
        If the duration is not above 0 s.
    """

    room: RoomConfig
    procedure_code: str | None = None
    names: EventNames = field(default=EventNames(), repr=False)
    duration_seconds: float | None = None
    is_unattended: bool = False
    seals_later: bool = False
    room_name: str = ""

    def __post_init__(self) -> None:
        if self.duration_seconds is not None and not self.duration_seconds > 0:
            raise SettingsError("the duration must be above 0 s")

    @property
    def needed_procedure_code(self) -> str:
        """Code of what is done; SettingsError if nobody says it, CatalogError if it is none."""
        code = self.procedure_code or self.room.procedure_code
        if code is None:
            raise SettingsError(
                'say what is done: give a procedure code, or write procedure = "CODE" in the '
                "room's file"
            )
        check_code(code, "the procedure code")
        return code

    def event_lines(self, event_id: str | None = None) -> tuple[str, ...]:
        """Return what the composite says of the event: codes, never a name.

        Parameters
        ----------
        event_id : str, optional
            None where it has not begun.
        """
        lines = [
            self.procedure_code or self.room.procedure_code,
            None if event_id is None else f"event {event_id}",
            None if self.room.site_code is None else f"site {self.room.site_code}",
        ]
        return tuple(line for line in lines if line is not None)
