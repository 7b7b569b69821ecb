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


def test_the_shares_of_the_table_add_up_and_a_call_has_its_own_time() -> None:
    clock = StageClock()
    for key, seconds, calls in (
        ("decode", 9.9, 100), ("inference", 9.6, 4), ("redaction", 9.8, 100), ("saving", 9.7, 100),
    ):  # fmt: skip
        clock.add(key, seconds, calls)
    clock.frames = 100
    lines = format_stage_table(clock.stage_times(10.0), {}).splitlines()
    cells = {line[3:35].strip(): line[45:].split() for line in lines[1:-2]}
    assert cells["inference"] == ["9.60", "2400.000", "96.000", "24.6%"]
    shares = [float(row[-1].rstrip("%")) for row in cells.values()]
    assert sum(shares) == pytest.approx(100, abs=0.05 * len(shares))
    assert lines[-2].split()[-1] == "100.0%"
    assert lines[-1].split() == ["wall", "time", "10.00", "100.000"]


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
