"""Render a whole video segment by segment; what is finished outlasts an interruption."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple
from itertools import islice
from pathlib import Path
from typing import Final

from recorder_core.deidentify.smoothing import SkippedFrame, Smoother
from recorder_core.detect.detector import Detector
from recorder_core.detect.weights import Weights
from recorder_core.errors import Cancelled, FacesInDoubt, RecorderError
from recorder_core.full_disk import is_full_disk
from recorder_core.jobs.deidentify.rendering.copy_task import CopyTask, Rendering
from recorder_core.jobs.deidentify.rendering.faithful import render_faithfully
from recorder_core.jobs.deidentify.rendering.free_memory import return_free_memory
from recorder_core.jobs.deidentify.rendering.full_disk import keep_for_resume
from recorder_core.jobs.deidentify.rendering.work_folder import SegmentRecord, WorkFolder
from recorder_core.jobs.inputs.job_video import JobVideo
from recorder_core.jobs.pipeline.pipeline import FrameLimits, Pipeline
from recorder_core.jobs.pipeline.planning import FacePlanner
from recorder_core.jobs.progress import Progress
from recorder_core.media import Part
from recorder_core.tables import DetectionTable, join_tables

__all__ = ["render_whole"]

#: a segment has at least so many frames, however sparse they are, because each begins with
#: a keyframe, and at most so many, however dense
_MIN_SEGMENT_FRAMES: Final = 4
_MAX_SEGMENT_FRAMES: Final = 3000


@contextmanager
def render_whole(
    output: Path, task: CopyTask, weights: Weights | None, progress: Progress, *, resume: bool
) -> Iterator[Rendering]:
    """Yield what was rendered of all frames; its pieces are there until the block ends.

    Parameters
    ----------
    output : Path
        The pieces lie in a hidden folder beside it.
    task : CopyTask
        From :func:`~recorder_core.jobs.deidentify.rendering.faithful.with_quantizer`.
    weights : Weights or None
        Of the detector, where it has any.
    progress : callable
        Called with the number of finished frames and of all frames.
    resume : bool
        Go on after the last finished segment of an interrupted run.

    Raises
    ------
    Cancelled
        If the user pressed Ctrl-C, in the block too; finished segments are kept.
    FacesInDoubt
        If the block raised it; finished segments are kept.
    RecorderError
        If something else went wrong, in the block too. Finished segments are kept where the
        disk is full.
    """
    source = task.source
    with task.renderer.clock.time("startup"):
        detector = source.load_detector(task.options.detector, weights)
        work = WorkFolder(output, _work_name(task), source.video.time_base)
    with _kept_for_resume(work, task):
        with task.renderer.clock.time("startup"):
            records = work.open(resume=resume)
        with closing(_render_segments(task, detector, work, tuple(records))) as segments:
            for record in segments:
                records.append(record)
                progress(record.rendered.segment.stop_index - source.first, len(source))
        yield _rendering(task, detector, records)
    work.remove()


@contextmanager
def _kept_for_resume(work: WorkFolder, task: CopyTask) -> Iterator[None]:
    """Keep what is finished of a run that somebody can go on with; remove it of any other."""
    try:
        yield
    except KeyboardInterrupt as exc:
        raise _cancelled(work) from exc
    except FacesInDoubt as exc:
        # what was rendered is kept: somebody who has looked at it may finish it
        raise FacesInDoubt(
            f"{exc}. What was rendered is kept in {work.path.name} until then; it may show faces"
        ) from exc
    except RecorderError as exc:
        if is_full_disk(exc):
            raise keep_for_resume(work, task) from exc
        work.remove()
        raise


def _work_name(task: CopyTask) -> str:
    """Name what finished segments hold: the job, and the corrections that are in them."""
    corrections = [astuple(row) for row in task.corrections]
    return hashlib.sha256(json.dumps([task.fingerprint, corrections]).encode()).hexdigest()


def _cancelled(work: WorkFolder) -> Cancelled:
    kept = work.keep_finished()
    if not kept.segments:
        return Cancelled("Nothing was written.")
    return Cancelled(
        f"{kept}; run the same command with --resume to continue, or remove that folder to give "
        "up what is finished."
    )


def _rendering(task: CopyTask, detector: Detector, records: Sequence[SegmentRecord]) -> Rendering:
    return Rendering(
        parts=[Part(record.rendered.segment.path) for record in records],
        redactions=join_tables([record.rendered.redactions for record in records]),
        detections=join_tables([record.detections for record in records]),
        rendered=[record.rendered for record in records],
        detector=detector.describe(),
        encoded=[range(task.source.first, task.source.stop)],
    )


def _render_segments(
    task: CopyTask, detector: Detector, work: WorkFolder, finished: Sequence[SegmentRecord]
) -> Generator[SegmentRecord, None, None]:
    """Render what is not finished yet, segment by segment."""
    source, clock = task.source, task.renderer.clock
    look_ahead_frames = source.max_frames_within(task.options.smoothing.look_ahead_seconds)
    limits = FrameLimits.covering(source.frame_bytes, look_ahead_frames)
    first = finished[-1].rendered.segment.stop_index if finished else source.first
    planner = _planner(task, detector, finished, limits, first)
    frames = source.frames(first, source.stop)
    with Pipeline(frames, planner, task.renderer.redact, clock=clock, limits=limits) as pipeline:
        redacted = pipeline.redacted_frames()
        spans = _segment_spans(source, first, task.options.segment_seconds)
        for number, (start, stop) in enumerate(spans, len(finished)):
            segment_frames = islice(redacted, stop - start)
            path = work.segment_path(number)
            rendered = render_faithfully(task, path, segment_frames, range(start, stop))
            found = planner.pop_detections(stop)
            table = DetectionTable.from_frames(found, source.video.time_base)
            record = SegmentRecord(rendered, table, planner.pop_cuts(stop))
            with clock.time("saving"):
                work.add(record)
                return_free_memory()
            yield record


def _segment_spans(source: JobVideo, first: int, seconds: float) -> Iterator[tuple[int, int]]:
    """Yield the frames of each segment, by their own time stamps."""
    length = round(seconds / source.video.time_base)
    start = first
    while start < source.stop:
        following = source.index.first_after(start, length)
        stop = min(max(following, start + _MIN_SEGMENT_FRAMES), start + _MAX_SEGMENT_FRAMES)
        yield start, min(stop, source.stop)
        start = stop


def _planner(
    task: CopyTask,
    detector: Detector,
    finished: Sequence[SegmentRecord],
    limits: FrameLimits,
    first: int,
) -> FacePlanner:
    source, options = task.source, task.options
    smoother = Smoother(
        options.smoothing,
        source.view,
        source.video.time_base,
        limits.look_ahead_frames,
        max_detection_interval_seconds=options.stride.max_interval_seconds,
    )
    for record in finished:
        _replay(smoother, record)
    known = source.known_faces(options.smoothing.birth_score)
    searched = [int(each.detections.frame_index[-1]) for each in finished if len(each.detections)]
    earlier = range(searched[-1] if searched else first, first)
    return FacePlanner(
        detector,
        smoother,
        choice=source.frame_choice(options.stride, also=known, earlier=earlier),
        clock=task.renderer.clock,
        batch_size=options.stride.batch_size,
        batch_frames=limits.batch_frames,
        first_index=first,
        known=known,
    )


def _replay(smoother: Smoother, record: SegmentRecord) -> None:
    """Replay the detections of a finished segment into the smoother."""
    segment = record.rendered.segment
    found = {frame.frame_index: frame for frame in record.detections.to_frames()}
    for index, pts in enumerate(segment.pts, segment.first_index):
        frame = found.get(index, SkippedFrame(index, pts))
        smoother.push(frame, is_cut=index in record.cuts)
    smoother.pop_ready()
