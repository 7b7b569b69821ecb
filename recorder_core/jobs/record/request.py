"""What is recorded in a room, and what gives it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, Protocol

from recorder_core.capture.source import (
    AudioSource,
    FrameSource,
    Source,
    SourceCounters,
    SourceState,
)
from recorder_core.capture.stalls import Stalls
from recorder_core.capture.switch import SwitchPress
from recorder_core.catalog.model.codes import check_code
from recorder_core.errors import SettingsError
from recorder_core.jobs.archive import EventNames
from recorder_core.jobs.record.room_config import RoomConfig
from recorder_core.model import EventClock
from recorder_core.tables import RawRow, SignalRow

__all__ = ["PressSource", "RecordRequest", "RoomSources", "SignalSource"]

_NOT_COUNTED: Final[Mapping[str, SourceCounters]] = MappingProxyType({})


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


class SignalSource(Source, Protocol):
    """A source of numbers."""

    def take_rows(self, clock: EventClock) -> Sequence[SignalRow]:
        """Return the rows that arrived since the last call, by the room's clock."""

    def take_raw(self, clock: EventClock) -> Sequence[RawRow]:
        """Return the bytes that arrived since the last call, by the room's clock."""


class PressSource(Source, Protocol):
    """A foot switch."""

    def take(self) -> Sequence[SwitchPress]:
        """Return what was pressed since the last call."""


@dataclass(frozen=True, slots=True)
class RoomSources:
    """The sources of a room.

    Attributes
    ----------
    frames : mapping of FrameSource
        By name.
    audio : AudioSource or None
        Of the video.
    signals : sequence of SignalSource
        Such as a BIS monitor.
    switches : sequence of PressSource
        Each press is a screenshot and a marker.
    stalls : Stalls
        Of this process, measured while it is recorded.
    """

    frames: Mapping[str, FrameSource]
    audio: AudioSource | None = None
    signals: Sequence[SignalSource] = ()
    switches: Sequence[PressSource] = ()
    stalls: Stalls = field(default_factory=Stalls)

    def states(self, counted: Mapping[str, SourceCounters] = _NOT_COUNTED) -> list[SourceState]:
        """Return how each is; that of the audio is named `sound`, wherever it comes from.

        Parameters
        ----------
        counted : mapping of SourceCounters
            By name, what they had counted when the event began.
        """
        found = [source.state for source in self.frames.values()]
        if self.audio is not None:
            found.append(replace(self.audio.state, name="sound"))
        found += [source.state for source in (*self.signals, *self.switches)]
        return [
            replace(state, counters=state.counters.since(counted[state.name]))
            if state.name in counted
            else state
            for state in found
        ]

    def __iter__(self) -> Iterator[Source]:
        yield from self.frames.values()
        if self.audio is not None:
            yield self.audio
        yield from self.signals
        yield from self.switches
