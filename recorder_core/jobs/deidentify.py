"""De-identify one video: the same video, with the faces of the room view redacted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Final

from recorder_core.deidentify.corrections import CorrectionPlan
from recorder_core.deidentify.smoothing import SkippedFrame, Smoother
from recorder_core.detect.detector import Detector, load_detector_weights
from recorder_core.detect.weights import Weights
from recorder_core.detect.weights.self_test import refuse_useless
from recorder_core.errors import Cancelled, FacesInDoubt, RecorderError, SettingsError
from recorder_core.jobs.allowed import Allowed
from recorder_core.jobs.copy_summary import DeidentifyResult
from recorder_core.jobs.copy_task import CopyTask, Rendering
from recorder_core.jobs.correction_checks import (
    check_owner,
    refuse_loss,
)
from recorder_core.jobs.faithful import render_faithfully, with_quantizer
from recorder_core.jobs.finished_copy import clear_unfinished, refuse_long_name
from recorder_core.jobs.full_disk import is_full_disk, keep_for_resume
from recorder_core.jobs.gop_rendering import clear_folders_beside
from recorder_core.jobs.options import DeidentifyOptions, fingerprint
from recorder_core.jobs.pipeline import FrameLimits, Pipeline
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.jobs.publish import (
    publish,
    refuse_existing,
    refuse_foreign_tables,
)
from recorder_core.jobs.render import RedactedFrame, Renderer
from recorder_core.jobs.rerender import fits, rerender
from recorder_core.jobs.sidecars import sidecars
from recorder_core.jobs.source import Source, open_source
from recorder_core.jobs.stage_rows import STAGES
from recorder_core.jobs.work_folder import SegmentRecord, WorkFolder
from recorder_core.media import (
    AudioPlan,
    Frame,
    Part,
    Video,
    check_encoder,
    keep_depth,
    output_lock,
    plan_audio,
)
from recorder_core.model import CorrectionKeyframe
from recorder_core.tables import DetectionTable, join_tables
from recorder_core.timing import StageClock

__all__ = ["DeidentifyRequest", "deidentify_video"]


#: a segment has at least so many frames, however sparse they are, because each begins with
#: a keyframe, and at most so many, however dense
_MIN_SEGMENT_FRAMES: Final = 4
_MAX_SEGMENT_FRAMES: Final = 3000


def _say_nothing(_sentence: str) -> None:
    """Ignore a sentence that nobody wants to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeidentifyRequest:
    """What to de-identify, where to, and how."""

    #: a video that is open already stays its owner's, such as one of an archived event
    source: Path | Video
    output: Path
    options: DeidentifyOptions
    #: a person's changes; where OUTPUT exists, only what they touch is rendered again
    corrections: tuple[CorrectionKeyframe, ...] | None = None
    #: fingerprint of the video that they were made for; None: not from a file
    corrections_of: str | None = None
    #: fingerprint of the job that made OUTPUT, where that was from another file with the same
    #: frames; None: OUTPUT must be of this very job
    made_as: str | None = None
    #: undo corrections of an earlier run that are not among these
    discard_corrections: bool = False
    #: go on after the last finished segment of an interrupted run
    resume: bool = False
    #: replace an output that exists
    overwrite: bool = False
    #: what the copy may show nevertheless; does not change it
    allowed: Allowed = field(default_factory=Allowed)
    #: called before the work begins with each sentence about what the copy will not keep
    say: Callable[[str], None] = _say_nothing


def deidentify_video(
    request: DeidentifyRequest, progress: Progress = no_progress
) -> DeidentifyResult:
    """De-identify one video.

    Writes OUTPUT, its redactions (``.redactions.parquet``), its detections
    (``.detections.parquet``), a report (``.report.json``) and a small picture of its view
    (``.view.jpg``). The output appears under its name only after it was verified.

    Parameters
    ----------
    request : DeidentifyRequest
        What to do.
    progress : callable
        Called with the number of finished frames and of all frames.

    Raises
    ------
    RecorderError
        In one sentence what is wrong; there is no output then. Where the disk is full,
        finished segments are kept for ``resume``.
    Cancelled
        If the user pressed Ctrl-C; finished segments are kept for ``resume``.
    """
    clock = StageClock(STAGES)
    _check_paths(request)
    with output_lock(request.output):
        return _deidentify(request, clock, progress)


