from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recorder_core.jobs import sidecar
from recorder_core.jobs.deidentify.report.contents import DeidentifyReport
from recorder_core.jobs.deidentify.report.warnings import CopyWarning, copy_warnings, moment_text

SAFE: dict[str, Any] = {
    "source": {"sha256": "0" * 64},
    "copy": {"sha256": "1" * 64},
    "settings": {},
    "lowered_safety": [],
    "redactions": {"regions": 60, "lifted_by_corrections": 0},
    "lifted_faces": [],
    "second_look": {"frames": 9, "exposed": [], "outside_view": []},
    "doubtful_tracks": [],
    "stretches_without_faces_seconds": [],
}
FACE = {"frame_index": 30, "seconds": 61.25, "score": 0.9, "box_xyxy_px": [0, 0, 9, 9]}
SPAN = {"start_seconds": 1.0, "stop_seconds": 2.5, "track": 4}


def _warnings(report: dict[str, Any]) -> list[CopyWarning]:
    return copy_warnings(DeidentifyReport.from_dict(report))


def test_a_copy_without_a_doubt_has_no_warning() -> None:
    assert _warnings(SAFE) == []
    # a report of an earlier program
    earlier = {key: SAFE[key] for key in ("source", "copy", "settings")}
    assert _warnings(earlier | {"redactions": {"regions": 1}}) == []


@pytest.mark.parametrize(
    ("changed", "kind", "count", "line"),
    [
        ({"lowered_safety": ["a", "b"]}, "lowered_safety", 2, "LOWERED SAFETY: a"),
        (
            {"redactions": {"regions": 0}}, "nothing_redacted", 1,
            "NOTHING WAS REDACTED, since nobody was seen: the copy shows all that the source shows",
        ),
        (
            {"redactions": {"regions": 0, "lifted_by_corrections": 9}}, "nothing_redacted", 1,
            "NOTHING WAS REDACTED, since corrections lifted all of it: the copy shows all that the "
            "source shows",
        ),
        (
            {"lifted_faces": [SPAN | {"best_score": 0.999}]}, "lifted_faces", 1,
            "VISIBLE: track 4, lifted by a correction from 0:01.0 to 0:02.5, looks like a face "
            "(0.999): look there",
        ),
        (
            {"second_look": {"frames": 9, "exposed": [FACE, FACE]}}, "exposed_faces", 2,
            "2 faces seen beside the redactions, the first at 1:01.2",
        ),
        (
            {"second_look": {"frames": 9, "outside_view": [FACE]}}, "faces_outside_view", 1,
            "1 face seen outside the view, the first at 1:01.2",
        ),
        (
            {"unreadable_frames": [[498, 522], [603, 629]]}, "unreadable_frames", 2,
            "blacked out: frames 498 to 521",
        ),
        (
            {"cut_off": True}, "cut_off", 1,
            "the source ends before its index says so; the copy ends there too",
        ),
        (
            {"doubtful_tracks": [SPAN]}, "doubtful_tracks", 1,
            "look at 0:01.0 to 0:02.5: track 4, likely no face",
        ),
        (
            {"stretches_without_faces_seconds": [[0.0, 90.0]]}, "stretches_without_faces", 1,
            "look at 0:00.0 to 1:30.0: no face, but before and after",
        ),
        (
            {"second_look": {"frames": 9, "hidden": [FACE]}}, "hidden_by_second_look", 1,
            "look at 1:01.2: a face that only the second look saw, now hidden",
        ),
        (
            {"repaired_stretches_seconds": [[0.0, 2.6], [4.0, 5.0]]}, "repaired_stretches", 2,
            "look at 0:00.0 to 0:02.6: the detector lost a face, so where it is hidden is a guess",
        ),
    ],
)  # fmt: skip
def test_each_doubt_is_a_warning_of_its_kind(
    changed: dict[str, Any], kind: str, count: int, line: str
) -> None:
    (warning,) = _warnings(SAFE | changed)
    assert (warning.kind, warning.count, warning.lines[0]) == (kind, count, line)


def test_the_report_of_a_job_can_be_read(finished: Path) -> None:
    report = json.loads(sidecar(finished, "report").read_text())
    kinds = {warning.kind for warning in _warnings(report)}
    found = {key: report[key] for key in ("lowered_safety", "doubtful_tracks")} | {
        "hidden_by_second_look": report["second_look"]["hidden"],
        "repaired_stretches": report["repaired_stretches_seconds"],
    }
    assert kinds == {key for key, each in found.items() if each}


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00.0"), (0.3, "0:00.3"), (61.25, "1:01.2"), (3661.5, "1:01:01.5")]
)
def test_a_moment_is_written_as_players_show_it(seconds: float, text: str) -> None:
    assert moment_text(seconds) == text


def test_a_copy_without_a_redaction_in_which_faces_are_seen_does_not_say_nobody() -> None:
    seen = {"redactions": {"regions": 0}, "second_look": {"frames": 9, "exposed": [FACE]}}
    lines = [line for warning in _warnings(SAFE | seen) for line in warning.lines]
    assert not any("nobody" in line for line in lines)
    assert any("NOTHING WAS REDACTED, since the first look found no face" in line for line in lines)
    assert "1 face seen beside the redactions, the first at 1:01.2" in lines
