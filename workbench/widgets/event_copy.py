"""What a widget is told of the copy of an event: its frames, and the boxes of what is redacted."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recorder_core.jobs.archive import ReadableEvent
from recorder_core.model import FrameTimes
from workbench.widgets.player import pack_table

__all__ = ["copy_seconds", "copy_traits", "frame_traits", "shown_seconds"]


def copy_traits(
    event: ReadableEvent, *, first_frame: int, view_px: tuple[int, int, int, int]
) -> dict[str, Any]:
    """Return the traits of a `Player` for the copy of an event, but for where its frames come from.

    Parameters
    ----------
    event : ReadableEvent
        With a copy.
    first_frame : int
        Of the source, that the copy begins with.
    view_px : tuple of int
        As of `frame_traits`.
    """
    seconds, start = copy_seconds(event)
    return {
        "start_seconds": start,
        "frame_seconds": seconds.tobytes(),
        "boxes": pack_table(event.redaction_table(), automatic=True, first_frame=first_frame),
        **frame_traits(event, seconds, view_px),
    }


def copy_seconds(event: ReadableEvent) -> tuple[NDArray[np.float64], float]:
    """Return when each frame of the copy is shown, and when the first one is in its file.

    Returns
    -------
    ndarray of shape (N,), float64
        Seconds after the first frame.
    float
        Seconds on the clock of the file, by which browsers play it; that of the original is the
        same.
    """
    return shown_seconds(event.pts_index("deidentified"))


def shown_seconds(index: FrameTimes) -> tuple[NDArray[np.float64], float]:
    """Return the seconds of frames after their first, and of that on the clock of the file."""
    base = float(index.time_base)
    seconds = ((index.pts - index.pts[:1]) * base).astype(np.float64)
    # the copy of a video that begins before 0 begins there
    return seconds, max(float(index.pts[0]) * base, 0.0) if len(index.pts) else 0.0


def frame_traits(
    event: ReadableEvent, seconds: NDArray[np.float64], view_px: tuple[int, int, int, int]
) -> dict[str, Any]:
    """Return what a player is told of the frames, besides their times.

    Parameters
    ----------
    event : ReadableEvent
        With a copy.
    seconds : ndarray
        Of its frames, from `copy_seconds`.
    view_px : tuple of int
        The part of the frame that shows people: x, y, width and height.
    """
    step = float(np.median(np.diff(seconds))) if len(seconds) > 1 else 1.0
    size = _frame_size(event)
    return {
        "end_seconds": float(seconds[-1]) + step,
        "frame_size_px": size,
        "views": _views(view_px, size),
    }


def _views(view_px: tuple[int, int, int, int], size: tuple[int, int]) -> list[dict[str, Any]]:
    """Return the part of the frame that shows people; none where that is all of it."""
    x, y, width, height = view_px
    if (width, height) == size:
        return []
    return [{"name": "room", "x": x, "y": y, "w": width, "h": height}]


def _frame_size(event: ReadableEvent) -> tuple[int, int]:
    """Return the size of a frame as it is shown: that of the source, as the report has it."""
    source = event.copy_report().get("source", {})
    width, height = source.get("width"), source.get("height")
    if isinstance(width, int) and isinstance(height, int):
        return width, height
    # a report of an earlier version
    with event.open_video("deidentified") as video:
        return video.info.video.geometry.shown_size_px
