"""Stretches of a video to look at, as its report names them: seconds of what `review` finds."""

from __future__ import annotations

from recorder_core.jobs.deidentify.report.contents import TrackStretch
from recorder_core.jobs.inputs.job_video import JobVideo
from recorder_core.review import (
    LONG_GAP_SECONDS,
    LONG_REPAIR_SECONDS,
    find_doubts,
    gaps_between_faces,
    repaired_runs,
)
from recorder_core.tables import RedactionTable

__all__ = [
    "doubtful_tracks",
    "longest_repair",
    "repaired_stretches",
    "stretches_without_audio",
    "stretches_without_faces",
]


def longest_repair(table: RedactionTable, source: JobVideo) -> tuple[int, float]:
    """Return the longest time in which a track was filled or rescued: its frames, and seconds.

    Parameters
    ----------
    table : RedactionTable
        What was planned.
    source : JobVideo
    """
    seconds, frames = max(
        ((source.seconds_of(run), len(run)) for run in repaired_runs(table)), default=(0.0, 0)
    )
    return frames, round(seconds, 3)


def repaired_stretches(table: RedactionTable, source: JobVideo) -> list[tuple[float, float]]:
    """Return when a face was long redacted without being seen, in order: look there.

    Parameters
    ----------
    table : RedactionTable
        What was planned.
    source : JobVideo

    Returns
    -------
    list of (start_seconds, stop_seconds)
        After the first frame of the job, until the frame after the last one is shown.
    """
    runs = {
        (source.seconds_of(range(source.first, run.start)), source.seconds_of(run))
        for run in repaired_runs(table)
    }
    return sorted(
        (round(start, 3), round(start + duration, 3))
        for start, duration in runs
        if duration >= LONG_REPAIR_SECONDS
    )


def stretches_without_faces(table: RedactionTable, source: JobVideo) -> list[tuple[float, float]]:
    """Return long spans of time without a redaction between frames that have one.

    Parameters
    ----------
    table : RedactionTable
        What was planned.
    source : JobVideo

    Returns
    -------
    list of (start_seconds, stop_seconds)
        After the first frame of the job; none shorter than 10 s.
    """
    seconds = (source.index.pts - source.index.pts[source.first]) * float(source.video.time_base)
    return [
        (round(float(seconds[gap.start]), 3), round(float(seconds[gap.stop]), 3))
        for gap in gaps_between_faces(table)
        if seconds[gap.stop] - seconds[gap.start] >= LONG_GAP_SECONDS
    ]


def doubtful_tracks(table: RedactionTable, source: JobVideo) -> list[TrackStretch]:
    """Return the tracks that are likely no face.

    Parameters
    ----------
    table : RedactionTable
        What was planned.
    source : JobVideo
    """
    pts = source.index.pts[source.first : source.stop] - source.index.pts[source.first]
    starts = [*pts.tolist(), int(pts[-1] + source.index.durations[source.stop - 1])]
    seconds = [round(source.video.seconds(each), 3) for each in starts]
    return [
        TrackStretch(
            track=doubt.track,
            start_seconds=seconds[doubt.first_frame - source.first],
            stop_seconds=seconds[doubt.stop_frame - source.first],
            reason=doubt.reason,
            best_score=doubt.best_score,
        )
        for doubt in find_doubts(table, source.view.height)
    ]


def stretches_without_audio(source: JobVideo) -> list[tuple[int, float, float]]:
    """Return the spans in which a stream of audio has nothing, though frames are shown.

    Parameters
    ----------
    source : JobVideo

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
