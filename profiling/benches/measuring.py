"""What the benchmark scripts of this folder share: a composite, commands, pairs, results.

The machine may be shared, so two commands that are compared run in turn (A B A B ...),
each pair gives one ratio, and the median of the ratios is quoted. Processor time, of a
command and of all that it started, stands beside wall time.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av

from recorder_core.jobs.machine import measured_on
from recorder_core.media.files.finished import finished_file
from recorder_core.simulate import SimulationSettings, simulate

__all__ = [
    "LAYOUT",
    "RESULTS",
    "Composite",
    "Sample",
    "benchmark_parser",
    "compare",
    "deidentify_words",
    "loop_video",
    "make_composite",
    "measure_command",
    "measure_pairs",
    "usual_environment",
    "write_result",
]

RESULTS: Final = Path(__file__).resolve().parents[1] / "results"
#: where the simulation has its 640x360 room view
LAYOUT: Final = "surgery-box"
#: starts a command that is measured
STARTER: Final = Path(__file__).with_name("measured_start.py")
#: `getrusage` counts memory in this unit on Linux
RSS_UNIT_BYTES: Final = 1024
MIB: Final = 2**20
#: tests may set it; a program then compiles all of its modules at each start
_NO_BYTECODE: Final = "PYTHONDONTWRITEBYTECODE"
#: end of a failed command's output that is shown
SHOWN_CHARACTERS: Final = 2000


@dataclass(frozen=True, slots=True)
class Composite:
    """A simulated surgery, 1080p30, H.264 of 7 Mbit/s."""

    video: Path
    #: table of the true faces
    truth: Path
    seconds: float


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one command, with the processes that it started and waited for."""

    wall_seconds: float
    user_seconds: float
    system_seconds: float
    #: largest of one process, not their sum
    peak_rss_mib: float

    @property
    def cpu_seconds(self) -> float:
        """Processor time in user and system mode."""
        return self.user_seconds + self.system_seconds


def benchmark_parser(description: str | None, seconds: float, runs: int) -> argparse.ArgumentParser:
    """Return a parser with the options that every benchmark has.

    Parameters
    ----------
    description : str or None
        The script's docstring; its first line is shown.
    seconds : float
        Default length of the video.
    runs : int
        Default number of runs, or of pairs of runs.
    """
    parser = _BenchmarkParser(description=(description or "").partition("\n")[0])
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path(tempfile.gettempdir()) / "workbench_benchmark",
        help="keeps videos between runs; default: %(default)s",
    )
    parser.add_argument("--seconds", type=float, default=seconds, help="default: %(default)s")
    parser.add_argument("--runs", type=int, default=runs, help="default: %(default)s")
    parser.add_argument(
        "--result",
        type=Path,
        help=f"default: {RESULTS / _result_name()}; in --folder where a number differs from its "
        "default",
    )
    return parser


class _BenchmarkParser(argparse.ArgumentParser):
    """Keeps the committed result where something shorter, or longer, is measured."""

    def parse_known_args(self, *arguments: Any, **options: Any) -> Any:
        """Return what was given, with the place of the result, and what is not known."""
        found, rest = super().parse_known_args(*arguments, **options)
        numbers = {key: value for key, value in vars(found).items() if not isinstance(value, Path)}
        is_usual = all(value == self.get_default(key) for key, value in numbers.items())
        if found.result is None:
            found.result = (RESULTS if is_usual else found.folder) / _result_name()
        return found, rest


def _result_name() -> str:
    return f"{Path(sys.argv[0]).stem}.json"


