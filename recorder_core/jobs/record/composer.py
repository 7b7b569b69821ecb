"""Compose a frame every tick, a delay behind, in a thread of its own.

The delay lets a frame of each source arrive that belongs to the tick, in spite of jitter. A tick
whose frame cannot be composed or taken in time has none: the frame before is shown for longer,
and that is counted. The first is never left out for being late. Time is never stretched.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final, Protocol

from recorder_core.jobs.record.frame_queue import FrameQueue
from recorder_core.jobs.record.ticks import Ticks
from recorder_core.media import Frame

__all__ = ["ComposedFrame", "Composer", "Picture"]

#: of what was composed lately so much is known, and so many frames of it
_RECENT_SECONDS: Final = 1.5
_RECENT_FRAMES: Final = 9
#: a tick that is later is left out; the mailboxes of the sources hold little more
_MAX_LATE_SECONDS: Final = 0.7


class Picture(Protocol):
    """What is composed."""

    @property
    def shown(self) -> Mapping[str, Frame]:
        """The frames of the sources in the last frame."""

    def compose(self, tick: int) -> Frame | None:
        """Return the frame of a tick, or None; each is asked for once at most, in their order."""


@dataclass(frozen=True, slots=True)
class ComposedFrame:
    """A frame of the composite, to be read.

    Attributes
    ----------
    frame : Frame
        Its index counts those that were composed, its pts the ticks of the room.
    room_seconds : float
        When it is shown, by the room's clock.
    shown : mapping of Frame
        Of each source that gave one: what it shows.
    """

    frame: Frame
    room_seconds: float
    shown: Mapping[str, Frame]


@dataclass(slots=True)
class _Wanted:
    tick: int
    result: Future[ComposedFrame] = field(default_factory=Future)


class Composer:
    """Composes the frames of a recording.

    Parameters
    ----------
    picture : Picture
        What is composed.
    ticks : Ticks
        When.
    delay_seconds : float
        How long after its tick a frame is composed.
    queue : FrameQueue
        Where it goes.
    on_composed : callable, optional
        Is given each frame once it has its index.
    """

    def __init__(
        self,
        picture: Picture,
        ticks: Ticks,
        delay_seconds: float,
        queue: FrameQueue,
        *,
        on_composed: Callable[[Frame], None] | None = None,
    ) -> None:
        self._picture, self._ticks, self._queue = picture, ticks, queue
        self._delay_seconds, self._on_composed = delay_seconds, on_composed
        self._lock = threading.Lock()
        self._wanted: list[_Wanted] = []
        #: some of those composed lately, oldest first
        self._recent: deque[ComposedFrame] = deque(maxlen=_RECENT_FRAMES)
        self._last: ComposedFrame | None = None
        self._recent_step = max(1, round(_RECENT_SECONDS * ticks.rate / _RECENT_FRAMES))
        self._wake = threading.Event()
        self._stop_tick: int | None = None
        self._has_ended = False
        self._next_tick = 0
        self._thread = threading.Thread(target=self._run, name="composer", daemon=True)
        #: ticks without a frame of their own
        self.dropped = 0
        #: why it ended before it was asked to
        self.error: BaseException | None = None

    @property
    def is_behind(self) -> bool:
        """Whether others should leave the processor to who takes the frames."""
        return self._queue.is_behind

    @property
    def next_tick(self) -> int:
        """The tick that is composed next."""
        return self._next_tick

    @property
    def open_tick(self) -> int:
        """The first tick that is certainly not composed yet, nor being composed."""
        return self._next_tick + 1

    def start(self) -> None:
        """Begin with tick 0."""
        self._thread.start()

    def end_before(self, tick: int) -> None:
        """End by itself before a tick, unless it is stopped sooner."""
        self._stop_tick = tick if self._stop_tick is None else min(tick, self._stop_tick)

    def frame_at(self, seconds: float) -> Future[ComposedFrame]:
        """Return the frame of a moment once it is composed; cancelled where it never will be.

        Of what was composed some frames a second are kept for a second and more, as for a foot
        switch that says late when it was pressed: of an earlier moment the next that is known.

        Parameters
        ----------
        seconds : float
            By `time.monotonic`.
        """
        wanted = _Wanted(self._ticks.tick_at(seconds))
        with self._lock:
            known = self._known(wanted.tick)
            if known is None and not self._has_ended:
                self._wanted.append(wanted)
                return wanted.result
        _answer(wanted, known)
        return wanted.result

    def stop(self, seconds: float) -> int:
        """Compose the ticks before a moment, and end; return how many ticks there were.

        Parameters
        ----------
        seconds : float
            By `time.monotonic`; what is composed already stays.
        """
        self.end_before(self._ticks.tick_at(seconds))
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._queue.end()
        with self._lock:
            self._has_ended = True
            left, self._wanted = self._wanted, []
        for each in left:
            _answer(each, self._known(each.tick))
        return self._next_tick

    def _known(self, tick: int) -> ComposedFrame | None:
        """Return the frame of a tick, or the next that is kept; at the end the last one is kept."""
        known = next((each for each in self._recent if each.frame.pts >= tick), None)
        if known is None and self._has_ended and self._last is not None:
            return self._last if tick <= self._last.frame.pts + 1 else None
        return known

    def _run(self) -> None:
        try:
            while not self._is_over():
                if self._is_due():
                    self._skip_late_ticks()
                    self._compose(self._next_tick)
                    self._next_tick += 1
        except Exception as error:  # who supervises the recording says it
            self.error = error

    def _is_over(self) -> bool:
        return self._stop_tick is not None and self._next_tick >= self._stop_tick

    def _is_due(self) -> bool:
        """Return whether the next tick is due; wait for it, or for a change, where it is not."""
        left = self._ticks.seconds(self._next_tick) + self._delay_seconds - time.monotonic()
        if left > 0:
            if self._wake.is_set():
                time.sleep(left)
            else:
                self._wake.wait(left)
        return left <= 0

    def _skip_late_ticks(self) -> None:
        if self._next_tick == 0:  # second 0 is a frame, however long it took to begin
            return
        first = self._ticks.tick_at(time.monotonic() - self._delay_seconds - _MAX_LATE_SECONDS)
        if self._stop_tick is not None:  # the last one is always composed
            first = min(first, self._stop_tick - 1)
        if first > self._next_tick:
            self.dropped += first - self._next_tick
            self._next_tick = first

    def _compose(self, tick: int) -> None:
        # what nobody takes is not composed: the encoder needs the processor
        frame = None if self._queue.is_full else self._picture.compose(tick)
        if frame is None or not self._queue.offer(frame):
            self.dropped += 1
            return
        if self._on_composed is not None:
            self._on_composed(frame)
        composed = ComposedFrame(frame, self._ticks.room_seconds(tick), self._picture.shown)
        for each in self._due(composed):
            each.result.set_result(composed)

    def _due(self, composed: ComposedFrame) -> list[_Wanted]:
        """Return who waits for a frame, and keep it where it is one of those that are kept."""
        tick = composed.frame.pts
        with self._lock:
            self._last = composed
            if tick % self._recent_step == 0:
                self._recent.append(composed)
            due = [each for each in self._wanted if each.tick <= tick]
            self._wanted = [each for each in self._wanted if each.tick > tick]
        return [each for each in due if each.result.set_running_or_notify_cancel()]


def _answer(wanted: _Wanted, known: ComposedFrame | None) -> None:
    """Resolve what waits for a frame by what is known of it."""
    if known is None:
        wanted.result.cancel()
    else:
        wanted.result.set_result(known)
