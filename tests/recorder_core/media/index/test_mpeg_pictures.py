from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import av
import pytest
from av.packet import Packet

from recorder_core.media.index.mpeg_pictures import MpegPictures

_PICTURE = re.compile(rb"\x00\x00\x01\x00.(.)", re.DOTALL)
_B: int = 3


@pytest.fixture
def packets(make_video: Callable[..., Path]) -> list[Packet[Any]]:
    """Return the pictures of a program stream, in groups of 12: I B B P B B P and so on."""
    path = make_video("source.vob", codec="mpeg2video", options={"g": "12", "bf": "2"})
    with av.open(str(path)) as container:
        return [packet for packet in container.demux(video=0) if packet.size]


def _damaged(packets: Sequence[Packet[Any]], codec: str = "mpeg2video") -> list[int]:
    pictures = MpegPictures(codec, "mpeg")
    for packet in packets:
        pictures.note(packet)
    return pictures.damaged_pts()


def _is_b(packet: Packet[Any]) -> bool:
    found = _PICTURE.search(bytes(packet))
    assert found is not None
    return found[1][0] >> 3 & 7 == _B


def _with_rows(packet: Packet[Any], rows: Sequence[int]) -> Packet[Any]:
    """Return a picture with the slices of some rows, from 1 on, and no others."""
    pieces = re.split(rb"(?=\x00\x00\x01)", bytes(packet))
    kept = [each for each in pieces if each[3:4] not in map(_byte, range(1, 0xB0))]
    slices = [b"\x00\x00\x01" + _byte(row) + b"slice" for row in rows]
    made = Packet(b"".join(kept + slices))
    made.pts, made.dts, made.time_base = packet.pts, packet.dts, packet.time_base
    return made


def _byte(value: int) -> bytes:
    return bytes([value])


def test_a_whole_video_and_one_that_stops_before_pictures_shown_earlier(
    packets: list[Packet[Any]],
) -> None:
    assert len(packets) == 40
    assert _damaged(packets) == []
    last_group = max(place for place, packet in enumerate(packets) if packet.is_keyframe)
    anchors = [place for place in range(last_group, 40) if not _is_b(packets[place])]
    # the pictures between the last two anchors come behind the second of them
    assert _damaged(packets[: anchors[-1] + 1]) == []


def test_a_picture_that_is_missing_is_named_by_the_next(packets: list[Packet[Any]]) -> None:
    place = next(place for place in range(15, 40) if _is_b(packets[place]))
    missing = packets[place]
    step = min(b - a for a, b in zip(_times(packets), _times(packets)[1:], strict=False))
    assert missing.pts is not None
    assert _damaged(packets[:place] + packets[place + 1 :]) == [missing.pts + step]


def _times(packets: Sequence[Packet[Any]]) -> list[int]:
    return sorted(packet.pts for packet in packets if packet.pts is not None)


@pytest.mark.parametrize(
    ("codec", "rows", "is_whole"),
    [
        ("mpeg2video", [1, 2, 3, 4], True),
        ("mpeg2video", [1, 2, 4], False),
        ("mpeg2video", [1, 2, 3], False),
        # a field among frames
        ("mpeg2video", [1, 2], True),
        ("mpeg1video", [1, 2, 4], False),
        # a slice goes on for rows
        ("mpeg1video", [1], True),
    ],
)
def test_a_picture_lacks_a_row(
    packets: list[Packet[Any]], codec: str, rows: list[int], is_whole: bool
) -> None:
    made = [_with_rows(packet, [1, 2, 3, 4]) for packet in packets]
    made[20] = _with_rows(packets[20], rows)
    assert _damaged(made, codec) == ([] if is_whole else [packets[20].pts])
