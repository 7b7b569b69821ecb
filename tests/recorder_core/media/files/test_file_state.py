from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from recorder_core.errors import DecodeError
from recorder_core.media import FileState


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "grows.ts"
    path.write_bytes(b"0123456789")
    return path


def test_a_file_that_nobody_touches_is_as_it_was(video: Path) -> None:
    state = FileState.read(video)
    assert (state.size_bytes, state.path) == (10, video)
    with video.open("rb"):
        FileState.read(video).check()
    state.check()


@pytest.mark.parametrize("mode", ["ab", "r+b"])
def test_a_file_that_is_open_for_writing_is_refused(video: Path, mode: str) -> None:
    with video.open(mode), pytest.raises(DecodeError, match=r"grows\.ts is still being written"):
        FileState.read(video)


def _grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def _rewrite(path: Path) -> None:
    path.write_bytes(b"9876543210")
    os.utime(path, ns=(0, 0))


def _exchange(path: Path) -> None:
    other = path.with_name("other.ts")
    other.write_bytes(b"0123456789")
    stat = path.stat()
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize("change", [_grow, _rewrite, _exchange])
def test_a_file_that_changed_meanwhile_is_refused(
    video: Path, change: Callable[[Path], None]
) -> None:
    state = FileState.read(video)
    change(video)
    with pytest.raises(DecodeError, match=r"grows\.ts was changed while it was read"):
        state.check()


def test_a_file_that_is_gone_is_refused(video: Path) -> None:
    state = FileState.read(video)
    video.unlink()
    with pytest.raises(DecodeError, match="does not exist"):
        state.check()
