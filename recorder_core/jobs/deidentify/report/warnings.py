"""What the report beside a copy warns of: for who made the copy, and for who releases it.

The two need not be the same person: what is said after a job is said again wherever the copy
is opened, released or printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from recorder_core.jobs.deidentify.report.contents import (
    DeidentifyReport,
    RedactionCounts,
    TrackStretch,
)
from recorder_core.jobs.verification.seen_faces import SeenFace
from recorder_core.review.moments import DoubtReason

__all__ = [
    "FIRST_KINDS",
    "SEEN_KINDS",
    "CopyWarning",
    "WarningKind",
    "copy_warnings",
    "first_lines",
    "lines_of",
    "moment_text",
    "span_lines",
    "urgent_lines",
]

WarningKind: TypeAlias = Literal[
    "lowered_safety",
    "nothing_redacted",
    "lifted_faces",
    "exposed_faces",
    "faces_outside_view",
    "unreadable_frames",
    "cut_off",
    "doubtful_tracks",
    "stretches_without_faces",
    "hidden_by_second_look",
    "repaired_stretches",
    "unreadable_report",
]

#: what is said above everything else; the rest has lines of its own in the summary
FIRST_KINDS: Final[tuple[WarningKind, ...]] = ("lowered_safety", "nothing_redacted", "lifted_faces")
SEEN_KINDS: Final[tuple[WarningKind, ...]] = ("exposed_faces", "faces_outside_view")
_DOUBTS: Final[dict[DoubtReason, str]] = {
    "implausible_size": "far too large",
    "weak_detection": "rarely certain",
}
_SHOWS_ALL: Final = "the copy shows all that the source shows"
_GUESSED: Final = "the detector lost a face, so where it is hidden is a guess"
_CUT_OFF: Final = "the source ends before its index says so; the copy ends there too"


@dataclass(frozen=True, slots=True)
class CopyWarning:
    """One thing that may be wrong with a copy."""

    kind: WarningKind
    #: how many there are of them
    count: int
    #: a line of English for each, or one for all
    lines: tuple[str, ...]


def copy_warnings(report: DeidentifyReport) -> list[CopyWarning]:
    """Return what a report warns of, worst first; empty for a copy without a doubt.

    Parameters
    ----------
    report : DeidentifyReport
        Of a video or picture, also of an earlier version.
    """
    exposed, outside = report.second_look.exposed, report.second_look.outside_view
    without, repaired = report.stretches_without_faces_seconds, report.repaired_stretches_seconds
    found: list[tuple[WarningKind, int, list[str]]] = [
        ("lowered_safety", 0, [f"LOWERED SAFETY: {each}" for each in report.lowered_safety]),
        ("nothing_redacted", 0, _nothing_redacted(report.redactions, bool(exposed or outside))),
        ("lifted_faces", 0, [_lifted(each) for each in report.lifted_faces]),
        ("exposed_faces", len(exposed), _seen(exposed, "seen beside the redactions")),
        ("faces_outside_view", len(outside), _seen(outside, "seen outside the view")),
        ("unreadable_frames", 0, [_black(*each) for each in report.unreadable_frames]),
        ("cut_off", 0, [_CUT_OFF] * report.cut_off),
        ("doubtful_tracks", 0, [_doubtful(each) for each in report.doubtful_tracks]),
        ("stretches_without_faces", 0, span_lines(without, "no face, but before and after")),
        ("hidden_by_second_look", 0, [_hidden(each) for each in report.second_look.hidden]),
        ("repaired_stretches", 0, span_lines(repaired, _GUESSED)),
    ]
    return [
        CopyWarning(kind, count or len(lines), tuple(lines))
        for kind, count, lines in found
        if lines
    ]


def lines_of(report: DeidentifyReport, *kinds: WarningKind) -> list[str]:
    """Return the lines of some kinds of warnings of a report, worst first."""
    found = [each for each in copy_warnings(report) if each.kind in kinds]
    return [line for each in found for line in each.lines]


def urgent_lines(report: DeidentifyReport) -> list[str]:
    """Return what must be said of a copy also where nothing else is, from its report."""
    return lines_of(report, *FIRST_KINDS, *SEEN_KINDS)


def _nothing_redacted(redactions: RedactionCounts, were_seen: bool) -> list[str]:
    if redactions.regions:
        return []
    # nothing is lifted in a picture
    is_lifted = redactions.lifted_by_corrections
    why = "corrections lifted all of it" if is_lifted else "nobody was seen"
    if were_seen:
        why = "the first look found no face that is sure enough"
    return [f"NOTHING WAS REDACTED, since {why}: {_SHOWS_ALL}"]


def _lifted(face: TrackStretch) -> str:
    return (
        f"VISIBLE: track {face.track}, lifted by a correction from "
        f"{moment_text(face.start_seconds)} to {moment_text(face.stop_seconds)}, looks like "
        f"a face ({face.best_score or 0.0:.3f}): look there"
    )


def _seen(faces: Sequence[SeenFace], where: str) -> list[str]:
    if not faces:
        return []
    count = "1 face" if len(faces) == 1 else f"{len(faces)} faces"
    return [f"{count} {where}, the first at {moment_text(faces[0].seconds)}"]


def _hidden(face: SeenFace) -> str:
    return f"look at {moment_text(face.seconds)}: a face that only the second look saw, now hidden"


def _black(first: int, stop: int) -> str:
    return f"blacked out: frames {first} to {stop - 1}"


def _doubtful(track: TrackStretch) -> str:
    why = ""
    if track.reason is not None and track.best_score is not None:
        why = f" ({_DOUBTS[track.reason]}, at best {track.best_score:.2f})"
    span = track.start_seconds, track.stop_seconds
    return span_lines([span], f"track {track.track}, likely no face{why}")[0]


def span_lines(spans: Iterable[tuple[float, float]], what: str) -> list[str]:
    """Return a line for each stretch of time in which a person should look.

    Parameters
    ----------
    spans : iterable of tuple
        Start and stop, in seconds after the first frame.
    what : str
        Is to be seen there.
    """
    return [f"look at {span_text(start, stop)}: {what}" for start, stop in spans]


def first_lines(lines: Sequence[str], most: int) -> list[str]:
    """Return the first lines of one kind, and how many more the report names.

    Parameters
    ----------
    lines : sequence of str
        One for each moment or thing.
    most : int
        How many of them to keep.
    """
    others = len(lines) - most
    return [*lines[:most], *[f"... and {others} more, listed in the report"] * (others > 0)]


def span_text(start_seconds: float, stop_seconds: float) -> str:
    """Return from when to when as players show it; one time where both show the same.

    Parameters
    ----------
    start_seconds, stop_seconds : float
        After the first frame.
    """
    start, stop = moment_text(start_seconds), moment_text(stop_seconds)
    return start if start == stop else f"{start} to {stop}"


def moment_text(seconds: float) -> str:
    """Return a time as players show it, with tenths: 1:02:03.4.

    Parameters
    ----------
    seconds : float
        After the first frame.
    """
    tenths = int(seconds * 10 + 1e-6)
    hours, minutes = tenths // 36000, tenths // 600 % 60
    rest = f"{tenths // 10 % 60:02d}.{tenths % 10}"
    return f"{hours}:{minutes:02d}:{rest}" if hours else f"{minutes}:{rest}"