def make_composite(folder: Path, seconds: float, seed: int = 0) -> Composite:
    """Simulate a surgery, or take the one that an earlier run left in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    video = folder / f"composite_{seconds:g}s_seed{seed}.mp4"
    composite = Composite(video, video.with_suffix(".truth.parquet"), seconds)
    if not (video.exists() and composite.truth.exists()):
        print(f"simulating {video.name} ...", file=sys.stderr)
        settings = SimulationSettings(duration_seconds=seconds, seed=seed)
        simulate(video, settings, composite.truth)
    return composite


def loop_video(source: Path, times: int) -> Path:
    """Repeat a video of closed GOPs by copying its packets; made once, beside it."""
    path = source.with_name(f"{source.stem}_x{times}.mp4")
    if path.exists():
        return path
    print(f"repeating {source.name} {times} times ...", file=sys.stderr)
    with (
        finished_file(path) as temporary,
        av.open(temporary, "w") as output,
        av.open(source) as first,
    ):
        streams = [output.add_stream_from_template(stream) for stream in first.streams]
        last_dts = [-(2**62)] * len(streams)
        for number in range(times):
            for packet in _shifted_packets(source, number):
                index = packet.stream_index
                if packet.dts > last_dts[index]:  # audio is a little longer than the frames
                    last_dts[index] = packet.dts
                    packet.stream = streams[index]
                    output.mux(packet)
    return path


def _shifted_packets(source: Path, times: int) -> Iterator[Any]:
    """Yield all packets, moved on by some lengths of the video."""
    with av.open(source) as container:
        video = container.streams.video[0]
        seconds = times * (video.duration or 0) * (video.time_base or Fraction(0))
        for packet in container.demux():
            if packet.pts is not None and packet.dts is not None:
                offset = round(seconds / packet.time_base)
                packet.pts += offset
                packet.dts += offset
                yield packet


def deidentify_words(source: Path, output: Path, *options: str) -> list[str]:
    """Return the whole job as a command."""
    workbench = Path(sys.executable).with_name("workbench")
    return [
        *(str(workbench), "deidentify", str(source), "-o", str(output)),
        *("--view", LAYOUT, "--overwrite", "--quiet", *options),
    ]


def measure_command(words: Sequence[str]) -> Sample:
    """Run a command to its end and measure it.

    Raises
    ------
    SystemExit
        If it fails; with the end of what it printed.
    """
    with tempfile.TemporaryFile() as output, tempfile.NamedTemporaryFile() as report:
        start = [sys.executable, "-I", "-S", str(STARTER), report.name, *words]
        done = subprocess.run(
            start, stdout=output, stderr=subprocess.STDOUT, env=usual_environment(), check=False
        )
        if done.returncode:
            output.seek(0)
            text = output.read().decode(errors="replace")[-SHOWN_CHARACTERS:]
            raise SystemExit(f"{' '.join(words)}\nfailed with {done.returncode}:\n{text}")
        used = json.load(report)
    peak_rss_mib = used.pop("maxrss") * RSS_UNIT_BYTES / MIB
    return Sample(**used, peak_rss_mib=peak_rss_mib)


def usual_environment() -> dict[str, str]:
    """Return the environment in which Python keeps the bytecode of modules, as it usually does."""
    return {name: value for name, value in os.environ.items() if name != _NO_BYTECODE}


def measure_pairs(
    first: Callable[[], Sample], second: Callable[[], Sample], runs: int
) -> tuple[list[Sample], list[Sample]]:
    """Measure two things in turn."""
    samples: tuple[list[Sample], list[Sample]] = ([], [])
    for number in range(runs):
        for measure, own in zip((first, second), samples, strict=True):
            own.append(measure())
        a, b = (own[-1] for own in samples)
        print(
            f"pair {number + 1} of {runs}: {a.wall_seconds:7.2f} s wall, {a.cpu_seconds:7.2f} s "
            f"processor; {b.wall_seconds:7.2f} s wall, {b.cpu_seconds:7.2f} s processor",
            file=sys.stderr,
        )
    return samples


def compare(numerators: Sequence[Sample], denominators: Sequence[Sample]) -> dict[str, float]:
    """Return the medians of the ratios of wall and of processor time, pair by pair."""
    pairs = list(zip(numerators, denominators, strict=True))
    wall = statistics.median(a.wall_seconds / b.wall_seconds for a, b in pairs)
    cpu = statistics.median(a.cpu_seconds / b.cpu_seconds for a, b in pairs)
    return {"wall": round(wall, 4), "processor": round(cpu, 4)}


def write_result(path: Path, what: str, content: dict[str, Any]) -> None:
    """Write a result with the machine and the versions that it was measured on.

    Samples in `content` are written field by field.
    """
    result = {
        "what": what,
        **measured_on(),
        **content,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=2, default=_plain) + "\n", encoding="utf-8")
    print(f"result: {path}", file=sys.stderr)


def _plain(value: object) -> dict[str, float]:
    if isinstance(value, Sample):
        return {name: round(number, 3) for name, number in asdict(value).items()}
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
