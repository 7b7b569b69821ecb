"""The beginning of a recording within a file is no damage, and damage is no beginning."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from recorder_core.errors import DecodeError
from recorder_core.media import decode_frames, find_gaps, index_frames, probe

MakePart = Callable[..., Path]
ReadNumber = Callable[[Any], int]
PACKET = 188
HEVC = {"codec": "libx265", "options": {"x265-params": "keyint=12:log-level=none:bframes=2"}}
LARGE = {"width": 320, "height": 192}


def packets(path: Path, kind: str) -> list[bytes]:
    with av.open(str(path)) as container:
        stream = next(each for each in container.streams if each.type == kind)
        return [bytes(packet) for packet in container.demux(stream) if packet.size]


def numbers(path: Path, read: ReadNumber) -> list[int]:
    info = probe(path)
    with closing(decode_frames(info, index_frames(info))) as frames:
        return [read(frame.planes.y) for frame in frames]


def join(path: Path, *parts: Path) -> Path:
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


@pytest.mark.parametrize(("suffix", "made"), [(".ts", {"width": 192}), (".m2ts", HEVC)])
def test_parts_whose_clock_goes_on_are_one_recording(
    make_part: MakePart, read_number: ReadNumber, tmp_path: Path, suffix: str, made: dict[str, Any]
) -> None:
    # each has 1.6 s; the last one begins after a pause
    starts = (10, 11.6, 13.2, 17.2)
    parts = [make_part(f"{start}{suffix}", start, **made) for start in starts]
    joined = join(tmp_path / f"joined{suffix}", *parts)
    assert numbers(joined, read_number) == list(range(40)) * 4
    info = probe(joined)
    seconds = index_frames(info).pts * float(info.video.time_base)
    gaps = np.diff(seconds)
    assert np.flatnonzero(gaps > 0.1).tolist() == [119]
    assert gaps[119] == pytest.approx(2.44, abs=0.1)
    assert index_frames(info, salvage=True).damaged_pts == ()


def _with_tables_before_last_audio(path: Path) -> Path:
    """Move the last tables of a recording between its last video and its last audio.

    They become the same as those with which a recording begins, as they are by chance.
    """
    data = path.read_bytes()
    found = [data[at : at + PACKET] for at in range(0, len(data), PACKET)]
    pids = [(each[1] & 0x1F) << 8 | each[2] for each in found]
    audio = max(n for n, each in enumerate(found) if pids[n] == 0x101 and each[1] & 0x40)
    tables = [n for n, pid in enumerate(pids) if pid in (0, 0x1000)]
    first = [n for n in tables if n < pids.index(0x100)]
    tail = [n for n in range(audio, len(found)) if pids[n] == 0x101]
    kept = [n for n in range(len(found)) if n not in tail and n not in tables[len(first) :]]
    begin = [found[n] for n in first]
    for n in first:
        found[n] = found[n][:3] + bytes([found[n][3] | 15]) + found[n][4:]
    content = [*(found[n] for n in kept), *begin, *(found[n] for n in tail)]
    path.write_bytes(b"".join(content))
    return path


@pytest.mark.parametrize("made", [LARGE, HEVC | LARGE], ids=["h264", "hevc"])
def test_tables_before_the_last_audio_begin_no_recording(
    make_part: MakePart, read_number: ReadNumber, tmp_path: Path, made: dict[str, Any]
) -> None:
    first = _with_tables_before_last_audio(make_part("a.ts", 10, **made))
    assert numbers(first, read_number) == list(range(40))
    joined = join(tmp_path / "joined.ts", first, make_part("b.ts", 11.6, **made))
    assert numbers(joined, read_number) == list(range(40)) * 2
    for kind in ("video", "audio"):
        assert len(packets(joined, kind)) == 2 * len(packets(first, kind))


SLICES = "keyint=12:log-level=none:bframes=2:slices=4:wpp=1:pools=4:ctu=16"


def test_frames_of_several_slices_are_read_frame_by_frame(
    make_part: MakePart, read_number: ReadNumber, tmp_path: Path
) -> None:
    made = LARGE | {"codec": "libx265", "options": {"x265-params": SLICES}}
    parts = [make_part(f"{start}.ts", start, **made) for start in (10, 14)]
    slices = [
        sum(unit[0] >> 1 & 63 < 32 for unit in packet.split(b"\0\0\1")[1:])
        for packet in packets(parts[0], "video")
    ]
    assert slices == [4] * 40
    assert numbers(parts[0], read_number) == list(range(40))
    assert numbers(join(tmp_path / "joined.ts", *parts), read_number) == list(range(40)) * 2


@pytest.mark.parametrize("made", [LARGE, HEVC | LARGE], ids=["h264", "hevc"])
@pytest.mark.parametrize("second_start", [11.6, 14])
def test_a_loss_is_never_taken_for_a_beginning(
    make_part: MakePart, tmp_path: Path, made: dict[str, Any], second_start: float
) -> None:
    parts = make_part("a.ts", 10, **made), make_part("b.ts", second_start, **made)
    data = join(tmp_path / "joined.ts", *parts).read_bytes()
    joint = parts[0].stat().st_size // PACKET
    chance = random.Random(second_start)
    refused = 0
    for trial in range(9):
        count = chance.choice([1, 2, 3, 5, 20, 60])
        # a third of them just before the second part
        first = joint - count if trial % 3 == 0 else chance.randrange(10, len(data) // PACKET - 70)
        lossy = tmp_path / "lossy.ts"
        lossy.write_bytes(data[: first * PACKET] + data[(first + count) * PACKET :])
        try:
            info = probe(lossy)
            with closing(decode_frames(info, index_frames(info))) as frames:
                assert all(frame.pts >= 0 for frame in frames)
        except DecodeError:
            refused += 1
            continue
        _assert_shorter_first_part(lossy, parts)
    assert refused > 3


def _assert_shorter_first_part(lossy: Path, parts: tuple[Path, Path]) -> None:
    """What is read is what a first part would hold that ended earlier, and all of the second."""
    for kind in ("video", "audio"):
        found, first, second = (packets(path, kind) for path in (lossy, *parts))
        kept = len(found) - len(second)
        assert found[kept:] == second
        assert found[:kept] == first[:kept]


def test_program_streams_whose_clock_goes_on_are_one_recording(
    make_part: MakePart, read_number: ReadNumber, tmp_path: Path
) -> None:
    made = {"codec": "mpeg2video", "options": {"g": "12", "bf": "2"}, "audio": ("ac3",)}
    parts = [make_part(f"{start}.vob", start, **made) for start in (10, 11.6, 13.2)]
    assert numbers(join(tmp_path / "joined.vob", *parts), read_number) == list(range(40)) * 3


def video_packets(path: Path) -> list[int]:
    data = path.read_bytes()
    return [
        at for at in range(0, len(data), PACKET) if data[at + 1] & 0x1F == 1 and not data[at + 2]
    ]


@pytest.mark.parametrize("made", [LARGE, HEVC | LARGE], ids=["h264", "hevc"])
def test_a_keyframe_that_lacks_a_packet_is_damaged_itself(
    make_part: MakePart, made: dict[str, Any]
) -> None:
    path = make_part("a.ts", 10, **made)
    with av.open(str(path)) as container:
        keys = [packet.pos for packet in container.demux(video=0) if packet.is_keyframe]
    places = video_packets(path)
    lost = places[places.index(keys[1]) + 2]
    data = path.read_bytes()
    path.write_bytes(data[:lost] + data[lost + PACKET :])
    with pytest.raises(DecodeError, match=r"damaged at about second 0\.[45]; .* --salvage"):
        index_frames(probe(path))
    info = probe(path)
    index = index_frames(info, salvage=True)
    gaps = find_gaps(info, index)
    hidden = {frame for gap in gaps for frame in range(gap.first_index, gap.stop_index)}
    first = int(np.searchsorted(index.pts, index.keyframe_pts[1]))
    assert set(range(first, int(np.searchsorted(index.pts, index.keyframe_pts[2])))) <= hidden
    assert 0 not in hidden
    assert len(index) - 1 not in hidden


def test_lost_audio_is_refused_or_salvaged(make_part: MakePart) -> None:
    path = make_part("a.ts", 10)
    data = path.read_bytes()
    places = [at for at in range(0, len(data), PACKET) if data[at + 1] & 0x1F == 1 and data[at + 2]]
    lost = places[len(places) // 2]
    path.write_bytes(data[:lost] + data[lost + PACKET :])
    with pytest.raises(DecodeError, match=r"damaged at about second 0\.\d; .* --salvage"):
        index_frames(probe(path))
    index = index_frames(probe(path), salvage=True)
    assert len(index) == 40
    assert index.damaged_pts == ()


@pytest.mark.parametrize("made", [LARGE, HEVC | LARGE], ids=["h264", "hevc"])
def test_a_last_frame_that_lacks_its_end_is_refused(
    make_part: MakePart, made: dict[str, Any]
) -> None:
    path = make_part("a.ts", 10, **made, audio=())
    data = path.read_bytes()
    assert len(index_frames(probe(path))) == 40
    with av.open(str(path)) as container:
        keys = [packet.pos for packet in container.demux(video=0) if packet.is_keyframe]
    # a frame of several packets lacks its last ones
    path.write_bytes(data[: (keys[-1] or 0) + 2 * PACKET])
    with pytest.raises(DecodeError, match="damaged"):
        numbers(path, lambda luma: 0)
    assert 20 < len(index_frames(probe(path), salvage=True)) < 40
