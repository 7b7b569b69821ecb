"""Suspicious moments of a finished copy, from its tables and from another look at its frames.

The copy itself is looked at, not the original: what the queue asks is what still shows in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.errors import DataError
from recorder_core.jobs.deidentify.report.contents import DeidentifyReport
from recorder_core.jobs.deidentify.sidecars import sidecar
from recorder_core.jobs.inputs.job_video import JobVideo, open_job_video
from recorder_core.jobs.inputs.options import DeidentifyOptions, DetectOptions
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.jobs.verification.detectors import scaled_detector
from recorder_core.media import Video, open_video
from recorder_core.review import (
    CellMeans,
    Evidence,
    Moment,
    RankingSettings,
    SeenBoxes,
    Timeline,
    cell_means,
    rank_evidence,
)
from recorder_core.tables import (
    DetectionTable,
    RedactionTable,
    read_detections,
    read_redactions,
)

__all__ = ["CopyTables", "rank_copy_moments", "rank_video_moments"]

#: one frame in so much time is looked at again
_SEARCH_INTERVAL_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class CopyTables:
    """What was written when a copy was made."""

    report: DeidentifyReport
    redactions: RedactionTable
    detections: DetectionTable


def rank_copy_moments(
    copy: Path,
    *,
    look: bool = True,
    settings: RankingSettings | None = None,
    progress: Progress = no_progress,
) -> list[Moment]:
    """Return the suspicious moments of a copy whose tables lie beside it; see the next one."""
    beside = sidecar(copy, "report")
    try:
        report = DeidentifyReport.of_copy(copy)
    except DataError as exc:
        raise DataError(f"{beside.name} does not say how {copy.name} was made") from exc
    tables = CopyTables(
        report,
        read_redactions(sidecar(copy, "redactions")),
        read_detections(sidecar(copy, "detections")),
    )
    with open_video(copy) as video:
        return rank_video_moments(video, tables, look=look, settings=settings, progress=progress)


def rank_video_moments(
    video: Video,
    tables: CopyTables,
    *,
    look: bool = True,
    settings: RankingSettings | None = None,
    progress: Progress = no_progress,
) -> list[Moment]:
    """Return the moments of a copy in which a face may be seen, the riskiest first.

    Parameters
    ----------
    video : Video
        The copy, open.
    tables : CopyTables
        Of this copy.
    look : bool, default True
        Decode the copy and run the detector in another scale on two frames per second. Only this
        finds a person whom the job's inference never saw.
    settings : RankingSettings, optional
    progress : callable, optional
        Told the number of frames that were decoded and of all frames.

    Raises
    ------
    DataError
        If the tables are of another video.
    DecodeError
        If the copy cannot be decoded.
    """
    source = open_job_video(video, DetectOptions(view=tables.report.view))
    span = tables.report.frame_span
    if len(source) != len(span):
        raise DataError(
            f"the copy has {len(source)} frames, but its report says {len(span)}: they are not "
            "of the same run"
        )
    timeline = Timeline(_seconds(source, span), source.view, span)
    seen, pictures = _search(source, span, progress) if look else ([], [])
    evidence = Evidence(timeline, tables.redactions, _own(tables), seen, pictures)
    return rank_evidence(evidence, settings)


def _seconds(source: JobVideo, span: range) -> NDArray[np.float64]:
    """Return when each frame of the original is shown in the copy; -1 before its first."""
    index = source.index
    own = (index.pts - index.pts[0]) * float(source.video.time_base)
    return np.concatenate([np.full(span.start, -1.0), own])


def _own(tables: CopyTables) -> list[SeenBoxes]:
    return [
        SeenBoxes(each.frame_index, each.boxes_xyxy_px.astype(float), each.scores.astype(float))
        for each in tables.detections.to_frames()
    ]


def _search(
    source: JobVideo, span: range, progress: Progress
) -> tuple[Sequence[SeenBoxes], Sequence[CellMeans]]:
    """Run another inference on some frames, and reduce them to cells."""
    detector = scaled_detector(source, DeidentifyOptions())
    seen, pictures, due = [], [], -1.0
    for number, frame in enumerate(source.frames(source.first, source.stop)):
        seconds = source.video.seconds(int(source.index.pts[number] - source.index.pts[0]))
        if seconds >= due:
            due = seconds + _SEARCH_INTERVAL_SECONDS
            boxes = detector.detect(frame.planes)
            index = number + span.start
            scores = boxes.scores.astype(float)
            seen.append(SeenBoxes(index, boxes.xyxy_px.astype(float), scores))
            pictures.append(cell_means(index, frame.planes, source.view))
        progress(number + 1, len(source))
    return seen, pictures
