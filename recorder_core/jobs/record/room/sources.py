"""What gives a recording its frames, audio, signals and presses."""

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
from recorder_core.model import EventClock
from recorder_core.tables import RawRow, SignalRow

__all__ = ["PressSource", "RoomSources", "SignalSource"]

_NOT_COUNTED: Final[Mapping[str, SourceCounters]] = MappingProxyType({})


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
