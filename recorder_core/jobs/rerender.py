"""Render again only the closed GOPs that corrections touch; copy all others bit for bit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from recorder_core.deidentify.corrections import CorrectionPlan
from recorder_core.errors import DataError, EncodeError, SettingsError
from recorder_core.jobs.correction_checks import check_tracks
from recorder_core.jobs.faithful import (
    automatic_redactions,
    redacted_again,
    redactions_by_frame,
    render_faithfully,
    with_quantizer,
)
from recorder_core.jobs.progress import Progress
from recorder_core.jobs.publish import DeidentifyResult, Job, Rendering, publish, sidecar
from recorder_core.jobs.render import RenderedSegment
from recorder_core.media import Gop, Part, hash_beside, list_gops
from recorder_core.model import Redaction
from recorder_core.tables import (
    ORIGINS,
    RedactionTable,
    join_tables,
    read_detections,
    read_metadata,
    read_redactions,
    select_rows,
)

__all__ = ["fits", "rerender"]


@dataclass(frozen=True, slots=True)
class _Run:
    """Consecutive GOPs, and whether a correction touches them; pictures of the output."""

    first: int
    stop: int
    touched: bool


def rerender(output: Path, job: Job, progress: Progress) -> DeidentifyResult:
    """Apply corrections to an output that exists.

    Parameters
    ----------
    output : Path
        De-identified from the same source with the same settings; it is replaced.
    job : Job
        As for the first rendering; its renderer has the corrections.
    progress : callable
        Called with the number of finished frames and of all frames to render.

    Raises
    ------
    SettingsError
        If the output was not made by this program from this source and these settings.
    """
    job = with_quantizer(job)
    source, renderer = job.source, job.renderer
    with renderer.clock.time("startup"):
        table = _read_plan(output, job.fingerprint)
        check_tracks(job.corrections, table)
        changed = _changed_frames(table, renderer.corrections, range(source.first, source.stop))
        runs = _runs(list_gops(output), {frame - source.first for frame in changed})
    with _folder_beside(output) as folder:
        rendered = list(_render_runs(runs, table, job, folder, progress))
        rendering = Rendering(
            parts=_parts(runs, rendered, output),
            redactions=_new_plan(table, rendered),
            detections=read_detections(sidecar(output, "detections")),
            rendered=rendered,
            detector="not run: the detections of the earlier rendering",
            encoded=[
                range(run.first + source.first, run.stop + source.first)
                for run in runs
                if run.touched
            ],
        )
        return publish(output, job, rendering)


def fits(output: Path, job: Job) -> bool:
    """Return whether corrections can be applied to an output without rendering all of it."""
    try:
        _read_plan(output, job.fingerprint)
    except SettingsError:
        return False
    return True


@contextmanager
def _folder_beside(output: Path) -> Iterator[Path]:
    """Give a hidden folder that is removed in the end, whatever happens."""
    try:
        holder = TemporaryDirectory(prefix=f".{output.name}.work", dir=output.parent)
    except OSError as exc:
        raise EncodeError(
            f"the folder of the output cannot be written ({exc.strerror}); choose another"
        ) from exc
    with holder as folder:
        yield Path(folder)


def _read_plan(output: Path, fingerprint: str) -> RedactionTable:
    """Read what was redacted in the output, if it is ours and of the same job."""
    beside = sidecar(output, "redactions")
    try:
        with hash_beside(output) as copy_sha256:
            metadata, table = read_metadata(beside), read_redactions(beside)
            belongs = metadata.settings.get("copy_sha256") == copy_sha256()
        if belongs and metadata.source_fingerprint == fingerprint:
            return table
    except DataError as exc:
        raise SettingsError(
            f"{output.name} exists, but its table {beside.name} cannot be read; "
            "give --overwrite to render the whole video again"
        ) from exc
    raise SettingsError(
        f"{output.name} was made from another video or with other settings"
        f"{'' if belongs else ', or changed since'}, so corrections cannot be applied to it; "
        "give --overwrite to render the whole video again"
    )


def _changed_frames(table: RedactionTable, corrections: CorrectionPlan, frames: range) -> set[int]:
    """Return the frames whose applied redactions are not what they were."""
    was_corrected = (table.origins == ORIGINS.index("corrected")) | ~table.applied
    candidates = set(table.frame_index[was_corrected].tolist())
    candidates.update(frame for span in corrections.spans for frame in span if frame in frames)
    before = redactions_by_frame(table, table.applied, candidates)
    automatic = automatic_redactions(table, candidates)
    return {
        frame
        for frame in candidates
        if _key(corrections.apply(frame, automatic.get(frame, []))[0])
        != _key(before.get(frame, []))
    }


def _key(redactions: Sequence[Redaction]) -> set[tuple[float, ...]]:
    """Return what decides the pixels of a frame."""
    return {redaction.box_xyxy_px for redaction in redactions}


def _runs(gops: Sequence[Gop], changed: set[int]) -> list[_Run]:
    """Join neighbouring GOPs that are touched, or untouched, alike."""
    runs: list[_Run] = []
    for gop in gops:
        touched = any(frame in changed for frame in range(gop.first_index, gop.stop_index))
        if runs and runs[-1].touched == touched:
            runs[-1] = replace(runs[-1], stop=gop.stop_index)
        else:
            runs.append(_Run(gop.first_index, gop.stop_index, touched))
    return runs


def _render_runs(
    runs: Sequence[_Run], table: RedactionTable, job: Job, folder: Path, progress: Progress
) -> Iterator[RenderedSegment]:
    source, renderer = job.source, job.renderer
    touched = [run for run in runs if run.touched]
    total = sum(run.stop - run.first for run in touched)
    done = 0
    for number, run in enumerate(touched):
        first, stop = run.first + source.first, run.stop + source.first
        automatic = automatic_redactions(table, set(range(first, stop)))
        with closing(source.pictures(first, stop)) as pictures:
            redacted = redacted_again(pictures, automatic, renderer)
            path = folder / f"run_{number:06d}.mp4"
            yield render_faithfully(job, path, redacted, range(first, stop))
        done += stop - first
        progress(done, total)


def _parts(runs: Sequence[_Run], rendered: Sequence[RenderedSegment], output: Path) -> list[Part]:
    fresh = iter(rendered)
    return [
        Part(next(fresh).segment.path)
        if run.touched
        else Part(output, run.first, run.stop, is_copy=True)
        for run in runs
    ]


def _new_plan(table: RedactionTable, rendered: Sequence[RenderedSegment]) -> RedactionTable:
    """Return the rows of untouched frames as they were, and the new rows of the others."""
    kept = np.ones(len(table), bool)
    for each in rendered:
        segment = each.segment
        kept &= (table.frame_index < segment.first_index) | (
            table.frame_index >= segment.stop_index
        )
    pieces = [select_rows(table, kept), *(each.redactions for each in rendered)]
    return join_tables(pieces, in_order=False)
