"""A job that is stopped in the middle goes on as if nothing had happened."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder_core.jobs import sidecar
from recorder_core.media import decode_frames, file_sha256, index_frames, list_gops, probe
from recorder_core.model import CorrectionKeyframe
from recorder_core.tables import TableMetadata, write_corrections

#: the command, with segments of half a second; it says when one is finished and waits
#: for a line, so that a signal always comes in the middle of the work
SCRIPT = """
import dataclasses, signal, sys
from contextlib import contextmanager
from recorder_core.jobs import DeidentifyOptions
from workbench.cli import main
from workbench.cli.deidentify import deidentify
from recorder_core.jobs.pipeline import frame_redactor

# a test runner in the background of a shell hands down that Ctrl-C is ignored, nohup SIGHUP
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
pause = sys.argv[1]

class ShortSegments(DeidentifyOptions):
    @classmethod
    def from_arguments(cls, arguments):
        options = DeidentifyOptions.from_arguments(arguments)
        detector = dataclasses.replace(options.detector, long_side_px=384)
        return dataclasses.replace(options, segment_seconds=0.5, detector=detector)

def wait(done=0, total=0):
    print("at", done, flush=True)
    sys.stdin.readline()

@contextmanager
def show_progress(title, *, quiet):
    yield wait

deidentify.DeidentifyOptions = ShortSegments
if pause == "segments":
    deidentify.show_progress = show_progress
elif pause == "frames":
    redact = frame_redactor.redact
    def redact_and_wait(*arguments):
        wait()
        redact(*arguments)
    frame_redactor.redact = redact_and_wait