def _deidentify(
    request: DeidentifyRequest, clock: StageClock, progress: Progress
) -> DeidentifyResult:
    with clock.time("startup"):
        clear_folders_beside(request.output)
        clear_unfinished(request.output, sidecars(request.output))
        refuse_foreign_tables(request.output, replace=request.overwrite or request.resume)
        source = open_source(request.source, request.options)
        source = replace(source, info=keep_depth(source.info, request.options.encoder))
        check_encoder(source.video, request.options.encoder)
        plans = plan_audio(
            request.output, source.info, request.options.audio, source.copy_index.audio_changes
        )
        _say_losses(request, source, plans)
        weights = load_detector_weights(request.options.detector)
        if weights is not None:
            refuse_useless(weights)
        used = weights.sha256 if weights else request.options.detector.name
        task = CopyTask(
            source=source,
            renderer=_renderer(request, source, clock),
            options=request.options,
            fingerprint=fingerprint(request.options, source.sha256, used),
            weights=used,
            corrections=request.corrections or (),
            allowed=request.allowed,
        )
        check_owner(request.corrections_of, task)
    if request.output.exists():
        if request.corrections is None and not request.overwrite:
            refuse_existing(request.output, task.fingerprint)
        if not request.discard_corrections:
            refuse_loss(request.output, request.corrections)
        # what fits is never rendered as a whole again for the sake of a correction
        made_as = request.made_as or task.fingerprint
        if request.corrections is not None and (
            not request.overwrite or fits(request.output, task, made_as)
        ):
            return rerender(request.output, task, made_as, progress)
    return _render_all(request, task, weights, progress)


def _say_losses(request: DeidentifyRequest, source: Source, plans: Sequence[AudioPlan]) -> None:
    for plan in plans:
        if plan.encoder is not None:
            request.say(str(plan))
    for what in source.info.not_carried_over:
        request.say(f"not carried over: {what}")


def _check_paths(request: DeidentifyRequest) -> None:
    """Refuse an output that is the input, is a folder, or has no folder."""
    source, output = request.source, request.output
    if _is_same_file(source.file.path if isinstance(source, Video) else source, output):
        raise SettingsError("the output is the input; give another name after -o")
    if output.is_dir():
        raise SettingsError(f"the output {output.name} is a folder; give a file name")
    if not output.parent.is_dir():
        raise SettingsError(f"there is no folder {output.parent.name} to write {output.name} to")
    refuse_long_name(output, sidecars(output))


def _is_same_file(source: Path | None, output: Path) -> bool:
    return source is not None and output.exists() and source.exists() and output.samefile(source)


def _renderer(request: DeidentifyRequest, source: Source, clock: StageClock) -> Renderer:
    video = source.video
    corrections = CorrectionPlan(
        request.corrections or (), video.width, video.height, len(source.index)
    )
    options = request.options
    return Renderer(video, source.view, options.redaction, options.encoder, corrections, clock)


def _render_all(
    request: DeidentifyRequest, task: CopyTask, weights: Weights | None, progress: Progress
) -> DeidentifyResult:
    task = with_quantizer(task)
    source = task.source
    with task.renderer.clock.time("startup"):
        detector = source.load_detector(request.options.detector, weights)
        work = WorkFolder(request.output, _work_name(request, task), source.video.time_base)
    records: list[SegmentRecord] = []
    try:
        with task.renderer.clock.time("startup"):
            records += work.open(resume=request.resume)
        with closing(_render_segments(task, detector, work, tuple(records))) as segments:
            for record in segments:
                records.append(record)
                progress(record.rendered.segment.stop_index - source.first, len(source))
        rendering = _rendering(task, detector, records)
        result = publish(request.output, task, rendering)
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
    work.remove()
    return result


