"""Turn reviewed recordings into training pictures: events of an archive, or plain videos."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recorder_core.catalog import Action
from recorder_core.deidentify.corrections import CorrectionPlan
from recorder_core.deidentify.tracking import SmoothingSettings
from recorder_core.errors import DataError, SettingsError, WrongState
from recorder_core.jobs.archive.acting import acting_on
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.dataset.frames import (
    ExtractResult,
    ExtractSettings,
    ReviewedVideo,
    write_frames,
)
from recorder_core.jobs.deidentify.report.contents import DeidentifyReport, known
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.media import open_video
from recorder_core.model import CorrectionKeyframe, Redaction, View, parse_view
from recorder_core.tables import (
    ORIGINS,
    RedactionTable,
    read_corrections,
    read_detections,
    read_metadata,
    read_redactions,
)

__all__ = ["VideoTables", "extract_event", "extract_video"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoTables:
    """What is known about a plain video.

    Attributes
    ----------
    redactions : Path or None
        What was redacted in its copy: the better source, repaired over time.
    detections : Path or None
        What the detector saw; used where there are no redactions.
    corrections : Path or None
        What persons changed; it replaces the corrections that `redactions` holds.
    min_score : float
        Detections below are no faces.
    video_stream : int or None
        Number of the stream in the video that the tables are of; None: the one that players
        show.
    """

    redactions: Path | None = None
    detections: Path | None = None
    corrections: Path | None = None
    min_score: float = SmoothingSettings().birth_score
    video_stream: int | None = None

    def __post_init__(self) -> None:
        if (self.redactions is None) == (self.detections is None):
            raise SettingsError("name one table of the video: its redactions or its detections")


@dataclass(frozen=True, slots=True)
class _Timeline:
    """The frames of a video."""

    name: str
    #: (N,) int64
    pts: NDArray[np.int64]
    time_base: Fraction
    #: width and height as stored
    size_px: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Decided:
    """The faces of a video, before the corrections that are applied here."""

    table: RedactionTable
    #: frames whose faces are known, rising
    known_frames: NDArray[np.int64]
    view: View | None


def extract_video(
    path: Path,
    tables: VideoTables,
    output: Path,
    settings: ExtractSettings,
    progress: Progress = no_progress,
) -> ExtractResult:
    """Write frames of a plain video with the faces that its tables name.

    Parameters
    ----------
    path : Path
        The video that the tables are of, not its de-identified copy.
    tables : VideoTables
    output : Path
        A folder to make.
    settings : ExtractSettings
    progress : callable, optional
        Told how many pictures of all are written.

    Raises
    ------
    DataError
        If a table is damaged, or of another video.
    DecodeError
        If the video cannot be read.
    """
    with open_video(path, stream_index=tables.video_stream) as video:
        size_px = video.info.video.width, video.info.video.height
        sha256 = video.sha256
        # the file's own name may be a person's
        name = f"video-{sha256[:8]}"
        timeline = _Timeline(name, video.index.pts, video.info.video.time_base, size_px)
        decided = _read_decided(tables, timeline, sha256)
        keyframes = [] if tables.corrections is None else list(read_corrections(tables.corrections))
        # corrections that are named take the place of all that the table holds
        replaced = () if tables.corrections is None else set(decided.table.corrections)
        reviewed = _correct(timeline, decided, keyframes, replaced)
        return write_frames(reviewed, video, output, settings, progress)


def extract_event(
    archive: Archive,
    event: str,
    output: Path,
    settings: ExtractSettings,
    progress: Progress = no_progress,
    *,
    unreviewed: bool = False,
) -> ExtractResult:
    """Write frames of an event's original, with its corrections, in clear.

    Nothing of the video itself touches a disk; the pictures do, and show faces.

    Parameters
    ----------
    archive : Archive
        Open, for somebody who may export originals.
    event : str
        Its id, or a beginning of it that fits no other.
    output, settings, progress
        As for :func:`extract_video`.
    unreviewed : bool
        Take an event that is not signed off too: what the detector missed there may
        still be unmarked.

    Raises
    ------
    NotAllowed
        If the profile may not export originals.
    WrongState
        If the event is not signed off.
    NotInCatalog
        If the event has no de-identified copy, so that its faces are not known.
    """
    detail = "training pictures"
    with acting_on(archive, event, Action.EXPORT_ORIGINAL, detail=detail) as (session, found):
        if not (found.is_released or unreviewed):
            raise WrongState(
                f"event {found.event_id} is {found.row.state}: faces may be missing; a reviewer "
                "signs it off first, or give --unreviewed"
            )
        size_px, decided = _read_event(found)
        index = found.pts_index("original")
        timeline = _Timeline(found.event_id, index.pts, index.time_base, size_px)
        reviews = session.catalog.reviews
        ever = {
            str(row.correction_id) for row in reviews.corrections(found.event_id, in_force=False)
        }
        keyframes = [
            each
            for record in reviews.corrections(found.event_id)
            for each in record.correction().rows()
        ]
        reviewed = _correct(timeline, decided, keyframes, ever)
        with found.open_video("original") as video:
            return write_frames(reviewed, video, output, settings, progress)


def _read_decided(tables: VideoTables, timeline: _Timeline, sha256: str) -> _Decided:
    if tables.redactions is not None:
        path = tables.redactions
        table = read_redactions(path)
    else:
        path = tables.detections or Path()
        table, seen = _faces_of(path, tables.min_score)
    kept = read_metadata(path).settings
    if kept.get("copy_sha256") == sha256:
        raise SettingsError("this is the de-identified copy; give the video that it was made from")
    with _reading(path.name):
        view = parse_view(kept["view_px"], *timeline.size_px) if "view_px" in kept else None
        if tables.redactions is not None:
            seen = np.arange(*kept.get("frame_span", (0, len(timeline.pts))), dtype=np.int64)
    frames = table.frame_index
    if len(frames) and (
        frames[-1] >= len(timeline.pts) or (timeline.pts[frames] != table.pts).any()
    ):
        raise DataError(f"{path.name} is of another video: its frames have other times")
    return _Decided(table, seen, view)


def _faces_of(path: Path, min_score: float) -> tuple[RedactionTable, NDArray[np.int64]]:
    """Return the detections that are faces, and the frames that were looked at."""
    table = read_detections(path)
    rows = np.flatnonzero(table.scores >= min_score)
    faces = [
        Redaction(frame, (x0, y0, x1, y1), "detected", track, score)
        for frame, (x0, y0, x1, y1), track, score in zip(
            table.frame_index[rows].tolist(),
            table.boxes_xyxy_px[rows].tolist(),
            table.tracks[rows].tolist(),
            table.scores[rows].tolist(),
            strict=True,
        )
    ]
    times = dict(zip(table.frame_index.tolist(), table.pts.tolist(), strict=True))
    return RedactionTable.from_redactions(faces, times), np.unique(table.frame_index)


def _read_event(event: ArchivedEvent) -> tuple[tuple[int, int], _Decided]:
    """Return the size of the original's pictures, and what was decided about it."""
    with event.open_file("deidentification") as file:
        content = file.readall()
    rows = event.redactions()
    with _reading(f"the de-identification of event {event.event_id}"):
        report = DeidentifyReport.from_json(content)
        size_px = known(report.source.width), known(report.source.height)
        view = parse_view(report.view, *size_px)
        span = report.frame_span
        table = RedactionTable(
            rows["frame"].to_numpy(np.int64),
            rows["pts"].to_numpy(np.int64),
            rows[["x0", "y0", "x1", "y1"]].to_numpy(np.float64),
            np.array([ORIGINS.index(origin) for origin in rows["origin"]], np.int8),
            rows["track"].to_numpy(np.int32),
            rows["score"].to_numpy(np.float64),
            tuple(each if isinstance(each, str) else None for each in rows["correction"]),
            rows["applied"].to_numpy(np.bool_),
        )
    frames = np.arange(span.start, span.stop, dtype=np.int64)
    return size_px, _Decided(table, frames, view)


