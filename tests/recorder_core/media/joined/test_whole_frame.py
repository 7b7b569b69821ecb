"""Whether a frame of HEVC has its end is found out where nothing in the stream says it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import pytest

from recorder_core.errors import DecodeError
from recorder_core.media import index_frames, probe
from recorder_core.media.container.transport.stream import UnitEnd, read_units
from recorder_core.media.files.media_file import media_file

MakeVideo = Callable[..., Path]
PACKET, VIDEO_PID = 188, 0x100
HEVC = {
    "codec": "libx265",
    "options": {"x265-params": "keyint=12:log-level=none:bframes=2", "qp": "12"},
}
#: frames of a stream -> packets of the last one less one: a keyframe, a frame of two, one of one
CUTS = {37: 1, 38: 2, 40: 0}


def with_message(frame: bytes, size: int) -> bytes:
    """Put a message of user data (H.265, D.2.6) in front of a coded frame."""
    content = bytes([5, size]) + bytes(range(16)) + b"\x55" * (size - 16) + b"\x80"
    return b"\x00\x00\x00\x01\x4e\x01" + content + frame


def write_stream(path: Path, target: Path, frames: int, message_bytes: int) -> Path:
    """Write the first frames as a transport stream, the last with a message of some size."""
    annex_b = av.BitStreamFilterContext
    with av.open(str(path)) as source, av.open(str(target), "w") as container:
        stream = container.add_stream_from_template(source.streams.video[0])
        plain = annex_b("hevc_mp4toannexb", source.streams.video[0])
        for number, packet in enumerate(list(source.demux(video=0))[:frames]):
            for whole in plain.filter(packet):
                data = bytes(whole)
                last = number == frames - 1
                written = av.Packet(with_message(data, message_bytes) if last else data)
                written.pts, written.dts, written.time_base = whole.pts, whole.dts, whole.time_base
                written.is_keyframe, written.stream = whole.is_keyframe, stream
                container.mux(written)
    return target


def stuffing(path: Path) -> int:
    """Return how many bytes of the video's last packet hold nothing."""
    data = path.read_bytes()
    packet = data[read_units(media_file(path))[VIDEO_PID].lasts[-1] :][:PACKET]
    return packet[4] + 1 if packet[3] & 0x20 else 0


def filled(path: Path, target: Path, frames: int) -> Path:
    """Write a stream whose last frame ends with its packet."""
    room = stuffing(write_stream(path, target, frames, 20))
    write_stream(path, target, frames, 20 + room)
    assert read_units(media_file(target))[VIDEO_PID].ends[-1] == UnitEnd.UNKNOWN
    return target


def test_a_recording_that_ends_with_a_full_packet_is_whole(
    make_video: MakeVideo, tmp_path: Path
) -> None:
    path = make_video("a.mp4", width=320, height=192, **HEVC)
    for frames, cuts in CUTS.items():
        stream = filled(path, tmp_path / "filled.ts", frames)
        assert len(index_frames(probe(stream))) == frames
        assert refused_cuts(stream, frames) == cuts
    # another recording may follow
    stream, joined = filled(path, tmp_path / "filled.ts", 38), tmp_path / "joined.ts"
    joined.write_bytes(stream.read_bytes() * 2)
    assert len(index_frames(probe(joined))) == 76


def refused_cuts(stream: Path, frames: int) -> int:
    """Cut the last frame after each of its packets but the last; return after how many."""
    data, last = stream.read_bytes(), read_units(media_file(stream))[VIDEO_PID].starts[-1]
    cuts = range(last + PACKET, len(data), PACKET)
    for end in cuts:
        cut = stream.with_name("cut.ts")
        cut.write_bytes(data[:end])
        assert read_units(media_file(cut))[VIDEO_PID].ends[-1] == UnitEnd.UNKNOWN
        with pytest.raises(DecodeError, match=r"damaged at about second .* --salvage"):
            index_frames(probe(cut))
        # of a frame without any of its slices there is no packet
        assert len(index_frames(probe(cut), salvage=True)) >= frames - 1
    return len(cuts)
