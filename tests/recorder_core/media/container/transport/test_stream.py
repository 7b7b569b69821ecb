"""What a transport stream says about the wholeness of its units."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest

from recorder_core.media.container.transport.stream import TABLE_PID, UnitEnd, Units, read_units
from recorder_core.media.files.media_file import media_file

MakePart = Callable[..., Path]
PACKET = 188


def pes(path: Path) -> dict[str, Units]:
    """Return the units of each kind of stream."""
    found = read_units(media_file(path))
    with av.open(str(path)) as container:
        return {stream.type: found[stream.id] for stream in container.streams}


def positions(path: Path, kind: str) -> list[int]:
    """Return where the packets begin, as FFmpeg says."""
    with av.open(str(path)) as container:
        stream = next(each for each in container.streams if each.type == kind)
        return sorted({packet.pos for packet in container.demux(stream) if packet.pos is not None})


@pytest.mark.parametrize("name", ["part.ts", "part.m2ts"])
def test_units_begin_where_packets_do_and_have_their_ends(make_part: MakePart, name: str) -> None:
    path = make_part(name, 10)
    units = pes(path)
    assert list(units["video"].starts) == positions(path, "video")
    assert list(units["audio"].starts) == positions(path, "audio")
    assert len(units["video"].starts) == 40
    for each in units.values():
        assert not any(each.breaks_before)
        assert not any(each.breaks_within)
        assert UnitEnd.CUT not in each.ends
    # of audio the length is stated; of video only stuffing says where it ends
    assert set(units["audio"].ends) == {UnitEnd.WHOLE}
    assert list(units["video"].ends).count(UnitEnd.WHOLE) > 35
    tables = read_units(media_file(path))[TABLE_PID]
    assert not tables.is_pes
    assert len(tables.starts) > 5


def packets_of(path: Path, pid: int) -> list[int]:
    """Return the byte of each packet of a PID."""
    data = path.read_bytes()
    return [
        at for at in range(0, len(data), PACKET) if (data[at + 1] & 0x1F) << 8 | data[at + 2] == pid
    ]


def without(path: Path, at: int, size: int = PACKET) -> Path:
    """Write a file that lacks some bytes."""
    data = path.read_bytes()
    target = path.with_name("less.ts")
    target.write_bytes(data[:at] + data[at + size :])
    return target


def breaks(units: Any) -> tuple[list[int], list[int]]:
    """Return before and within which units the counter breaks."""
    numbers = range(len(units.starts))
    return (
        [number for number in numbers if units.breaks_before[number]],
        [number for number in numbers if units.breaks_within[number]],
    )


def test_a_lost_packet_is_found_in_its_unit(make_part: MakePart) -> None:
    path = make_part("part.ts", 10)
    video, audio = pes(path)["video"], pes(path)["audio"]
    places = packets_of(path, 0x100)
    within = places[places.index(video.starts[12]) + 1]
    assert breaks(pes(without(path, within))["video"]) == ([], [12])
    # with its end a unit loses what says that it is whole
    after_end = pes(without(path, video.lasts[12]))["video"]
    assert breaks(after_end) == ([13], [])
    assert after_end.ends[12] == UnitEnd.UNKNOWN
    cut = pes(without(path, audio.lasts[1]))["audio"]
    assert breaks(cut) == ([2], [])
    assert cut.ends[1] == UnitEnd.CUT


def test_bytes_that_are_no_packets_break_a_unit(make_part: MakePart) -> None:
    path = make_part("part.ts", 10)
    place = packets_of(path, 0x100)[30]
    found = pes(without(path, place + 50, 7))["video"]
    before, within = breaks(found)
    assert before + within
    assert len(found.starts) >= 38


def test_what_is_no_transport_stream_has_no_units(tmp_path: Path) -> None:
    path = tmp_path / "text.ts"
    path.write_bytes(b"no video " * 1000)
    assert read_units(media_file(path)) == {}
