from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from recorder_core.deidentify import SkippedFrame, SmoothingSettings, smooth_all
from recorder_core.jobs.deidentify.doubts.stretches import doubtful_tracks
from recorder_core.jobs.deidentify.report.contents import TrackStretch
from recorder_core.model import FrameDetections, View
from recorder_core.review import DoubtSettings, find_doubts
from recorder_core.tables import RedactionTable

VIEW = View(0, 0, 640, 360)
#: frames per second
RATE = 8


def _box(x: float, height: float) -> tuple[float, float, float, float]:
    return (x - height / 2, 170 - height / 2, x + height / 2, 170 + height / 2)


def _plan(*tracks: tuple[float, float, Sequence[float]]) -> RedactionTable:
    """Plan what the job would: each track has a place, a height, and a score per frame."""
    frames: list[FrameDetections | SkippedFrame] = []
    for index in range(max(len(scores) for _, _, scores in tracks)):
        seen = [
            (_box(x, height), scores[index])
            for x, height, scores in tracks
            if index < len(scores) and scores[index]
        ]
        boxes = np.array([box for box, _ in seen], np.float32).reshape(-1, 4)
        frames.append(FrameDetections(index, index, boxes, np.float32([s for _, s in seen])))
    decided = smooth_all(frames, SmoothingSettings(), VIEW, Fraction(1, RATE))
    rows = [redaction for row in decided.values() for redaction in row]
    return RedactionTable.from_redactions(rows, np.arange(len(frames)))


#: the detector is sure in two frames of three
UNSTEADY = [0.97, 0.3, 0.97] * 10
FACES = ((40.0, 30.0, [0.95] * 100), (120.0, 34.0, [0.9] * 100), (200.0, 40.0, [0.85] * 100))
WEAK = [0.0] * 20 + [0.2] * 10 + [0.54] + [0.2] * 50


def test_one_box_confirms_a_face_as_in_a_usual_job() -> None:
    assert DoubtSettings().sure_score == SmoothingSettings().birth_score


def test_faces_of_ordinary_sizes_are_not_in_doubt() -> None:
    assert find_doubts(_plan(*FACES), VIEW.height) == []


@pytest.mark.parametrize(("height", "reasons"), [(100, []), (110, ["implausible_size"])])
def test_a_box_three_times_as_high_as_the_faces_is_in_doubt(
    height: float, reasons: list[str]
) -> None:
    found = find_doubts(_plan(*FACES, (400, height, UNSTEADY)), VIEW.height)
    assert [each.reason for each in found] == reasons


@pytest.mark.parametrize(("height", "reasons"), [(140, []), (150, ["implausible_size"])])
def test_a_box_higher_than_two_fifths_of_the_view_is_in_doubt(
    height: float, reasons: list[str]
) -> None:
    # nobody else is there to say how large faces are
    found = find_doubts(_plan((320, height, UNSTEADY)), VIEW.height)
    assert [each.reason for each in found] == reasons


def test_who_stands_close_to_the_camera_is_not_in_doubt() -> None:
    assert find_doubts(_plan(*FACES, (400, 200, [0.97] * 30)), VIEW.height) == []


def test_who_is_seen_for_long_says_how_large_faces_are() -> None:
    # boxes in the endoscope's frame are more tracks than faces, but in fewer frames
    large = [
        (x, 130.0, [0.0] * start + UNSTEADY[:20]) for start, x in ((0, 300), (40, 450), (80, 600))
    ]
    found = find_doubts(_plan(*FACES[:2], *large), VIEW.height)
    assert [each.reason for each in found] == ["implausible_size"] * 3


def test_a_track_born_of_one_weak_detection_is_in_doubt() -> None:
    (found,) = find_doubts(_plan(*FACES, (500, 36, WEAK)), VIEW.height)
    assert (found.reason, found.best_score) == ("weak_detection", 0.54)
    # padded by 0.4 s, 3 frames, on both sides of what was seen in frames 20 to 80
    assert (found.first_frame, found.stop_frame) == (17, 84)


def test_a_track_of_weak_detections_alone_is_in_doubt() -> None:
    (found,) = find_doubts(_plan(*FACES, (500, 36, [0.3] * 20)), VIEW.height)
    assert (found.reason, found.best_score) == ("weak_detection", 0.3)


def test_limits_can_be_chosen() -> None:
    table = _plan(*FACES, (500, 36, WEAK))
    lenient = DoubtSettings(min_sure_share=0.0)
    assert find_doubts(table, VIEW.height, lenient) == []


def test_what_a_person_lifted_is_no_longer_in_doubt() -> None:
    table = _plan(*FACES, (500, 36, WEAK))
    (doubt,) = find_doubts(table, VIEW.height)
    lifted = replace(table, applied=table.tracks != doubt.track)
    assert find_doubts(lifted, VIEW.height) == []


def test_no_track_no_doubt() -> None:
    assert find_doubts(RedactionTable.from_redactions([], {}), VIEW.height) == []


def test_the_report_has_seconds_of_the_frames_own_time_stamps() -> None:
    table = _plan(*FACES, (500, 36, WEAK))
    # 10 frames per second until frame 50, 2 from there on; the job begins with the file's first
    pts = np.concatenate([np.arange(50) * 100, 5000 + np.arange(51) * 500])

    class _Video:
        time_base = Fraction(1, 1000)

        def seconds(self, units: int) -> float:
            return float(units * self.time_base)

    class _Index:
        durations = np.append(np.diff(pts), 500)

    source: Any = type("Source", (), {})()
    source.view, source.video, source.index = VIEW, _Video(), _Index()
    source.index.pts, source.first, source.stop = pts, 0, len(pts)
    assert doubtful_tracks(table, source) == [
        TrackStretch(
            track=3,
            start_seconds=1.7,
            stop_seconds=22.0,
            reason="weak_detection",
            best_score=0.54,
        )
    ]
