"""The one pipeline: read, detect, smooth in time, redact; four threads, one frame budget.

Reader, detector and redactor are threads of their own; the writer is the caller, who
takes finished frames from `Pipeline.redacted_frames`.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from recorder_core.deidentify.smoothing import DecidedFrame, SkippedFrame, Smoother
from recorder_core.detect.detector import Detector
from recorder_core.detect.raw_output import RawOutput
from recorder_core.detect.stages import ScoredBoxes
from recorder_core.errors import Cancelled, RedactionIncomplete, SettingsError
from recorder_core.jobs.frame_budget import MAX_FRAMES, ClosableQueue, FrameBudget
from recorder_core.media import Frame
from recorder_core.model import FrameDetections, Redaction
from recorder_core.timing import StageClock

__all__ = [
    "MAX_DETECTION_INTERVAL_SECONDS",
    "DetectionStride",
    "FrameLimits",
    "Pipeline",
    "PlannedFrame",
    "detect_frames",
]

_Redacted = TypeVar("_Redacted")

#: frames that may wait outside the look-ahead: in the queues and in the hands of the
#: four threads
_WORKING_FRAMES: Final = 12
#: frames that are redacted before the writer takes them; each is in memory twice, as
#: it was and as it will be
_REDACTED_AHEAD: Final = 3
#: longest time between two detection frames: a head moves by a fraction of its size, and
#: time fills the frames between (see profiling/bench_exposure.py)
MAX_DETECTION_INTERVAL_SECONDS: Final = Fraction(1, 10)
#: time stamps of Matroska are rounded to this
_ROUNDING_SECONDS: Final = Fraction(1, 1000)


@dataclass(frozen=True, slots=True)
class FrameLimits:
    """How much may be in memory between the decoder and the encoder.

    Every frame in memory waits for its future in the smoother, waits for its batch in
    front of the detector, or is on its way to the encoder. The first two together never
    take the whole budget, so that the reader can always go on.
    """

    #: memory of one decoded frame
    frame_bytes: int
    max_frames: int = MAX_FRAMES
    max_bytes: int = 256 * 2**20

    @property
    def look_ahead_frames(self) -> int:
        """How many frames may wait for their future."""
        return max(0, self._budget_frames - _WORKING_FRAMES)

    @property
    def batch_frames(self) -> int:
        """How many frames may wait until their batch is complete."""
        return self._budget_frames - self.look_ahead_frames

    @property
    def _budget_frames(self) -> int:
        # one frame alone always fits
        return max(1, min(self.max_frames, self.max_bytes // self.frame_bytes))


@dataclass(frozen=True, slots=True)
class DetectionStride:
    """On which frames the detector runs, and how many at once."""

    #: the detector runs on every Nth frame; None: on as many as keep two detection
    #: frames at most `MAX_DETECTION_INTERVAL_SECONDS` apart, whatever the frame rate
    every: int | None = None
    #: most frames that go through the network at once
    batch_size: int = 1

    def __post_init__(self) -> None:
        for count in (self.batch_size, 1 if self.every is None else self.every):
            if not isinstance(count, int):
                raise SettingsError(f"frames are counted in whole numbers, not as {count!r}")
        if (self.every is not None and self.every < 1) or self.batch_size < 1:
            raise SettingsError(
                f"the detector cannot run on one of {self.every or 1} frames, "
                f"{self.batch_size} at once; both must be at least 1"
            )

    def detection_frames(self, pts: NDArray[np.int64], time_base: Fraction) -> NDArray[np.bool_]:
        """Return on which frames the detector runs.

        The first frame is one of them. Unless `every` says otherwise, so are the last
        frame, and the frames on both sides of a gap in time.

        Parameters
        ----------
        pts : ndarray of int64, shape (N,)
            Time stamps of all frames, rising.
        time_base : Fraction
            Seconds per unit of `pts`.

        Returns
        -------
        ndarray of bool, shape (N,)
        """
        chosen = np.zeros(len(pts), np.bool_)
        if self.every is not None:
            chosen[:: self.every] = True
            return chosen
        interval = int((MAX_DETECTION_INTERVAL_SECONDS + _ROUNDING_SECONDS) / time_base)
        times: list[int] = pts.tolist()
        place = 0
        while place < len(times):
            chosen[place] = True
            # the last frame within the interval; the next one where all are further away
            place = max(place + 1, bisect_right(times, times[place] + interval, place) - 1)
        return chosen


@dataclass(frozen=True, slots=True)
class PlannedFrame:
    """A frame, and what is to be redacted in it."""

    frame: Frame
    redactions: list[Redaction]


def detect_frames(
    detector: Detector, frames: Sequence[Frame], clock: StageClock
) -> list[FrameDetections]:
    """Run the stages from crop to non-maximum suppression; inference takes all at once."""
    inputs = [_network_input(detector, frame, clock) for frame in frames]
    # a copy of one input takes as long as half of its image processing
    batch = inputs[0] if len(inputs) == 1 else np.concatenate(inputs)
    with clock.time("inference"):
        raw = detector.infer(batch)
    found = []
    for position, frame in enumerate(frames):
        boxes = _boxes_of(detector, raw, position, clock)
        found.append(FrameDetections(frame.frame_index, frame.pts, boxes.xyxy_px, boxes.scores))
    return found


def _network_input(detector: Detector, frame: Frame, clock: StageClock) -> NDArray[np.float32]:
    with clock.time("crop"):
        crop = detector.crop_view(frame.planes)
    with clock.time("image_processing"):
        return detector.process_image(crop)


def _boxes_of(detector: Detector, raw: RawOutput, position: int, clock: StageClock) -> ScoredBoxes:
    with clock.time("box_decoding"):
        boxes = detector.decode_boxes(raw, position)
    with clock.time("score_filtering"):
        boxes = detector.filter_by_score(boxes)
    with clock.time("score_sorting"):
        boxes = detector.sort_by_score(boxes)
    with clock.time("nms"):
        return detector.suppress_overlaps(boxes)


class Pipeline(Generic[_Redacted]):
    """The reader, detector and redactor threads of one run, and what comes out of them.

    A context manager: leaving it, by an error too, ends the threads.

    Parameters
    ----------
    frames : iterable of Frame
        The video, in order; decoding happens while it is iterated.
    detector : Detector
        Finds the faces of one frame.
    smoother : Smoother
        Decides frames, looking ahead and back.
    redact : callable
        Makes of a decided frame what the writer gets.
    detection_frames : ndarray of bool
        By frame index: whether the detector runs on the frame.
    clock : StageClock
        Receives the time of every stage.
    limits : FrameLimits
        Bounds the frames in memory.
    batch_size : int
        Most frames that go through the network at once; fewer do where the limits let
        fewer wait.
    first_index : int
        Index of the first frame; the smoother may know frames before it, when a run
        goes on where an earlier one stopped.
    """

    def __init__(
        self,
        frames: Iterable[Frame],
        detector: Detector,
        smoother: Smoother,
        redact: Callable[[PlannedFrame], _Redacted],
        *,
        detection_frames: NDArray[np.bool_],
        clock: StageClock,
        limits: FrameLimits,
        batch_size: int = 1,
        first_index: int = 0,
    ) -> None:
        self._frames = iter(frames)
        self._detector = detector
        self._smoother = smoother
        self._redact = redact
        self._detection_frames = detection_frames
        self._batch_size = batch_size
        self._batch_frames = limits.batch_frames
        self._clock = clock
        self._first_index = first_index
        self._frame_bytes = limits.frame_bytes
        self._budget = FrameBudget(limits.max_frames, limits.max_bytes)
        self._decoded: ClosableQueue[Frame] = ClosableQueue()
        self._ahead = FrameBudget(_REDACTED_AHEAD, limits.max_bytes)
        self._decided: ClosableQueue[PlannedFrame] = ClosableQueue()
        self._redacted: ClosableQueue[_Redacted] = ClosableQueue()
        self._found: deque[FrameDetections] = deque()
        self._threads = [
            threading.Thread(target=self._hand_on, args=(name, work, queue), daemon=True)
            for name, work, queue in (
                ("reader", self._read, self._decoded),
                ("detector", self._detect, self._decided),
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
        for thread in self._threads:
            thread.join()
        now = time.perf_counter()
        for name, ended in self._ended.items():
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

    def take_detections(self, stop_index: int) -> list[FrameDetections]:
        """Return what was found in the frames before one, and forget it."""
        taken = []
        while self._found and self._found[0].frame_index < stop_index:
            taken.append(self._found.popleft())
        return taken

    def _read(self) -> None:
        while True:
            with self._clock.time("decode"):
                frame = next(self._frames, None)
            if frame is None:
                return
            with self._clock.time("reader_wait"):
                self._budget.acquire(self._frame_bytes)
            self._decoded.put(frame)

    def _detect(self) -> None:
        window: deque[Frame] = deque()
        group: list[Frame] = []
        while True:
            with self._clock.time("detector_wait"):
                frame = self._decoded.get()
            if frame is None:
                break
            window.append(frame)
            group.append(frame)
            waiting = sum(bool(self._detection_frames[each.frame_index]) for each in group)
            if waiting == self._batch_size or len(group) == self._batch_frames:
                self._push(group)
                group = []
                self._hand_over(window, self._smoother.pop_ready())
        self._push(group)
        with self._clock.time("tracking"):
            decided = self._smoother.finish()
        self._hand_over(window, decided)

    def _redact_all(self) -> None:
        while True:
            with self._clock.time("redactor_wait"):
                decided = self._decided.get()
            if decided is None:
                return
            with self._clock.time("redactor_wait"):
                self._ahead.acquire(self._frame_bytes)
            self._redacted.put(self._redact(decided))

    def _push(self, group: Sequence[Frame]) -> None:
        chosen = [frame for frame in group if self._detection_frames[frame.frame_index]]
        found = detect_frames(self._detector, chosen, self._clock) if chosen else []
        self._found += found
        by_index = {detections.frame_index: detections for detections in found}
        with self._clock.time("tracking"):
            for frame in group:
                skipped = SkippedFrame(frame.frame_index, frame.pts)
                self._smoother.push(by_index.get(frame.frame_index, skipped))

    def _hand_over(self, window: deque[Frame], decided: list[DecidedFrame]) -> None:
        for frame_index, redactions in decided:
            if frame_index < self._first_index:
                continue  # replayed for the smoother's sake when a run goes on
            if not window or window[0].frame_index != frame_index:
                raise RedactionIncomplete(f"frame {frame_index} was decided but is not there")
            self._decided.put(PlannedFrame(window.popleft(), redactions))

    def _hand_on(self, name: str, work: Callable[[], None], queue: ClosableQueue[Any]) -> None:
        """Run a thread's work and propagate completion or failure downstream."""
        try:
            work()
        except BaseException as error:
            queue.close(error)
        else:
            queue.close()
        finally:
            self._ended[name] = time.perf_counter()
