from __future__ import annotations

import os
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from recorder_core.errors import DecodeError
from recorder_core.media import FrameIndex, MediaInfo, decode_frames, index_frames, probe

MakeVideo = Callable[..., Path]
Opened = Callable[..., tuple[MediaInfo, FrameIndex]]

SOURCES: list[tuple[str, dict[str, Any]]] = [
    ("bframes.mp4", {"options": {"g": "12", "bf": "3", "b-pyramid": "normal"}}),
    ("opengop.mp4", {"options": {"g": "12", "bf": "2", "x264-params": "open-gop=1"}}),
    ("source.mkv", {}),
    ("source.ts", {}),
    ("mpeg2.ts", {"codec": "mpeg2video", "options": {"g": "12", "bf": "2"}}),
    ("hevc.mp4", {"codec": "libx265", "options": {"x265-params": "log-level=none:keyint=12"}}),
    ("vp9.mkv", {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}}),
    ("vp8.mkv", {"codec": "libvpx", "options": {"auto-alt-ref": "1", "lag-in-frames": "16"}}),
    ("interlaced.ts", {"options": {"flags": "+ildct+ilme", "x264-params": "tff=1"}}),
    (
        "vfr.mp4",
        {
            "time_base": Fraction(1, 30000),
            "pts": np.cumsum(np.random.default_rng(1).integers(200, 2000, 40)).tolist(),
        },
    ),
]


