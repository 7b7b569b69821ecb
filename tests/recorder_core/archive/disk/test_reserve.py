"""The room that a full disk keeps for small writes."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from recorder_core.archive import (
    SPARE_NAMES,
    FileIdentity,
    SealedReader,
    SealedWriter,
    fill_reserve,
    keep_space,
    lacks_files,
    missing_bytes,
)
from recorder_core.archive.disk.reserve import RESERVE_NAME, check_bulk_space

MIB = 2**20


class Disk:
    """What a file system of 64 MiB would say; a test says how much of it is free."""

    def __init__(self) -> None:
        self.free_bytes = 32 * MIB
        self.free_files = 100
        #: 0 of a file system that does not count them
        self.files = 200

    def __call__(self, _: object) -> SimpleNamespace:
        return SimpleNamespace(
            f_frsize=4096,
            f_blocks=64 * MIB // 4096,
            f_bavail=self.free_bytes // 4096,
            f_files=self.files,
            f_favail=self.free_files,
        )


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    made = Disk()
    monkeypatch.setattr(os, "statvfs", made)
    return made


def size_of_reserve(root: Path) -> int:
    return (root / RESERVE_NAME).stat().st_size


def test_it_really_takes_up_its_room(root: Path, disk: Disk) -> None:
    assert fill_reserve(root) == 0
    found = (root / RESERVE_NAME).stat()
    assert found.st_size == 4 * MIB
    assert found.st_blocks * 512 >= 4 * MIB
    assert found.st_mode & 0o777 == 0o600


def test_a_small_disk_keeps_a_sixteenth(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = SimpleNamespace(f_frsize=4096, f_blocks=2048, f_bavail=2048, f_files=0, f_favail=0)
    monkeypatch.setattr(os, "statvfs", lambda _: small)
    fill_reserve(root)
    assert size_of_reserve(root) == 8 * MIB // 16


def test_small_writes_get_what_they_lack_and_no_more(root: Path, disk: Disk) -> None:
    fill_reserve(root)
    keep_space(root)
    assert size_of_reserve(root) == 4 * MIB
    disk.free_bytes = MIB // 4
    keep_space(root)
    assert size_of_reserve(root) == 4 * MIB - 3 * MIB // 4
    assert missing_bytes(root) == 3 * MIB // 4


def test_it_is_filled_up_again_when_there_is_room(root: Path, disk: Disk) -> None:
    fill_reserve(root)
    disk.free_bytes = 0
    keep_space(root)
    assert fill_reserve(root) == MIB
    disk.free_bytes = 2 * MIB
    assert fill_reserve(root) == 0
    assert size_of_reserve(root) == 4 * MIB


def test_a_copy_that_was_made_sparse_takes_up_its_room(root: Path, disk: Disk) -> None:
    with (root / RESERVE_NAME).open("wb") as file:
        file.truncate(4 * MIB)
    assert fill_reserve(root) == 0
    assert (root / RESERVE_NAME).stat().st_blocks * 512 >= 4 * MIB


def test_streams_stop_before_the_room_of_small_writes(root: Path, disk: Disk) -> None:
    disk.free_bytes = 0
    check_bulk_space(root)  # a folder of copies keeps no reserve, and is filled to its end
    disk.free_bytes = 32 * MIB
    fill_reserve(root)
    check_bulk_space(root)
    disk.free_bytes = MIB - 4096
    with pytest.raises(OSError, match="No space left") as stopped:
        check_bulk_space(root)
    assert stopped.value.errno == errno.ENOSPC
    keep_space(root)
    disk.free_bytes = 32 * MIB
    with pytest.raises(OSError, match="No space left"):
        check_bulk_space(root)


def spares(root: Path) -> int:
    return sum((root / name).exists() for name in SPARE_NAMES)


def test_small_writes_get_the_files_that_they_lack(root: Path, disk: Disk) -> None:
    assert not lacks_files(root)
    fill_reserve(root)
    assert spares(root) == 8
    assert all((root / name).stat().st_size == 0 for name in SPARE_NAMES)
    keep_space(root)
    assert (spares(root), lacks_files(root)) == (8, False)
    check_bulk_space(root)
    disk.free_files = 4
    keep_space(root)
    assert (spares(root), lacks_files(root)) == (5, True)
    disk.free_files = 0
    with pytest.raises(OSError, match="No space left"):
        check_bulk_space(root)
    keep_space(root)
    assert (spares(root), lacks_files(root)) == (1, True)
    disk.free_files = 10
    fill_reserve(root)
    assert (spares(root), lacks_files(root)) == (1, True)
    disk.free_files = 15
    fill_reserve(root)
    assert (spares(root), lacks_files(root)) == (8, False)
    check_bulk_space(root)


def test_a_file_system_that_counts_no_files_lacks_none(root: Path, disk: Disk) -> None:
    disk.files = disk.free_files = 0
    fill_reserve(root)
    keep_space(root)
    assert (spares(root), lacks_files(root)) == (8, False)
    check_bulk_space(root)


def test_a_root_that_is_gone_is_no_error_of_the_reserve(root: Path) -> None:
    keep_space(root / "gone")
    assert missing_bytes(root / "gone") == 0
    with pytest.raises(FileNotFoundError):
        fill_reserve(root / "gone")


def test_a_copy_stops_on_the_full_root_only(
    root: Path, mirror: Path, people: Any, identity: FileIdentity, disk: Disk, content: Any
) -> None:
    fill_reserve(mirror)
    with SealedWriter([root, mirror], "event/file", identity, people.readers) as writer:
        writer.write(content(100_000))
        writer.sync()
        disk.free_bytes = 0
        writer.write(content(100_000))
        writer.sync()
        disk.free_bytes = 32 * MIB
    assert [(fault.root, fault.reason) for fault in writer.faults] == [
        (mirror, os.strerror(errno.ENOSPC))
    ]
    assert writer.whole_roots == (root,)
    with SealedReader(root / "event/file", people.reviewer, identity) as reader:
        assert reader.read() == content(100_000) * 2
