"""Apply corrections to a copy that exists; only what they touch is rendered again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from recorder_core.deidentify.corrections import CorrectionPlan
from recorder_core.errors import DataError, SettingsError
from recorder_core.jobs.copy_summary import DeidentifyResult
from recorder_core.jobs.copy_task import CopyTask, Rendering
from recorder_core.jobs.earlier_look import read_earlier_look
from recorder_core.jobs.faithful import (
    automatic_redactions,
    redactions_by_frame,
    with_quantizer,
)
from recorder_core.jobs.gop_rendering import GopRenderer, folder_beside
from recorder_core.jobs.lifted_tracks import check_tracks, track_lives
from recorder_core.jobs.progress import Progress
from recorder_core.jobs.publish import publish
from recorder_core.jobs.sidecars import sidecar
from recorder_core.media import hash_beside
from recorder_core.model import Redaction
from recorder_core.tables import (
    ORIGINS,
    RedactionTable,
    read_detections,
    read_metadata,
    read_redactions,
)

__all__ = ["fits", "rerender"]


def rerender(output: Path, task: CopyTask, progress: Progress) -> DeidentifyResult:
    """Apply corrections to an output that exists.

    Parameters
    ----------
    output : Path
        De-identified from the same source with the same settings; it is replaced.
    task : CopyTask
        As for the first rendering; its renderer has the corrections.
    progress : callable
        Called with the number of finished frames and of all frames to render.

    Raises
    ------
    SettingsError
        If the output was not made by this program from this source and these settings.
    """
    task = with_quantizer(task)
    source, renderer = task.source, task.renderer
    with renderer.clock.time("startup"):
        table = _read_plan(output, task.fingerprint)
        check_tracks(task.corrections, track_lives(table))
        changed = _changed_frames(table, renderer.corrections, range(source.first, source.stop))
    with folder_beside(output, "corrections") as folder:
        again = GopRenderer(task, folder, progress).render(output, changed, table)
        rendering = Rendering(
            parts=again.parts,
            redactions=again.redactions,
            detections=read_detections(sidecar(output, "detections")),
            rendered=again.rendered,
            detector="not run: the detections of the earlier rendering",
            encoded=again.spans,
            earlier_look=read_earlier_look(output),
        )
        return publish(output, task, rendering)


def fits(output: Path, task: CopyTask) -> bool:
    """Return whether corrections can be applied to an output without rendering all of it."""
    try:
        _read_plan(output, task.fingerprint)
    except SettingsError:
        return False
    return True


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
