from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from recorder_core.errors import DataError
from recorder_core.evaluation.video.exposure_report import (
    ExposureReport,
    format_report,
    pool_reports,
)

REPORT = ExposureReport(
    frames=10,
    faces=20,
    tracks=2,
    recall_iou_50=0.5,
    recall_iou_30=0.75,
    hidden_share=0.8,
    frame_success=math.nan,
    tracks_ever_exposed=1,
    tracks_exposed_over={0.1: 1, 0.2: 0},
    longest_exposure_frames=3,
    longest_exposure_seconds=0.1,
    exposure_seconds=(0.1, 0.05),
)


def test_values_are_plain_json() -> None:
    values = json.loads(json.dumps(REPORT.to_dict(), allow_nan=False))
    assert values["frames"] == 10
    assert values["frame_success"] is None
    assert values["tracks_exposed_over"] == {"0.1": 1, "0.2": 0}
    assert values["exposure_seconds"] == [0.1, 0.05]


def test_the_table_has_a_column_per_report_and_straight_edges() -> None:
    lines = format_report({"before": REPORT, "after repair": REPORT}).splitlines()
    assert lines[0].strip().split(maxsplit=1) == ["before", "after repair"]
    assert len({len(line) for line in lines}) == 1
    row = next(line for line in lines if line.startswith("faces hidden"))
    assert row.split()[-2:] == ["80.00%", "80.00%"]
    assert any("more than 0.2 s" in line for line in lines)


def test_a_table_of_nothing_is_one_empty_line() -> None:
    assert format_report({}) == ""


def test_recordings_are_pooled_by_their_faces_tracks_and_time() -> None:
    long = replace(
        REPORT, frames=30, faces=60, tracks=6, recall_iou_50=0.9, recall_iou_30=0.95,
        tracks_exposed_over={0.1: 1, 0.2: 1}, longest_exposure_frames=9,
        exposed_face_seconds=5.0, recorded_seconds=50.0, false_area_share=0.2,
    )  # fmt: skip
    short = replace(REPORT, exposed_face_seconds=1.0, recorded_seconds=10.0, false_area_share=0.0)
    empty = replace(short, faces=0, tracks=0, tracks_exposed_over={0.1: 0, 0.2: 0},
                    recall_iou_50=math.nan, hidden_share=math.nan)  # fmt: skip
    pooled = pool_reports([short, long])
    assert pooled["visible_faces"] == 80
    assert pooled["recall_iou_50"] == pytest.approx((0.5 * 20 + 0.9 * 60) / 80)
    assert pooled["tracks_exposed_over_0.1_s"] == pytest.approx(2 / 8)
    assert pooled["longest_exposure_frames"] == 9
    assert pooled["exposed_face_seconds_per_hour"] == pytest.approx(6 / 60 * 3600)
    assert pooled["false_area_share"] == pytest.approx(0.15)
    assert pool_reports([short, empty])["recall_iou_50"] == 0.5


def test_recordings_without_a_face_cannot_be_pooled() -> None:
    with pytest.raises(DataError, match="no visible face"):
        pool_reports([replace(REPORT, faces=0)])