@contextmanager
def _reading(what: str) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError) as exc:
        raise DataError(f"{what} does not say how the copy was made; make it again") from exc


def _correct(
    timeline: _Timeline,
    decided: _Decided,
    keyframes: Sequence[CorrectionKeyframe],
    replaced: Collection[str | None],
) -> ReviewedVideo:
    """Apply corrections to what was decided.

    Parameters
    ----------
    timeline, decided
    keyframes : sequence of CorrectionKeyframe
        Of the corrections to apply.
    replaced : collection of str or None
        Ids of corrections whose traces in the table do not count: they are among those
        to apply, or were taken back.
    """
    table = decided.table
    plan = CorrectionPlan(keyframes, *timeline.size_px, frames=len(timeline.pts))
    automatic: dict[int, list[Redaction]] = {}
    added: dict[int, list[Redaction]] = {}
    corrected = {frame for span in plan.spans for frame in span}
    rows = zip(
        table.to_redactions(applied_only=False),
        table.corrections,
        table.applied.tolist(),
        strict=True,
    )
    for face, correction, is_applied in rows:
        counts = correction is not None and correction not in replaced
        if counts:
            corrected.add(face.frame_index)
        if face.origin != "corrected" and (is_applied or not counts):
            automatic.setdefault(face.frame_index, []).append(face)
        elif face.origin == "corrected" and counts and is_applied:
            added.setdefault(face.frame_index, []).append(face)
    faces = {
        frame: [*plan.apply(frame, automatic.get(frame, ()))[0], *added.get(frame, ())]
        for frame in sorted(automatic.keys() | added.keys() | corrected)
    }
    return ReviewedVideo(
        timeline.name,
        timeline.pts,
        timeline.time_base,
        decided.known_frames,
        faces,
        frozenset(corrected),
        decided.view,
    )
