"""What every job on a copy is asked, and what is checked before its first frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from recorder_core.deidentify.corrections import CorrectionPlan
from recorder_core.detect.detector import load_detector_weights
from recorder_core.detect.weights import Weights
from recorder_core.detect.weights.self_test import refuse_useless
from recorder_core.errors import SettingsError
from recorder_core.jobs.deidentify.correcting.checks import check_owner
from recorder_core.jobs.deidentify.publishing.finished_copy import (
    clear_unfinished,
    refuse_long_name,
)
from recorder_core.jobs.deidentify.publishing.refusals import refuse_foreign_tables
from recorder_core.jobs.deidentify.rendering.copy_task import CopyTask
from recorder_core.jobs.deidentify.rendering.gops import clear_folders_beside
from recorder_core.jobs.deidentify.rendering.segments import Renderer
from recorder_core.jobs.deidentify.sidecars import sidecars
from recorder_core.jobs.inputs.job_video import JobVideo, open_job_video
from recorder_core.jobs.inputs.options import DeidentifyOptions, fingerprint
from recorder_core.jobs.inputs.untouched_room import UntouchedRoom
from recorder_core.jobs.pipeline.frame_redactor import FrameRedactor
from recorder_core.jobs.progress import Say, say_nothing
from recorder_core.jobs.verification.allowed import Allowed
from recorder_core.media import AudioPlan, Video, check_encoder, keep_depth, plan_audio
from recorder_core.model import CorrectionKeyframe
from recorder_core.timing import StageClock

__all__ = ["CopyRequest", "check_paths", "prepare"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRequest:
    """Of which video which copy, and how; what each job on a copy is asked."""

    #: a video that is open already stays its owner's, such as one of an archived event
    source: Path | Video
    output: Path
    options: DeidentifyOptions
    #: a person's changes
    corrections: tuple[CorrectionKeyframe, ...] | None = None
    #: fingerprint of the video that they were made for; None: not from a file
    corrections_of: str | None = None
    #: the view of the room as it was seen, where the source shows it de-identified
    room: UntouchedRoom | None = None
    #: undo corrections of an earlier run that are not among these
    discard_corrections: bool = False
    #: what the copy may show nevertheless; does not change it
    allowed: Allowed = field(default_factory=Allowed)
    #: called before the work begins with each sentence about what the copy will not keep
    say: Say = say_nothing


def check_paths(request: CopyRequest) -> None:
    """Refuse an output that is the input, is a folder, or has no folder.

    Raises
    ------
    SettingsError
        If it is.
    """
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


def prepare(
    request: CopyRequest, clock: StageClock, *, replace_tables: bool
) -> tuple[CopyTask, Weights | None]:
    """Open the source, and check everything that is known before the first frame.

    Parameters
    ----------
    request : CopyRequest
        Its output is locked.
    clock : StageClock
        Times the work.
    replace_tables : bool
        Whether tables without a copy may be replaced.

    Returns
    -------
    task : CopyTask
    weights : Weights or None
        Of the detector; None where it has none.

    Raises
    ------
    RecorderError
        In one sentence what is wrong; nothing was written then.
    """
    clear_folders_beside(request.output)
    clear_unfinished(request.output, sidecars(request.output))
    refuse_foreign_tables(request.output, replace=replace_tables)
    source = open_job_video(request.source, request.options)
    info = keep_depth(source.info, request.options.encoder)
    source = replace(source, info=info, room=request.room)
    video = source.video
    check_encoder(
        video.format,
        request.options.encoder,
        frame_rate=video.average_frame_rate,
        source_bps=video.bit_rate_bps,
    )
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
        fingerprint=fingerprint(request.options, source.seen_sha256, used),
        weights=used,
        corrections=request.corrections or (),
        allowed=request.allowed,
    )
    check_owner(request.corrections_of, task)
    return task, weights


def _say_losses(request: CopyRequest, source: JobVideo, plans: Sequence[AudioPlan]) -> None:
    for plan in plans:
        if plan.encoder is not None:
            request.say(str(plan))
    for what in source.info.not_carried_over:
        request.say(f"not carried over: {what}")


def _renderer(request: CopyRequest, source: JobVideo, clock: StageClock) -> Renderer:
    video = source.video
    corrections = CorrectionPlan(
        request.corrections or (), video.width, video.height, len(source.index)
    )
    options = request.options
    redactor = FrameRedactor(options.redaction, source.view)
    return Renderer(video, redactor, options.encoder, corrections, clock)