def decoder_output(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        return [frame.pts for frame in container.decode(video=0) if frame.pts is not None]


@pytest.mark.parametrize(("name", "settings"), SOURCES, ids=[name for name, _ in SOURCES])
def test_index_is_what_the_decoder_gives(
    make_video: MakeVideo, name: str, settings: dict[str, Any]
) -> None:
    path = make_video(name, **settings)
    index = index_frames(probe(path))
    assert index.pts.tolist() == decoder_output(path)
    assert len(index) == 40
    assert (index.durations > 0).all()
    assert index.durations[:-1].tolist() == np.diff(index.pts).tolist()


CUT_SOURCES: list[tuple[str, dict[str, Any]]] = [
    ("bframes.ts", {"options": {"g": "12", "bf": "2"}}),
    ("opengop.ts", {"options": {"g": "12", "bf": "2", "x264-params": "open-gop=1"}}),
    ("mpeg2.ts", {"codec": "mpeg2video", "options": {"g": "12", "bf": "2"}}),
    ("mpeg2.vob", {"codec": "mpeg2video", "options": {"g": "12", "bf": "2", "b": "4M"}}),
]


@pytest.mark.parametrize(("name", "settings"), CUT_SOURCES, ids=[name for name, _ in CUT_SOURCES])
def test_frames_before_the_first_that_can_be_decoded_are_counted(
    make_video: MakeVideo, name: str, settings: dict[str, Any]
) -> None:
    path = make_video(name, **settings)
    assert index_frames(probe(path)).left_out_frames == 0
    unit = 2048 if name.endswith(".vob") else 188
    content = path.read_bytes()
    path.write_bytes(content[len(content) * 2 // 5 // unit * unit :])
    with av.open(str(path)) as container:
        packets = sum(packet.size > 0 for packet in container.demux(video=0))
    index = index_frames(probe(path))
    assert index.pts.tolist() == decoder_output(path)
    assert index.left_out_frames == packets - len(index) > 0
    assert index.part(1, 5, Fraction(1, 90000)).left_out_frames == 0


def said_ms(path: Path, milliseconds: int) -> Path:
    """Make the header of a Matroska file say how long every frame lasts."""
    data = bytearray(path.read_bytes())
    place = data.index(b"\x23\xe3\x83")  # DefaultDuration, in nanoseconds
    size = data[place + 3] & 0x7F
    data[place + 4 : place + 4 + size] = (milliseconds * 1_000_000).to_bytes(size, "big")
    result = path.with_name("said.mkv")
    result.write_bytes(data)
    return result


@pytest.mark.parametrize("milliseconds", [16, 4000])
def test_a_header_that_is_wrong_decides_neither_the_end_nor_the_rate(
    make_video: MakeVideo, milliseconds: int
) -> None:
    info = probe(said_ms(make_video("true.mkv"), milliseconds))
    index = index_frames(info)
    assert float(info.video.average_frame_rate) == pytest.approx(1000 / milliseconds, rel=0.05)
    assert index.durations.tolist() == [40] * 40
    assert float(index.frame_rate(info.video)) == pytest.approx(25, rel=0.001)


def test_the_last_frame_lasts_as_its_packet_says_where_packets_tell_the_truth(
    make_video: MakeVideo,
) -> None:
    info = probe(make_video("last.mp4", time_base=Fraction(1, 1000), pts=list(range(0, 4000, 100))))
    index = index_frames(info)
    with info.file.open() as file, av.open(file) as container:
        last = max(
            (packet for packet in container.demux(video=0) if packet.size),
            key=lambda packet: packet.pts or 0,
        )
    assert int(index.durations[-1]) == last.duration
    assert index.frame_rate(info.video) == 10


@pytest.mark.parametrize("step", [3_000, 3_600_000])
def test_frames_hours_apart_have_a_rate(make_video: MakeVideo, step: int) -> None:
    pts = [step * place for place in range(6)]
    info = probe(make_video("slow.mkv", time_base=Fraction(1, 1000), pts=pts, frames=6))
    assert 0 < index_frames(info).frame_rate(info.video) <= Fraction(1, 3)


def trimmed(path: Path, first_ms: int, length_ms: int) -> Path:
    """Make the edit list show only a part of an MP4 with one track."""
    data = bytearray(path.read_bytes())
    place = data.index(b"elst") + 12
    (media_time,) = struct.unpack_from(">i", data, place + 4)
    with av.open(str(path)) as container:
        scale = container.streams.video[0].time_base.denominator
    struct.pack_into(">Ii", data, place, length_ms, media_time + first_ms * scale // 1000)
    result = path.with_name("trimmed.mp4")
    result.write_bytes(data)
    return result


@pytest.mark.parametrize(("first_ms", "length_ms"), [(0, 800), (200, 800), (520, 600)])
def test_edit_lists_are_followed(make_video: MakeVideo, first_ms: int, length_ms: int) -> None:
    path = trimmed(make_video(), first_ms, length_ms)
    index = index_frames(probe(path))
    assert index.pts.tolist() == decoder_output(path)
    assert len(index) == length_ms // 40


def test_keyframes_are_found(opened: Opened) -> None:
    _, index = opened()
    assert index.keyframe_before(0) == index.pts[0]
    assert index.keyframe_before(23) == index.pts[12]
    assert index.keyframe_before(24) == index.pts[24]
    assert index.next_whole(12) == 24
    assert index.next_whole(37) == 40


def test_frames_before_the_first_keyframe_are_damage(make_video: MakeVideo, tmp_path: Path) -> None:
    path, cut = make_video(), tmp_path / "cut.mkv"
    with av.open(str(path)) as source, av.open(str(cut), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in list(source.demux(video=0))[5:]:
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    with pytest.raises(DecodeError, match="before any frame at which decoding can start"):
        index_frames(probe(cut))
    index = index_frames(probe(cut), salvage=True)
    assert len(index) == 28
    assert index.pts[0] == index.keyframe_pts[0]


@pytest.mark.parametrize("name", ["source.mkv", "source.wmv", "fragmented.mp4", "front.mp4"])
def test_a_cut_off_file_is_refused_or_salvaged(
    make_video: MakeVideo, tmp_path: Path, name: str
) -> None:
    codec = {"codec": "wmv2", "options": {"g": "12"}} if name.endswith(".wmv") else {}
    path = make_video(name, frames=120, **codec)
    assert len(index_frames(probe(path))) == 120
    if name.endswith(".mp4"):
        flags = "+faststart" if name == "front.mp4" else "+frag_keyframe+empty_moov"
        path = remuxed(path, tmp_path / f"again-{name}", flags)
    os.truncate(path, int(path.stat().st_size * 0.6))
    info = probe(path)
    with pytest.raises(DecodeError, match=r"cut off.*--salvage"):
        index_frames(info)
    index = index_frames(info, salvage=True)
    assert index.cut_off
    assert 20 < len(index) < 110


@pytest.mark.parametrize("is_overwritten", [True, False])
def test_an_avi_file_with_a_hole_is_refused_or_salvaged(
    make_video: MakeVideo, is_overwritten: bool
) -> None:
    """Each frame is whole in itself: nothing but the container knows that one is missing."""
    path = make_video("s.avi", codec="mjpeg", pixel_format="yuvj420p", options={})
    assert len(index_frames(probe(path))) == 40
    data = path.read_bytes()
    middle = data.index(b"00dc", len(data) // 2)
    path.write_bytes(data[:middle] + bytes(8 * is_overwritten) + data[middle + 8 :])
    with pytest.raises(DecodeError, match=r"damaged at about second 0\.[6-9]; .*--salvage"):
        index_frames(probe(path))
    index = index_frames(probe(path), salvage=True)
    assert index.cut_off
    assert len(index) == 39


def test_a_recording_cut_off_within_a_fragment_s_header_is_salvaged(
    fragmented: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "cut.mp4"
    last = fragmented.rindex(b"moof") - 4
    for length in (last + 8, last + 30):
        path.write_bytes(fragmented[:length])
        info = probe(path)
        with pytest.raises(DecodeError, match="cut off or damaged"):
            index_frames(info)
        index = index_frames(info, salvage=True)
        assert index.cut_off
        assert len(list(decode_frames(info, index))) == len(index) > 0


def remuxed(path: Path, target: Path, movflags: str) -> Path:
    with (
        av.open(str(path)) as source,
        av.open(str(target), "w", container_options={"movflags": movflags}) as copy,
    ):
        stream = copy.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                copy.mux(packet)
    return target


def test_lost_transport_packets_are_noticed(make_video: MakeVideo) -> None:
    path = make_video("source.ts", codec="mpeg2video")
    data = path.read_bytes()
    middle = len(data) // 188 // 2 * 188
    path.write_bytes(data[:middle] + data[middle + 3 * 188 :])
    info = probe(path)
    with pytest.raises(DecodeError, match="damaged at about second"):
        index_frames(info)
    assert index_frames(info, salvage=True).damaged_pts


def _doubled(path: Path, target: Path) -> Path:
    """Write a video whose last packets all have one time."""
    with av.open(str(path)) as source, av.open(str(target), "w") as container:
        stream = container.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                packet.pts = packet.dts = min(packet.pts or 0, 240)
                container.mux(packet)
    return target


def test_equal_time_stamps_are_refused_and_accepted_after_frames_were_numbered_anew(
    make_video: MakeVideo, tmp_path: Path
) -> None:
    """The advice is a command of FFmpeg; its meaning is followed here."""
    path = make_video("plain.mkv", options={"bf": "0"}, frames=10)
    source = probe(_doubled(path, tmp_path / "doubled.mkv"))
    with pytest.raises(DecodeError, match=r"ffmpeg -r \d+ -i doubled\.mkv -crf 12 new\.mp4"):
        index_frames(source)
    with (
        av.open(str(source.file.path)) as container,
        av.open(str(tmp_path / "new.mp4"), "w") as new,
    ):
        stream: Any = new.add_stream("libx264", rate=25, options={"crf": "12"})
        stream.width, stream.height = source.video.width, source.video.height
        for number, frame in enumerate(container.decode(video=0)):
            frame.pts, frame.time_base = number, Fraction(1, 25)
            frame.pict_type = 0
            new.mux(stream.encode(frame))
        new.mux(stream.encode(None))
    assert len(index_frames(probe(tmp_path / "new.mp4"))) == 10
