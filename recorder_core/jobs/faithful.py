"""Render pieces of a video so that every frame keeps its quality outside the redactions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.jobs.job import Job
from recorder_core.jobs.pipeline import DecidedPicture
from recorder_core.jobs.render import RedactedPicture, RenderedSegment, Renderer
from recorder_core.media import Picture, choose_quantizer, finer_qp
from recorder_core.model import Redaction
from recorder_core.tables import ORIGINS, RedactionTable, select_rows

__all__ = [
    "automatic_redactions",
    "redacted_again",
    "redactions_by_frame",
    "render_faithfully",
    "with_quantizer",
]

#: encodings of one piece after the first, each finer than the one before
_ATTEMPTS: Final = 4


def with_quantizer(job: Job) -> Job:
    """Return the job with quantizer and preset for its video; see :func:`choose_quantizer`.

    Raises
    ------
    DecodeError, EncodeError
        If the trial cannot be made.
    """
    settings, source = job.renderer.encoder, job.source
    if settings.qp is not None or not settings.holds_quantizer:
        return job
    with job.renderer.clock.time("startup"):
        chosen = choose_quantizer(source.info, source.copy_index, settings, source.gaps)
    return replace(job, renderer=replace(job.renderer, encoder=chosen))


def render_faithfully(
    job: Job, path: Path, redacted: Iterable[RedactedPicture], frames: range
) -> RenderedSegment:
    """Encode frames into one segment; again, finer, where a frame lost too much.

    Parameters
    ----------
    job : Job
        From :func:`with_quantizer`.
    path : Path
        The segment's final name.
    redacted : iterable of RedactedPicture
        The frames, in order.
    frames : range
        Their indexes.

    Raises
    ------
    RedactionIncomplete, EncodeError, DecodeError
        As :meth:`Renderer.render` does, and if the source cannot be decoded again.
    """
    seconds = job.source.seconds_of(frames)
    rendered = job.renderer.render(path, redacted, seconds)
    renderer, floor = job.renderer, job.options.encoder.min_psnr_y_db
    for _ in range(_ATTEMPTS):
        qp = renderer.encoder.qp
        worst = rendered.min_psnr_y_db
        if worst >= floor or job.options.encoder.is_limited or qp is None or qp == 1:
            break
        encoder = replace(renderer.encoder, qp=finer_qp(qp, worst, floor))
        renderer = replace(renderer, encoder=encoder)
        automatic = automatic_redactions(rendered.redactions, set(frames))
        with closing(job.source.pictures(frames.start, frames.stop)) as pictures:
            again = redacted_again(pictures, automatic, renderer)
            rendered = renderer.render(path, again, seconds)
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


def redacted_again(
    pictures: Iterator[Picture],
    automatic: Mapping[int, Sequence[Redaction]],
    renderer: Renderer,
) -> Iterator[RedactedPicture]:
    """Redact pictures as it was decided before."""
    while True:
        with renderer.clock.time("writer_wait"):
            picture = next(pictures, None)
            if picture is None:
                return
            decided = DecidedPicture(picture, list(automatic.get(picture.index, [])))
            redacted = renderer.redact(decided)
        yield redacted
