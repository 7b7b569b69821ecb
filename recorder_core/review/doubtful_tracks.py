"""Tracks that are likely no face: named, so that a person looks at them; they stay redacted.

A track is in doubt by the size of its boxes, against those of faces that the detector is
sure of and against the view, or because the detector was rarely certain of it. How many false
tracks each limit names, and how many faces, is measured by
``profiling/comparisons/compare_doubt.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recorder_core.review.moments import DoubtReason
from recorder_core.tables import RedactionTable

__all__ = ["DoubtSettings", "DoubtfulTrack", "find_doubts"]


@dataclass(frozen=True, slots=True)
class DoubtSettings:
    """From when on a track is in doubt."""

    #: a track of which the detector was once so sure says how large faces are
    vouching_score: float = 0.8
    #: highest boxes, as a multiple of the median height of the faces that vouch
    max_height_ratio: float = 3.0
    #: and as a share of the view's height
    max_view_share: float = 0.4
    #: from this score one box alone confirms a face: `SmoothingSettings.birth_score` of a usual job
    sure_score: float = 0.5
    #: of the frames in which a track was seen, the share in which one box alone confirms it
    min_sure_share: float = 0.6
    #: from this share on a box of any size is a face: somebody stands close to the camera
    steady_share: float = 0.9


@dataclass(frozen=True, slots=True)
class DoubtfulTrack:
    """A track that is likely no face, and why."""

    track: int
    #: frames ``[first_frame, stop_frame)`` of the source
    first_frame: int
    stop_frame: int
    reason: DoubtReason
    best_score: float


@dataclass(frozen=True, slots=True)
class _Life:
    """What decides about one track."""

    track: int
    first_frame: int
    last_frame: int
    best_score: float
    #: in how many frames the detector saw it, and in how many one box alone confirms it
    seen: int
    sure: int
    #: median, in pixels
    height_px: float


def find_doubts(
    table: RedactionTable, view_height_px: int, settings: DoubtSettings | None = None
) -> list[DoubtfulTrack]:
    """Return the tracks of a video that are likely no face, in the order of their ids.

    Parameters
    ----------
    table : RedactionTable
        All that was planned; what a person lifted does not count.
    view_height_px : int
        Height of the part of the frame that was searched.
    settings : DoubtSettings, optional

    Returns
    -------
    list of DoubtfulTrack
    """
    settings = settings or DoubtSettings()
    lives = _lives(table, settings)
    usual_px = _usual_height_px(lives, settings)
    largest_px = min(settings.max_height_ratio * usual_px, settings.max_view_share * view_height_px)
    found = []
    for life in lives:
        reason = _reason(life, largest_px, settings)
        if reason is not None:
            frames = life.first_frame, life.last_frame + 1
            found.append(DoubtfulTrack(life.track, *frames, reason, round(life.best_score, 3)))
    return found


def _lives(table: RedactionTable, settings: DoubtSettings) -> list[_Life]:
    applied = table.applied & (table.tracks >= 0)
    return [
        _life(table, applied & (table.tracks == track), settings)
        for track in np.unique(table.tracks[applied])
    ]


def _life(table: RedactionTable, rows: NDArray[np.bool_], settings: DoubtSettings) -> _Life:
    seen = rows & np.isfinite(table.scores)
    frames = table.frame_index[rows]
    boxes = table.boxes_xyxy_px[seen if seen.any() else rows]
    return _Life(
        int(table.tracks[rows][0]),
        int(frames[0]),
        int(frames[-1]),
        float(table.scores[seen].max(initial=0.0)),
        int(seen.sum()),
        int((table.scores[seen] >= settings.sure_score).sum()),
        float(np.median(boxes[:, 3] - boxes[:, 1])),
    )


def _usual_height_px(lives: Sequence[_Life], settings: DoubtSettings) -> float:
    """Return the median height of faces that the detector is sure of; inf where there is none."""
    vouching = [life for life in lives if life.best_score >= settings.vouching_score]
    if not vouching:
        return np.inf
    heights = np.repeat([life.height_px for life in vouching], [life.sure for life in vouching])
    return float(np.median(heights)) if len(heights) else np.inf


def _reason(life: _Life, largest_px: float, settings: DoubtSettings) -> DoubtReason | None:
    if life.height_px > largest_px and life.sure < settings.steady_share * life.seen:
        return "implausible_size"
    if life.sure < settings.min_sure_share * life.seen:
        return "weak_detection"
    return None
