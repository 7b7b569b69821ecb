"""Measure imports of hours, and of a gigabyte against a plain copy.

    python profiling/benches/bench_import.py [--folder FOLDER_ON_A_REAL_DISK] [--runs 5]

A video of an operation's length has hundreds of thousands of packets: 30 frames per second and AAC
audio, here in tiny frames, so that what grows with the length is seen and not the disk. Each
length is imported in a process of its own, whose peak memory is noted. The gigabyte is 1080p at
a bit rate of recorders, imported and copied in turns; each turn gives a ratio. The result is
printed and written to ``profiling/results/bench_import.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from long_videos import LongVideo, write_long
from measuring import benchmark_parser, write_result

from recorder_core.archive import Argon2Settings, Password
from recorder_core.catalog import Profile
from recorder_core.jobs.archive import (
    Archive,
    Credentials,
    ImportRequest,
    add_user,
    create_archive,
    import_video,
    open_archive,
)
from workbench.cli.memory.large_blocks import map_large_blocks

GOALS: Final = {"import_to_plain_copy": {"at_most": 1.3}}
SECRET: Final = secrets.token_hex(8)
HOURS: Final = (1, 2, 4)
MIB: Final = 2**20


def make_archive(folder: Path) -> Path:
    """Make an archive with a reviewer."""
    path, words = folder / "archive", Password(SECRET)
    cost = Argon2Settings(64, 1, 1)
    create_archive(
        path, site_code="bench", administrator="adam", password=words, password_cost=cost
    )
    with opened(path, "adam") as archive:
        add_user(archive, "rita", Profile.REVIEWER, words)
    return path


def opened(path: Path, user: str) -> Archive:
    """Open the archive as one person."""
    return open_archive(path, Credentials(user, Password(SECRET)))


def peak_mib() -> float:
    """Return the peak memory of this process, without that of the one it was forked from."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    [peak] = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return round(int(peak) / 1024, 1)


def import_alone(path: Path, video: Path) -> None:
    """Import a video as the command does, and print what that took; in a process of its own."""
    map_large_blocks()
    with open_archive(path, Credentials("rita", Password(sys.stdin.read()))) as archive:
        cpu, clock = time.process_time(), time.perf_counter()
        result = import_video(archive, ImportRequest(source=video, procedure_code="bench"))
        seconds = round(time.perf_counter() - clock, 2)
        cpu_seconds = round(time.process_time() - cpu, 2)
    facts = {"frames": result.frame_count, "is_remuxed": result.is_remuxed, "seconds": seconds}
    facts |= {"cpu_seconds": cpu_seconds}
    print(json.dumps(facts | {"peak_mib": peak_mib()}))


def measure_hours(folder: Path, hours: int) -> dict[str, Any]:
    """Return what an import of so many hours takes, in seconds and memory."""
    video, length = folder / "long.mp4", LongVideo(hours * 3600)
    write_long(video, length)
    words = [sys.executable, __file__, "--import-alone", str(make_archive(folder)), str(video)]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, input=SECRET)
    facts: dict[str, Any] = {"hours": hours, "video_packets": length.frame_count}
    facts |= {"audio_packets": length.audio_packet_count, "source_mib": _mib(video)}
    facts |= json.loads(done.stdout)
    return facts


def mib_per_hour(hours: list[dict[str, Any]]) -> float:
    """Return by how much the peak grows with an hour of video."""
    short, long = hours[0], hours[-1]
    grown = float(long["peak_mib"]) - float(short["peak_mib"])
    return round(grown / max(int(long["hours"]) - int(short["hours"]), 1), 1)


def _mib(path: Path) -> float:
    return round(path.stat().st_size / MIB, 1)


def copy_plain(source: Path, target: Path) -> None:
    """Copy a file in pieces of 1 MiB and make it durable."""
    with source.open("rb", buffering=0) as incoming, target.open("wb", 0) as outgoing:
        while piece := incoming.read(MIB):
            outgoing.write(piece)
        os.fdatasync(outgoing.fileno())
    target.unlink()


def import_and_remove(path: Path, video: Path) -> None:
    """Import a video, and take its files away again."""
    with opened(path, "rita") as archive:
        event = import_video(archive, ImportRequest(source=video, procedure_code="b")).event
    shutil.rmtree(path / "events" / event.event_id)


def measure_gigabyte(folder: Path, seconds: float, turns: int) -> dict[str, Any]:
    """Return seconds a gigabyte of a plain copy and of an import, made in turns."""
    video, path = folder / "large.mp4", make_archive(folder)
    write_long(video, LongVideo(round(seconds), width=1920, height=1080, is_noise=True))
    works: dict[str, Callable[[], None]] = {
        "plain_copy": lambda: copy_plain(video, folder / "plain"),
        "import": lambda: import_and_remove(path, video),
    }
    wall: dict[str, list[float]] = {name: [] for name in works}
    processor: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(turns):
        for name, work in works.items():
            os.sync()
            cpu, clock = time.process_time(), time.perf_counter()
            work()
            wall[name].append(time.perf_counter() - clock)
            processor[name].append(time.process_time() - cpu)
    gigabytes = video.stat().st_size / 1e9
    rates = {
        name: {
            "median_seconds_per_gb": round(statistics.median(times) / gigabytes, 2),
            "best_seconds_per_gb": round(min(times) / gigabytes, 2),
            "cpu_seconds_per_gb": round(min(processor[name]) / gigabytes, 2),
        }
        for name, times in wall.items()
    }
    ratios = [own / copy for own, copy in zip(wall["import"], wall["plain_copy"], strict=True)]
    ratio = round(statistics.median(ratios), 2)
    return {
        "gigabytes": round(gigabytes, 2),
        "turns": turns,
        "import_to_plain_copy": ratio,
        **rates,
    }


def in_folder(parent: Path, work: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
    """Run some work in a folder that is removed afterwards, and print what it gives."""
    with tempfile.TemporaryDirectory(prefix="bench-import-", dir=parent) as name:
        found = work(Path(name))
    print(found, flush=True)
    return found


def main() -> None:
    """Measure, print and write the result."""
    parser = benchmark_parser(__doc__, seconds=400, runs=5)
    parser.add_argument("--hours", type=int, nargs="+", default=HOURS, help="default: %(default)s")
    parser.add_argument("--import-alone", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.import_alone:
        import_alone(*options.import_alone)
        return
    options.folder.mkdir(parents=True, exist_ok=True)
    map_large_blocks()  # as the command does
    hours = [
        in_folder(options.folder, partial(measure_hours, hours=hours)) for hours in options.hours
    ]
    gigabyte = in_folder(
        options.folder, partial(measure_gigabyte, seconds=options.seconds, turns=options.runs)
    )
    result = {
        "goals": GOALS,
        "peak_of_longest": round(hours[-1]["peak_mib"] / hours[0]["peak_mib"], 3),
        "mib_per_hour": mib_per_hour(hours),
        "hours": hours,
        "gigabyte": gigabyte,
    }
    write_result(options.result, "import of hours, and of a gigabyte against a plain copy", result)


if __name__ == "__main__":
    main()
