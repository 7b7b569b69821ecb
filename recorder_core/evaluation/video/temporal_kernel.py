"""The method of FaceOff to compare with: a kernel over neighbouring frames, without tracks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from recorder_core.deidentify.boxes import Box, clip_box, enclosing_box, view_box
from recorder_core.deidentify.smoothing import SkippedFrame
from recorder_core.errors import SettingsError
from recorder_core.model.faces.detections import FrameDetections, Redaction
from recorder_core.model.faces.overlaps import box_overlaps
from recorder_core.model.frames.views import View

__all__ = ["temporal_kernel"]


def temporal_kernel(
    frames: Sequence[FrameDetections | SkippedFrame],
    view: View,
    radius_frames: int = 3,
    min_score: float = 0.5,
    min_iou: float = 0.3,
) -> dict[int, list[Redaction]]:
    """Repair each frame by the boxes of its nearest frames: a method to compare with.

    All boxes within `radius_frames` are grouped by overlap, the best score first, and
    each group's hull is redacted. It knows neither tracks nor motion. The idea of a
    kernel over neighbouring frames is FaceOff's [1]_; its details are not public, so
    this definition is ours and its numbers are not theirs.

    Parameters
    ----------
    frames : sequence of FrameDetections or SkippedFrame
        Every frame in order.
    view : View
        Redactions are clipped to it.
    radius_frames : int
        Frames looked at before and after each one.
    min_score : float
        Boxes below are ignored.
    min_iou : float
        Overlap with a group's best box that joins the group.

    Returns
    -------
    dict
        Frame index -> redactions, for every frame, in order; track is -1.

    References
    ----------
    .. [1] Flouty et al., "FaceOff: Anonymizing Videos in the Operating Rooms",
       OR 2.0 at MICCAI 2018, arXiv 1808.04440.
    """
    if radius_frames < 0:
        raise SettingsError(f"a radius of {radius_frames} frames is negative")
    limits = view_box(view)
    kept = [_boxes_above(frame, min_score) for frame in frames]
    decided: dict[int, list[Redaction]] = {}
    for place, frame in enumerate(frames):
        near = kept[max(0, place - radius_frames) : place + radius_frames + 1]
        seen = [(score, box, here is kept[place]) for here in near for score, box in here]
        groups = _group_by_overlap(seen, min_iou)
        decided[frame.frame_index] = [
            redaction
            for group in groups
            if (redaction := _redact_group(group, frame.frame_index, limits)) is not None
        ]
    return decided


_Seen: TypeAlias = tuple[float, Box, bool]


def _boxes_above(
    frame: FrameDetections | SkippedFrame, min_score: float
) -> list[tuple[float, Box]]:
    if isinstance(frame, SkippedFrame):
        return []
    rows = zip(frame.scores.tolist(), frame.boxes_xyxy_px.tolist(), strict=True)
    return [(score, (x0, y0, x1, y1)) for score, (x0, y0, x1, y1) in rows if score >= min_score]


def _group_by_overlap(seen: list[_Seen], min_iou: float) -> list[list[_Seen]]:
    """Collect around each best box, not yet collected, those that overlap it."""
    left = sorted(seen, key=lambda each: -each[0])
    groups = []
    while left:
        overlaps = box_overlaps(np.array([left[0][1]]), np.array([box for _, box, _ in left]))
        joins = [index == 0 or iou > min_iou for index, iou in enumerate(overlaps[0].tolist())]
        groups.append([each for each, joined in zip(left, joins, strict=True) if joined])
        left = [each for each, joined in zip(left, joins, strict=True) if not joined]
    return groups


def _redact_group(group: list[_Seen], frame_index: int, limits: Box) -> Redaction | None:
    """Redact the hull of a group; it counts as detected if this frame has a part in it."""
    clipped = clip_box(enclosing_box(box for _, box, _ in group), limits)
    if clipped is None:
        return None
    here = [score for score, _, is_here in group if is_here]
    if here:
        return Redaction(frame_index, clipped, "detected", -1, max(here))
    return Redaction(frame_index, clipped, "filled", -1, math.nan)
