"""From corrections to the frames that they change, and to the pieces rendered again for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from recorder_core.deidentify.corrections import CorrectionPlan
from recorder_core.errors import DataError, ForeignCopy
from recorder_core.jobs.deidentify.correcting.earlier_look import read_earlier_look
from recorder_core.jobs.deidentify.correcting.lifted_tracks import check_tracks, track_lives
from recorder_core.jobs.deidentify.rendering.copy_task import CopyTask, Rendering
from recorder_core.jobs.deidentify.rendering.faithful import (
    automatic_redactions,
    redactions_by_frame,
)
from recorder_core.jobs.deidentify.rendering.gops import GopRenderer, folder_beside
from recorder_core.jobs.deidentify.sidecars import sidecar
from recorder_core.jobs.progress import Progress
from recorder_core.media import hash_beside
from recorder_core.model import Redaction
from recorder_core.tables import (
    ORIGINS,
    RedactionTable,
    TableMetadata,
    read_detections,
    read_metadata,
    read_redactions,
)

__all__ = ["render_changed"]


@contextmanager
def render_changed(
    output: Path, task: CopyTask, made_as: str, progress: Progress
) -> Iterator[Rendering]:
    """Yield an output that exists with corrections; its pieces are there until the block ends.

    Parameters
    ----------
    output : Path
        De-identified from the same source with the same settings.
    task : CopyTask
        As for the first rendering, from
        :func:`~recorder_core.jobs.deidentify.rendering.faithful.with_quantizer`; its renderer
        has the corrections.
    made_as : str
        Fingerprint of the job that made the output: from this source, or from another file with
        the same frames.
    progress : callable
        Called with the number of finished frames and of all frames to render.

    Raises
    ------
    ForeignCopy
        If the output was not made by that job, or from other frames, or its table cannot be read.
    """
    source, renderer = task.source, task.renderer
    with renderer.clock.time("startup"):
        table = _read_plan(output, task, made_as)
        check_tracks(task.corrections, track_lives(table))
        changed = _changed_frames(table, renderer.corrections, range(source.first, source.stop))
    with folder_beside(output, "corrections") as folder:
        again = GopRenderer(task, folder, progress).render(output, changed, table)
        yield Rendering(
            parts=again.parts,
            redactions=again.redactions,
            detections=read_detections(sidecar(output, "detections")),
            rendered=again.rendered,
            detector="not run: the detections of the earlier rendering",
            encoded=again.spans,
            earlier_look=read_earlier_look(output),
        )


def _read_plan(output: Path, task: CopyTask, made_as: str) -> RedactionTable:
    """Read what was redacted in the output, if it is ours and of the same job."""
    beside = sidecar(output, "redactions")
    try:
        with hash_beside(output) as copy_sha256:
            metadata, table = read_metadata(beside), read_redactions(beside)
            belongs = metadata.settings.get("copy_sha256") == copy_sha256()
        is_same = metadata.source_fingerprint == made_as and _has_frames(task, metadata, table)
        if belongs and is_same:
            return table
    except DataError as exc:
        raise ForeignCopy(
            f"{output.name} exists, but its table {beside.name} cannot be read; "
            "give --overwrite to render the whole video again"
        ) from exc
    raise ForeignCopy(
        f"{output.name} was made from another video or with other settings"
        f"{'' if belongs else ', or changed since'}, so corrections cannot be applied to it; "
        "give --overwrite to render the whole video again"
    )


def _has_frames(task: CopyTask, metadata: TableMetadata, table: RedactionTable) -> bool:
    """Return whether the frames of a table are those of the source, by their time stamps."""
    pts, source = task.source.index.pts, task.source
    is_inside = not len(table) or int(table.frame_index.max()) < len(pts)
    return (
        metadata.time_base == source.video.time_base
        and is_inside
        and np.array_equal(table.pts, pts[table.frame_index])
    )


def _changed_frames(table: RedactionTable, corrections: CorrectionPlan, frames: range) -> set[int]:
    """Return the frames whose redactions, or the corrections behind them, are not as before."""
    was_corrected = (table.origins == ORIGINS.index("corrected")) | ~table.applied
    candidates = set(table.frame_index[was_corrected].tolist())
    candidates.update(frame for span in corrections.spans for frame in span if frame in frames)
    before = redactions_by_frame(table, table.applied, candidates)
    automatic = automatic_redactions(table, candidates)
    ids_before = _correction_ids(table)
    changed: set[int] = set()
    for frame in candidates:
        applied, lifted = corrections.apply(frame, automatic.get(frame, []))
        ids = {*corrections.added_by(frame), *(key for key, _ in lifted)}
        is_same = _key(applied) == _key(before.get(frame, []))
        if not (is_same and ids == ids_before.get(frame, set())):
            changed.add(frame)
    return changed


def _correction_ids(table: RedactionTable) -> dict[int, set[str]]:
    """Return which corrections a table names in each frame that has one."""
    named: dict[int, set[str]] = {}
    for place, key in enumerate(table.corrections):
        if key is not None:
            named.setdefault(int(table.frame_index[place]), set()).add(key)
    return named


def _key(redactions: Sequence[Redaction]) -> set[tuple[float, ...]]:
    """Return what decides the pixels of a frame."""
    return {redaction.box_xyxy_px for redaction in redactions}
