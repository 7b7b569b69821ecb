from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from recorder_core.jobs import DeidentifyResult, sidecar
from recorder_core.jobs.deidentify.report.contents import DeidentifyReport
from recorder_core.jobs.deidentify.report.summary import describe_making, summarise
from recorder_core.jobs.pipeline.stage_rows import STAGES
from recorder_core.timing import StageClock


@dataclass
class Made:
    """A copy whose report a test changes."""

    output: Path
    frames: int
    report: dict[str, Any]

    def result(self) -> DeidentifyResult:
        report = DeidentifyReport.from_dict(self.report)
        times = StageClock(STAGES).stage_times(1.0)
        return DeidentifyResult(self.output, self.frames, report, times, {}, 1.0)


@pytest.fixture
def made(finished: Path) -> Made:
    report: dict[str, Any] = json.loads(sidecar(finished, "report").read_text())
    for doubt in ("doubtful_tracks", "repaired_stretches_seconds"):
        report[doubt] = []
    return Made(finished, report["copy"]["frames"], report)


def _summary(made: Made) -> str:
    return summarise(made.result())


def _doubt(track: int, start: float, stop: float, reason: str) -> dict[str, Any]:
    return {
        "track": track, "start_seconds": start, "stop_seconds": stop, "reason": reason,
        "best_score": 0.54,
    }  # fmt: skip


def _lines(made: Made, beginning: str) -> list[str]:
    return [line for line in _summary(made).splitlines() if line.startswith(beginning)]


def test_persons_come_first_and_all_is_short(made: Made) -> None:
    assert _summary(replace(made, output=Path("copy.mp4"))).splitlines() == [
        "copy.mp4: 3 faces (a person who returns counts again) hidden in 60 of 60 frames",
        *_lines(made, "LOWERED SAFETY"),
        *_lines(made, "second look"),
        "next: watch the whole copy before it leaves; no detector finds every face",
        "to correct it: workbench corrections new FILE --for copy.mp4",
        "      copy.view.jpg shows which part was taken for the room",
        "      copy.report.json says more; --times shows how the copy was made",
    ]


def test_how_a_copy_was_made_is_said_on_request(made: Made) -> None:
    text = describe_making(made.result())
    for word in (
        "detector   ",
        "searched   37 of 60 frames",
        "encoded    60 of 60 frames",
        "redactions 1",
        "quality    ",
    ):
        assert word in text
        assert word not in _summary(made)


def test_doubtful_moments_come_with_their_times_and_why(made: Made) -> None:
    made.report["doubtful_tracks"] = [
        _doubt(4, 61.25, 64.05, "weak_detection"),
        _doubt(9, 3600.0, 3661.5, "implausible_size"),
    ]
    made.report["repaired_stretches_seconds"] = [[1.0, 2.5]]
    made.report["stretches_without_faces_seconds"] = [[0.0, 90.0]]
    assert _lines(made, "look at") == [
        "look at 0:00.0 to 1:30.0: no face, but before and after",
        "look at 0:01.0 to 0:02.5: the detector lost a face, so where it is hidden is a guess",
        "look at 1:01.2 to 1:04.0: track 4, likely no face (rarely certain, at best 0.54)",
        "look at 1:00:00.0 to 1:01:01.5: track 9, likely no face (far too large, at best 0.54)",
    ]


def test_what_a_second_look_saw_is_named(made: Made) -> None:
    face = {"frame_index": 3, "seconds": 61.25, "score": 0.8, "box_xyxy_px": [0, 0, 9, 9]}
    made.report["second_look"] |= {"hidden": [face], "exposed": [face, face]}
    assert _lines(made, "look at") == [
        "look at 1:01.2: a face that only the second look saw, now hidden"
    ]
    assert _lines(made, "2 faces") == ["2 faces seen beside the redactions, the first at 1:01.2"]


def test_of_many_moments_of_a_kind_the_first_are_printed(made: Made) -> None:
    made.report["doubtful_tracks"] = [_doubt(i, i, i + 1, "weak_detection") for i in range(15)]
    made.report["repaired_stretches_seconds"] = [[i, i + 0.5] for i in range(4)]
    assert len(_lines(made, "look at")) == 6
    assert _lines(made, "...") == [
        "... and 1 more, listed in the report",
        "... and 12 more, listed in the report",
    ]


def test_what_corrections_rendered_again_is_counted(made: Made) -> None:
    assert not _lines(made, "rendered again")
    made.report["copy"]["encoded_frames"] = 15
    assert _lines(made, "rendered again") == ["rendered again: 15 of 60 frames"]


def test_each_lifted_face_is_named_and_its_frames_are_not_hidden(
    made: Made,
) -> None:
    made.report["lifted_faces"] = [
        {"track": 0, "start_seconds": 0.0, "stop_seconds": 4.0, "best_score": 0.999},
        {"track": 7, "start_seconds": 61.25, "stop_seconds": 62.0, "best_score": 0.5},
    ]
    made.report["redactions"]["frames_without_lifted_faces"] = 12
    assert _summary(made).startswith(
        "copy.mp4: 3 faces (a person who returns counts again) hidden in 12 of 60 frames"
    )
    assert _lines(made, "VISIBLE") == [
        "VISIBLE: track 0, lifted by a correction from 0:00.0 to 0:04.0, looks like a face "
        "(0.999): look there",
        "VISIBLE: track 7, lifted by a correction from 1:01.2 to 1:02.0, looks like a face "
        "(0.500): look there",
    ]


def test_where_corrections_lifted_everything_that_is_why(made: Made) -> None:
    made.report["redactions"] |= {"regions": 0, "lifted_by_corrections": 180}
    (line,) = _lines(made, "NOTHING WAS REDACTED")
    assert line.startswith("NOTHING WAS REDACTED, since corrections lifted all of it")


def test_a_removal_that_lifted_nothing_is_named(made: Made) -> None:
    assert not _lines(made, "correction")
    made.report["redactions"]["idle_removals"] = ["2"]
    assert _lines(made, "correction") == [
        "correction 2 lifted nothing: no redaction has its centre in the box"
    ]


def test_stretches_without_audio_are_named(made: Made) -> None:
    assert not _lines(made, "no audio")
    made.report["without_audio_seconds"] = [[1, 61.3, 64.0], [2, 3600.0, 3661.5], [1, 2.005, 2.027]]
    assert _lines(made, "no audio") == [
        "no audio in the source: stream 1, 1:01.3 to 1:04.0",
        "no audio in the source: stream 2, 1:00:00.0 to 1:01:01.5",
        "no audio in the source: stream 1, 0:02.0",
    ]
    made.report["without_audio_seconds"] = [[1, i, i + 0.5] for i in range(15)]
    assert len(_lines(made, "no audio")) == 3
    assert _lines(made, "...") == ["... and 12 more, listed in the report"]


def test_frames_are_counted_in_which_only_the_second_look_saw_faces(
    made: Made,
) -> None:
    seen = {"score": 0.8, "box_xyxy_px": [0, 0, 9, 9]}
    faces = [{"frame_index": frame, "seconds": frame / 20, **seen} for frame in (3, 3, 9)]
    made.report["second_look"] |= {"frames": 7, "hidden": faces}
    (line,) = _lines(made, "second look")
    assert line == "second look: 7 frames searched again, faces in 2 that only it saw"
    made.report["second_look"]["hidden"] = []
    (line,) = _lines(made, "second look")
    assert line == "second look: 7 frames searched again, no other face to hide"
