from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from recorder_core.errors import EncodeError
from recorder_core.media.audio.packets import audio_packets, strip_extradata_comments


def test_vorbis_headers_lose_their_comments() -> None:
    identification = b"\x01vorbis" + bytes(23)
    name = b"ARTIST=" + b"Jane Doe " * 60
    comments = b"\x03vorbis\x04\0\0\0Lavf\x01\0\0\0" + len(name).to_bytes(4, "little") + name
    comments += b"\x01"
    setup = b"\x05vorbis" + bytes(range(256)) * 3
    lacing = bytes([255, 255, len(comments) - 510])
    before = bytes([2, len(identification)]) + lacing + identification + comments + setup
    after = strip_extradata_comments("vorbis", before)
    empty = b"\x03vorbis" + bytes(8) + b"\x01"
    assert after == bytes([2, len(identification), len(empty)]) + identification + empty + setup
    assert strip_extradata_comments("vorbis", after) == after


def test_other_headers_stay_and_strange_ones_are_refused() -> None:
    assert strip_extradata_comments("aac", b"\x12\x10") == b"\x12\x10"
    with pytest.raises(EncodeError, match="unknown kind"):
        strip_extradata_comments("vorbis", b"\x05abc")


def test_packets_before_zero_can_be_left_out_but_for_the_run_in(
    make_video: Callable[..., Path],
) -> None:
    def times(**options: Any) -> list[int | None]:
        with av.open(str(make_video(audio=("aac",)))) as container:
            packets = audio_packets(container, list(container.streams.audio), **options)
            return [packet.pts for packet in packets]

    every = times()
    assert every[:2] == [-1024, 0]
    assert times(from_zero=True) == every
    # half a second earlier, what lay before it is no run-in
    earlier = times(from_zero=True, shift_seconds=Fraction(1, 2))
    assert earlier == [pts - 24_000 for pts in every if pts is not None and pts >= 24_000 - 48]
