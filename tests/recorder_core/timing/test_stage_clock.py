from __future__ import annotations

import pytest

from recorder_core.errors import SettingsError
from recorder_core.timing import Row, StageClock, StageRows, format_stage_table

ROWS = StageRows(
    ("reader", "finder", "writer"),
    (
        Row("start", "start-up", 1, "writer", is_around=True),
        Row("find", "finding", 2, "finder"),
        Row("save", "saving", 3, "writer"),
        Row("read", "reading", None, "reader"),
        Row("check", "checking", None, "writer"),
    ),
)


def test_every_stage_is_in_the_record_even_when_it_took_no_time() -> None:
    clock = StageClock(ROWS)
    clock.add("find", 2.0, calls=4)
    clock.frames = 8
    times = {item.row.key: item for item in clock.stage_times(wall_seconds=10.0)}
    assert {row.key for row in ROWS.numbered} <= set(times)
    assert times["find"].per_frame_ms == 250
    assert times["find"].share == 0.2
    assert times["check"].total_seconds == 0


def test_the_shares_of_the_table_add_up_and_a_call_has_its_own_time() -> None:
    clock = StageClock(ROWS)
    for key, seconds, calls in (
        ("read", 9.9, 100), ("find", 9.6, 4), ("check", 9.8, 100), ("save", 9.7, 100),
    ):  # fmt: skip
        clock.add(key, seconds, calls)
    clock.frames = 100
    lines = format_stage_table(clock.stage_times(10.0), {}).splitlines()
    cells = {line[3:35].strip(): line[45:].split() for line in lines[1:-2]}
    assert cells["finding"] == ["9.60", "2400.000", "96.000", "24.6%"]
    shares = [float(row[-1].rstrip("%")) for row in cells.values()]
    assert sum(shares) == pytest.approx(100, abs=0.05 * len(shares))
    assert lines[-2].split()[-1] == "100.0%"
    assert lines[-1].split() == ["wall", "time", "10.00", "100.000"]


def test_time_that_no_row_explains_has_its_own_row() -> None:
    clock = StageClock(ROWS)
    clock.add("start", 1.0)
    clock.add("read", 8.9)
    clock.add("find", 8.8)
    clock.add("save", 2.0)
    clock.add("check", 1.0)
    rest = clock.unexplained_seconds(10.0)
    # what is done around the threads explains the time of each
    assert rest == pytest.approx({"reader": 0.1, "finder": 0.2, "writer": 6.0})
    assert list(rest) == ["reader", "finder", "writer"]
    table = format_stage_table(clock.stage_times(10.0), rest)
    assert table.count("not explained") == 1
    assert "writer" in next(line for line in table.splitlines() if "not explained" in line)


def test_a_failing_block_is_timed_too() -> None:
    clock = StageClock(ROWS)
    with pytest.raises(RuntimeError), clock.time("save"):
        raise RuntimeError
    assert next(t for t in clock.stage_times(1.0) if t.row.key == "save").calls == 1


def test_unknown_rows_are_refused() -> None:
    with pytest.raises(KeyError):
        StageClock(ROWS).add("lunch", 1.0)


def test_rows_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(SettingsError, match="'find' has two rows"):
        StageRows(("a",), (Row("find", "finding", 1, "a"), Row("find", "searching", 2, "a")))
    with pytest.raises(SettingsError, match="'find' belongs to thread 'b'"):
        StageRows(("a",), (Row("find", "finding", 1, "b"),))
