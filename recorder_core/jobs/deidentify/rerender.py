"""Render a copy that exists again where corrections change it: nothing else is touched."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from recorder_core.errors import ForeignCopy, SettingsError
from recorder_core.jobs.deidentify.correcting.changed_spans import render_changed
from recorder_core.jobs.deidentify.correcting.checks import refuse_loss
from recorder_core.jobs.deidentify.preparing import CopyRequest, check_paths, prepare
from recorder_core.jobs.deidentify.publishing.finishing import publish
from recorder_core.jobs.deidentify.rendering.faithful import with_quantizer
from recorder_core.jobs.deidentify.report.summary import DeidentifyResult
from recorder_core.jobs.deidentify.video import DeidentifyRequest, deidentify_video
from recorder_core.jobs.pipeline.stage_rows import STAGES
from recorder_core.jobs.progress import Progress, no_progress, say_nothing
from recorder_core.media import output_lock
from recorder_core.timing import StageClock

__all__ = ["RerenderRequest", "deidentify_or_rerender", "rerender_copy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RerenderRequest(CopyRequest):
    """Which copy is to have which corrections; its options are those that it was made with."""

    #: fingerprint of the job that made the copy, where that was from another file with the same
    #: frames; None: from this very source
    made_as: str | None = None


def rerender_copy(request: RerenderRequest, progress: Progress = no_progress) -> DeidentifyResult:
    """Render a copy again with corrections: the closed GOPs that they change, and no others.

    The copy keeps its name and is replaced after the new one was verified, as are its tables, its
    report and the small picture of its view. The detector does not run again.

    Parameters
    ----------
    request : RerenderRequest
        What to do; without corrections the copy is as its detections alone make it.
    progress : callable
        Called with the number of finished frames and of all frames to render.

    Raises
    ------
    ForeignCopy
        If the copy was made from another video or with other settings, or its table cannot be
        read.
    RecorderError
        In one sentence what else is wrong; the copy is as it was then.
    """
    clock = StageClock(STAGES)
    check_paths(request)
    with output_lock(request.output):
        return _rerender(request, clock, progress)


def _rerender(request: RerenderRequest, clock: StageClock, progress: Progress) -> DeidentifyResult:
    copy = request.output
    if not copy.exists():
        raise SettingsError(f"there is no {copy.name} to correct; de-identify the video first")
    with clock.time("startup"):
        task, _ = prepare(request, clock, replace_tables=True)
    if not request.discard_corrections:
        refuse_loss(copy, request.corrections)
    made_as, task = request.made_as or task.fingerprint, with_quantizer(task)
    with render_changed(copy, task, made_as, progress) as rendering:
        return publish(copy, task, rendering)


def deidentify_or_rerender(
    request: DeidentifyRequest, progress: Progress = no_progress
) -> DeidentifyResult:
    """Render again where corrections of a copy that exists are given; else de-identify the video.

    With ``overwrite`` a copy of another video or of other settings is made anew.

    Raises
    ------
    RecorderError
        As :func:`rerender_copy` and :func:`~recorder_core.jobs.deidentify_video`.
    """
    if request.corrections is None or not request.output.exists():
        return deidentify_video(request, progress)
    asked = {each.name: getattr(request, each.name) for each in fields(CopyRequest)}
    try:
        return rerender_copy(RerenderRequest(**asked), progress)
    except ForeignCopy:
        if not request.overwrite:
            raise
    # what the copy will not keep was said already
    return deidentify_video(replace(request, say=say_nothing), progress)
