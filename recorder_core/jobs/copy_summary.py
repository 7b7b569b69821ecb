"""What a run did, and what is printed of it: first for who looks at the copy, then the details."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from recorder_core.deidentify.stage_clock import StageTime, Thread
from recorder_core.jobs.copy_warnings import WarningKind, copy_warnings, moment_text
from recorder_core.jobs.doubtful_tracks import DoubtReason
from recorder_core.jobs.sidecars import sidecar
from recorder_core.model.html import html_text

__all__ = ["DeidentifyResult", "summarise", "urgent_lines"]

#: as many tracks that are in doubt are named one by one
_SHOWN_TRACKS: Final = 12
#: and so many stretches without audio
_SHOWN_STRETCHES: Final = 12
#: what is said above everything else; the rest has lines of its own in the summary
_FIRST: Final[tuple[WarningKind, ...]] = ("lowered_safety", "nothing_redacted", "lifted_faces")
_SEEN: Final[tuple[WarningKind, ...]] = ("exposed_faces", "faces_outside_view")
_DOUBTS: Final[dict[DoubtReason, str]] = {
    "implausible_size": "much larger than the faces around it",
    "weak_detection": "the detector was seldom sure of it",
}


@dataclass(frozen=True, slots=True)
class DeidentifyResult:
    """What a run did."""

    output: Path
    frames: int
    #: what was written to the report file
    report: dict[str, Any] = field(repr=False)
    #: every row of the stage table, the ten stages first
    stage_times: list[StageTime] = field(repr=False)
    unexplained_seconds: dict[Thread, float] = field(repr=False)
    wall_seconds: float

    def _repr_html_(self) -> str:
        return html_text(summarise(self))


def summarise(result: DeidentifyResult) -> str:
    """Say for who looks at the copy what was done, which moments are in doubt, what is next."""
    report = result.report
    found = report["redactions"]
    lines = [
        f"{result.output.name}: {_faces(found['tracks'])} followed{_in_doubt(report)}, hidden in "
        f"{found['pictures_without_lifted_faces']} of {result.frames} frames (who leaves and comes "
        "back counts again)",
    ]
    lines += _lines(report, *_FIRST)
    if found["lifted_by_corrections"]:
        lines.append(f"lifted by corrections: {found['lifted_by_corrections']} regions")
    lines += [
        f"correction {key} lifted nothing: no redaction has its centre in the box"
        for key in found["idle_removals"]
    ]
    lines += _doubts(report)
    lines += [
        f"blacked out: frames {first} to {stop - 1}"
        for first, stop in report["unreadable_pictures"]
    ]
    lines += _without_audio(report["without_audio_seconds"])
    if report["cut_off"]:
        lines.append("the source ends before its index says so; the copy ends there too")
    return "\n".join([*lines, *_next_steps(result), "", *_details(result)])


def urgent_lines(report: dict[str, Any]) -> list[str]:
    """Return what must be said of a copy also where nothing else is, from its report."""
    return _lines(report, *_FIRST, *_SEEN)


def _lines(report: dict[str, Any], *kinds: WarningKind) -> list[str]:
    found = [each for each in copy_warnings(report) if each.kind in kinds]
    return [line for each in found for line in each.lines]


def _doubts(report: dict[str, Any]) -> list[str]:
    """Say where faces may have been missed."""
    look = report["second_look"]
    hidden_in = len({face["frame_index"] for face in look["hidden"]})
    lines = [
        f"second look: {look['frames']} frames of the copy searched again, "
        f"faces that only it saw in {hidden_in} of them hidden too, "
        f"{len(look['exposed'])} beside redactions, "
        f"{len(look['outside_view'])} outside the view"
    ]
    lines += [
        f"look at {moment_text(face['seconds'])}: only the second look saw a face, now hidden; are "
        "others like it?"
        for face in look["hidden"]
    ]
    lines += [
        f"look at {moment_text(face['seconds'])}: a face is seen beside the redactions"
        for face in look["exposed"]
    ]
    lines += [
        f"look at {moment_text(start)} to {moment_text(stop)}: no face, but before and after"
        for start, stop in report["stretches_without_faces_seconds"]
    ]
    lines += [
        f"look at {moment_text(start)} to {moment_text(stop)}: a face was hidden without being seen"
        for start, stop in report["repaired_stretches_seconds"]
    ]
    return lines + _doubtful_tracks(report["doubtful_tracks"])


def _faces(count: int) -> str:
    return "1 face" if count == 1 else f"{count} faces"


def _in_doubt(report: dict[str, Any]) -> str:
    count = len(report["doubtful_tracks"])
    return f" ({count} of them in doubt)" if count else ""


def _doubtful_tracks(tracks: list[dict[str, Any]]) -> list[str]:
    """Say which tracks hide what is likely no face; the report has those that are not printed."""
    lines = [
        f"look at {moment_text(each['start_seconds'])} to {moment_text(each['stop_seconds'])}: "
        f"track {each['track']} hides what is likely no face ({_DOUBTS[each['reason']]}, best "
        f"score {each['best_score']:.2f})"
        for each in tracks[:_SHOWN_TRACKS]
    ]
    others = len(tracks) - len(lines)
    return lines + [f"... and {others} more such tracks, named in the report"] * (others > 0)


def _next_steps(result: DeidentifyResult) -> list[str]:
    """Say what a person does now."""
    return [
        "next: watch the whole copy before it leaves; no detector finds every face",
        f"      what is wrong: workbench corrections new FILE --for {result.output}",
    ]


def _details(result: DeidentifyResult) -> list[str]:
    """Say how it was done, for who wants to know."""
    report = result.report
    by_origin = report["redactions"]["by_origin"]
    origins = ", ".join(f"{count} {origin}" for origin, count in by_origin.items() if count)
    psnr = report["psnr_y_outside_redactions_db"]
    tables = ", ".join(sidecar(result.output, kind).name for kind in ("redactions", "detections"))
    lines = [
        f"detector   {report['detector']}",
        f"encoded    {report['copy']['encoded_pictures']} of {result.frames} frames, in "
        f"{result.wall_seconds:.1f} s (--times says where they went)",
        f"redactions {report['redactions']['regions']}: {origins or 'none'}",
    ]
    if psnr:
        lines.append(
            f"picture    outside the redactions PSNR-Y {psnr['mean']} dB, least {psnr['least']} dB"
        )
    return [
        *lines,
        f"video      {result.output}",
        f"tables     {tables}",
        f"report     {sidecar(result.output, 'report').name}",
        f"view       {sidecar(result.output, 'view').name}: what was taken for the room",
    ]


def _without_audio(stretches: list[tuple[int, float, float]]) -> list[str]:
    """Say when the source has no audio; the report has those that are not printed."""
    lines = [
        f"no audio in the source: stream {stream}, {moment_text(start)} to {moment_text(stop)}"
        for stream, start, stop in stretches[:_SHOWN_STRETCHES]
    ]
    others = len(stretches) - len(lines)
    return lines + [f"... and {others} more such stretches, named in the report"] * (others > 0)
