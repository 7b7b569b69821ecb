"""Packets that a recorder sends twice are read once."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import av
import pytest

from recorder_core.errors import DecodeError
from recorder_core.media import decode_frames, index_frames, probe
from recorder_core.media.container.probe import open_media
from recorder_core.media.container.transport.packets import packet_blocks, without_duplicates
from recorder_core.media.files.media_file import media_file

MakePart = Callable[..., Path]
LARGE = {"width": 320, "height": 192}


def rows(path: Path, stride: int = 188) -> list[bytes]:
    data = path.read_bytes()
    return [data[at : at + stride] for at in range(0, len(data), stride)]


def write_twice(path: Path, target: Path, chosen: Callable[[int], bool], stride: int = 188) -> Path:
    """Write some packets once more each; in the second one the clock reference is later."""
    head = stride - 188
    with target.open("wb") as file:
        for number, row in enumerate(rows(path, stride)):
            file.write(row)
            packet = bytearray(row)
            has_payload, has_field = packet[head + 3] & 0x10, packet[head + 3] & 0x20
            if not has_payload or not chosen(number):
                continue
            if has_field and packet[head + 4] and packet[head + 5] & 0x10:
                packet[head + 9] ^= 0x05
            file.write(packet)
    return target


def packets(path: Path) -> list[tuple[int, int | None, bytes]]:
    """Return the packets as the program reads them, none of which may be marked as damaged."""
    with open_media(path) as container:
        found = [each for each in container.demux() if each.size]
    assert not any(each.is_corrupt for each in found)
    return sorted((each.stream_index, each.pts, bytes(each)) for each in found)


def numbers(path: Path, read: Callable[[Any], int]) -> list[int]:
    info = probe(path)
    with closing(decode_frames(info, index_frames(info))) as frames:
        return [read(frame.planes.y) for frame in frames]


@pytest.mark.parametrize(("name", "stride"), [("part.ts", 188), ("part.m2ts", 192)])
@pytest.mark.parametrize("share", [1.0, 0.3, 0.01])
def test_packets_that_were_sent_twice_are_read_once(
    make_part: MakePart,
    read_number: Callable[[Any], int],
    tmp_path: Path,
    name: str,
    stride: int,
    share: float,
) -> None:
    part, chance = make_part(name, 10, **LARGE), random.Random(7)
    twice = write_twice(part, tmp_path / f"twice-{name}", lambda _: chance.random() < share, stride)
    assert twice.stat().st_size > part.stat().st_size
    assert packets(twice) == packets(part)
    assert numbers(twice, read_number) == list(range(40))
    index = index_frames(probe(twice), salvage=True)
    assert (index.damaged_pts, index.audio_gaps) == ((), ())
    # decoding begins within the file, too
    info = probe(twice)
    with closing(decode_frames(info, index_frames(info), start=30)) as frames:
        assert [read_number(each.planes.y) for each in frames] == list(range(30, 40))


def test_joined_parts_may_have_some(
    make_part: MakePart, read_number: Callable[[Any], int], tmp_path: Path
) -> None:
    first, second = make_part("a.ts", 10), make_part("b.ts", 3)
    twice = write_twice(first, tmp_path / "twice.ts", lambda number: number % 2 == 0)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(twice.read_bytes() + second.read_bytes())
    assert numbers(joined, read_number) == list(range(40)) * 2


def duplicates(path: Path) -> list[int]:
    return [
        int(offset)
        for block in packet_blocks(media_file(path))
        for offset in block.offsets[block.is_duplicate]
    ]


def test_two_and_only_two_are_allowed(make_part: MakePart, tmp_path: Path) -> None:
    part = make_part("part.ts", 10, **LARGE)
    own = rows(part)
    place = next(
        at
        for at, row in enumerate(own)
        if at > 60 and row[1:3] == b"\x01\x00" and not row[3] & 0x20
    )

    def written(name: str, packets: Iterable[bytes]) -> Path:
        path = tmp_path / name
        path.write_bytes(b"".join(packets))
        return path

    thrice = written("thrice.ts", [*own[:place], *own[place : place + 1] * 3, *own[place + 1 :]])
    assert duplicates(thrice) == [188 * (place + 1)]
    with pytest.raises(DecodeError, match="damaged at about second"):
        index_frames(probe(thrice))
    # the same counter with other bytes is a loss of packets
    other = bytearray(own[place])
    other[100] ^= 0xFF
    changed = written("changed.ts", [*own[: place + 1], bytes(other), *own[place + 1 :]])
    assert duplicates(changed) == []
    with pytest.raises(DecodeError, match="damaged at about second"):
        index_frames(probe(changed))


def test_a_file_without_any_is_opened_as_it_is(make_part: MakePart) -> None:
    part = make_part("part.ts", 10)
    assert without_duplicates(media_file(part)) is None


def test_parts_of_a_packet_are_read_as_the_whole(make_part: MakePart, tmp_path: Path) -> None:
    part = make_part("part.ts", 10)
    twice = write_twice(part, tmp_path / "twice.ts", lambda number: True)
    file = without_duplicates(media_file(twice))
    assert file is not None
    whole, step = file.read(), 61
    assert len(whole) == twice.stat().st_size
    assert whole != twice.read_bytes()
    file.seek(0)
    assert b"".join(iter(lambda: file.read(step), b"")) == whole
    kept = [whole[at : at + 188] for at in range(0, len(whole), 188)]
    assert [row for row in kept if row[1:3] != b"\x1f\xff"] == rows(part)
    # FFmpeg alone finds losses in what was sent twice
    with av.open(str(twice)) as container:
        assert any(packet.is_corrupt for packet in container.demux())
