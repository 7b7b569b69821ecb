from __future__ import annotations

from recorder_core.jobs.pipeline.stage_rows import STAGES, TEN_STAGES

PAPER = [
    "start-up",
    "crop",
    "image processing",
    "inference",
    "box (variance) decoding",
    "score filtering",
    "score sorting",
    "non-maximum suppression",
    "redaction (blur)",
    "frame saving",
]


def test_the_ten_stages_have_the_papers_names_and_order() -> None:
    assert [row.title for row in TEN_STAGES] == PAPER
    assert [row.number for row in TEN_STAGES] == list(range(1, 11))
    assert STAGES.rows[:10] == TEN_STAGES


def test_what_is_done_around_the_threads_is_no_time_of_theirs() -> None:
    around = {row.key for row in STAGES.rows if row.is_around}
    assert around == {"startup", "assembly", "verification"}
