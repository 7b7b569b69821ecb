from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from recorder_core.deidentify import SmoothingSettings, smooth_all
from recorder_core.errors import DataError
from recorder_core.model import FrameDetections, Planes, View
from recorder_core.review import (
    Evidence,
    Moment,
    RankingSettings,
    Reason,
    SeenBoxes,
    Timeline,
    cell_means,
    rank_evidence,
)
from recorder_core.review.moments import joined_risk
from recorder_core.tables import RedactionTable

#: frames per second, of half a minute
RATE = 10
FRAMES = 300
VIEW = View(0, 0, 640, 360)
ALWAYS = range(FRAMES)
#: centre and height of a face, when it is seen, and with which score
Face = tuple[float, float, float, range, float]


def _box(face: Face) -> tuple[float, float, float, float]:
    x, y, height = face[:3]
    return (x - height / 2, y - height / 2, x + height / 2, y + height / 2)


def _evidence(*faces: Face) -> Evidence:
    """Return what the job knows of a video in which the detector sees these faces."""
    looks, frames = [], []
    for index in range(FRAMES):
        now = [face for face in faces if index in face[3]]
        boxes = np.array([_box(face) for face in now], np.float32).reshape(-1, 4)
        scores = np.array([face[4] for face in now], np.float32)
        frames.append(FrameDetections(index, index, boxes, scores))
        looks.append(SeenBoxes(index, boxes.astype(float), scores))
    decided = smooth_all(frames, SmoothingSettings(), VIEW, Fraction(1, RATE))
    rows = [redaction for row in decided.values() for redaction in row]
    table = RedactionTable.from_redactions(rows, np.arange(FRAMES))
    timeline = Timeline(np.arange(FRAMES) / RATE, VIEW, range(FRAMES))
    return Evidence(timeline, table, looks)


def _suspicious(evidence: Evidence) -> list[Moment]:
    return [moment for moment in rank_evidence(evidence) if not moment.is_spot_check]


def _kinds(moment: Moment) -> list[str]:
    return [reason.kind for reason in moment.reasons]


def _contains(moment: Moment, x: float, y: float) -> bool:
    x0, y0, x1, y1 = moment.region_xyxy_px
    return x0 <= x < x1 and y0 <= y < y1


def test_steady_faces_leave_only_spot_checks() -> None:
    moments = rank_evidence(_evidence((200, 150, 40, ALWAYS, 0.9), (400, 150, 40, ALWAYS, 0.95)))
    assert [moment.is_spot_check for moment in moments] == [True]
    assert moments[0].stop_seconds - moments[0].start_seconds == pytest.approx(4.0)
    assert moments[0].region_xyxy_px == (0, 0, 640, 360)


def test_a_track_that_ends_inside_the_frame_is_a_moment_after_its_end() -> None:
    moments = _suspicious(_evidence((200, 150, 40, range(100), 0.9), (400, 150, 40, ALWAYS, 0.9)))
    assert _kinds(moments[0]) == ["track_ends"]
    # frame 102 is the last one that is padded
    assert (moments[0].first_frame, moments[0].stop_frame) == (102, 122)
    assert (moments[0].start_seconds, moments[0].stop_seconds) == (10.2, 12.2)
    assert _contains(moments[0], 200, 150)
    assert not _contains(moments[0], 400, 150)
    assert moments[0].sentence == "Track ends inside the frame · 2.0 s · person 0"


def test_a_track_that_begins_inside_the_frame_is_a_moment_before_its_begin() -> None:
    moments = _suspicious(_evidence((200, 150, 40, range(100, FRAMES), 0.9)))
    assert _kinds(moments[0]) == ["track_begins"]
    assert (moments[0].first_frame, moments[0].stop_frame) == (77, 97)
    assert _contains(moments[0], 200, 150)


@pytest.mark.parametrize("x", [15, 625])
def test_a_face_that_leaves_at_the_edge_of_the_view_is_no_moment(x: float) -> None:
    assert _suspicious(_evidence((x, 150, 40, range(100), 0.9))) == []


def test_a_person_who_is_lost_and_found_again_is_one_moment_between() -> None:
    lost = [(200, 150, 40, range(100), 0.9), (210, 155, 40, range(150, FRAMES), 0.9)]
    moments = _suspicious(_evidence(*lost, (400, 150, 40, ALWAYS, 0.9)))
    kinds = _kinds(moments[0])
    assert kinds[0] == "track_interrupted"
    assert "count_drops" in kinds
    assert (moments[0].first_frame, moments[0].stop_frame) == (102, 147)
    assert len(moments) == 1


def test_a_surer_end_is_riskier() -> None:
    sure, unsure = ((200, 150, 40, range(100), score) for score in (0.95, 0.55))
    risks = [_suspicious(_evidence(face))[0].risk for face in (sure, unsure)]
    assert risks == [pytest.approx(0.05 + 0.25 * 0.95), pytest.approx(0.05 + 0.25 * 0.55)]


def test_a_filled_gap_names_its_length_and_person() -> None:
    gap = [(200, 150, 40, range(100), 0.9), (200, 150, 40, range(115, FRAMES), 0.9)]
    moments = _suspicious(_evidence(*gap))
    assert [_kinds(moment) for moment in moments] == [["filled_gap"]]
    assert (moments[0].first_frame, moments[0].stop_frame) == (100, 115)
    assert moments[0].sentence == "Gap is filled · 1.5 s · person 0"


