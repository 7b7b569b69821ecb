"""Whole jobs through the command line, and what they leave behind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from recorder_core.jobs import sidecar
from recorder_core.simulate import SimulationSettings, simulate
from recorder_core.tables import read_redactions
from workbench.cli import main

#: the installed command, as a user calls it
COMMAND = Path(sys.executable).with_name("workbench")


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    status: int
    output: str
    errors: str

    @property
    def sentence(self) -> str:
        """The one line on standard error; anything else fails the test."""
        lines = self.errors.splitlines()
        assert len(lines) == 1, self.errors
        assert lines[0].startswith("workbench: ")
        assert "Traceback" not in lines[0]
        return lines[0].removeprefix("workbench: ")


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, hidden ones included, and its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"no file"
        for path in folder.rglob("*")
    }


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Return ``run("deidentify", ...)``: the command in this process."""

    def call(*words: object) -> Ran:
        capfd.readouterr()
        status = main([str(word) for word in words])
        captured = capfd.readouterr()
        return Ran(status, captured.out, captured.err)

    return call


@pytest.fixture
def refused(run: Callable[..., Ran]) -> Callable[..., str]:
    """Return ``refused(folder, "deidentify", ...)``: it fails, says why, changes nothing."""

    def call(folder: Path, *words: object) -> str:
        before = contents(folder)
        ran = run(*words)
        assert ran.status == 1
        assert ran.output == ""
        assert contents(folder) == before
        return ran.sentence

    return call


@pytest.fixture(scope="session")
def run_apart() -> Callable[..., Ran]:
    """Return ``run_apart("doctor", ...)``: the installed command in a process of its own."""

    def call(*words: object, **options: Any) -> Ran:
        done = subprocess.run(
            [str(COMMAND), *(str(word) for word in words)],
            capture_output=True, text=True, timeout=120, check=False, **options,
        )  # fmt: skip
        return Ran(done.returncode, done.stdout, done.stderr)

    return call


@dataclass(frozen=True)
class WholeJob:
    """A simulated surgery, and what the command made of it."""

    source: Path
    truth: Path
    output: Path
    times: Path
    ran: Ran


@pytest.fixture(scope="session")
def whole_job(tmp_path_factory: pytest.TempPathFactory, run_apart: Callable[..., Ran]) -> WholeJob:
    folder = tmp_path_factory.mktemp("whole")
    source, truth = folder / "surgery.mp4", folder / "surgery.truth.parquet"
    output, times = folder / "copy.mp4", folder / "times.json"
    settings = SimulationSettings(
        duration_seconds=4, frame_rate=Fraction(15), width=1280, height=720, faces=4, b_frames=2
    )
    simulate(source, settings, truth)
    ran = run_apart(
        *("deidentify", source, "-o", output, "--view", "surgery-box", "--times"),
        *("--times-file", times),
    )
    assert ran.status == 0, ran.errors
    return WholeJob(source, truth, output, times, ran)


def redaction_rows(output: Path) -> list[str]:
    """Return the plan of a copy, one line for each region."""
    table = read_redactions(sidecar(output, "redactions"))
    rows = zip(
        table.to_redactions(applied_only=False), table.corrections, table.applied, strict=True
    )
    return sorted(map(repr, rows))


@pytest.fixture(scope="session")
def plan_of() -> Callable[[Path], list[str]]:
    """Return `redaction_rows`."""
    return redaction_rows


@pytest.fixture(scope="session")
def files_in() -> Callable[[Path], dict[str, bytes]]:
    """Return `contents`."""
    return contents
