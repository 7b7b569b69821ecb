from __future__ import annotations

import csv
from pathlib import Path

import pytest

from recorder_core.simulate.course import COURSES, SIGNALS, Course, write_signals


def _read(path: Path) -> dict[str, dict[float, float]]:
    found: dict[str, dict[float, float]] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            assert row["unit"] == SIGNALS[row["signal"]]
            found.setdefault(row["signal"], {})[float(row["seconds"])] = float(row["value"])
    return found


def _mean(values: dict[float, float], start: float, stop: float) -> float:
    inside = [value for second, value in values.items() if start <= second < stop]
    return sum(inside) / len(inside)


def test_a_monitor_shows_that_a_patient_sleeps_and_wakes(tmp_path: Path) -> None:
    write_signals(tmp_path / "signals.csv", COURSES[1], 1)
    found = _read(tmp_path / "signals.csv")
    assert set(found) == set(SIGNALS)
    assert all(sorted(each) == list(range(120)) for each in found.values())
    assert _mean(found["bis"], 0, 5) > 90
    assert 40 < _mean(found["bis"], 70, 95) < 60
    # the light phase
    assert _mean(found["bis"], 48, 58) > _mean(found["bis"], 70, 95) + 15
    assert _mean(found["emg"], 0, 5) > 45
    assert _mean(found["emg"], 70, 95) < 30
    assert _mean(found["sqi"], 0, 119) > 90
    assert 0 <= min(found["sr"].values()) <= max(found["sr"].values()) <= 100


def test_without_electrodes_nothing_comes_but_how_bad_the_signal_is(tmp_path: Path) -> None:
    write_signals(tmp_path / "signals.csv", COURSES[2], 2)
    found = _read(tmp_path / "signals.csv")
    silent = set(range(55, 69))
    for name in ("bis", "emg", "sr"):
        assert set(range(120)) - set(found[name]) == silent
    assert _mean(found["sqi"], 57, 67) < 10
    assert sorted(found["spo2"]) == list(range(120))


@pytest.mark.parametrize("seconds", [0.5, 20.0, 3600.0])
def test_a_course_is_as_long_as_its_event(tmp_path: Path, seconds: float) -> None:
    course = COURSES[2].scaled(seconds / 120)
    write_signals(
        tmp_path / "signals.csv", course, 2, duration_seconds=seconds, names=("bis", "sqi")
    )
    found = _read(tmp_path / "signals.csv")
    assert set(found) == {"bis", "sqi"}
    assert len(found["sqi"]) == max(120, seconds)
    assert max(found["sqi"]) < seconds
    start, stop = (55 / 120 * seconds, 68 / 120 * seconds)
    assert course.silent_seconds == pytest.approx((start, stop))
    assert not [each for each in found["bis"] if start + 1e-3 < each < stop - 1e-3]


def test_a_course_without_a_light_phase_scales_without_one() -> None:
    assert Course(1, 2, 3, 4).scaled(2) == Course(2, 4, 6, 8)