def test_weak_boxes_that_never_became_a_track_are_a_moment() -> None:
    evidence = _evidence((200, 150, 40, ALWAYS, 0.9), (400, 150, 40, range(50, 90), 0.2))
    moments = _suspicious(evidence)
    assert [_kinds(moment) for moment in moments] == [["unconfirmed_boxes"]]
    assert (moments[0].first_frame, moments[0].stop_frame) == (50, 90)
    assert _contains(moments[0], 400, 150)


def test_what_a_second_look_sees_unredacted_is_the_riskiest() -> None:
    evidence = _evidence((200, 150, 40, range(100), 0.9))
    seen = np.array([_box((500, 200, 50, ALWAYS, 0.8)), _box((200, 150, 40, ALWAYS, 0.8))])
    looks = [SeenBoxes(index, seen, np.array([0.8, 0.8])) for index in range(0, 100, 5)]
    moments = _suspicious(replace(evidence, second_look=looks))
    assert _kinds(moments[0]) == ["face_seen_again"]
    assert moments[0].risk == pytest.approx(0.8)
    assert _contains(moments[0], 500, 200)
    assert not any(_contains(each, 500, 200) for each in moments[1:])


def test_a_redaction_that_a_person_lifted_hides_nothing() -> None:
    evidence = _evidence((200, 150, 40, ALWAYS, 0.9))
    lifted = np.zeros(len(evidence.redactions), bool)
    table = replace(evidence.redactions, applied=lifted)
    moments = _suspicious(replace(evidence, redactions=table))
    assert [_kinds(moment) for moment in moments] == [["unconfirmed_boxes"]]


def _planes(patch_x: int | None) -> Planes:
    """Return a grey frame with a patch of the colour of skin."""
    y, u, v = np.full((360, 640), 90, np.uint8), *np.full((2, 180, 320), 128, np.uint8)
    if patch_x is not None:
        y[160:208, patch_x : patch_x + 48] = 150
        u[80:104, patch_x // 2 : patch_x // 2 + 24] = 110
        v[80:104, patch_x // 2 : patch_x // 2 + 24] = 150
    return Planes(y, u, v)


@pytest.mark.parametrize(("moves", "moments"), [(True, 1), (False, 0)])
def test_skin_is_a_moment_where_it_moves(moves: bool, moments: int) -> None:
    pictures = [
        cell_means(index, _planes(320 + (index % 10 // 5) * 16 * moves), VIEW)
        for index in range(100, 130, 5)
    ]
    found = _suspicious(replace(_evidence(), pictures=pictures))
    assert [_kinds(moment) for moment in found] == [["skin_moves"]] * moments
    assert all(_contains(moment, 324, 184) for moment in found)


def test_redacted_skin_is_no_moment() -> None:
    evidence = _evidence((350, 184, 60, ALWAYS, 0.9))
    pictures = [
        cell_means(index, _planes(320 + (index % 10 // 5) * 8), VIEW)
        for index in range(100, 130, 5)
    ]
    assert _suspicious(replace(evidence, pictures=pictures)) == []


def test_the_riskiest_moments_are_kept_and_spot_checks_are_spread() -> None:
    blinks: list[Face] = [
        (100 + 60 * (n % 8), 150, 30, range(20 * n + 10, 20 * n + 14), 0.9 - n / 50)
        for n in range(12)
    ]
    settings = RankingSettings(min_moments=4, spot_checks_per_hour=360, spot_check_seconds=2)
    moments = rank_evidence(_evidence(*blinks), settings)
    assert [moment.is_spot_check for moment in moments] == [False] * 4 + [True] * 3
    risks = [moment.risk for moment in moments[:4]]
    assert risks == sorted(risks, reverse=True)
    thirds = [int(moment.start_seconds // (29.9 / 3)) for moment in moments[4:]]
    assert thirds == [0, 1, 2]


def test_reasons_of_one_kind_count_once() -> None:
    weak, strong = Reason("box_jumps", 0.1, 0), Reason("box_jumps", 0.2, 0)
    other = Reason("low_score", 0.5, 1)
    assert joined_risk([weak, strong, other]) == pytest.approx(1 - 0.8 * 0.5)


def test_a_moment_survives_json_and_refuses_what_is_none() -> None:
    moment = _suspicious(_evidence((200, 150, 40, range(100), 0.9)))[0]
    assert Moment.from_dict(json.loads(json.dumps(moment.to_dict()))) == moment
    with pytest.raises(DataError, match=r"moment\.risk"):
        Moment.from_dict(moment.to_dict() | {"risk": "high"})
    with pytest.raises(DataError, match="no span"):
        replace(moment, stop_frame=moment.first_frame)


def test_moments_of_equal_evidence_are_equal() -> None:
    faces: Sequence[Face] = [(200, 150, 40, range(100), 0.9), (400, 150, 40, range(60, 200), 0.7)]
    assert rank_evidence(_evidence(*faces)) == rank_evidence(_evidence(*faces))
