from __future__ import annotations

from pathlib import Path

import pytest

from recorder_core.media.container.mp4_boxes import is_cut_off, lacks_index
from recorder_core.media.files.media_file import media_file


def box(kind: bytes, content: bytes, *, wide: bool = False) -> bytes:
    if wide:
        return b"\0\0\0\x01" + kind + (len(content) + 16).to_bytes(8, "big") + content
    return (len(content) + 8).to_bytes(4, "big") + kind + content


@pytest.mark.parametrize("wide", [False, True])
def test_whole_and_cut_files(tmp_path: Path, wide: bool) -> None:
    path = tmp_path / "a.mp4"
    whole = box(b"ftyp", b"isom") + box(b"moov", b"x" * 50) + box(b"mdat", b"y" * 90, wide=wide)
    path.write_bytes(whole)
    assert not is_cut_off(media_file(path))
    assert not lacks_index(media_file(path))
    path.write_bytes(whole[:-1])
    assert is_cut_off(media_file(path))
    path.write_bytes(box(b"ftyp", b"isom") + box(b"mdat", b"y" * 90, wide=wide))
    assert lacks_index(media_file(path))


def test_a_last_box_without_a_size_reaches_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(box(b"ftyp", b"isom") + b"\0\0\0\0mdat" + b"y" * 30)
    assert not is_cut_off(media_file(path))
    assert lacks_index(media_file(path))


def test_other_files_are_neither(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(b"\x1aE\xdf\xa3 this is something else")
    assert not is_cut_off(media_file(path))
    assert not lacks_index(media_file(path))
