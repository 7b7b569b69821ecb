"""Verify a copy, write what lies beside it, and only then give it its name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from recorder_core.jobs.deidentify.publishing.finished_copy import finished_copy
from recorder_core.jobs.deidentify.publishing.refusals import refuse_foreign_tables
from recorder_core.jobs.deidentify.publishing.reporting import (
    report_of,
    times_of,
    write_report,
    write_tables,
)
from recorder_core.jobs.deidentify.publishing.verified_copy import write_verified
from recorder_core.jobs.deidentify.publishing.view_picture import write_view_picture
from recorder_core.jobs.deidentify.rendering.copy_task import CopyTask, Rendering
from recorder_core.jobs.deidentify.report.summary import DeidentifyResult
from recorder_core.jobs.deidentify.sidecars import sidecars
from recorder_core.media import plan_audio

__all__ = ["publish"]


def publish(output: Path, task: CopyTask, rendering: Rendering) -> DeidentifyResult:
    """Make the output from its pieces, verify it, and give it its name.

    Raises
    ------
    DecodeError
        If the source was changed meanwhile.
    RedactionIncomplete
        If the copy differs from the source in anything but its frames.
    FacesInDoubt
        If nothing was redacted or faces are still seen, and nobody allowed it.
    EncodeError
        If it, its tables or its report cannot be written; there is no output then.
    """
    clock, source = task.renderer.clock, task.source
    clock.frames = len(source)
    refuse_foreign_tables(output, replace=True)  # another run may have made some meanwhile
    with finished_copy(output, sidecars(output)) as (temporary, beside):
        verified = write_verified(temporary, output, task, rendering)
        with clock.time("saving"):
            audio = plan_audio(
                output, source.info, task.options.audio, source.copy_index.audio_changes
            )
            report = report_of(task, verified, temporary, audio)
            write_tables(beside, task, verified.rendering, report)
            write_view_picture(beside["view"], temporary, source, verified.rendering.redactions)
        # taken once: the report and what is printed of the run have the same times
        wall = clock.wall_seconds
        stages, unexplained = clock.stage_times(wall), clock.unexplained_seconds(wall)
        report = replace(report, times=times_of(stages, wall))
        write_report(beside["report"], report)
    return DeidentifyResult(output, len(source), report, stages, unexplained, wall)
