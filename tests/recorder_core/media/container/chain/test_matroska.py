from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from recorder_core.errors import DecodeError
from recorder_core.media import index_frames, probe
from recorder_core.media.container.chain.pieces import walk_pieces
from recorder_core.media.files.media_file import media_file


def is_broken(path: Path) -> bool:
    return not walk_pieces(media_file(path), "matroska,webm").is_whole


def test_whole_files_are_whole(make_video: Callable[..., Path]) -> None:
    assert not is_broken(make_video("a.mkv", audio=("aac",), metadata={"title": "a"}))
    assert not is_broken(make_video("b.webm", codec="libvpx-vp9", options={"cpu-used": "8"}))


def test_a_cut_is_seen_at_every_place(make_video: Callable[..., Path]) -> None:
    whole = make_video("a.mkv")
    data, cut = whole.read_bytes(), whole.with_name("cut.mkv")
    for end in range(100, len(data), 97):
        cut.write_bytes(data[:end])
        assert is_broken(cut)


def test_frames_that_ffmpeg_skips_in_silence_are_noticed(
    make_video: Callable[..., Path],
) -> None:
    path = make_video("a.mkv", frames=120, options={"g": "12", "bf": "0"})
    data = bytearray(path.read_bytes())
    # the header of a block: A3, then its size
    place = data.index(b"\xa3", len(data) // 2)
    data[place : place + 40] = bytes(range(7, 47))
    path.write_bytes(data)
    with pytest.raises(DecodeError, match=r"damaged at about second 2\.\d; .*--salvage"):
        index_frames(probe(path))
    assert is_broken(path)
    assert len(index_frames(probe(path), salvage=True)) > 0


@pytest.mark.parametrize("data", [b"", b"\x00" * 50, b"\x1a\x45\xdf\xa3"])
def test_other_bytes(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "other.mkv"
    path.write_bytes(data)
    assert is_broken(path) == bool(data)
