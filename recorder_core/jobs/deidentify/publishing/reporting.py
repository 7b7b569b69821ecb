"""What is written beside a copy: the report of what was done and measured, and its tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np

from recorder_core.jobs.deidentify.doubts.lifted_faces import (
    count_hidden_frames,
    find_lifted_faces,
    lifted_stretches,
)
from recorder_core.jobs.deidentify.doubts.lowered_safety import (
    lowered_safety,
    sparse_detection,
    unlikely_stretch,
)
from recorder_core.jobs.deidentify.doubts.stretches import (
    doubtful_tracks,
    longest_repair,
    repaired_stretches,
    stretches_without_audio,
    stretches_without_faces,
)
from recorder_core.jobs.deidentify.publishing.verified_copy import VerifiedCopy
from recorder_core.jobs.deidentify.rendering.copy_task import CopyTask, Rendering
from recorder_core.jobs.deidentify.rendering.segments import RenderedSegment
from recorder_core.jobs.deidentify.report.contents import (
    REPORT_VERSION,
    DeidentifyReport,
    PsnrDb,
    RedactionCounts,
    ReportedCopy,
    ReportedSource,
)
from recorder_core.jobs.inputs.options import plain_options
from recorder_core.jobs.verification.seen_faces import SecondLook
from recorder_core.media import AudioPlan, EncoderSettings, psnr_db
from recorder_core.model import CorrectionKeyframe
from recorder_core.tables import (
    ORIGINS,
    RedactionTable,
    TableMetadata,
    write_detections,
    write_redactions,
)
from recorder_core.timing import StageTime
from recorder_core.version import __version__

__all__ = ["report_of", "times_of", "write_report", "write_tables"]


def report_of(
    task: CopyTask, verified: VerifiedCopy, copy: Path, audio: Sequence[AudioPlan]
) -> DeidentifyReport:
    """Return the report of what was done, but for its times; it names no file, person or place.

    Parameters
    ----------
    task : CopyTask
    verified : VerifiedCopy
    copy : Path
        The copy, under its temporary name.
    audio : sequence of AudioPlan
        What was done to the audio.
    """
    rendering, look = verified.rendering, verified.look
    source, table = task.source, rendering.redactions
    repaired_frames, repaired_seconds = longest_repair(table, source)
    lifted = find_lifted_faces(table, source, task.options)
    return DeidentifyReport(
        version=REPORT_VERSION,
        program=f"surgery-workbench {__version__}",
        job=task.fingerprint,
        source=_source(task),
        copy=_copy(task, verified, copy.stat().st_size),
        qp=task.renderer.encoder.qp,
        preset=_preset(task.renderer.encoder),
        settings=plain_options(task.options)
        | {"view_px": str(source.view), "frame_span": [source.first, source.stop]},
        lowered_safety=(
            *lowered_safety(task.options, source.view),
            *sparse_detection(source, task.options.stride),
            *unlikely_stretch(source.video.format.sample_aspect_ratio),
        ),
        detector=rendering.detector,
        weights=task.weights,
        detection_frames=len(np.unique(rendering.detections.frame_index)),
        redactions=_redaction_counts(task, table, count_hidden_frames(table, lifted)),
        corrections=tuple(dict.fromkeys(row.correction_id for row in task.corrections)),
        lifted_faces=tuple(lifted_stretches(lifted, source)),
        longest_repaired_gap_frames=repaired_frames,
        longest_repaired_gap_seconds=repaired_seconds,
        repaired_stretches_seconds=tuple(repaired_stretches(table, source)),
        stretches_without_faces_seconds=tuple(stretches_without_faces(table, source)),
        doubtful_tracks=tuple(doubtful_tracks(table, source)),
        second_look=look,
        unreadable_frames=tuple((gap.first_index, gap.stop_index) for gap in source.gaps),
        without_audio_seconds=tuple(stretches_without_audio(source)),
        cut_off=source.index.cut_off,
        left_out_frames=source.index.left_out_frames,
        psnr_y_outside_redactions_db=_psnr(rendering.rendered),
        verified=_verified(look, table),
        audio=tuple(map(str, audio)),
    )


def write_tables(
    paths: Mapping[str, Path], task: CopyTask, rendering: Rendering, report: DeidentifyReport
) -> None:
    """Write the tables of a copy under temporary names.

    Parameters
    ----------
    paths : mapping of str to Path
        Kinds of what lies beside a copy -> where it is written.
    task : CopyTask
    rendering : Rendering
    report : DeidentifyReport
        Of the copy; its times may be missing.
    """
    # the copy's hash: corrections must not be applied to a file that the table is not about
    settings = {
        **report.settings,
        "copy_sha256": report.copy.sha256,
        "source_sha256": task.source.sha256,
        "corrections": [astuple(row) for row in task.corrections],
    }
    metadata = TableMetadata(
        task.fingerprint, time_base=task.source.video.time_base, settings=settings
    )
    write_redactions(paths["redactions"], rendering.redactions, metadata)
    write_detections(paths["detections"], rendering.detections, metadata)


def write_report(path: Path, report: DeidentifyReport) -> None:
    """Write the report of a copy under a temporary name."""
    path.write_text(json.dumps(report.to_dict(), indent=2) + "\n", encoding="utf-8")


def times_of(stages: Sequence[StageTime], wall_seconds: float) -> dict[str, Any]:
    """Return the times of a run as its report has them: to the microsecond, by the rows' keys.

    Parameters
    ----------
    stages : sequence of StageTime
        Every row.
    wall_seconds : float
        Of the run, until its report is written.
    """
    rows = {
        item.row.key: {"seconds": round(item.total_seconds, 6), "calls": item.calls}
        for item in stages
    }
    return {"wall_seconds": round(wall_seconds, 6), "stages": rows}


def _copy(task: CopyTask, verified: VerifiedCopy, copy_bytes: int) -> ReportedCopy:
    return ReportedCopy(
        sha256=verified.copy_sha256,
        size_bytes=copy_bytes,
        codec=task.options.encoder.codec,
        frames=len(task.source),
        encoded_frames=sum(map(len, verified.rendering.encoded)),
    )


def _source(task: CopyTask) -> ReportedSource:
    source = task.source
    return ReportedSource(
        sha256=source.sha256,
        size_bytes=source.info.size_bytes,
        codec=source.video.codec,
        pixel_format=source.video.format.pixel_format,
        video_stream=source.video.stream_index,
        width=source.video.width,
        height=source.video.height,
        frames=len(source.index),
        room_sha256=source.room_sha256,
        not_carried_over=tuple(source.info.not_carried_over),
    )


def _verified(look: SecondLook, table: RedactionTable) -> tuple[str, ...]:
    return (
        f"{look.frames} frames of the copy were searched for faces again, in another scale",
        "size, frame count, timestamps, rotation and colour tags are the source's",
        "copied audio is the source's, byte for byte; converted audio starts and ends with it",
        "every planned redaction changed its pixels; two frames of each encoded segment "
        "were decoded and compared"
        if table.applied.any()
        else "no redaction was planned, so none was checked",
    )


def _preset(encoder: EncoderSettings) -> str | None:
    return encoder.used_preset if encoder.has_presets else None


def _redaction_counts(task: CopyTask, table: RedactionTable, hidden_frames: int) -> RedactionCounts:
    by_origin = np.bincount(table.origins[table.applied], minlength=len(ORIGINS))
    return RedactionCounts(
        regions=int(table.applied.sum()),
        frames=len(np.unique(table.frame_index[table.applied])),
        tracks=len(np.unique(table.tracks[table.tracks >= 0])),
        by_origin=dict(zip(ORIGINS, by_origin.tolist(), strict=True)),
        lifted_by_corrections=int((~table.applied).sum()),
        idle_removals=_idle_removals(task.corrections, table),
        frames_without_lifted_faces=hidden_frames,
    )


def _idle_removals(
    corrections: Sequence[CorrectionKeyframe], table: RedactionTable
) -> tuple[str, ...]:
    """Return the ids of corrections that were to lift something and lifted nothing."""
    lifting = {table.corrections[place] for place in np.flatnonzero(~table.applied)}
    removals = {row.correction_id for row in corrections if row.action == "remove"}
    return tuple(sorted(removals - lifting))


def _psnr(rendered: Sequence[RenderedSegment]) -> PsnrDb | None:
    """Return what all encoded frames have together, and the worst of them."""
    if not rendered:
        return None
    frames = [len(each.segment.pts) for each in rendered]
    error = float(np.average([each.mean_squared_error for each in rendered], weights=frames))
    worst = min(each.min_psnr_y_db for each in rendered)
    return PsnrDb(round(psnr_db(error), 2), round(worst, 2))
