from __future__ import annotations

import math
from dataclasses import replace

import pytest

from recorder_core.deidentify.boxes import Box
from recorder_core.deidentify.redaction_shape import FaceShape, RedactionSettings, face_shapes
from recorder_core.errors import DataError, SettingsError
from recorder_core.evaluation.video import ExposureSettings, TruthFrame, measure_exposure
from recorder_core.model import Redaction, TruthFace, View

VIEW = View(0, 0, 400, 200)
#: the smallest ellipse around the box: half axes are the half sides times the root of 2
TIGHT = ExposureSettings(
    redaction=RedactionSettings(
        enlarge_sides=0, enlarge_top=0, enlarge_bottom=0, min_margin_px=0, soft_edge=0
    )
)
FACE: Box = (100, 50, 140, 90)
OTHER: Box = (200, 50, 240, 90)


def _face(face_id: int, box: Box, visible: float = 1.0) -> TruthFace:
    return TruthFace(0, 0, face_id, box, visible, "plain")


def _redaction(index: int, box: Box) -> Redaction:
    return Redaction(index, box, "detected", 0, 0.9)


def _shapes(*boxes: Box) -> list[FaceShape]:
    redactions = [_redaction(0, box) for box in boxes]
    return face_shapes(redactions, TIGHT.redaction, VIEW, VIEW.width, VIEW.height)


def _truth(frames: int, *faces: TruthFace, rate: float = 10.0) -> list[TruthFrame]:
    return [TruthFrame(i, i / rate, faces) for i in range(frames)]


# -- counting ----------------------------------------------------------------------------


def test_everything_hidden() -> None:
    truth = _truth(10, _face(1, FACE), _face(2, OTHER))
    redactions = {i: [_redaction(i, FACE), _redaction(i, OTHER)] for i in range(10)}
    report = measure_exposure(truth, redactions, VIEW, TIGHT)
    assert (report.frames, report.faces, report.tracks) == (10, 20, 2)
    assert report.recall_iou_50 == report.recall_iou_30 == 1
    assert report.hidden_share == report.frame_success == 1
    assert report.tracks_ever_exposed == 0
    assert report.tracks_exposed_over == {0.1: 0, 0.2: 0}
    assert report.longest_exposure_frames == 0
    assert report.visible_face_seconds == pytest.approx(2.0)
    assert report.exposed_face_seconds_per_hour == 0
    assert report.false_area_share == 0


def test_exposures_worked_by_hand() -> None:
    # 10 frames of 0.1 s; face 1 is missed in frames 2, 3, 4 and 7, face 2 in frame 7
    truth = _truth(10, _face(1, FACE), _face(2, OTHER))
    redactions = {
        i: [
            _redaction(i, box)
            for box, missed in ((FACE, {2, 3, 4, 7}), (OTHER, {7}))
            if i not in missed
        ]
        for i in range(10)
    }
    report = measure_exposure(truth, redactions, VIEW, TIGHT)
    assert report.hidden_share == pytest.approx(15 / 20)
    assert report.frame_success == pytest.approx(6 / 10)
    assert report.tracks_ever_exposed == 2
    # frame 7 lasts 0.1 s, which is not more than 0.1 s
    assert report.tracks_exposed_over == {0.1: 1, 0.2: 1}
    assert report.longest_exposure_frames == 3
    assert report.longest_exposure_seconds == pytest.approx(0.3)
    assert report.exposure_seconds == pytest.approx((0.3, 0.1, 0.1))
    assert report.exposed_face_seconds == pytest.approx(0.5)
    assert report.exposed_face_seconds_per_hour == pytest.approx(0.5 * 3600)


def test_a_frame_without_redactions_need_not_be_listed() -> None:
    report = measure_exposure(_truth(2, _face(1, FACE)), {}, VIEW, TIGHT)
    assert report.hidden_share == 0
    assert report.longest_exposure_frames == 2


def test_a_life_counts_only_while_the_face_is_visible() -> None:
    # visible 0, 1; hidden by someone 2; visible 3, 4: two exposures of two frames
    visible = [1.0, 1.0, 0.0, 1.0, 0.5]
    truth = [TruthFrame(i, i / 10, (_face(1, FACE, share),)) for i, share in enumerate(visible)]
    report = measure_exposure(truth, {}, VIEW, TIGHT)
    assert report.faces == 4
    assert report.longest_exposure_frames == 2
    assert report.exposure_seconds == pytest.approx((0.2, 0.2))
    strict = measure_exposure(truth, {}, VIEW, replace(TIGHT, min_visible=0.6))
    assert strict.faces == 3


def test_durations_follow_the_timestamps() -> None:
    truth = [TruthFrame(i, t, (_face(1, FACE),)) for i, t in enumerate((0.0, 0.5, 0.6))]
    report = measure_exposure(truth, {1: [_redaction(1, FACE)]}, VIEW, TIGHT)
    # the last frame is taken to last as long as the one before it
    assert report.exposure_seconds == pytest.approx((0.5, 0.1))
    assert report.visible_face_seconds == pytest.approx(0.7)


def test_recall_needs_a_box_of_its_own_with_enough_overlap() -> None:
    # two faces on each other, one box: one match; IoU of FACE and its shift by 16 px: 24/56
    shifted = (116, 50, 156, 90)
    truth = _truth(1, _face(1, FACE), _face(2, FACE))
    one = measure_exposure(truth, {0: [_redaction(0, FACE)]}, VIEW, TIGHT)
    assert one.recall_iou_50 == one.recall_iou_30 == 0.5
    assert one.hidden_share == 1
    near = measure_exposure(truth[:1], {0: [_redaction(0, shifted)]}, VIEW, TIGHT)
    assert (near.recall_iou_50, near.recall_iou_30) == (0, 0.5)


def test_false_area_worked_by_hand() -> None:
    # a circle of radius 20 * sqrt(2) with nothing under it, in one of two frames
    truth = _truth(2, _face(1, FACE))
    redactions = {0: [_redaction(0, OTHER)], 1: [_redaction(1, FACE)]}
    settings = replace(TIGHT, area_grid_px=1)
    report = measure_exposure(truth, redactions, VIEW, settings)
    assert report.false_area_share == pytest.approx(math.pi * 800 / (400 * 200) / 2, rel=0.01)


def test_hiding_a_face_that_is_turned_away_is_no_false_area() -> None:
    truth = _truth(1, _face(1, FACE, visible=0.0))
    report = measure_exposure(truth, {0: [_redaction(0, FACE)]}, VIEW, TIGHT)
    assert report.false_area_share == 0
    assert math.isnan(report.hidden_share)


def test_an_empty_recording_has_no_shares() -> None:
    report = measure_exposure([], {}, VIEW)
    assert report.frames == 0
    assert math.isnan(report.frame_success)
    assert report.to_dict()["frame_success"] is None


@pytest.mark.parametrize(
    "change", [{"min_coverage": 0.0}, {"min_visible": 1.5}, {"area_grid_px": 0.0}]
)
def test_settings_out_of_range_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        replace(TIGHT, **change)


def test_damaged_truth_is_refused() -> None:
    with pytest.raises(DataError, match="empty"):
        _face(1, (10, 10, 10, 20))
    with pytest.raises(DataError, match="twice"):
        measure_exposure(_truth(1, _face(1, FACE), _face(1, OTHER)), {}, VIEW)
    with pytest.raises(DataError, match="not later"):
        measure_exposure([TruthFrame(0, 1.0, ()), TruthFrame(1, 1.0, ())], {}, VIEW)
