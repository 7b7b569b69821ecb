from __future__ import annotations

import pytest

from recorder_core.deidentify.stage_clock import TEN_STAGES, StageClock, format_stage_table

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


def test_every_stage_is_in_the_record_even_when_it_took_no_time() -> None:
    clock = StageClock()
    clock.add("inference", 2.0, calls=4)
    clock.frames = 8
    times = {item.row.key: item for item in clock.stage_times(wall_seconds=10.0)}
    assert {row.key for row in TEN_STAGES} <= set(times)
    assert times["inference"].per_frame_ms == 250
    assert times["inference"].share == 0.2
    assert times["crop"].total_seconds == 0


def test_time_that_no_row_explains_has_its_own_row() -> None:
    clock = StageClock()
    clock.add("decode", 9.9)
    clock.add("inference", 9.8)
    clock.add("redaction", 9.7)
    clock.add("saving", 4.0)
    rest = clock.unexplained_seconds(10.0)
    explained = {"reader": 0.1, "detector": 0.2, "redactor": 0.3}
    assert rest == pytest.approx(explained | {"writer": 6.0})
    table = format_stage_table(clock.stage_times(10.0), rest)
    assert table.count("not explained") == 1
    assert "writer" in next(line for line in table.splitlines() if "not explained" in line)


def test_a_failing_block_is_timed_too() -> None:
    clock = StageClock()
    with pytest.raises(RuntimeError), clock.time("nms"):
        raise RuntimeError
    assert next(t for t in clock.stage_times(1.0) if t.row.key == "nms").calls == 1


def test_unknown_rows_are_refused() -> None:
    with pytest.raises(KeyError):
        StageClock().add("lunch", 1.0)
