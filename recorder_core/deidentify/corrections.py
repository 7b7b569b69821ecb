"""A person's changes, applied over what the detector and the smoother decided.

Corrections never overwrite detections: they are rows beside them. First the
redactions that a ``remove`` names are lifted, then the boxes of every ``add`` are
redacted; a ``remove`` never lifts what a person added.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from recorder_core.deidentify.boxes import Box, clip_box, interpolate_boxes
from recorder_core.errors import DataError
from recorder_core.model.faces.corrections import (
    Correction,
    CorrectionKeyframe,
    Keyframe,
    group_corrections,
)
from recorder_core.model.faces.detections import Redaction

__all__ = ["AppliedCorrections", "CorrectionPlan", "apply_corrections", "touched_frames"]


@dataclass(frozen=True, slots=True)
class AppliedCorrections:
    """What is redacted after a person's changes, and what those changes lifted."""

    #: frame index -> redactions
    redactions: dict[int, list[Redaction]]
    #: correction id -> the redactions it lifted, in order of frames; every ``remove`` is
    #: named, so an empty list shows one that found nothing
    lifted: dict[str, list[Redaction]] = field(default_factory=dict)


class CorrectionPlan:
    """Checked corrections, ready to be applied frame by frame.

    Parameters
    ----------
    corrections : sequence of CorrectionKeyframe
        Rows of any number of corrections; those of one correction in order of frames.
    frame_width, frame_height : int
        Size of the frame in pixels; boxes are clipped to it.
    frames : int, optional
        How many the video has; None: any frame may be named.

    Raises
    ------
    DataError
        If a correction mixes actions or tracks, its keyframes are out of order or
        doubled, one lies after the last frame, or a box is empty, outside the frame, or
        not a number.
    """

    def __init__(
        self,
        corrections: Sequence[CorrectionKeyframe],
        frame_width: int,
        frame_height: int,
        frames: int | None = None,
    ) -> None:
        self._limits: Box = (0.0, 0.0, float(frame_width), float(frame_height))
        self._corrections = _collect(corrections)
        for row in corrections:
            if frames is not None and row.frame_index >= frames:
                raise DataError(
                    f"correction {row.correction_id} names frame {row.frame_index}, but the video "
                    f"has {frames}, counted from 0; is it a correction of another video?"
                )
        for row in corrections:
            _check_box(row, self._limits)

    @property
    def spans(self) -> list[range]:
        """Frames in which a correction lives, as separate half-open spans in order."""
        return _spans(self._corrections)

    @property
    def removals(self) -> list[str]:
        """Ids of the corrections that lift redactions."""
        return [key for key, each in self._corrections.items() if each.action == "remove"]

    def added_by(self, frame_index: int) -> list[str | None]:
        """Return the ids behind the boxes that persons added to a frame, in `apply`'s order."""
        return [
            key
            for key, each in self._corrections.items()
            if each.action == "add" and _box_at(each.keyframes, frame_index) is not None
        ]

    def apply(
        self, frame_index: int, redactions: Sequence[Redaction]
    ) -> tuple[list[Redaction], list[tuple[str, Redaction]]]:
        """Apply every correction that lives in one frame.

        Parameters
        ----------
        frame_index : int
            The frame.
        redactions : sequence of Redaction
            What the smoother decided for it.

        Returns
        -------
        tuple
            What is redacted, and (correction id, redaction) for each one lifted.
        """
        kept, lifted, added = list(redactions), [], []
        for correction_id, correction in self._corrections.items():
            box = _box_at(correction.keyframes, frame_index)
            if box is None:
                continue
            if correction.action == "add":
                added.append(self._redact(frame_index, box, correction.track))
                continue
            removed = [each for each in kept if _is_named(each, correction.track, box)]
            kept = [each for each in kept if each not in removed]
            lifted += [(correction_id, each) for each in removed]
        return kept + added, lifted

    def _redact(self, frame_index: int, box: Box, track: int) -> Redaction:
        # boxes between two that reach into the frame reach into it too
        clipped = clip_box(box, self._limits) or box
        return Redaction(frame_index, clipped, "corrected", track, math.nan)


