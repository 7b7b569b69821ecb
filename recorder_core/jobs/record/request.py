"""What is recorded in a room, and what gives it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from recorder_core.capture.source import AudioSource, FrameSource, Source, SourceState
from recorder_core.capture.stalls import Stalls
from recorder_core.capture.switch import SwitchPress
from recorder_core.jobs.archive import EventNames
from recorder_core.jobs.record.room_config import RoomConfig
from recorder_core.model import EventClock
from recorder_core.tables import RawRow, SignalRow

__all__ = ["PressSource", "RecordRequest", "RoomSources", "SignalSource"]


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
    room_name : str
        How the room is called; empty where it has no name.
    """

    room: RoomConfig
    procedure_code: str | None = None
    names: EventNames = field(default=EventNames(), repr=False)
    duration_seconds: float | None = None
    is_unattended: bool = False
    room_name: str = ""


class SignalSource(Source, Protocol):
    """A source of numbers."""

    def take_rows(self, clock: EventClock) -> Sequence[SignalRow]:
        """Return the rows that arrived since the last call, by an event's clock."""

    def take_raw(self, clock: EventClock) -> Sequence[RawRow]:
        """Return the bytes that arrived since the last call, by an event's clock."""


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

    def states(self) -> list[SourceState]:
        """Return how each is; that of the audio is named `sound`, wherever it comes from."""
        found = [source.state for source in self.frames.values()]
        if self.audio is not None:
            found.append(replace(self.audio.state, name="sound"))
        return found + [source.state for source in (*self.signals, *self.switches)]

    def __iter__(self) -> Iterator[Source]:
        yield from self.frames.values()
        if self.audio is not None:
            yield self.audio
        yield from self.signals
        yield from self.switches
