from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import pytest

from recorder_core.errors import DecodeError
from recorder_core.media import index_frames, probe
from recorder_core.media.index.unit_lengths import length_bytes_of, units_fill

ENDS = (b"", bytes(3), bytes(4), bytes(8), b"\x00\x00\x00\x09abc", b"\x00\x00\x00\x03abc")


def _decoder_takes(path: Path, ending: bytes) -> tuple[bool, bool]:
    """Return whether FFmpeg takes a keyframe with an ending, and what its lengths say."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        first = next(packet for packet in container.demux(stream) if packet.size)
        packet = av.Packet(bytes(first) + ending)
        packet.pts, packet.dts, packet.time_base = first.pts, first.dts, first.time_base
        filled = units_fill(packet, length_bytes_of(stream))
        try:
            stream.codec_context.decode(packet)
        except av.error.InvalidDataError:
            return False, filled
        return True, filled


def test_lengths_that_fill_a_packet_are_those_that_ffmpeg_takes(
    make_video: Callable[..., Path],
) -> None:
    path = make_video("source.mp4")
    answers = [_decoder_takes(path, ending) for ending in ENDS]
    assert answers == [(taken, taken) for taken, _ in answers]
    assert [taken for taken, _ in answers] == [True, True, False, False, False, True]


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_every_packet_of_a_whole_file_is_filled(
    make_video: Callable[..., Path], suffix: str, codec: str
) -> None:
    options = {"x265-params": "log-level=none:keyint=12"} if codec == "libx265" else {"g": "12"}
    with av.open(str(make_video(f"source.{suffix}", codec=codec, options=options))) as container:
        stream = container.streams.video[0]
        length_bytes = length_bytes_of(stream)
        packets = [packet for packet in container.demux(stream) if packet.size]
        assert length_bytes == 4
        assert len(packets) == 40
        assert all(units_fill(packet, length_bytes) for packet in packets)


def test_start_codes_have_no_lengths(make_video: Callable[..., Path]) -> None:
    with av.open(str(make_video("source.ts"))) as container:
        assert length_bytes_of(container.streams.video[0]) == 0


def test_a_packet_that_the_disk_lost_is_damage(make_video: Callable[..., Path]) -> None:
    path = make_video("source.mp4")
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        lost = packets[20]
        place, size, second = lost.pos or 0, lost.size, float((lost.pts or 0) * lost.time_base)
    content = bytearray(path.read_bytes())
    content[place : place + size] = bytes(size)
    path.write_bytes(content)
    with pytest.raises(DecodeError, match=f"damaged at about second {second:.1f}; .*--salvage"):
        index_frames(probe(path))
    assert index_frames(probe(path), salvage=True).damaged_pts == (lost.pts,)
