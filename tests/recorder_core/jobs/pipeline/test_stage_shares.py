from __future__ import annotations

from typing import Any

import pytest

from recorder_core.errors import DataError
from recorder_core.jobs.pipeline.stage_shares import stage_shares, thread_times


def _times(**seconds: float) -> dict[str, Any]:
    return {
        "wall_seconds": 10.0,
        "stages": {key: {"seconds": value, "calls": 1} for key, value in seconds.items()},
    }


#: 2 seconds before and after the threads; 8 with them
TIMES = _times(
    startup=1.5, assembly=0.5, inference=6.0, crop=1.0, nms=0.5, detector_wait=0.25,
    redaction=2.5, redactor_wait=5.0, saving=2.0, writer_wait=6.0, decode=1.0, reader_wait=7.0,
)  # fmt: skip


def test_shares_are_of_the_stages_that_each_frame_passes() -> None:
    stages = stage_shares(TIMES)
    assert [each.number for each in stages] == list(range(1, 11))
    assert (stages[0].seconds, stages[0].share, stages[0].paper_shares) == (1.5, None, None)
    # 6 of 1 + 6 + 0.5 + 2.5 + 2 seconds
    assert stages[3].share == 0.5
    assert stages[4].share == 0
    # 0.372694030 of 0.985240352 seconds in the first test of the paper's Table 3
    assert stages[3].paper_shares is not None
    assert stages[3].paper_shares[0] == pytest.approx(0.37828, abs=1e-5)
    assert sum(each.share or 0 for each in stages) == pytest.approx(1)


def test_each_thread_worked_waited_or_did_what_no_stage_explains() -> None:
    found = {each.name: each for each in thread_times(TIMES)}
    detector, redactor = found["detector"], found["redactor"]
    assert (detector.busy_seconds, detector.waiting_seconds) == (7.5, 0.25)
    assert detector.other_seconds == 0.25
    assert (redactor.busy_seconds, redactor.waiting_seconds, redactor.other_seconds) == (
        2.5,
        5,
        0.5,
    )
    assert found["writer"].busy_seconds == 2


@pytest.mark.parametrize("times", [{}, {"stages": {}}, {"stages": None}])
def test_a_report_without_times_is_refused(times: dict[str, Any]) -> None:
    for read in (stage_shares, thread_times):
        with pytest.raises(DataError, match="how long its stages took"):
            read(times)
