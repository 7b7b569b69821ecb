"""The picture of a room: the frames of its sources at a moment, composed; black in a pause."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from recorder_core.capture.source import FrameSource
from recorder_core.composite import PanelContent
from recorder_core.jobs.record.gaps import Gap, GapWatch
from recorder_core.jobs.record.pauses import Pauses
from recorder_core.jobs.record.ticks import Ticks
from recorder_core.media import Frame
from recorder_core.model import FrameFormat
from recorder_core.tables import SignalRow

__all__ = ["Composing", "RoomPicture"]


class Composing(Protocol):
    """Composes frames of sources into one: `recorder_core.composite.Compositor`."""

    @property
    def format(self) -> FrameFormat:
        """What all its frames have in common."""

    def compose(
        self,
        frames: Mapping[str, Frame | None],
        content: PanelContent,
        seconds: float,
        starved: Collection[str],
    ) -> Frame:
        """Return a frame; `pts` counts ticks."""


class RoomPicture:
    """What a recording shows; composed in one thread.

    Parameters
    ----------
    sources : mapping of FrameSource
        By name.
    compositor : Composing
        Makes one frame of theirs.
    content : PanelContent
        What the recorder itself shows.
    ticks : Ticks
        Of the frames.
    pauses : Pauses
        In which they are black.
    """

    def __init__(
        self,
        sources: Mapping[str, FrameSource],
        compositor: Composing,
        content: PanelContent,
        ticks: Ticks,
        pauses: Pauses,
    ) -> None:
        self._sources, self._compositor, self._content = sources, compositor, content
        self._ticks, self._pauses = ticks, pauses
        self._watches = {name: GapWatch(name) for name in sources}
        #: the frames of the sources in the last frame
        self.shown: Mapping[str, Frame] = {}
        #: rows that came, up to their moment
        self._rows: deque[SignalRow] = deque()

    @property
    def format(self) -> FrameFormat:
        """What all its frames have in common."""
        return self._compositor.format

    def begin(self, room_seconds: float, room_utc: datetime, event_lines: tuple[str, ...]) -> None:
        """Show the data of the event; no clock does before.

        Parameters
        ----------
        room_seconds : float
            When it began, by the room's clock.
        room_utc : datetime
            The wall time at second 0 of the room, as the wall clock is set now.
        event_lines : tuple of str
            What the composite says of it.
        """
        for watch in self._watches.values():
            watch.forget_before(room_seconds)
        self._content = replace(
            self._content,
            start_seconds=room_seconds,
            event_lines=event_lines,
            zero_utc=None if self._content.zero_utc is None else room_utc,
        )

    def add_signals(self, rows: Iterable[SignalRow]) -> None:
        """Show numbers from the frame of their moment on; any thread may call this."""
        self._rows.extend(rows)

    def compose(self, tick: int) -> Frame:
        """Return the frame of a tick, black in a pause."""
        room_seconds, seconds = self._ticks.room_seconds(tick), self._ticks.seconds(tick)
        # frames that a pause hides are taken all the same: none of them is lost
        frames = {name: source.take(seconds) for name, source in self._sources.items()}
        starved = {name for name, frame in frames.items() if frame is None and self._starves(name)}
        for name, frame in frames.items():
            when = None if frame is None else self._ticks.clock.seconds(frame.seconds)
            self._watches[name].note(when, is_starved=name in starved)
        if self._pauses.covers(room_seconds):
            self.shown = {}
            return Frame.black(self.format, frame_index=0, pts=tick, duration=1)
        while self._rows and self._rows[0].seconds <= room_seconds:
            self._content.signals.add([self._rows.popleft()])
        self.shown = {name: frame.frame for name, frame in frames.items() if frame is not None}
        return self._compositor.compose(self.shown, self._content, room_seconds, starved)

    def gaps(self) -> list[Gap]:
        """Return the gaps that have ended."""
        return [gap for watch in self._watches.values() for gap in tuple(watch.gaps)]

    def finish(self, room_seconds: float) -> list[Gap]:
        """End the gaps that go on; return all."""
        for watch in self._watches.values():
            watch.finish(room_seconds)
        return self.gaps()

    def _starves(self, name: str) -> bool:
        return self._sources[name].state.is_starved
