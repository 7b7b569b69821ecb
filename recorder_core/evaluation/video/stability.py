"""What can be said of redactions where nobody knows the true faces.

A redaction that goes out and comes back at the same place within a moment has very
likely shown a face in between: that is a *blink*. A box that jumps from frame to frame
hides a face less surely than one that moves with it: that is its *shake*.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from recorder_core.deidentify.boxes import Box
from recorder_core.deidentify.coverage import face_coverage, frame_shapes, redacted_grid
from recorder_core.evaluation.video.exposure import ExposureSettings
from recorder_core.model.faces.detections import FrameDetections, Redaction
from recorder_core.model.faces.overlaps import box_overlaps
from recorder_core.model.frames.views import View

__all__ = ["StabilityReport", "StabilitySettings", "measure_stability"]


@dataclass(frozen=True, slots=True)
class StabilitySettings:
    """What counts as a blink, as shake, and as hidden."""

    exposure: ExposureSettings = field(default_factory=ExposureSettings)
    #: a place that is covered again after a longer time was left by its face
    max_blink_seconds: float = 1.0
    #: min overlap of the boxes of one face in neighbouring frames
    min_same_iou: float = 0.2
    #: detections from this score up are sure, those below uncertain
    sure_score: float = 0.5


@dataclass(frozen=True, slots=True)
class StabilityReport:
    """How steadily one recording is redacted; shares are NaN where nothing was to count."""

    frames: int
    #: share of frames with at least one redaction
    redacted_frames_share: float
    #: times that a place is uncovered and covered again within a moment
    blinks: int
    longest_blink_frames: int
    #: median of 1 - IoU of a box and the same face's box one frame later
    shake: float
    #: share of sure, and of uncertain, detections of their own frame that are hidden
    sure_hidden_share: float
    uncertain_hidden_share: float
    #: mean share of the view that is redacted
    area_share: float


def measure_stability(
    detections: Sequence[FrameDetections],
    redactions: Mapping[int, Sequence[Redaction]],
    seconds_per_pts: float,
    view: View,
    settings: StabilitySettings | None = None,
) -> StabilityReport:
    """Describe the redactions of a recording without knowing its true faces.

    Parameters
    ----------
    detections : sequence of FrameDetections
        Every frame in order, with all that the detector saw.
    redactions : mapping
        Frame index -> redactions; a missing frame has none.
    seconds_per_pts : float
        Time base of the detections' pts.
    view : View
        The part of the frame that is searched; the area is a share of it.
    settings : StabilitySettings, optional

    Returns
    -------
    StabilityReport
    """
    settings = settings or StabilitySettings()
    boxes = [
        [each.box_xyxy_px for each in redactions.get(frame.frame_index, ())] for frame in detections
    ]
    blinks = _find_blinks(boxes, [f.pts * seconds_per_pts for f in detections], settings)
    hidden: dict[bool, list[bool]] = {True: [], False: []}
    areas = []
    for frame in detections:
        shapes = frame_shapes(
            redactions.get(frame.frame_index, ()), view, settings.exposure.redaction
        )
        rows = zip(frame.boxes_xyxy_px.tolist(), frame.scores.tolist(), strict=True)
        for (x0, y0, x1, y1), score in rows:
            share = face_coverage((x0, y0, x1, y1), shapes)
            is_sure = round(score, 6) >= settings.sure_score
            hidden[is_sure].append(share >= settings.exposure.min_coverage)
        areas.append(float(redacted_grid(shapes, view, settings.exposure.area_grid_px).mean()))
    return StabilityReport(
        frames=len(detections),
        redacted_frames_share=_mean([bool(each) for each in boxes]),
        blinks=len(blinks),
        longest_blink_frames=max(blinks, default=0),
        shake=_measure_shake(boxes, settings.min_same_iou),
        sure_hidden_share=_mean(hidden[True]),
        uncertain_hidden_share=_mean(hidden[False]),
        area_share=_mean(areas),
    )


def _mean(values: Sequence[float]) -> float:
    return statistics.fmean(values) if values else math.nan


def _find_blinks(
    boxes: Sequence[Sequence[Box]], seconds: Sequence[float], settings: StabilitySettings
) -> list[int]:
    """Return the length in frames of every blink."""
    blinks: list[int] = []
    #: places that were left uncovered: centre, and the last place in time that covered it
    open_places: list[tuple[tuple[float, float], int]] = []
    for now, present in enumerate(boxes):
        still_open = []
        for centre, last in open_places:
            if _covers(present, centre):
                blinks.append(now - last - 1)
            elif seconds[now] - seconds[last] <= settings.max_blink_seconds:
                still_open.append((centre, last))
        open_places = still_open
        following = boxes[now + 1] if now + 1 < len(boxes) else None
        if following is not None:
            left = (_centre(box) for box in present)
            open_places += [(centre, now) for centre in left if not _covers(following, centre)]
    return blinks


def _centre(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _covers(boxes: Sequence[Box], point: tuple[float, float]) -> bool:
    return any(x0 <= point[0] < x1 and y0 <= point[1] < y1 for x0, y0, x1, y1 in boxes)


def _measure_shake(boxes: Sequence[Sequence[Box]], min_same_iou: float) -> float:
    """Return the median of 1 - IoU over boxes with a successor one frame later."""
    steps: list[float] = []
    for here, following in pairwise(boxes):
        if here and following:
            best: NDArray[np.float64] = box_overlaps(np.array(here), np.array(following)).max(1)
            steps += (1 - best[best >= min_same_iou]).tolist()
    return statistics.median(steps) if steps else math.nan
