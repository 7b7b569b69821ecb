"""Files of an archive are opened, and links out of it are not."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from recorder_core.model.files.inner_files import (
    EVENT_FOLDERS,
    check_inner,
    create_inner,
    folder_fault,
    inner_exists,
    inner_fault,
    inner_folders,
    open_inner,
    read_inner,
    remove_inner,
)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file that is none of the archive's."""
    path = tmp_path / "outside.txt"
    path.write_bytes(b"mine")
    return path


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where a file of an event lies."""
    folder = tmp_path / "archive" / "events" / "EVENT"
    folder.mkdir(parents=True)
    return folder / "original.1.key"


def test_a_file_of_the_archive_is_read_and_made_for_its_owner(place: Path) -> None:
    descriptor = create_inner(place, folders=EVENT_FOLDERS)
    os.write(descriptor, b"content")
    os.close(descriptor)
    assert read_inner(place, folders=EVENT_FOLDERS) == b"content"
    assert place.stat().st_mode & 0o777 == 0o600
    assert check_inner(place, folders=EVENT_FOLDERS).st_size == 7
    assert inner_fault(place, folders=EVENT_FOLDERS) is None


@pytest.mark.parametrize("kind", ["link", "second name", "pipe"])
@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_RDWR | os.O_CREAT])
def test_what_is_no_file_of_the_archive_is_refused_with_a_sentence(
    place: Path, outside: Path, kind: str, flags: int
) -> None:
    if kind == "link":
        place.symlink_to(outside)
    elif kind == "second name":
        place.hardlink_to(outside)
    else:
        os.mkfifo(place)
    if kind == "second name" and flags == os.O_RDONLY:
        assert read_inner(place, folders=EVENT_FOLDERS) == b"mine"
        assert check_inner(place).st_nlink == 2
        return
    with pytest.raises(OSError, match=kind.replace("pipe", "not a file")) as refused:
        open_inner(place, flags, folders=EVENT_FOLDERS)
    assert refused.value.errno == errno.ELOOP
    assert inner_fault(place, writing=True) == refused.value.strerror
    assert outside.read_bytes() == b"mine"


@pytest.mark.parametrize("depth", [1, 2])
def test_a_folder_that_is_a_link_is_refused_and_nothing_is_made_beyond(
    place: Path, tmp_path: Path, depth: int
) -> None:
    folder = place.parents[depth - 1]
    elsewhere = tmp_path / "elsewhere"
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere, target_is_directory=True)
    with pytest.raises(OSError, match=f"the folder {folder.name} is a link"):
        create_inner(place, folders=EVENT_FOLDERS)
    assert not list(elsewhere.rglob("*.key"))
    assert folder_fault(place, EVENT_FOLDERS) is not None
    assert list(inner_folders(tmp_path / "archive")) == []


def test_links_above_the_archive_are_followed(place: Path, tmp_path: Path) -> None:
    place.write_bytes(b"content")
    (tmp_path / "short").symlink_to(tmp_path / "archive", target_is_directory=True)
    through = tmp_path / "short" / "events" / "EVENT" / place.name
    assert read_inner(through, folders=EVENT_FOLDERS) == b"content"


def test_a_missing_file_is_missing(place: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_inner(place, folders=EVENT_FOLDERS)
    assert inner_fault(place) is None
    assert not inner_exists(place, folders=EVENT_FOLDERS)


def test_the_name_goes_and_what_it_led_to_stays(place: Path, outside: Path) -> None:
    place.symlink_to(outside)
    assert inner_exists(place, folders=EVENT_FOLDERS)
    remove_inner(place, folders=EVENT_FOLDERS)
    assert not place.is_symlink()
    assert outside.read_bytes() == b"mine"


def test_nothing_is_removed_beyond_a_link(place: Path, outside: Path) -> None:
    place.parent.rmdir()
    place.parent.symlink_to(outside.parent, target_is_directory=True)
    remove_inner(place.parent / outside.name, folders=EVENT_FOLDERS)
    assert outside.read_bytes() == b"mine"


def test_a_file_is_not_cut_before_it_is_looked_at(place: Path) -> None:
    with pytest.raises(ValueError, match="before it is cut"):
        open_inner(place, os.O_WRONLY | os.O_TRUNC)
