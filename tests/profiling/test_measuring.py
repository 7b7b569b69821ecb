from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHES = Path(__file__).resolve().parents[2] / "profiling" / "benches"
#: a command, without its modules: it fills 64 MiB and works for a moment
FILLS = "x = b'x' * (64 << 20); sum(range(10 ** 6))"


@pytest.fixture
def measuring(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHES)
    return importlib.import_module("measuring")


def test_the_peak_memory_of_a_command_is_not_that_of_who_measures_it(measuring: ModuleType) -> None:
    mine = b"x" * (160 << 20)
    sample = measuring.measure_command([sys.executable, "-I", "-S", "-c", FILLS])
    assert 64 < sample.peak_rss_mib < 120 < len(mine) >> 20
    assert sample.user_seconds > 0
    assert sample.wall_seconds > 0


def test_a_command_that_fails_ends_the_measurement_with_what_it_printed(
    measuring: ModuleType,
) -> None:
    with pytest.raises(SystemExit, match=r"failed with 3:\nno such thing"):
        measuring.measure_command(["sh", "-c", "echo no such thing; exit 3"])


def test_a_short_run_leaves_the_committed_result_as_it_is(measuring: ModuleType) -> None:
    parser = measuring.benchmark_parser("What it measures.", seconds=60, runs=3)
    parser.add_argument("--clips", type=Path)
    name = f"{Path(sys.argv[0]).stem}.json"

    def result(*given: str) -> Path:
        found: Path = parser.parse_args(["--folder", "/videos", *given]).result
        return found

    committed = BENCHES.parent / "results" / name
    assert [result(), result("--seconds", "60", "--clips", "/clips")] == [committed, committed]
    assert [result("--seconds", "1"), result("--runs", "9")] == [Path("/videos") / name] * 2
    assert result("--runs", "1", "--result", "/here.json") == Path("/here.json")
