from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recorder_core.errors import EncodeError
from recorder_core.jobs import (
    DeidentifyResult,
    deidentify_video,
    sidecar,
    stage_times_dict,
    write_stage_times,
)
from recorder_core.jobs.pipeline.stage_rows import STAGES


@pytest.fixture(scope="module")
def result(drawn: Any, tmp_path_factory: pytest.TempPathFactory) -> DeidentifyResult:
    return deidentify_video(drawn.request(tmp_path_factory.mktemp("times") / "copy.mp4"))


def test_the_file_says_what_was_measured_on_what(result: DeidentifyResult) -> None:
    content = json.loads(json.dumps(stage_times_dict(result)))
    assert content["frames"] == 60
    assert content["settings"]["view_px"] == "0,0,384,192"
    assert "weights" not in content["settings"]["detector"]
    assert set(content["machine"]) == {"processor", "cores", "system", "python"}
    assert content["libraries"]["openvino"]
    assert content["process_peak_bytes"] > 2**20
    assert content["process_cpu_seconds"] > 0


def test_every_row_is_in_the_file_the_ten_stages_first(result: DeidentifyResult) -> None:
    stages = stage_times_dict(result)["stages"]
    assert [stage["key"] for stage in stages] == [row.key for row in STAGES.rows]
    assert [stage["number"] for stage in stages[:10]] == list(range(1, 11))
    for stage in stages[:10]:
        assert stage["total_seconds"] > 0
        assert stage["calls"] > 0
        assert stage["ms_per_frame"] == pytest.approx(stage["total_seconds"] * 1000 / 60)
        assert 0 < stage["share_of_wall"] < 1


def test_the_rows_of_each_thread_explain_the_wall_time(result: DeidentifyResult) -> None:
    content = stage_times_dict(result)
    assert set(content["unexplained_seconds"]) == {"reader", "detector", "redactor", "writer"}
    around = {"startup", "assembly", "verification"}
    for thread, rest in content["unexplained_seconds"].items():
        explained = sum(
            stage["total_seconds"]
            for stage in content["stages"]
            if stage["thread"] == thread or stage["key"] in around
        )
        assert explained + rest == pytest.approx(content["wall_seconds"])


def test_the_report_beside_the_copy_has_the_times_that_are_printed(
    result: DeidentifyResult,
) -> None:
    """A page that reads the report shows the figures of ``--times``."""
    times = json.loads(sidecar(result.output, "report").read_text())["times"]
    assert times == result.report.times
    assert times["wall_seconds"] == pytest.approx(result.wall_seconds, abs=1e-6)
    printed = {item.row.key: (item.total_seconds, item.calls) for item in result.stage_times}
    assert list(times["stages"]) == list(printed)
    for key, (seconds, calls) in printed.items():
        assert times["stages"][key]["seconds"] == pytest.approx(seconds, abs=1e-6)
        assert times["stages"][key]["calls"] == calls


def test_the_times_are_written_as_json(result: DeidentifyResult, tmp_path: Path) -> None:
    path = tmp_path / "times.json"
    write_stage_times(path, result)
    assert json.loads(path.read_text())["wall_seconds"] == result.wall_seconds


def test_times_that_cannot_be_written_is_one_sentence(
    result: DeidentifyResult, tmp_path: Path
) -> None:
    with pytest.raises(EncodeError, match=r"times\.json cannot be written"):
        write_stage_times(tmp_path / "nowhere" / "times.json", result)
