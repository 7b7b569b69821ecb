"""De-identify one video: the same video, with the faces of the room view redacted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from recorder_core.deidentify.corrections import CorrectionPlan
from recorder_core.detect.detector import load_detector_weights
from recorder_core.detect.weights import Weights
from recorder_core.detect.weights.self_test import refuse_useless
from recorder_core.errors import SettingsError
from recorder_core.jobs.deidentify.correcting.checks import (
    check_owner,
    refuse_loss,
)
from recorder_core.jobs.deidentify.correcting.rerendering import fits, rerender
from recorder_core.jobs.deidentify.publishing.finished_copy import (
    clear_unfinished,
    refuse_long_name,
)
from recorder_core.jobs.deidentify.publishing.finishing import (
    publish,
    refuse_existing,
    refuse_foreign_tables,
)
from recorder_core.jobs.deidentify.rendering.copy_task import CopyTask
from recorder_core.jobs.deidentify.rendering.faithful import with_quantizer
from recorder_core.jobs.deidentify.rendering.gops import clear_folders_beside
from recorder_core.jobs.deidentify.rendering.segments import Renderer
from recorder_core.jobs.deidentify.rendering.whole import render_whole
from recorder_core.jobs.deidentify.report.summary import DeidentifyResult
from recorder_core.jobs.deidentify.sidecars import sidecars
from recorder_core.jobs.looking.allowed import Allowed
from recorder_core.jobs.options import DeidentifyOptions, fingerprint
from recorder_core.jobs.pipeline.stage_rows import STAGES
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.jobs.source import Source, open_source
from recorder_core.media import (
    AudioPlan,
    Video,
    check_encoder,
    keep_depth,
    output_lock,
    plan_audio,
)
from recorder_core.model import CorrectionKeyframe
from recorder_core.timing import StageClock

__all__ = ["DeidentifyRequest", "deidentify_video"]


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
        task, weights = _prepare(request, clock)
    made_as = request.made_as or task.fingerprint
    is_correction = _is_correction(request, task, made_as)
    task = with_quantizer(task)
    rendered = (
        rerender(request.output, task, made_as, progress)
        if is_correction
        else render_whole(request.output, task, weights, progress, resume=request.resume)
    )
    with rendered as rendering:
        return publish(request.output, task, rendering)


def _prepare(request: DeidentifyRequest, clock: StageClock) -> tuple[CopyTask, Weights | None]:
    """Open the source, and check everything that is known before the first frame."""
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
    return task, weights


def _is_correction(request: DeidentifyRequest, task: CopyTask, made_as: str) -> bool:
    """Return whether the output exists and only corrections are applied to it."""
    if not request.output.exists():
        return False
    if request.corrections is None and not request.overwrite:
        refuse_existing(request.output, task.fingerprint)
    if not request.discard_corrections:
        refuse_loss(request.output, request.corrections)
    # what fits is never rendered as a whole again for the sake of a correction
    return request.corrections is not None and (
        not request.overwrite or fits(request.output, task, made_as)
    )


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
