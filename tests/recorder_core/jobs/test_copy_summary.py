from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recorder_core.jobs import DeidentifyResult, sidecar
from recorder_core.jobs.copy_summary import describe_making, summarise
from recorder_core.jobs.stage_rows import STAGES
from recorder_core.timing import StageClock


@pytest.fixture
def result(finished: Path) -> DeidentifyResult:
    report: dict[str, Any] = json.loads(sidecar(finished, "report").read_text())
    for doubt in ("doubtful_tracks", "repaired_stretches_seconds"):
        report[doubt] = []
    return DeidentifyResult(finished, report["copy"]["pictures"], report, [], {}, 1.0)


def _doubt(track: int, start: float, stop: float, reason: str) -> dict[str, Any]:
    return {
        "track": track, "start_seconds": start, "stop_seconds": stop, "reason": reason,
        "best_score": 0.54,
    }  # fmt: skip


def _lines(result: DeidentifyResult, beginning: str) -> list[str]:
    return [line for line in summarise(result).splitlines() if line.startswith(beginning)]


def test_persons_come_first_and_all_is_short(result: DeidentifyResult) -> None:
    assert summarise(replace(result, output=Path("copy.mp4"))).splitlines() == [
        "copy.mp4: 3 faces (who returns counts again) hidden in 60 of 60 frames",
        *_lines(result, "LOWERED SAFETY"),
        *_lines(result, "second look"),
        "next: watch the whole copy before it leaves; no detector finds every face",
        "      what is wrong: workbench corrections new FILE --for copy.mp4",
        "      copy.view.jpg shows what was taken for the room",
        "      copy.report.json says more; so does --times of how it was made",
    ]


def test_how_a_copy_was_made_is_said_on_request(result: DeidentifyResult) -> None:
    made = describe_making(replace(result, stage_times=StageClock(STAGES).stage_times(1.0)))
    for word in ("detector   ", "encoded    60 of 60 frames", "redactions 1", "picture    "):
        assert word in made
        assert word not in summarise(result)


def test_doubtful_moments_come_with_their_times_and_why(result: DeidentifyResult) -> None:
    result.report["doubtful_tracks"] = [
        _doubt(4, 61.25, 64.05, "weak_detection"),
        _doubt(9, 3600.0, 3661.5, "implausible_size"),
    ]
    result.report["repaired_stretches_seconds"] = [[1.0, 2.5]]
    result.report["stretches_without_faces_seconds"] = [[0.0, 90.0]]
    assert _lines(result, "look at") == [
        "look at 0:00.0 to 1:30.0: no face, but before and after",
        "look at 0:01.0 to 0:02.5: a face was hidden without being seen",
        "look at 1:01.2 to 1:04.0: track 4, likely no face (seldom sure, at best 0.54)",
        "look at 1:00:00.0 to 1:01:01.5: track 9, likely no face (far too large, at best 0.54)",
    ]


def test_what_a_second_look_saw_is_named(result: DeidentifyResult) -> None:
    face = {"frame_index": 3, "seconds": 61.25}
    result.report["second_look"] |= {"hidden": [face], "exposed": [face, face]}
    assert _lines(result, "look at") == [
        "look at 1:01.2: a face that only the second look saw, now hidden"
    ]
    assert _lines(result, "2 faces") == ["2 faces seen beside the redactions, the first at 1:01.2"]


def test_of_many_moments_of_a_kind_the_first_are_printed(result: DeidentifyResult) -> None:
    result.report["doubtful_tracks"] = [_doubt(i, i, i + 1, "weak_detection") for i in range(15)]
    result.report["repaired_stretches_seconds"] = [[i, i + 0.5] for i in range(4)]
    assert len(_lines(result, "look at")) == 6
    assert _lines(result, "...") == [
        "... and 1 more such, named in the report",
        "... and 12 more such, named in the report",
    ]


def test_what_corrections_rendered_again_is_counted(result: DeidentifyResult) -> None:
    assert not _lines(result, "rendered again")
    result.report["copy"]["encoded_pictures"] = 15
    assert _lines(result, "rendered again") == ["rendered again: 15 of 60 frames"]


def test_each_lifted_face_is_named_and_its_frames_are_not_hidden(
    result: DeidentifyResult,
) -> None:
    result.report["lifted_faces"] = [
        {"track": 0, "start_seconds": 0.0, "stop_seconds": 4.0, "best_score": 0.999},
        {"track": 7, "start_seconds": 61.25, "stop_seconds": 62.0, "best_score": 0.5},
    ]
    result.report["redactions"]["pictures_without_lifted_faces"] = 12
    assert summarise(result).startswith(
        "copy.mp4: 3 faces (who returns counts again) hidden in 12 of 60 frames"
    )
    assert _lines(result, "VISIBLE") == [
        "VISIBLE: track 0, lifted by a correction from 0:00.0 to 0:04.0, looks like a face "
        "(0.999): look there",
        "VISIBLE: track 7, lifted by a correction from 1:01.2 to 1:02.0, looks like a face "
        "(0.500): look there",
    ]


def test_where_corrections_lifted_everything_that_is_why(result: DeidentifyResult) -> None:
    result.report["redactions"] |= {"regions": 0, "lifted_by_corrections": 180}
    (line,) = _lines(result, "NOTHING WAS REDACTED")
    assert line.startswith("NOTHING WAS REDACTED, since corrections lifted all of it")


def test_a_removal_that_lifted_nothing_is_named(result: DeidentifyResult) -> None:
    assert not _lines(result, "correction")
    result.report["redactions"]["idle_removals"] = ["2"]
    assert _lines(result, "correction") == [
        "correction 2 lifted nothing: no redaction has its centre in the box"
    ]


def test_stretches_without_audio_are_named(result: DeidentifyResult) -> None:
    assert not _lines(result, "no audio")
    result.report["without_audio_seconds"] = [[1, 61.3, 64.0], [2, 3600.0, 3661.5]]
    assert _lines(result, "no audio") == [
        "no audio in the source: stream 1, 1:01.3 to 1:04.0",
        "no audio in the source: stream 2, 1:00:00.0 to 1:01:01.5",
    ]
    result.report["without_audio_seconds"] = [[1, i, i + 0.5] for i in range(15)]
    assert len(_lines(result, "no audio")) == 3
    assert _lines(result, "...") == ["... and 12 more such, named in the report"]


def test_frames_are_counted_in_which_only_the_second_look_saw_faces(
    result: DeidentifyResult,
) -> None:
    faces = [{"frame_index": frame, "seconds": frame / 20} for frame in (3, 3, 9)]
    result.report["second_look"] |= {"frames": 7, "hidden": faces}
    (line,) = _lines(result, "second look")
    assert line == "second look: 7 frames searched again, faces in 2 that only it saw"
    result.report["second_look"]["hidden"] = []
    (line,) = _lines(result, "second look")
    assert line == "second look: 7 frames searched again, no other face to hide"
