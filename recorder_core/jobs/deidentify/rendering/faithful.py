"""Render pieces of a video so that every frame keeps its quality outside the redactions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.jobs.deidentify.rendering.copy_task import CopyTask
from recorder_core.jobs.deidentify.rendering.segments import (
    RedactedFrame,
    RenderedSegment,
    Renderer,
)
from recorder_core.jobs.inputs.job_video import JobVideo
from recorder_core.jobs.pipeline.pipeline import FrameLimits, Pipeline
from recorder_core.jobs.pipeline.planning import RepeatingPlanner
from recorder_core.jobs.pipeline.stage_rows import STAGES
from recorder_core.media import choose_quantizer, finer_qp
from recorder_core.model import Redaction
from recorder_core.tables import ORIGINS, RedactionTable, select_rows
from recorder_core.timing import StageClock

__all__ = [
    "automatic_redactions",
    "redacted_again",
    "redactions_by_frame",
    "render_faithfully",
    "with_quantizer",
]

#: encodings of one piece after the first, each finer than the one before
_ATTEMPTS: Final = 4
#: frames in memory while a piece is redacted again; a run of the detector may stand beside it
_REPEATED_AHEAD: Final = 3


def with_quantizer(task: CopyTask) -> CopyTask:
    """Return the job with quantizer and preset for its video; see :func:`choose_quantizer`.

    Raises
    ------
    DecodeError, EncodeError
        If the trial cannot be made.
    """
    settings, source = task.renderer.encoder, task.source
    if settings.qp is not None or not settings.holds_quantizer:
        return task
    with task.renderer.clock.time("startup"):
        chosen = choose_quantizer(source.info, source.copy_index, settings, source.gaps)
    return replace(task, renderer=replace(task.renderer, encoder=chosen))


def render_faithfully(
    task: CopyTask, path: Path, redacted: Iterable[RedactedFrame], frames: range
) -> RenderedSegment:
    """Encode frames into one segment; again, finer, where a frame lost too much.

    Parameters
    ----------
    task : CopyTask
        From :func:`with_quantizer`.
    path : Path
        The segment's final name.
    redacted : iterable of RedactedFrame
        The frames, in order.
    frames : range
        Their indexes.

    Raises
    ------
    RedactionIncomplete, EncodeError, DecodeError
        As :meth:`Renderer.render` does, and if the source cannot be decoded again.
    """
    seconds = task.source.seconds_of(frames)
    rendered = task.renderer.render(path, redacted, seconds)
    renderer, floor = task.renderer, task.options.encoder.min_psnr_y_db
    for _ in range(_ATTEMPTS):
        qp = renderer.encoder.qp
        worst = rendered.min_psnr_y_db
        if worst >= floor or task.options.encoder.is_limited or qp is None or qp == 1:
            break
        encoder = replace(renderer.encoder, qp=finer_qp(qp, worst, floor))
        renderer = replace(renderer, encoder=encoder)
        # timed by its own clock: the threads that wait beside it have the rows of the other
        apart = replace(renderer, clock=StageClock(STAGES))
        with redacted_again(task.source, frames, rendered.redactions, apart) as again:
            waited = _waiting(again, renderer.clock)
            rendered = renderer.render(path, waited, seconds)
    return rendered


def automatic_redactions(table: RedactionTable, frames: set[int]) -> dict[int, list[Redaction]]:
    """Return what the smoother decided, whatever persons did to it."""
    return redactions_by_frame(table, table.origins != ORIGINS.index("corrected"), frames)


def redactions_by_frame(
    table: RedactionTable, rows: NDArray[np.bool_], frames: set[int]
) -> dict[int, list[Redaction]]:
    """Return the redactions of chosen rows and frames, applied or not."""
    wanted = rows & np.isin(table.frame_index, list(frames))
    return select_rows(table, wanted).by_frame(applied_only=False)


@contextmanager
def redacted_again(
    source: JobVideo, frames: range, table: RedactionTable, renderer: Renderer
) -> Iterator[Iterator[RedactedFrame]]:
    """Yield frames, redacted as the detector and time decided in an earlier run.

    Parameters
    ----------
    source : JobVideo
        The video.
    frames : range
        Frame indices.
    table : RedactionTable
        What was decided, whatever persons did to it.
    renderer : Renderer
        Redacts, and has what persons correct now.
    """
    planner = RepeatingPlanner(automatic_redactions(table, set(frames)))
    limits = FrameLimits(source.frame_bytes, max_frames=_REPEATED_AHEAD)
    decoded = source.frames(frames.start, frames.stop)
    with Pipeline(
        decoded, planner, renderer.redact, clock=renderer.clock, limits=limits
    ) as pipeline:
        yield pipeline.redacted_frames()


def _waiting(frames: Iterator[RedactedFrame], clock: StageClock) -> Iterator[RedactedFrame]:
    """Yield frames; the time until each is there is the writer's."""
    while True:
        with clock.time("writer_wait"):
            frame = next(frames, None)
        if frame is None:
            return
        yield frame
