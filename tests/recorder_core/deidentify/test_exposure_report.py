from __future__ import annotations

import json
import math

from recorder_core.deidentify.exposure_report import ExposureReport, format_report

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
