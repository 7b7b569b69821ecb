from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from recorder_core.errors import EncodeError
from recorder_core.media import file_sha256, finished_file, hash_beside


def test_a_finished_file_appears_whole(tmp_path: Path) -> None:
    final = tmp_path / "copy.mp4"
    final.write_bytes(b"old")
    with finished_file(final) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".mp4"
        temporary.write_bytes(b"new")
        assert final.read_bytes() == b"old"
    assert final.read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["copy.mp4"]


def fail_halfway(path: Path, error: type[BaseException]) -> None:
    with finished_file(path) as temporary:
        temporary.write_bytes(b"half")
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_after_an_error_nothing_is_left(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error):
        fail_halfway(tmp_path / "copy.mp4", error)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_never_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EncodeError), finished_file(tmp_path / "copy.mp4"):
        pass


def test_sha256(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(bytes(range(256)) * 10_000)
    assert file_sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_hash_made_beside_other_work_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(range(256)) * 10_000)
    with hash_beside(path) as digest:
        assert digest() == file_sha256(path)
    with (
        hash_beside(tmp_path / "missing") as digest,
        pytest.raises(FileNotFoundError),
    ):
        digest()
