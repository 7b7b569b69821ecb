"""A disk after a power cut, from a log as QEMU writes it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SECTOR = 512
#: Linux, Documentation/admin-guide/device-mapper/log-writes.rst
MAGIC, FLUSH, DISCARD = 0x6A736677736872, 1, 4
_CUT = """
import json, random, sys
from pathlib import Path
from guest_disks import cut_disk, log_position
before, log, size, part = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
position = log_position(log)._replace(size=size)
print(json.dumps(cut_disk(before, log, position, part, random.Random(1))))
"""


def _sector(*numbers: int, size: int = 8) -> bytes:
    return b"".join(each.to_bytes(size, "little") for each in numbers).ljust(SECTOR, b"\0")


def _log(entries: list[tuple[int, int, bytes]], counted: int) -> bytes:
    """Return a log of (first sector, flags, content), of which so many were counted at a flush."""
    head = b"".join(each.to_bytes(8, "little") for each in (MAGIC, 1, counted))
    pieces = [(head + SECTOR.to_bytes(4, "little")).ljust(SECTOR, b"\0")]
    for first, flags, content in entries:
        pieces += [_sector(first, len(content) // SECTOR, flags, 0), content]
    return b"".join(pieces)


@pytest.mark.parametrize(
    ("part", "expected", "cut"), [(0.0, b"AB--", [2, 0]), (1.0, b"ADC-", [2, 2])]
)
def test_what_was_not_made_durable_is_kept_or_not(
    tmp_path: Path, part: float, expected: bytes, cut: list[int]
) -> None:
    entries = [
        (0, 0, b"A" * SECTOR),
        (1, 0, b"B" * SECTOR),
        (0, FLUSH, b""),
        (2, 0, b"C" * SECTOR),
        (1, 0, b"D" * SECTOR),
    ]
    log = _log(entries, counted=3)
    # what came after the guest was stopped is there, too, and has not happened yet
    (tmp_path / "log").write_bytes(log + _log([(3, 0, b"E" * SECTOR)], 0)[SECTOR:])
    (tmp_path / "disk").write_bytes(b"-" * 4 * SECTOR)
    words = [sys.executable, "-c", _CUT, "disk", "log", str(len(log)), str(part)]
    path = {"PYTHONPATH": str(ROOT / "profiling" / "recorder")}
    done = subprocess.run(words, cwd=tmp_path, env=path, check=True, capture_output=True)
    assert json.loads(done.stdout) == cut
    disk = (tmp_path / "disk").read_bytes()
    assert disk == b"".join(bytes([each]) * SECTOR for each in expected)
