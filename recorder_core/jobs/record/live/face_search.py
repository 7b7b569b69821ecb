"""Look for the faces of frames that are still coming, in a thread of its own.

Who adds frames never waits for it. A detector that is behind, or makes way for the encoder, looks
more seldom, as far as the settings allow; if that is not enough, it goes on with the newest frame,
and those that it left out are not final. So are those that it has not come to when they have been
shown: they are forgotten, so that memory has a bound however long it takes. Unless it is so far
behind, it looks where the picture jumps, too: at the last frame before, and at the first that shows
another picture.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recorder_core.deidentify import DecidedFrame, SkippedFrame, Smoother
from recorder_core.detect import ScoredBoxes
from recorder_core.jobs.inputs.frame_choice import (
    block_means,
    is_cut,
    is_flash,
    is_other_picture,
)
from recorder_core.jobs.record.room.deidentification import LiveSettings
from recorder_core.media import Frame
from recorder_core.model import FrameDetections, Planes, Redaction, View

__all__ = ["FaceFinder", "FaceSearch", "SearchedFrame"]


class FaceFinder(Protocol):
    """What finds faces: `recorder_core.detect.Detector`."""

    def detect(self, planes: Planes) -> ScoredBoxes:
        """Return the faces of one picture."""


@dataclass(frozen=True, slots=True)
class SearchedFrame:
    """What is known of a frame when it has to be shown.

    Attributes
    ----------
    redactions : sequence of Redaction or None
        What is hidden; None: nobody knows, and all of it must be hidden.
    detections : FrameDetections or None
        What was found, where the detector has looked at this frame.
    """

    redactions: Sequence[Redaction] | None
    detections: FrameDetections | None


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A frame as it was added: others give it another index later."""

    frame_index: int
    pts: int
    planes: Planes
    #: see `block_means`
    means: NDArray[np.float32]


class FaceSearch:
    """Decides what is hidden of the frames of a view; two threads use it.

    Parameters
    ----------
    finder : FaceFinder
        Used by its thread alone.
    settings : LiveSettings
        How often, and how far ahead.
    view : View
        All of each frame.
    rate : Fraction
        Frames per second; the pts of frames count them.
    should_yield : callable
        Returns whether others need the processor now: then it looks as seldom as the settings
        allow.
    """

    def __init__(
        self,
        finder: FaceFinder,
        settings: LiveSettings,
        view: View,
        rate: Fraction,
        should_yield: Callable[[], bool],
    ) -> None:
        self._finder, self._should_yield = finder, should_yield
        self._view = view
        self._usual, self._longest = settings.interval_ticks(rate)
        self._spare = settings.spare_seconds * rate
        self._smoother = Smoother(
            settings.smoothing, view, 1 / rate, max_detection_interval_seconds=self._longest / rate
        )
        self._changed = threading.Condition()
        self._waiting: deque[_Waiting] = deque(maxlen=settings.max_waiting_frames(rate))
        self._decided: dict[int, DecidedFrame] = {}
        self._found: dict[int, FrameDetections] = {}
        #: what was looked at last
        self._searched: _Waiting | None = None
        self._first_index = 0
        self._is_over = False
        self._thread = threading.Thread(target=self._run, name="face search", daemon=True)
        #: why it ended before it was asked to: nothing is final from then on
        self.error: BaseException | None = None

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """End; what is not decided yet is not final."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join()

    def add(self, frame: Frame) -> None:
        """Add the next frame; its index is one more than the last one's."""
        means = block_means(frame.planes, self._view)
        with self._changed:
            if self.error is None:
                self._waiting.append(_Waiting(frame.frame_index, frame.pts, frame.planes, means))
                self._changed.notify_all()

    def pop(self, frame_index: int) -> SearchedFrame:
        """Return what is known of a frame now, and forget it and those before."""
        with self._changed:
            self._first_index = frame_index + 1
            decided = self._decided.pop(frame_index, None)
            found = self._found.pop(frame_index, None)
            for known in (self._decided, self._found):
                for index in [each for each in known if each < frame_index]:
                    del known[index]
        is_final = decided is not None and decided.is_final
        return SearchedFrame(decided.redactions if decided and is_final else None, found)

    def _run(self) -> None:
        try:
            while frames := self._next_frames():
                self._skip_to(frames[0])
                for before, frame in pairwise([self._searched or frames[0], *frames]):
                    self._smoother.push(
                        self._search(frame) if frame is frames[-1] else _skipped(frame),
                        is_cut=is_cut(frame.means, before.means),
                    )
                self._keep_decided()
        except Exception as error:  # who supervises the recording says it
            with self._changed:
                self.error = error
                self._waiting.clear()

    def _skip_to(self, frame: _Waiting) -> None:
        """Leave out the frames that were forgotten before one."""
        last = frame.frame_index - 1 if self._searched is None else self._searched.frame_index
        for index in range(last + 1, frame.frame_index):
            self._smoother.push(SkippedFrame(index, frame.pts))

    def _next_frames(self) -> list[_Waiting]:
        """Wait for the next frame that is looked at; return those before it, and it."""
        with self._changed:
            while not self._is_over:
                count = self._count_to_next()
                if count:
                    return [self._waiting.popleft() for _ in range(count)]
                self._changed.wait()
        return []

    def _count_to_next(self) -> int:
        """Return how many frames there are until the next that is looked at; 0: none is due."""
        if not self._waiting or self._searched is None:
            return min(1, len(self._waiting))
        newest, searched = self._waiting[-1].pts, self._searched
        interval = self._longest if self._should_yield() else self._usual
        due = [
            count
            for count, frame in enumerate(self._waiting, start=1)
            if frame.pts - searched.pts >= interval
        ]
        if due and newest - self._waiting[0].pts - self._usual > self._spare:
            return due[-1]
        if len(due) > self._usual:
            seldom = [c for c in due if self._waiting[c - 1].pts - searched.pts <= self._longest]
            due = seldom[-1:] or due
        counts = [*due[:1], *self._count_to_jump(searched)]
        return min(counts, default=0)

    def _count_to_jump(self, searched: _Waiting) -> list[int]:
        """Return how many frames there are until one is due for what is shown, if any is."""
        before = None
        for count, frame in enumerate(self._waiting, start=1):
            if is_other_picture(frame.means, searched.means):
                is_jump = before is not None and is_other_picture(frame.means, before.means)
                return [count - is_jump]
            if before is not None and is_flash(before.means, searched.means, frame.means):
                return [count - 1]
            before = frame
        return []

    def _search(self, frame: _Waiting) -> FrameDetections:
        self._searched = frame
        boxes = self._finder.detect(frame.planes)
        found = FrameDetections(frame.frame_index, frame.pts, boxes.xyxy_px, boxes.scores)
        with self._changed:
            if found.frame_index >= self._first_index:
                self._found[found.frame_index] = found
        return found

    def _keep_decided(self) -> None:
        with self._changed:
            for each in self._smoother.pop_ready():
                if each.frame_index >= self._first_index:
                    self._decided[each.frame_index] = each


def _skipped(frame: _Waiting) -> SkippedFrame:
    return SkippedFrame(frame.frame_index, frame.pts)