sys.exit(main(sys.argv[2:]))
"""


class Stoppable:
    """The command in a process of its own, that stands still at each pause."""

    def __init__(self, pause: str, source: Path, output: Path, *words: object) -> None:
        arguments = ["deidentify", source, "-o", output, "--quiet", *words]
        self._process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, pause, *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def wait(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def go_on(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def stop(self, number: int) -> tuple[int, str]:
        """Send a signal; return exit status and standard error."""
        self._process.send_signal(number)
        _, errors = self._process.communicate(timeout=60)
        return self._process.returncode, errors


def _finish(source: Path, output: Path, *words: object) -> None:
    arguments = ["deidentify", source, "-o", output, "--quiet", *words]
    subprocess.run(
        [sys.executable, "-c", SCRIPT, "never", *map(str, arguments)],
        check=True, timeout=120, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def _luma(path: Path) -> np.ndarray[Any, Any]:
    info = probe(path)
    return np.stack([each.planes.y.copy() for each in decode_frames(info, index_frames(info))])


@pytest.fixture(scope="module")
def uninterrupted(drawn_source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("uninterrupted") / "copy.mp4"
    _finish(drawn_source, output)
    return output


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_stopped_job_goes_on_and_gives_the_same(
    drawn_source: Path,
    uninterrupted: Path,
    tmp_path: Path,
    plan_of: Callable[[Path], list[str]],
    number: signal.Signals,
) -> None:
    output = tmp_path / "copy.mp4"
    job = Stoppable("frames", drawn_source, output)
    for _ in range(24):  # into the third segment
        assert job.wait() == "at 0\n"
        job.go_on()
    assert job.wait() == "at 0\n"
    status, errors = job.stop(number)
    left = {path.name for path in tmp_path.iterdir()}
    # a killed process cannot remove its lock; the next run takes it over
    assert left - {".copy.mp4.lock"} == {".copy.mp4.work"}
    if number == signal.SIGKILL:
        assert status == -signal.SIGKILL
    else:
        assert status == 130
        assert errors.count("\n") == 1
        assert errors.startswith("workbench: stopped. ")
        assert "--resume" in errors
    assert (tmp_path / ".copy.mp4.work" / "segment_000001.json").is_file()
    resumed = Stoppable("segments", drawn_source, output, "--resume")
    first = resumed.wait()
    assert first == "at 30\n"  # it did not begin again
    assert resumed.stop(signal.SIGKILL)[0] == -signal.SIGKILL
    _finish(drawn_source, output, "--resume")
    assert plan_of(output) == plan_of(uninterrupted)
    assert np.array_equal(_luma(output), _luma(uninterrupted))
    assert list_gops(output) == list_gops(uninterrupted)
    assert {path.name for path in tmp_path.iterdir()} == {
        path.name for path in uninterrupted.parent.iterdir()
    }
    detections = sidecar(output, "detections").read_bytes()
    assert detections == sidecar(uninterrupted, "detections").read_bytes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped_before_the_first_segment_nothing_is_left(
    drawn_source: Path, tmp_path: Path, number: signal.Signals
) -> None:
    job = Stoppable("frames", drawn_source, tmp_path / "copy.mp4")
    for _ in range(3):
        assert job.wait() == "at 0\n"
        job.go_on()
    assert job.wait() == "at 0\n"
    status, errors = job.stop(number)
    assert (status, errors) == (130, "workbench: stopped. Nothing was written.\n")
    assert not list(tmp_path.iterdir())


def test_killed_before_the_first_segment_the_next_run_begins_again(
    drawn_source: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    output = tmp_path / "copy.mp4"
    job = Stoppable("frames", drawn_source, output)
    assert job.wait() == "at 0\n"
    assert job.stop(signal.SIGKILL)[0] == -signal.SIGKILL
    _finish(drawn_source, output, "--resume")
    assert list_gops(output) == list_gops(uninterrupted)
    assert len(list(tmp_path.iterdir())) == 5


#: a disk of a given size; when the command failed on it, it grows and the command goes on
SMALL_DISK = """
mount -t tmpfs -o "size=$1" tmpfs "$2" || exit 99
cd "$2" || exit 99
mkdir "$3"
kept=$3; shift 3
"$@" && exit 98
ls -A
cp .copy.mp4.work/*.json "$kept"
mount -o remount,size=64m . || exit 97
"$@" --resume && cp copy* "$kept"
"""
MAY_MOUNT = (
    subprocess.run(
        ["unshare", "--mount", "--map-root-user", "true"], check=False, capture_output=True
    ).returncode
    == 0
)


@pytest.mark.parametrize(("share", "segments"), [(0.75, range(2, 5)), (1.8, range(6, 7))])
def test_a_disk_that_became_full_and_was_cleared_gives_the_same(
    drawn_source: Path, uninterrupted: Path, tmp_path: Path, share: float, segments: range
) -> None:
    size = int(share * sum(path.stat().st_size for path in uninterrupted.parent.iterdir()))
    command = [sys.executable, "-c", SCRIPT, "never", "deidentify", str(drawn_source)]
    command += ["-o", "copy.mp4", "--quiet"]
    if not MAY_MOUNT:  # a limit on each file, which is met again: nothing is kept
        done = subprocess.run(
            ["prlimit", f"--fsize={size // 10}", *command],
            capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path,
        )  # fmt: skip
        assert (done.returncode, list(tmp_path.iterdir())) == (1, [])
        return
    small, kept = tmp_path / "small", tmp_path / "kept"
    small.mkdir()
    script = ["unshare", "--mount", "--map-root-user", "sh", "-c", SMALL_DISK, "sh"]
    done = subprocess.run(
        [*script, str(size), str(small), str(kept), *command],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [".copy.mp4.work"]
    first, *_ = done.stderr.splitlines()
    assert first.startswith("workbench: the disk is full; ")
    assert first.endswith("then run the same command with --resume")
    assert len(list(kept.glob("segment_*.json"))) in segments
    for path in uninterrupted.parent.iterdir():
        if not path.name.endswith(".report.json"):  # it holds times
            assert (kept / path.name).read_bytes() == path.read_bytes()


def test_correcting_can_be_stopped_and_leaves_the_copy_as_it_was(
    drawn_source: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    for path in uninterrupted.parent.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    table = tmp_path / "corrections.parquet"
    rows = [
        CorrectionKeyframe("1", "add", frame, (9.0, 9.0, 40.0, 40.0), -1, "reviewer", "2025")  # type: ignore[arg-type]
        for frame in (12, 48)
    ]
    write_corrections(table, rows, TableMetadata(file_sha256(drawn_source)))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    job = Stoppable("frames", drawn_source, tmp_path / "copy.mp4", "--corrections", table)
    assert job.wait() == "at 0\n"
    status, errors = job.stop(signal.SIGINT)
    assert (status, errors) == (130, "workbench: stopped.\n")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
