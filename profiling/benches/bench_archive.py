"""Measure sealing and opening: segment sizes, throughput to memory and to disk, live load.

    python profiling/benches/bench_archive.py [--folder FOLDER_ON_A_REAL_DISK]

The machine may be shared, so the best of several runs is kept, processor time is given
beside wall time, and rates to a disk are compared with a plain copy made in turns. The
result is printed and written to ``profiling/results/bench_archive.json``.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import cryptography
from measuring import benchmark_parser, write_result

from recorder_core.archive import (
    FileIdentity,
    PrivateKey,
    ReaderSet,
    SealedReader,
    SealedWriter,
    SealSettings,
)
from recorder_core.archive.secrets.secret import SecretBytes
from recorder_core.archive.segments.stream import SegmentCipher, SegmentLayout, StreamHeader

IDENTITY: Final = FileIdentity("bench-event", "original")
READER: Final = PrivateKey.generate()
READERS: Final = ReaderSet(PrivateKey.generate().public_key, (READER.public_key,))
SEGMENT_SIZES: Final = [2**power for power in (12, 14, 16, 17, 18, 20, 22)]
MIB: Final = 2**20
#: 20 Mbit/s of video, as the recorder writes it
LIVE_BYTES_PER_SECOND: Final = 2_500_000


def best(work: Callable[[], None], volume_bytes: int, runs: int = 5) -> dict[str, float]:
    """Return the best rates of several runs, GB/s of processor and of wall time."""
    processor, wall = [], []
    for _ in range(runs):
        cpu, clock = time.process_time(), time.perf_counter()
        work()
        processor.append(time.process_time() - cpu)
        wall.append(time.perf_counter() - clock)
    return {
        "gb_per_cpu_second": round(volume_bytes / min(processor) / 1e9, 2),
        "gb_per_second": round(volume_bytes / min(wall) / 1e9, 2),
    }


def seal_to_memory(segment_bytes: int, volume_bytes: int = 256 * MIB) -> Callable[[], None]:
    """Return work that seals whole segments into memory that is used again."""
    cipher = SegmentCipher(SecretBytes.random(32), StreamHeader.random(), b"bench")
    capacity = SegmentLayout(segment_bytes).capacity(1)
    content, out = memoryview(os.urandom(capacity)), memoryview(bytearray(segment_bytes))

    def work() -> None:
        for index in range(1, volume_bytes // segment_bytes + 1):
            cipher.seal_into(index, content, out, last=False)

    return work


def open_from_memory(segment_bytes: int, volume_bytes: int = 256 * MIB) -> Callable[[], None]:
    """Return work that verifies and decrypts one segment again and again."""
    cipher = SegmentCipher(SecretBytes.random(32), StreamHeader.random(), b"bench")
    capacity = SegmentLayout(segment_bytes).capacity(1)
    stored, out = memoryview(bytearray(segment_bytes)), memoryview(bytearray(capacity))
    cipher.seal_into(1, os.urandom(capacity), stored, last=False)

    def work() -> None:
        for _ in range(volume_bytes // segment_bytes):
            cipher.open_into(1, stored, out, last=False)

    return work


def seek_microseconds(folder: Path, segment_bytes: int) -> float:
    """Return the median time to read 1 KiB at a random place, nothing of it cached by us."""
    settings = SealSettings(segment_bytes=segment_bytes, hash_stream=False)
    name = f"seek-{segment_bytes}"
    with SealedWriter([folder], name, IDENTITY, READERS, settings=settings) as writer:
        for _ in range(64):
            writer.write(os.urandom(MIB))
    places = random.Random(1)  # noqa: S311  (repeatable, not secret)
    times = []
    with SealedReader(folder / name, READER, IDENTITY) as reader:
        for _ in range(200):
            place = places.randrange(reader.size_bytes - 1024)
            clock = time.perf_counter()
            reader.read_at(place, 1024)
            times.append(time.perf_counter() - clock)
    return round(statistics.median(times) * 1e6, 1)


def measure_segment_sizes(folder: Path) -> list[dict[str, Any]]:
    """Return what each segment size costs and gives."""
    rows = []
    for size in SEGMENT_SIZES:
        row: dict[str, Any] = {"segment_bytes": size}
        row["seal"] = best(seal_to_memory(size), 256 * MIB)
        row["open"] = best(open_from_memory(size), 256 * MIB)
        row["seek_microseconds"] = seek_microseconds(folder, size)
        row["seconds_per_segment_at_20_mbit"] = round(size / LIVE_BYTES_PER_SECOND, 3)
        row["most_tail_bytes_per_sync"] = size
        row["overhead_percent"] = round(1600 / size, 4)
        rows.append(row)
        print(row, flush=True)
    return rows


def copy_plain(source: Path, folder: Path) -> None:
    """Copy a file in pieces of 1 MiB and make it durable."""
    with source.open("rb", buffering=0) as incoming, (folder / "plain").open("wb", 0) as outgoing:
        while piece := incoming.read(MIB):
            outgoing.write(piece)
        os.fdatasync(outgoing.fileno())


def copy_sealed(source: Path, folder: Path, *, hash_stream: bool) -> None:
    """Seal a file in pieces of 1 MiB; durable when closed."""
    settings = SealSettings(hash_stream=hash_stream)
    with (
        source.open("rb", buffering=0) as incoming,
        SealedWriter([folder], "sealed", IDENTITY, READERS, settings=settings) as writer,
    ):
        while piece := incoming.read(MIB):
            writer.write(piece)


def read_sealed(folder: Path) -> None:
    """Read a sealed file from beginning to end."""
    buffer = bytearray(MIB)
    with SealedReader(folder / "sealed", READER, IDENTITY) as reader:
        while reader.readinto(buffer):
            pass


def compare_with_copy(folder: Path, volume_mib: int, turns: int) -> dict[str, Any]:
    """Return rates of a plain copy and of sealing, made in turns, and their ratio."""
    source = folder / "source"
    with source.open("wb") as outgoing:
        for _ in range(volume_mib):
            outgoing.write(os.urandom(MIB))
    works: dict[str, Callable[[], None]] = {
        "plain_copy": lambda: copy_plain(source, folder),
        "sealed_with_hash": lambda: copy_sealed(source, folder, hash_stream=True),
        "sealed": lambda: copy_sealed(source, folder, hash_stream=False),
    }
    seconds: dict[str, list[float]] = {name: [] for name in works}
    processor: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(turns):
        for name, work in works.items():
            for path in [*folder.glob("sealed*"), *folder.glob("plain")]:
                path.unlink()
            os.sync()
            cpu, clock = time.process_time(), time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - clock)
            processor[name].append(time.process_time() - cpu)
    reading = best(lambda: read_sealed(folder), volume_mib * MIB, runs=3)
    return summarise(seconds, processor, volume_mib * MIB) | {"read_back": reading}


def summarise(
    seconds: dict[str, list[float]], processor: dict[str, list[float]], volume_bytes: int
) -> dict[str, Any]:
    """Return best rates, and the median over turns of each rate relative to the copy."""
    result: dict[str, Any] = {"volume_mib": volume_bytes // MIB}
    for name, times in seconds.items():
        relative = [plain / own for plain, own in zip(seconds["plain_copy"], times, strict=True)]
        result[name] = {
            "gb_per_second": round(volume_bytes / min(times) / 1e9, 2),
            "gb_per_cpu_second": round(volume_bytes / min(processor[name]) / 1e9, 2),
            "of_plain_copy_median": round(statistics.median(relative), 2),
            "of_plain_copy_best": round(min(seconds["plain_copy"]) / min(times), 2),
        }
    return result


def live_load(folder: Path, seconds: float) -> dict[str, float]:
    """Return the share of one core that sealing 20 Mbit/s onto two roots takes."""
    roots = [folder / "one", folder / "two"]
    for root in roots:
        root.mkdir()
    piece = os.urandom(32_768)
    pause = len(piece) / LIVE_BYTES_PER_SECOND
    cpu, start = time.process_time(), time.perf_counter()
    slowest, written = 0.0, 0
    with SealedWriter(roots, "live", IDENTITY, READERS) as writer:
        while (now := time.perf_counter()) - start < seconds:
            writer.write(piece)
            slowest = max(slowest, time.perf_counter() - now)
            written += len(piece)
            time.sleep(max(0.0, start + written / LIVE_BYTES_PER_SECOND - time.perf_counter()))
    share = (time.process_time() - cpu) / (time.perf_counter() - start)
    return {
        "core_percent": round(share * 100, 2),
        "slowest_write_milliseconds": round(slowest * 1e3, 2),
        "write_every_milliseconds": round(pause * 1e3, 1),
    }


def main() -> None:
    """Measure, print and write the result."""
    parser = benchmark_parser(__doc__, seconds=6, runs=7)
    parser.add_argument("--mib", type=int, default=512, help="default: %(default)s")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    disk = Path(tempfile.mkdtemp(prefix="bench-archive-", dir=options.folder))
    memory = Path(tempfile.mkdtemp(prefix="bench-archive-", dir="/dev/shm"))
    try:
        result = {
            "cryptography": cryptography.__version__,
            "segment_sizes": measure_segment_sizes(memory),
            "to_memory_file": compare_with_copy(memory, options.mib, options.runs),
            "to_disk": compare_with_copy(disk, options.mib, options.runs),
            "live_two_roots": live_load(disk, options.seconds),
        }
    finally:
        shutil.rmtree(disk)
        shutil.rmtree(memory)
    print(json.dumps(result, indent=2))
    write_result(options.result, "sealing and opening, by segment size and beside a copy", result)


if __name__ == "__main__":
    main()
