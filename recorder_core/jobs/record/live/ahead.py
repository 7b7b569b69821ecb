"""Frames that are composed but for the room, and wait until its faces are known."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from recorder_core.jobs.record.ticks import Ticks
from recorder_core.media import Frame

__all__ = ["FramesAhead", "PreparedFrame"]

#: beyond the time that they have to wait; older ones are dropped, so that memory has a bound
_LATE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class PreparedFrame:
    """A frame of the composite that waits.

    Attributes
    ----------
    frame : Frame
        Its pts is its tick; black where the view of the room lies.
    room : Frame
        The view of the room as it is; its indices follow one another.
    shown : mapping of Frame
        Those of its sources of which screenshots are.
    """

    frame: Frame
    room: Frame
    shown: Mapping[str, Frame]


class FramesAhead:
    """Prepares the frame of each tick when it is there, in a thread of its own.

    Parameters
    ----------
    prepare : callable
        Returns what is shown at a tick.
    on_room : callable
        Is given each view of the room, in order.
    ticks : Ticks
        Of the composite.
    delay_seconds : float
        How long after its tick a frame is prepared.
    hold_seconds : float
        How long it waits.
    """

    def __init__(
        self,
        prepare: Callable[[int], PreparedFrame],
        on_room: Callable[[Frame], None],
        ticks: Ticks,
        delay_seconds: float,
        hold_seconds: float,
    ) -> None:
        self._prepare, self._on_room, self._ticks = prepare, on_room, ticks
        self._delay_seconds = delay_seconds
        self._most = int((hold_seconds + _LATE_SECONDS) * ticks.rate)
        self._changed = threading.Condition()
        self._ready: deque[PreparedFrame] = deque()
        self._wanted_tick = 0
        self._ended = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="frames ahead", daemon=True)

    def start(self) -> None:
        """Begin with tick 0."""
        self._thread.start()

    def close(self) -> None:
        """End; what waits is forgotten."""
        self._ended.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join()

    def take(self, tick: int) -> PreparedFrame | None:
        """Wait for the frame of a tick, and forget those before; None where there is none.

        Raises
        ------
        Exception
            What ended the thread before it was asked to.
        """
        with self._changed:
            self._wanted_tick = tick
            while not self._ended.is_set():
                while self._ready and self._ready[0].frame.pts < tick:
                    self._ready.popleft()
                if self._ready:
                    is_there = self._ready[0].frame.pts == tick
                    return self._ready.popleft() if is_there else None
                if self._error is not None:
                    raise self._error
                self._changed.wait()
        return None

    def _run(self) -> None:
        try:
            self._prepare_all()
        except Exception as error:  # who takes frames raises it
            with self._changed:
                self._error = error
                self._changed.notify_all()

    def _prepare_all(self) -> None:
        tick = index = 0
        while not self._ended.wait(self._seconds_to(tick)):
            prepared = self._prepare(tick)
            prepared.frame.pts = prepared.room.pts = tick
            prepared.room.frame_index = index
            self._on_room(prepared.room)
            with self._changed:
                self._ready.append(prepared)
                if len(self._ready) > self._most:
                    self._ready.popleft()
                self._changed.notify_all()
                tick, index = max(tick + 1, self._wanted_tick), index + 1

    def _seconds_to(self, tick: int) -> float:
        return max(0.0, self._ticks.seconds(tick) + self._delay_seconds - time.monotonic())
