"""What a run did, and what is printed of it: first for who looks at the copy, then the details."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from recorder_core.jobs.deidentify.report.contents import DeidentifyReport, PsnrDb
from recorder_core.jobs.deidentify.report.warnings import (
    FIRST_KINDS,
    SEEN_KINDS,
    first_lines,
    lines_of,
    span_text,
)
from recorder_core.jobs.deidentify.sidecars import sidecar
from recorder_core.model.values.counts import format_count
from recorder_core.model.values.html import html_text
from recorder_core.timing import StageTime, format_stage_table

__all__ = ["DeidentifyResult", "describe_making", "summarise"]

#: of one kind, as many moments are printed one by one
_SHOWN_MOMENTS: Final = 3


@dataclass(frozen=True, slots=True)
class DeidentifyResult:
    """What a run did."""

    output: Path
    frames: int
    #: what was written to the report file
    report: DeidentifyReport = field(repr=False)
    #: every row of the stage table, the ten stages first
    stage_times: list[StageTime] = field(repr=False)
    unexplained_seconds: dict[str, float] = field(repr=False)
    wall_seconds: float

    def _repr_html_(self) -> str:
        return html_text(summarise(self))


def summarise(result: DeidentifyResult) -> str:
    """Return for who looks at the copy what was done, which moments are in doubt, what is next."""
    report = result.report
    found = report.redactions
    faces = format_count(found.tracks or 0, "face")
    hidden = found.frames_without_lifted_faces
    lines = [
        f"{result.output.name}: {faces} (a person who returns counts again) hidden in {hidden} of "
        f"{result.frames} frames",
        *lines_of(report, *FIRST_KINDS),
        *_corrected(result),
        *_doubts(report),
    ]
    lines += first_lines(lines_of(report, "unreadable_frames"), _SHOWN_MOMENTS)
    lines += _without_audio(report.without_audio_seconds)
    if report.left_out_frames:
        left_out = format_count(report.left_out_frames, "frame")
        lines.append(
            f"left out: the first {left_out} of the source, which begins in the middle of a GOP; "
            "without what was cut away they cannot be decoded in full"
        )
    lines += lines_of(report, "cut_off")
    return "\n".join([*lines, *_next_steps(result.output)])


def _corrected(result: DeidentifyResult) -> list[str]:
    """Return what corrections did to a copy."""
    found, encoded = result.report.redactions, result.report.copy.encoded_frames or 0
    lines = []
    if encoded < result.frames:
        lines.append(f"rendered again: {encoded} of {result.frames} frames")
    if found.lifted_by_corrections:
        lines.append(f"lifted by corrections: {found.lifted_by_corrections} regions")
    return lines + [
        f"correction {key} lifted nothing: no redaction has its centre in the box"
        for key in found.idle_removals
    ]


def _doubts(report: DeidentifyReport) -> list[str]:
    """Return where faces may have been missed, and where something else was hidden."""
    look = report.second_look
    kinds = [
        lines_of(report, "hidden_by_second_look"),
        *([line] for line in lines_of(report, *SEEN_KINDS)),
        lines_of(report, "stretches_without_faces"),
        lines_of(report, "repaired_stretches"),
        lines_of(report, "doubtful_tracks"),
    ]
    hidden_in = len({face.frame_index for face in look.hidden})
    found = f"faces in {hidden_in} that only it saw" if hidden_in else "no other face to hide"
    lines = [f"second look: {format_count(look.frames, 'frame')} searched again, {found}"]
    return lines + [line for kind in kinds for line in first_lines(kind, _SHOWN_MOMENTS)]


def _next_steps(output: Path) -> list[str]:
    """Return what a person does now, and where more is said."""
    return [
        "next: watch the whole copy before it leaves; no detector finds every face",
        f"to correct it: workbench corrections new FILE --for {output}",
        f"      {sidecar(output, 'view').name} shows which part was taken for the room",
        f"      {sidecar(output, 'report').name} says more; --times shows how the copy was made",
    ]


def describe_making(result: DeidentifyResult) -> str:
    """Return how a copy was made: the detector, the machine, the quality and the times."""
    report = result.report
    by_origin = report.redactions.by_origin or {}
    origins = ", ".join(f"{count} {origin}" for origin, count in by_origin.items() if count)
    psnr = report.psnr_y_outside_redactions_db
    lines = [
        f"detector   {report.detector}",
        f"searched   {report.detection_frames or 0} of {result.frames} frames",
        f"encoded    {report.copy.encoded_frames} of {result.frames} frames, in "
        f"{result.wall_seconds:.1f} s",
        f"redactions {report.redactions.regions}: {origins or 'none'}",
    ]
    if isinstance(psnr, PsnrDb):
        lines.append(f"quality    outside the redactions PSNR-Y {psnr.mean} dB, min {psnr.min} dB")
    table = format_stage_table(result.stage_times, result.unexplained_seconds)
    return "\n".join([*lines, "", table])


def _without_audio(stretches: Sequence[tuple[int, float, float]]) -> list[str]:
    """Return when the source has no audio; the report has those that are not printed."""
    lines = [
        f"no audio in the source: stream {stream}, {span_text(start, stop)}"
        for stream, start, stop in stretches
    ]
    return first_lines(lines, _SHOWN_MOMENTS)
