"""Faces that a correction left visible: lifting is a person's decision, and each is named.

A slip, such as the number of another track, shows a face for as long as the correction
lives. The second look counts what a person lifted as wanted, so it cannot warn of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from recorder_core.deidentify.coverage import face_coverage, frame_shapes
from recorder_core.jobs.deidentify.report.contents import TrackStretch
from recorder_core.jobs.inputs.job_video import JobVideo
from recorder_core.jobs.inputs.options import DeidentifyOptions
from recorder_core.jobs.verification.second_look import MIN_COVERAGE, SURE_SCORE
from recorder_core.review import frame_runs
from recorder_core.tables import RedactionTable, select_rows

__all__ = ["LiftedFace", "count_hidden_frames", "find_lifted_faces", "lifted_stretches"]


@dataclass(frozen=True, slots=True)
class LiftedFace:
    """A stretch in which what looks like a face is visible since a correction lifted it."""

    track: int
    #: of the source
    frames: range
    #: of the whole track
    best_score: float


def find_lifted_faces(
    table: RedactionTable, source: JobVideo, options: DeidentifyOptions
) -> list[LiftedFace]:
    """Return each stretch in which a lifted face is visible, by track, then time.

    A lifted region counts if no other region hides 70 % of it, and if its track scored once as
    high as what the job takes for a face by itself, or the second look (0.7) where that is lower.

    Parameters
    ----------
    table : RedactionTable
        What was planned, lifted redactions included.
    source : JobVideo
    options : DeidentifyOptions
        The job's.
    """
    limit = min(options.smoothing.birth_score, SURE_SCORE)
    found = []
    for track in np.unique(table.tracks[~table.applied]).tolist():
        rows = table.tracks == track
        score = float(np.nanmax([0.0, *table.scores[rows]]))
        if score >= limit:
            frames = _visible_frames(table, rows & ~table.applied, source, options)
            found += [LiftedFace(track, run, round(score, 3)) for run in frame_runs(frames)]
    return found


def lifted_stretches(faces: Sequence[LiftedFace], source: JobVideo) -> list[TrackStretch]:
    """Return such stretches as the report names them, in seconds after the job's first frame.

    Parameters
    ----------
    faces : sequence of LiftedFace
    source : JobVideo
    """
    stretches = []
    for face in faces:
        start = source.seconds_of(range(source.first, face.frames.start))
        stop = start + source.seconds_of(face.frames)
        stretches.append(
            TrackStretch(
                track=face.track,
                start_seconds=round(start, 3),
                stop_seconds=round(stop, 3),
                best_score=face.best_score,
            )
        )
    return stretches


def count_hidden_frames(table: RedactionTable, faces: Sequence[LiftedFace]) -> int:
    """Return in how many frames something is redacted and no lifted face is visible.

    Parameters
    ----------
    table : RedactionTable
    faces : sequence of LiftedFace
        From :func:`find_lifted_faces`.
    """
    visible = [frame for face in faces for frame in face.frames]
    return len(np.setdiff1d(table.frame_index[table.applied], visible))


def _visible_frames(
    table: RedactionTable, lifted: NDArray[np.bool_], source: JobVideo, options: DeidentifyOptions
) -> list[int]:
    """Return the frames of lifted regions that no other region hides."""
    hiding = select_rows(table, np.isin(table.frame_index, table.frame_index[lifted])).by_frame()
    rows = select_rows(table, lifted).to_redactions(applied_only=False)
    visible = []
    for frame, faces in groupby(rows, key=lambda each: each.frame_index):
        shapes = frame_shapes(hiding.get(frame, []), source.view, options.redaction)
        if any(face_coverage(face.box_xyxy_px, shapes) < MIN_COVERAGE for face in faces):
            visible.append(frame)
    return visible
