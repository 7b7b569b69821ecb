"""The one pipeline: read, plan, redact, write; four threads, one frame budget.

What is planned is found by a detector and smoothed in time, or was decided in an earlier
run: see :mod:`recorder_core.jobs.pipeline.planning`. Reader, detector (which plans) and redactor
are threads of their own; the writer is the caller, who takes finished frames from
`Pipeline.redacted_frames`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final, Generic, Self, TypeVar

from recorder_core.errors import Cancelled
from recorder_core.jobs.pipeline.frame_budget import MAX_FRAMES, ClosableQueue, FrameBudget
from recorder_core.jobs.pipeline.planning import PlannedFrame, Planner
from recorder_core.media import Frame
from recorder_core.timing import StageClock

__all__ = ["FrameLimits", "Pipeline"]

_Redacted = TypeVar("_Redacted")

#: frames that may wait outside the look-ahead: in the queues and in the hands of the
#: four threads
_WORKING_FRAMES: Final = 12
#: frames that are redacted before the writer takes them; each is in memory twice, as
#: it was and as it will be
_REDACTED_AHEAD: Final = 3
#: how long leaving waits for a source that was asked for a frame: a file gives one or its end
#: much sooner, a live source that has gone silent may never
_SOURCE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class FrameLimits:
    """How much may be in memory between the decoder and the encoder.

    Every frame in memory waits for look-ahead in the smoother, waits for its batch in
    front of the detector, or is on its way to the encoder. The first two together never
    take the whole budget, so that the reader can always go on.
    """

    #: memory of one decoded frame
    frame_bytes: int
    max_frames: int = MAX_FRAMES
    max_bytes: int = 256 * 2**20

    @classmethod
    def covering(cls, frame_bytes: int, look_ahead_frames: int) -> Self:
        """Return limits in which a whole look-ahead may wait, however large its frames are.

        Parameters
        ----------
        frame_bytes : int
            Memory of one decoded frame.
        look_ahead_frames : int
            Most frames of a look-ahead; of more than `MAX_FRAMES`, as many as that leaves wait.
        """
        needed = min(look_ahead_frames + _WORKING_FRAMES, MAX_FRAMES)
        return cls(frame_bytes, max_bytes=max(cls(frame_bytes).max_bytes, needed * frame_bytes))

    @property
    def look_ahead_frames(self) -> int:
        """How many frames may wait for look-ahead."""
        return max(0, self._budget_frames - _WORKING_FRAMES)

    @property
    def batch_frames(self) -> int:
        """How many frames may wait until their batch is complete."""
        return self._budget_frames - self.look_ahead_frames

    @property
    def _budget_frames(self) -> int:
        # one frame alone always fits
        return max(1, min(self.max_frames, self.max_bytes // self.frame_bytes))


class Pipeline(Generic[_Redacted]):
    """The reader, detector and redactor threads of one run, and what comes out of them.

    A context manager: leaving it, by an error too, ends the threads. Only a reader whose source
    is silent is left to itself: it ends, without effect, when its source gives a frame or ends.

    Parameters
    ----------
    frames : generator of Frame
        The video, in order; decoding happens while it is iterated. The reader closes it when it
        ends, in its own thread: nobody else may.
    planner : Planner
        Decides what is redacted; it may keep frames until it knows their future.
    redact : callable
        Makes of a planned frame what the writer gets.
    clock : StageClock
        Receives the time of reading and of every wait.
    limits : FrameLimits
        Bounds the frames in memory.
    """

    def __init__(
        self,
        frames: Generator[Frame, None, None],
        planner: Planner,
        redact: Callable[[PlannedFrame], _Redacted],
        *,
        clock: StageClock,
        limits: FrameLimits,
    ) -> None:
        self._frames = frames
        self._planner = planner
        self._redact = redact
        self._clock = clock
        self._frame_bytes = limits.frame_bytes
        self._budget = FrameBudget(limits.max_frames, limits.max_bytes)
        self._decoded: ClosableQueue[Frame] = ClosableQueue()
        self._ahead = FrameBudget(_REDACTED_AHEAD, limits.max_bytes)
        self._planned: ClosableQueue[PlannedFrame] = ClosableQueue()
        self._redacted: ClosableQueue[_Redacted] = ClosableQueue()
        self._threads = [
            threading.Thread(target=self._run_stage, args=(name, work, queue), daemon=True)
            for name, work, queue in (
                ("reader", self._read, self._decoded),
                ("detector", self._plan, self._planned),
                ("redactor", self._redact_all, self._redacted),
            )
        ]
        #: when each thread had nothing left to do, by `time.perf_counter`
        self._ended: dict[str, float] = {}

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._budget.stop()
        self._ahead.stop()
        self._decoded.close(Cancelled("the run was stopped"))
        reader, *others = self._threads
        for thread in others:
            thread.join()
        reader.join(_SOURCE_SECONDS)
        now = time.perf_counter()
        # a reader that is left to itself may end meanwhile
        for name, ended in list(self._ended.items()):
            self._clock.add(f"{name}_wait", now - ended, calls=0)

    def redacted_frames(self) -> Iterator[_Redacted]:
        """Yield every frame in order, once it is decided and redacted.

        The frame's room in the budget is given back when the next one is asked for.

        Raises
        ------
        RecorderError
            Whatever went wrong in the reader, the detector or the redactor.
        """
        while True:
            with self._clock.time("writer_wait"):
                redacted = self._redacted.get()
            if redacted is None:
                return
            yield redacted
            self._ahead.release(self._frame_bytes)
            self._budget.release(self._frame_bytes)

    def _read(self) -> None:
        with closing(self._frames) as frames:
            while True:
                with self._clock.time("decode"):
                    frame = next(frames, None)
                if frame is None:
                    return
                with self._clock.time("reader_wait"):
                    self._budget.acquire(self._frame_bytes)
                self._decoded.put(frame)

    def _plan(self) -> None:
        while True:
            with self._clock.time("detector_wait"):
                frame = self._decoded.get()
            if frame is None:
                break
            self._enqueue(self._planner.push(frame))
        self._enqueue(self._planner.finish())

    def _enqueue(self, planned: Iterable[PlannedFrame]) -> None:
        for each in planned:
            self._planned.put(each)

    def _redact_all(self) -> None:
        while True:
            with self._clock.time("redactor_wait"):
                planned = self._planned.get()
            if planned is None:
                return
            with self._clock.time("redactor_wait"):
                self._ahead.acquire(self._frame_bytes)
            self._redacted.put(self._redact(planned))

    def _run_stage(self, name: str, work: Callable[[], None], queue: ClosableQueue[Any]) -> None:
        """Run a thread's work and propagate completion or failure downstream."""
        try:
            work()
        except BaseException as error:
            queue.close(error)
        else:
            queue.close()
        finally:
            self._ended[name] = time.perf_counter()
