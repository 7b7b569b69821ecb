from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from recorder_core.errors import DataError
from recorder_core.jobs import sidecar
from recorder_core.jobs.deidentify.report.contents import DeidentifyReport
from workbench.notebooks.stages import draw_shares, stage_table


@pytest.fixture
def report(finished: Path) -> DeidentifyReport:
    return DeidentifyReport.from_json(sidecar(finished, "report").read_bytes())


def test_the_times_are_those_of_the_report(finished: Path, report: DeidentifyReport) -> None:
    table = stage_table(report)
    written = json.loads(sidecar(finished, "report").read_text())["times"]["stages"]
    assert table.loc[4, "this run (s)"] == written["inference"]["seconds"]
    assert table.loc[9, "this run (ms/frame)"] == written["redaction"]["seconds"] * 1000 / 60
    assert list(table.index) == list(range(1, 11))


def test_shares_are_of_what_each_frame_passes(report: DeidentifyReport) -> None:
    table = stage_table(report)
    for name in ("paper, test 1", "paper, test 4", "this run"):
        assert table.loc[2:, f"{name} (share)"].sum() == pytest.approx(1)
    # 0.3727 of 0.9852 seconds
    assert table.loc[4, "paper, test 1 (share)"] == pytest.approx(0.3783, abs=1e-4)
    assert table["this run (share)"].isna().tolist() == [True] + [False] * 9
    assert len(draw_shares(table).axes[0].patches) == 27


def test_a_report_without_times_is_refused(report: DeidentifyReport) -> None:
    with pytest.raises(DataError, match="how long its stages took"):
        stage_table(replace(report, times={}))
