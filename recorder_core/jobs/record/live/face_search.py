"""Look for the faces of frames that are still coming, in a thread of its own.

Who adds frames never waits for it. A detector that is behind, or makes way for the encoder, looks
more seldom, as far as the settings allow; if that is not enough, it goes on with the newest frame,
and those that it left out are not final.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from recorder_core.deidentify import DecidedFrame, SkippedFrame, Smoother
from recorder_core.detect import ScoredBoxes
from recorder_core.jobs.record.live.settings import LiveSettings
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
    makes_way : callable
        Returns whether others need the processor now: then it looks as seldom as the settings
        allow.
    """

    def __init__(
        self,
        finder: FaceFinder,
        settings: LiveSettings,
        view: View,
        rate: Fraction,
        makes_way: Callable[[], bool],
    ) -> None:
        self._finder, self._makes_way = finder, makes_way
        self._usual, self._longest = settings.interval_ticks(rate)
        self._spare = settings.spare_seconds * rate
        self._smoother = Smoother(
            settings.smoothing, view, 1 / rate, max_detection_interval_seconds=self._longest / rate
        )
        self._changed = threading.Condition()
        self._waiting: deque[_Waiting] = deque()
        self._decided: dict[int, DecidedFrame] = {}
        self._found: dict[int, FrameDetections] = {}
        self._searched: int | None = None
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
        with self._changed:
            if self.error is None:
                self._waiting.append(_Waiting(frame.frame_index, frame.pts, frame.planes))
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
                for frame in frames[:-1]:
                    self._smoother.push(SkippedFrame(frame.frame_index, frame.pts))
                self._search(frames[-1])
        except Exception as error:  # who supervises the recording says it
            with self._changed:
                self.error = error
                self._waiting.clear()

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
        newest = self._waiting[-1].pts
        interval = self._longest if self._makes_way() else self._usual
        due = [
            count
            for count, frame in enumerate(self._waiting, start=1)
            if frame.pts - self._searched >= interval
        ]
        if not due:
            return 0
        if newest - self._waiting[0].pts - self._usual > self._spare:
            return due[-1]
        if len(due) <= self._usual:
            return due[0]
        seldom = [c for c in due if self._waiting[c - 1].pts - self._searched <= self._longest]
        return seldom[-1] if seldom else due[0]

    def _search(self, frame: _Waiting) -> None:
        self._searched = frame.pts
        boxes = self._finder.detect(frame.planes)
        found = FrameDetections(frame.frame_index, frame.pts, boxes.xyxy_px, boxes.scores)
        self._smoother.push(found)
        with self._changed:
            if found.frame_index >= self._first_index:
                self._found[found.frame_index] = found
            for each in self._smoother.pop_ready():
                if each.frame_index >= self._first_index:
                    self._decided[each.frame_index] = each