def _work_name(request: DeidentifyRequest, task: CopyTask) -> str:
    """Name what finished segments hold: the job, and the corrections that are in them."""
    corrections = [astuple(row) for row in request.corrections or ()]
    return hashlib.sha256(json.dumps([task.fingerprint, corrections]).encode()).hexdigest()


def _rendering(task: CopyTask, detector: Detector, records: Sequence[SegmentRecord]) -> Rendering:
    return Rendering(
        parts=[Part(record.rendered.segment.path) for record in records],
        redactions=join_tables([record.rendered.redactions for record in records]),
        detections=join_tables([record.detections for record in records]),
        rendered=[record.rendered for record in records],
        detector=detector.describe(),
        encoded=[range(task.source.first, task.source.stop)],
    )


def _cancelled(work: WorkFolder) -> Cancelled:
    kept = work.keep_finished()
    if not kept.segments:
        return Cancelled("Nothing was written.")
    return Cancelled(
        f"{kept}; run the same command with --resume to go on, or remove that folder to give "
        "up what is finished."
    )


def _render_segments(
    task: CopyTask, detector: Detector, work: WorkFolder, finished: Sequence[SegmentRecord]
) -> Generator[SegmentRecord, None, None]:
    """Render what is not finished yet, segment by segment."""
    source, options = task.source, task.options
    first = finished[-1].rendered.segment.stop_index if finished else source.first
    with (
        closing(source.frames(first, source.stop)) as frames,
        _pipeline(task, frames, detector, finished, first) as pipeline,
    ):
        redacted = pipeline.redacted_frames()
        spans = _segment_spans(source, first, options.segment_seconds)
        for number, (start, stop) in enumerate(spans, len(finished)):
            segment_frames = islice(redacted, stop - start)
            path = work.segment_path(number)
            rendered = render_faithfully(task, path, segment_frames, range(start, stop))
            found = pipeline.take_detections(stop)
            record = SegmentRecord(
                rendered, DetectionTable.from_frames(found, source.video.time_base)
            )
            with task.renderer.clock.time("saving"):
                work.add(record)
            yield record


def _segment_spans(source: Source, first: int, seconds: float) -> Iterator[tuple[int, int]]:
    """Yield the frames of each segment, by their own time stamps."""
    length = round(seconds / source.video.time_base)
    start = first
    while start < source.stop:
        following = source.index.first_after(start, length)
        stop = min(max(following, start + _MIN_SEGMENT_FRAMES), start + _MAX_SEGMENT_FRAMES)
        yield start, min(stop, source.stop)
        start = stop


def _pipeline(
    task: CopyTask,
    frames: Iterator[Frame],
    detector: Detector,
    finished: Sequence[SegmentRecord],
    first: int,
) -> Pipeline[RedactedFrame]:
    limits = FrameLimits(task.source.frame_bytes)
    smoother = Smoother(
        task.options.smoothing,
        task.source.view,
        task.source.video.time_base,
        limits.look_ahead_frames,
    )
    for record in finished:
        _replay(smoother, record)
    return Pipeline(
        frames,
        detector,
        smoother,
        task.renderer.redact,
        detection_frames=task.source.detection_frames(task.options.stride),
        clock=task.renderer.clock,
        limits=limits,
        batch_size=task.options.stride.batch_size,
        first_index=first,
    )


def _replay(smoother: Smoother, record: SegmentRecord) -> None:
    """Replay the detections of a finished segment into the smoother."""
    segment = record.rendered.segment
    found = {frame.frame_index: frame for frame in record.detections.to_frames()}
    for index, pts in enumerate(segment.pts, segment.first_index):
        smoother.push(found.get(index, SkippedFrame(index, pts)))
    smoother.pop_ready()
