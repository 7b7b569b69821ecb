"""Stretches of a video in which its redactions are in doubt, or its audio is missing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np

from recorder_core.jobs.source import Source
from recorder_core.tables import ORIGINS, RedactionTable

__all__ = [
    "longest_repair",
    "repaired_stretches",
    "stretches_without_audio",
    "stretches_without_faces",
]

#: a face that was not seen for so long is a moment to look at
_LONG_REPAIR_SECONDS: Final = 1.0
#: frames without any face between frames with faces are named from this length on
_STRETCH_SECONDS: Final = 10.0


def longest_repair(table: RedactionTable, source: Source) -> tuple[int, float]:
    """Return the longest time in which a track was filled or rescued: its frames, and seconds.

    Parameters
    ----------
    table : RedactionTable
        What was planned.
    source : Source
    """
    seconds, frames = max(
        ((source.seconds_of(run), len(run)) for run in _repairs(table)), default=(0.0, 0)
    )
    return frames, round(seconds, 3)


def _repairs(table: RedactionTable) -> Iterator[range]:
    """Yield each run of frames in which a track was filled or rescued, track by track."""
    repaired = np.isin(table.origins, [ORIGINS.index("filled"), ORIGINS.index("rescued")])
    for track in np.unique(table.tracks[repaired]):
        frames = table.frame_index[repaired & (table.tracks == track)]
        for run in np.split(frames, np.flatnonzero(np.diff(frames) != 1) + 1):
            yield range(int(run[0]), int(run[-1]) + 1)


def repaired_stretches(table: RedactionTable, source: Source) -> list[tuple[float, float]]:
    """Return when a face was long redacted without being seen, in order: look there.

    Parameters
    ----------
    table : RedactionTable
        What was planned.
    source : Source

    Returns
    -------
    list of (start_seconds, stop_seconds)
        After the first frame of the job, until the frame after the last one is shown.
    """
    runs = {
        (source.seconds_of(range(source.first, run.start)), source.seconds_of(run))
        for run in _repairs(table)
    }
    return sorted(
        (round(start, 3), round(start + duration, 3))
        for start, duration in runs
        if duration >= _LONG_REPAIR_SECONDS
    )


def stretches_without_faces(table: RedactionTable, source: Source) -> list[tuple[float, float]]:
    """Return long spans of time without a redaction between frames that have one.

    Parameters
    ----------
    table : RedactionTable
        What was planned.
    source : Source

    Returns
    -------
    list of (start_seconds, stop_seconds)
        After the first frame of the job; none shorter than 10 s.
    """
    frames = np.unique(table.frame_index[table.applied])
    seconds = (source.index.pts - source.index.pts[source.first]) * float(source.video.time_base)
    return [
        (round(float(seconds[before + 1]), 3), round(float(seconds[after]), 3))
        for before, after in pairwise(frames.tolist())
        if after > before + 1 and seconds[after] - seconds[before + 1] >= _STRETCH_SECONDS
    ]


def stretches_without_audio(source: Source) -> list[tuple[int, float, float]]:
    """Return the spans in which a stream of audio has nothing, though frames are shown.

    Parameters
    ----------
    source : Source

    Returns
    -------
    list of (stream_index, start_seconds, stop_seconds)
        After the first frame of the job; what the source has lost, or never had.
    """
    begin = source.video.seconds(int(source.index.pts[source.first]))
    length = source.seconds_of(range(source.first, source.stop))
    spans = (
        (gap.stream_index, max(gap.start_seconds - begin, 0.0), gap.stop_seconds - begin)
        for gap in source.index.audio_gaps
    )
    return [
        (stream, round(start, 3), round(min(stop, length), 3))
        for stream, start, stop in spans
        if start < min(stop, length)
    ]
