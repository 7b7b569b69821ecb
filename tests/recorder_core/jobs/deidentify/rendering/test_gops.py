from __future__ import annotations

from recorder_core.jobs.deidentify.rendering import gops as rendering
from recorder_core.media import Gop


def test_neighbouring_gops_are_joined_into_runs() -> None:
    gops = [Gop(first, first + 10, first, 1, "") for first in range(0, 50, 10)]
    runs = rendering._runs(gops, {12, 29})
    assert [(run.first, run.stop, run.touched) for run in runs] == [
        (0, 10, False),
        (10, 30, True),
        (30, 50, False),
    ]
