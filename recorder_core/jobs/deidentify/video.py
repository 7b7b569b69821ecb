"""De-identify one video: the same video, with the faces of the room view redacted."""

from __future__ import annotations

from dataclasses import dataclass

from recorder_core.jobs.deidentify.correcting.checks import refuse_loss
from recorder_core.jobs.deidentify.preparing import CopyRequest, check_paths, prepare
from recorder_core.jobs.deidentify.publishing.finishing import publish
from recorder_core.jobs.deidentify.publishing.refusals import refuse_existing
from recorder_core.jobs.deidentify.rendering.faithful import with_quantizer
from recorder_core.jobs.deidentify.rendering.whole import render_whole
from recorder_core.jobs.deidentify.report.summary import DeidentifyResult
from recorder_core.jobs.pipeline.stage_rows import STAGES
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.media import output_lock
from recorder_core.timing import StageClock

__all__ = ["DeidentifyRequest", "deidentify_video"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeidentifyRequest(CopyRequest):
    """What to de-identify, where to, and how."""

    #: go on after the last finished segment of an interrupted run
    resume: bool = False
    #: replace an output that exists
    overwrite: bool = False


def deidentify_video(
    request: DeidentifyRequest, progress: Progress = no_progress
) -> DeidentifyResult:
    """De-identify one video.

    Writes OUTPUT, its redactions (``.redactions.parquet``), its detections
    (``.detections.parquet``), a report (``.report.json``) and a small picture of its view
    (``.view.jpg``). The output appears under its name only after it was verified. Corrections of
    a copy that exists are the work of
    :func:`~recorder_core.jobs.deidentify.rerender.rerender_copy`.

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
    check_paths(request)
    with output_lock(request.output):
        return _deidentify(request, clock, progress)


def _deidentify(
    request: DeidentifyRequest, clock: StageClock, progress: Progress
) -> DeidentifyResult:
    with clock.time("startup"):
        task, weights = prepare(request, clock, replace_tables=request.overwrite or request.resume)
    if request.output.exists():
        if not request.overwrite:
            refuse_existing(request.output, task.fingerprint)
        if not request.discard_corrections:
            refuse_loss(request.output, request.corrections)
    task = with_quantizer(task)
    rendered = render_whole(request.output, task, weights, progress, resume=request.resume)
    with rendered as rendering:
        return publish(request.output, task, rendering)
