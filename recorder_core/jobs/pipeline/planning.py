"""What is to be redacted in each frame: decided by a detector and time, or in an earlier run."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recorder_core.deidentify.smoothing import DecidedFrame, SkippedFrame, Smoother
from recorder_core.detect.detector import Detector
from recorder_core.detect.raw_output import RawOutput
from recorder_core.detect.stages import ScoredBoxes
from recorder_core.errors import RedactionIncomplete
from recorder_core.jobs.inputs.frame_choice import FrameChoice
from recorder_core.jobs.pipeline.known_faces import with_known_faces
from recorder_core.media import Frame
from recorder_core.model import FrameDetections, Redaction
from recorder_core.timing import StageClock

__all__ = ["FacePlanner", "PlannedFrame", "Planner", "RepeatingPlanner", "detect_frames"]


@dataclass(frozen=True, slots=True)
class PlannedFrame:
    """A frame, and what is to be redacted in it."""

    frame: Frame
    redactions: list[Redaction]
    #: as in `DecidedFrame`: who shows frames while they are recorded must hide the whole view of
    #: one that is not final, because faces in it may not have been searched for
    is_final: bool


class Planner(Protocol):
    """Decides what is redacted in the frames that are pushed, and returns each once."""

    def push(self, frame: Frame) -> list[PlannedFrame]:
        """Return the frames that are decided now that one more is known, in order."""

    def finish(self) -> list[PlannedFrame]:
        """Return the frames that are left, after the last one."""


class RepeatingPlanner:
    """Decides every frame as it was decided before.

    Parameters
    ----------
    redactions : mapping of int to sequence of Redaction
        By frame index; a frame that is not named has none.
    """

    def __init__(self, redactions: Mapping[int, Sequence[Redaction]]) -> None:
        self._redactions = redactions

    def push(self, frame: Frame) -> list[PlannedFrame]:
        """Return the frame at once."""
        redactions = list(self._redactions.get(frame.frame_index, ()))
        return [PlannedFrame(frame, redactions, is_final=True)]

    def finish(self) -> list[PlannedFrame]:
        """Return nothing: no frame waits."""
        return []


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A frame that waits for the detector."""

    frame: Frame
    #: whether it runs on it
    is_due: bool
    #: whether the frame shows an altogether other picture than the one before
    is_cut: bool


class FacePlanner:
    """Finds the faces of frames, and decides each frame once its future is known.

    Parameters
    ----------
    detector : Detector
        Finds the faces of one frame.
    smoother : Smoother
        Decides frames, looking ahead and back.
    choice : FrameChoice
        Says on which frames the detector runs; asked once about each, in order.
    clock : StageClock
        Receives the time of every stage.
    batch_size : int
        Most frames that go through the network at once.
    batch_frames : int
        Most frames that wait until a batch is complete; then it is run as it is.
    first_index : int
        Index of the first frame; the smoother may know frames before it, when a run
        goes on where an earlier one stopped.
    known : mapping of int to FrameDetections, optional
        By frame index, faces that are hidden also where the detector does not find them; it must
        run on these frames.
    """

    def __init__(
        self,
        detector: Detector,
        smoother: Smoother,
        *,
        choice: FrameChoice,
        clock: StageClock,
        batch_size: int,
        batch_frames: int,
        first_index: int = 0,
        known: Mapping[int, FrameDetections] | None = None,
    ) -> None:
        self._detector = detector
        self._smoother = smoother
        self._choice = choice
        self._clock = clock
        self._batch_size = batch_size
        self._batch_frames = batch_frames
        self._first_index = first_index
        self._known = known or {}
        #: not decided yet
        self._window: deque[Frame] = deque()
        #: waiting for the detector
        self._group: list[_Waiting] = []
        #: frame indices of the first frames after cuts
        self._cuts: deque[int] = deque()
        self._found: deque[FrameDetections] = deque()

    def push(self, frame: Frame) -> list[PlannedFrame]:
        """Return the frames that are decided now that one more is known, in order."""
        self._window.append(frame)
        is_due = self._choice.is_due(frame)
        if self._choice.is_before_due and self._group:
            self._group[-1] = replace(self._group[-1], is_due=True)
            self._detect_group()
        self._group.append(_Waiting(frame, is_due, self._choice.is_cut))
        waiting = sum(each.is_due for each in self._group)
        if waiting < self._batch_size and len(self._group) < self._batch_frames:
            return []
        # the picture may jump after a frame on which the detector is not to run
        kept = [] if is_due or len(self._group) == 1 else [self._group.pop()]
        self._detect_group()
        self._group = kept
        return self._plan(self._smoother.pop_ready())

    def finish(self) -> list[PlannedFrame]:
        """Return the frames that are left, after the last one."""
        self._detect_group()
        with self._clock.time("tracking"):
            decided = self._smoother.finish()
        return self._plan(decided)

    def pop_detections(self, stop_index: int) -> list[FrameDetections]:
        """Return what was found in the frames before one, and forget it."""
        popped = []
        while self._found and self._found[0].frame_index < stop_index:
            popped.append(self._found.popleft())
        return popped

    def pop_cuts(self, stop_index: int) -> tuple[int, ...]:
        """Return the indices of the first frames after cuts, before one frame, and forget them."""
        popped = []
        while self._cuts and self._cuts[0] < stop_index:
            popped.append(self._cuts.popleft())
        return tuple(popped)

    def _detect_group(self) -> None:
        group, self._group = self._group, []
        chosen = [each.frame for each in group if each.is_due]
        searched = detect_frames(self._detector, chosen, self._clock) if chosen else []
        found = [with_known_faces(each, self._known.get(each.frame_index)) for each in searched]
        self._found += found
        self._cuts += [each.frame.frame_index for each in group if each.is_cut]
        by_index = {detections.frame_index: detections for detections in found}
        with self._clock.time("tracking"):
            for each in group:
                index = each.frame.frame_index
                skipped = SkippedFrame(index, each.frame.pts)
                self._smoother.push(by_index.get(index, skipped), is_cut=each.is_cut)

    def _plan(self, decided: Sequence[DecidedFrame]) -> list[PlannedFrame]:
        # those before the first were replayed for the smoother's sake when a run goes on
        own = [each for each in decided if each.frame_index >= self._first_index]
        return [
            PlannedFrame(self._pop(each.frame_index), each.redactions, each.is_final)
            for each in own
        ]

    def _pop(self, frame_index: int) -> Frame:
        if not self._window or self._window[0].frame_index != frame_index:
            raise RedactionIncomplete(f"frame {frame_index} was decided but is not there")
        return self._window.popleft()


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
