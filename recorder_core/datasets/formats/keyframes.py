"""Tracks as keyframes: fill in the frames between, and find the keyframes of a track.

Between keyframes a box moves linearly and everything else stays as the earlier keyframe
says. A face that is outside stays so until the next keyframe; the last keyframe holds to
the end of the video unless it is outside. These are CVAT's rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.datasets.model import BoxTuple, LabelledFace
from recorder_core.errors import DataError

__all__ = ["KEYFRAME_TOLERANCE_PX", "Keyframe", "find_keyframes", "interpolate_track"]

#: an interpolated edge may differ from the real one by this much; far below what anybody
#: can mark
KEYFRAME_TOLERANCE_PX: Final = 1e-3
_ANY_SLOPE: Final = np.full(4, np.inf)


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A face as a person set it in one frame."""

    frame_index: int
    face: LabelledFace


def interpolate_track(keyframes: Sequence[Keyframe], stop_frame: int) -> dict[int, LabelledFace]:
    """Return the face in every frame of a track.

    Parameters
    ----------
    keyframes : sequence of Keyframe
        In order, one for a frame at most.
    stop_frame : int
        Number of frames of the video.

    Returns
    -------
    dict of int to LabelledFace
        Frame number -> face. A face that is outside is there at its keyframe only.

    Raises
    ------
    DataError
        If two keyframes are of the same frame, or they are not in order.
    """
    faces: dict[int, LabelledFace] = {}
    for place, now in enumerate(keyframes):
        faces[now.frame_index] = now.face
        is_last = place + 1 == len(keyframes)
        after = replace(now, frame_index=stop_frame) if is_last else keyframes[place + 1]
        if not is_last and after.frame_index <= now.frame_index:
            raise DataError(
                f"the keyframe of frame {after.frame_index} comes after frame {now.frame_index}"
            )
        if now.face.outside:
            continue
        for frame in range(now.frame_index + 1, after.frame_index):
            share = (frame - now.frame_index) / (after.frame_index - now.frame_index)
            faces[frame] = replace(now.face, box_xyxy_px=_between(now.face, after.face, share))
    return faces


def _between(first: LabelledFace, second: LabelledFace, share: float) -> BoxTuple:
    x0, y0, x1, y1 = (
        a + (b - a) * share for a, b in zip(first.box_xyxy_px, second.box_xyxy_px, strict=True)
    )
    return (x0, y0, x1, y1)


def find_keyframes(track: Mapping[int, LabelledFace], stop_frame: int) -> list[Keyframe]:
    """Return few keyframes from which `interpolate_track` makes the track again.

    Parameters
    ----------
    track : mapping of int to LabelledFace
        Frame number -> face; in frames that are missing it is not in view.
    stop_frame : int
        Number of frames of the video.

    Returns
    -------
    list of Keyframe
        In order. Edges come back within `KEYFRAME_TOLERANCE_PX`, the rest exactly.
    """
    found: list[Keyframe] = []
    for run in _split_runs(track):
        if track[run[0]].outside:
            found.append(Keyframe(run[0], track[run[0]]))
            continue
        found += [Keyframe(frame, track[frame]) for frame in _corners(track, run)]
        end = run[-1] + 1
        if end < stop_frame and end not in track:
            found.append(Keyframe(end, replace(track[run[-1]], outside=True)))
    return found


def _split_runs(track: Mapping[int, LabelledFace]) -> list[list[int]]:
    """Split the frames where one is missing, or anything but the box changes."""
    runs: list[list[int]] = []
    for frame in sorted(track):
        if runs and runs[-1][-1] == frame - 1 and _goes_on(track[frame - 1], track[frame]):
            runs[-1].append(frame)
        else:
            runs.append([frame])
    return runs


def _goes_on(before: LabelledFace, now: LabelledFace) -> bool:
    moved = replace(before, box_xyxy_px=now.box_xyxy_px)
    return moved == now and not now.outside


def _corners(track: Mapping[int, LabelledFace], run: Sequence[int]) -> list[int]:
    """Return the frames of a run that its line must pass through, first and last included.

    From a corner the line goes on as long as its slope stays in the range that keeps it
    near every frame passed; one pass over the frames.
    """
    corners = [run[0]]
    low, high = -_ANY_SLOPE, _ANY_SLOPE
    for frame in run[1:]:
        slope = _slope(track, corners[-1], frame)
        if (slope < low).any() or (slope > high).any():
            corners.append(frame - 1)
            low, high = -_ANY_SLOPE, _ANY_SLOPE
            slope = _slope(track, frame - 1, frame)
        slack = KEYFRAME_TOLERANCE_PX / (frame - corners[-1])
        low, high = np.maximum(low, slope - slack), np.minimum(high, slope + slack)
    return corners if corners[-1] == run[-1] else [*corners, run[-1]]


def _slope(track: Mapping[int, LabelledFace], start: int, stop: int) -> NDArray[np.float64]:
    """Return how far each edge moves in a frame, (4,)."""
    first, last = np.array(track[start].box_xyxy_px), np.array(track[stop].box_xyxy_px)
    return np.asarray((last - first) / (stop - start), np.float64)
