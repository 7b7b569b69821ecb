"""Join, verify, write what lies beside the output, and only then give the output its name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from glob import escape
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from recorder_core.errors import AlreadyFinished, DataError, SettingsError
from recorder_core.jobs.deidentify.correcting.earlier_look import carry_on
from recorder_core.jobs.deidentify.correcting.lifted_tracks import check_tracks, track_lives
from recorder_core.jobs.deidentify.doubts.lifted_faces import (
    count_hidden_frames,
    find_lifted_faces,
    lifted_stretches,
)
from recorder_core.jobs.deidentify.doubts.lowered_safety import lowered_safety, rare_looks
from recorder_core.jobs.deidentify.doubts.stretches import (
    longest_repair,
    repaired_stretches,
    stretches_without_audio,
    stretches_without_faces,
)
from recorder_core.jobs.deidentify.doubts.tracks import doubtful_tracks
from recorder_core.jobs.deidentify.publishing.finished_copy import finished_copy
from recorder_core.jobs.deidentify.publishing.view_picture import write_view_picture
from recorder_core.jobs.deidentify.rendering.copy_task import CopyTask, Rendering
from recorder_core.jobs.deidentify.rendering.gops import GopRenderer, folder_beside
from recorder_core.jobs.deidentify.rendering.segments import RenderedSegment
from recorder_core.jobs.deidentify.report.contents import (
    REPORT_VERSION,
    DeidentifyReport,
    PsnrDb,
    RedactionCounts,
    ReportedCopy,
    ReportedSource,
)
from recorder_core.jobs.deidentify.report.summary import DeidentifyResult
from recorder_core.jobs.deidentify.sidecars import sidecar, sidecars
from recorder_core.jobs.looking.follow_faces import follow_faces
from recorder_core.jobs.looking.second_look import ATTEMPTS, FaceJudge, look_again
from recorder_core.jobs.looking.seen_faces import SecondLook
from recorder_core.jobs.options import plain_options
from recorder_core.media import (
    EncoderSettings,
    assemble,
    hash_beside,
    plan_audio,
    verify_output,
)
from recorder_core.model import CorrectionKeyframe
from recorder_core.tables import (
    ORIGINS,
    RedactionTable,
    TableMetadata,
    join_tables,
    write_detections,
    write_redactions,
)
from recorder_core.timing import StageClock
from recorder_core.version import __version__

__all__ = [
    "publish",
    "refuse_existing",
    "refuse_foreign_tables",
]


def refuse_foreign_tables(output: Path, *, replace: bool) -> None:
    """Refuse an output whose tables and report would replace those of another copy.

    Copies that differ only in their suffix have the same names beside them.

    Parameters
    ----------
    output : Path
        Not written yet, or to be replaced.
    replace : bool
        Whether tables without a copy may be replaced.

    Raises
    ------
    SettingsError
        If they belong to another file, or to none and `replace` is False.
    """
    names = list(sidecars(output).values())
    beside = next((path for path in names if path.exists()), None)
    if beside is None:
        return
    report = _read_report(sidecar(output, "report"))
    size = report.copy.size_bytes if report else None
    for other in output.parent.glob(f"{escape(output.stem)}.*"):
        is_other = other not in names and other.is_file() and other.name != output.name
        if is_other and other.stat().st_size == size:
            raise SettingsError(
                f"the tables and the report of {output.name} would replace those of "
                f"{other.name}; give the copy another name"
            )
    if not (replace or output.exists()):
        raise SettingsError(
            f"{beside.name} exists without its copy {output.name}; give --overwrite to replace "
            "it, or another name"
        )


def refuse_existing(output: Path, fingerprint: str) -> NoReturn:
    """Refuse to replace an output.

    Raises
    ------
    AlreadyFinished
        If its report says that it is whole and was made by the same job.
    SettingsError
        If it is anything else.
    """
    report = _read_report(sidecar(output, "report"))
    sentence = f"{output.name} exists; give --overwrite to replace it"
    if report and report.job == fingerprint and report.copy.size_bytes == output.stat().st_size:
        raise AlreadyFinished(
            f"{sentence}: it was made from this video with these settings", output
        )
    if report:
        sentence += ": it was made from another video, or with other settings"
    raise SettingsError(sentence)


def _read_report(path: Path) -> DeidentifyReport | None:
    """Return what a report says; None where there is none that can be read."""
    try:
        return DeidentifyReport.from_json(path.read_bytes())
    except (OSError, DataError):
        return None


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
    clock, source, audio = task.renderer.clock, task.source, task.options.audio
    clock.frames = len(source)
    refuse_foreign_tables(output, replace=True)  # another run may have made some meanwhile
    with finished_copy(output, sidecars(output)) as (temporary, beside):
        finished = _finish(temporary, output, task, rendering)
        with clock.time("saving"):
            report = replace(
                _report(task, finished, temporary.stat().st_size),
                audio=tuple(
                    str(plan)
                    for plan in plan_audio(
                        output, source.info, audio, source.copy_index.audio_changes
                    )
                ),
                times=_times(clock),
            )
            table = finished.rendering.redactions
            _write_sidecars(beside, task, finished.rendering, report)
            write_view_picture(beside["view"], temporary, source, table)
    wall = clock.wall_seconds
    return DeidentifyResult(
        output,
        len(source),
        report,
        clock.stage_times(wall),
        clock.unexplained_seconds(wall),
        wall,
    )


@dataclass(frozen=True, slots=True)
class _Finished:
    """A copy that was verified and searched again."""

    rendering: Rendering
    look: SecondLook
    copy_sha256: str


def _finish(copy: Path, output: Path, task: CopyTask, rendering: Rendering) -> _Finished:
    """Write a copy; hide in it what a second look still sees, and look again.

    Where the job itself hid nothing, the second look has nothing to add to: it refuses.
    """
    earlier, whole = rendering.earlier_look, [range(task.source.first, task.source.stop)]
    finished = _assemble(copy, task, rendering, whole if earlier is None else rendering.encoded)
    with folder_beside(output, "hiding") as folder:
        for attempt in range(ATTEMPTS):
            if not (finished.look.exposed and len(rendering.redactions)):
                break
            place = folder / str(attempt)
            finished = _hide_seen(copy, task, finished, place)
    table = finished.rendering.redactions
    if earlier is not None:
        judge = FaceJudge(task.source.view, task.options.redaction, table)
        finished = replace(finished, look=carry_on(earlier, finished.look, judge))
    check_tracks(task.corrections, track_lives(table))
    task.allowed.check(finished.look, table, task.source)
    task.source.media.check_unchanged()
    return finished


def _assemble(
    copy: Path, task: CopyTask, rendering: Rendering, looked_at: Sequence[range]
) -> _Finished:
    """Write a copy from its pieces, verify it, and search some of its frames again."""
    clock, source, audio = task.renderer.clock, task.source, task.options.audio
    with clock.time("assembly"):
        assemble(rendering.parts, source.info, source.copy_index, copy, audio)
    with hash_beside(copy) as copy_sha256, clock.time("verification"):
        verify_output(copy, source.info, source.copy_index, audio, task.options.encoder.codec)
        look = look_again(copy, source, task.options, rendering.redactions, looked_at)
        return _Finished(rendering, look, copy_sha256())


def _hide_seen(copy: Path, task: CopyTask, finished: _Finished, folder: Path) -> _Finished:
    """Hide what the second look saw, in the frames around as well, and look there again."""
    folder.mkdir()
    earlier = finished.rendering
    with task.renderer.clock.time("verification"):
        seen = follow_faces(finished.look.exposed, task.source, task.options, earlier.redactions)
    looked_at = copy.replace(folder / copy.name)
    planned = join_tables([earlier.redactions, seen], in_order=False)
    again = GopRenderer(task, folder).render(looked_at, set(seen.frame_index.tolist()), planned)
    rendering = replace(
        earlier,
        parts=again.parts,
        redactions=again.redactions,
        rendered=[*earlier.rendered, *again.rendered],
    )
    hidden = _assemble(copy, task, rendering, again.spans)
    return replace(hidden, look=finished.look.then(hidden.look))


def _write_sidecars(
    paths: Mapping[str, Path], task: CopyTask, rendering: Rendering, report: DeidentifyReport
) -> None:
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
    paths["report"].write_text(json.dumps(report.to_dict(), indent=2) + "\n", encoding="utf-8")


def _report(task: CopyTask, finished: _Finished, copy_bytes: int) -> DeidentifyReport:
    """Return the report of what was done; it names no file, person or place."""
    rendering, look = finished.rendering, finished.look
    source, table = task.source, rendering.redactions
    repaired_frames, repaired_seconds = longest_repair(table, source)
    lifted = find_lifted_faces(table, source, task.options)
    return DeidentifyReport(
        version=REPORT_VERSION,
        program=f"surgery-workbench {__version__}",
        job=task.fingerprint,
        source=_source(task),
        copy=_copy(task, finished, copy_bytes),
        qp=task.renderer.encoder.qp,
        preset=_preset(task.renderer.encoder),
        settings=plain_options(task.options)
        | {"view_px": str(source.view), "frame_span": [source.first, source.stop]},
        lowered_safety=(
            *lowered_safety(task.options, source.view),
            *rare_looks(source, task.options.stride),
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
        psnr_y_outside_redactions_db=_psnr(rendering.rendered),
        verified=_verified(look, table),
    )


def _copy(task: CopyTask, finished: _Finished, copy_bytes: int) -> ReportedCopy:
    return ReportedCopy(
        sha256=finished.copy_sha256,
        size_bytes=copy_bytes,
        codec=task.options.encoder.codec,
        frames=len(task.source),
        encoded_frames=sum(map(len, finished.rendering.encoded)),
    )


def _source(task: CopyTask) -> ReportedSource:
    source = task.source
    return ReportedSource(
        sha256=source.sha256,
        size_bytes=source.info.size_bytes,
        codec=source.video.codec,
        pixel_format=source.video.pixel_format,
        video_stream=source.video.stream_index,
        width=source.video.width,
        height=source.video.height,
        frames=len(source.index),
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


def _times(clock: StageClock) -> dict[str, Any]:
    """Return how long what is done until the report is written took."""
    wall = clock.wall_seconds
    stages = {
        item.row.key: {"seconds": round(item.total_seconds, 4), "calls": item.calls}
        for item in clock.stage_times(wall)
    }
    return {"wall_seconds": round(wall, 3), "stages": stages}


def _psnr(rendered: Sequence[RenderedSegment]) -> PsnrDb | None:
    """Return the mean of the checked frames, and the worst of all frames."""
    if not rendered:
        return None
    mean = float(np.mean([each.psnr_y_db for each in rendered]))
    return PsnrDb(round(mean, 2), round(min(each.min_psnr_y_db for each in rendered), 2))