def apply_corrections(
    redactions_by_frame: Mapping[int, Sequence[Redaction]],
    corrections: Sequence[CorrectionKeyframe],
    frame_width: int,
    frame_height: int,
) -> AppliedCorrections:
    """Apply a person's corrections to a whole recording.

    Parameters
    ----------
    redactions_by_frame : mapping
        Frame index -> redactions; every frame of the recording.
    corrections : sequence of CorrectionKeyframe
        See `CorrectionPlan`.
    frame_width, frame_height : int
        Size of the frame in pixels.

    Returns
    -------
    AppliedCorrections
        The frames of `redactions_by_frame`, in their order.

    Raises
    ------
    DataError
        As `CorrectionPlan`.
    """
    plan = CorrectionPlan(corrections, frame_width, frame_height)
    applied = AppliedCorrections({}, {correction_id: [] for correction_id in plan.removals})
    for frame_index, redactions in redactions_by_frame.items():
        kept, lifted = plan.apply(frame_index, redactions)
        applied.redactions[frame_index] = kept
        for correction_id, redaction in lifted:
            applied.lifted[correction_id].append(redaction)
    return applied


def touched_frames(corrections: Sequence[CorrectionKeyframe]) -> list[range]:
    """Return the frames in which a correction lives, as separate half-open spans in order.

    Raises
    ------
    DataError
        As `CorrectionPlan`, except for what depends on the size of the frame.
    """
    return _spans(_collect(corrections))


def _spans(corrections: Mapping[str, Correction]) -> list[range]:
    lives = [(each.keyframes[0], each.keyframes[-1]) for each in corrections.values()]
    spans = sorted((first.frame_index, last.frame_index + 1) for first, last in lives)
    merged: list[range] = []
    for first, stop in spans:
        if merged and first <= merged[-1].stop:
            merged[-1] = range(merged[-1].start, max(stop, merged[-1].stop))
        else:
            merged.append(range(first, stop))
    return merged


def _collect(corrections: Sequence[CorrectionKeyframe]) -> dict[str, Correction]:
    return {each.correction_id: each for each in group_corrections(corrections)}


def _check_box(row: CorrectionKeyframe, limits: Box) -> None:
    box = row.box_xyxy_px
    place = f"correction {row.correction_id}, keyframe {row.frame_index}"
    if not all(math.isfinite(edge) for edge in box):
        raise DataError(f"{place}: box {box} is not made of numbers")
    if not (box[0] < box[2] and box[1] < box[3]):
        raise DataError(f"{place}: box {box} has no area")
    if clip_box(box, limits) is None:
        raise DataError(
            f"{place}: box {box} lies outside the frame of {limits[2]:g}x{limits[3]:g} pixels"
        )


def _box_at(keyframes: Sequence[Keyframe], frame_index: int) -> Box | None:
    """Return a correction's box in one frame, or None where it does not live."""
    if not keyframes[0].frame_index <= frame_index <= keyframes[-1].frame_index:
        return None
    after = bisect_right(keyframes, frame_index, key=lambda each: each.frame_index)
    before = keyframes[after - 1]
    if before.frame_index == frame_index:
        return before.box_xyxy_px
    span = keyframes[after].frame_index - before.frame_index
    share = (frame_index - before.frame_index) / span
    return interpolate_boxes(before.box_xyxy_px, keyframes[after].box_xyxy_px, share)


def _is_named(redaction: Redaction, track: int, box: Box) -> bool:
    """Return whether a removal of this track, or of this box, names a redaction."""
    if track >= 0:
        return redaction.track == track
    x0, y0, x1, y1 = redaction.box_xyxy_px
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    return box[0] <= x < box[2] and box[1] <= y < box[3]
