from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from profiling.benches.long_videos import LongVideo, write_long
from recorder_core.errors import ArchiveError, TimesUnfit
from recorder_core.media import can_remux, index_frames, indexed_bytes, probe, remux
from recorder_core.media.container.source_clock import FILE_CLOCK


def _packets(file: Any) -> list[bytes]:
    with av.open(file) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


@dataclass(frozen=True)
class _Packets:
    """When the packets of a stream are decoded and shown, in its time base, and their hash."""

    time_base: Fraction
    dts: list[int | None]
    pts: list[int]
    sha256: str


def _timed_packets(path: Path, kind: str) -> _Packets:
    dts, pts, digest = [], [], hashlib.sha256()
    with av.open(str(path)) as container:
        (stream,) = getattr(container.streams, kind)
        for packet in container.demux(stream):
            if packet.size:
                dts.append(packet.dts)
                pts.append(packet.pts)
                digest.update(packet)
        return _Packets(stream.time_base, dts, pts, digest.hexdigest())


class _ForwardFile(io.FileIO):
    """A file that goes back to its first bytes only, as one does that is sealed as it comes."""

    def seek(self, offset: int, whence: int = 0) -> int:
        place = super().seek(offset, whence)
        assert place < 64 or place == self.size
        return place

    @property
    def size(self) -> int:
        return os.fstat(self.fileno()).st_size


def _rewrapped(source: Path, target: Path) -> Path:
    """Put the packets of an MP4 file into another container."""
    with av.open(str(source)) as found, av.open(str(target), "w") as container:
        streams = [container.add_stream_from_template(stream) for stream in found.streams]
        for packet in found.demux():
            if packet.size:
                packet.stream = streams[packet.stream_index]
                container.mux_one(packet)
    return target


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_minutes_with_audio_go_forward_only(tmp_path: Path, suffix: str) -> None:
    """The muxer's index is many times what it buffers."""
    video = LongVideo(240)
    write_long(tmp_path / "long.mp4", video)
    source = tmp_path / "long.mp4"
    if suffix != ".mp4":
        source = _rewrapped(source, tmp_path / f"other{suffix}")
    target = tmp_path / "target.mp4"
    with _ForwardFile(target, "w+") as file:
        remux(probe(source), file)
    for kind, count in (("video", video.frame_count), ("audio", video.audio_packet_count)):
        wanted, found = _timed_packets(source, kind), _timed_packets(target, kind)
        assert len(found.pts) == len(wanted.pts) == count
        if suffix == ".mp4":
            assert found == wanted
        ratio = wanted.time_base / found.time_base
        assert found.pts == [round(pts * ratio) for pts in wanted.pts]


def test_four_hours_with_audio_keep_every_packet(tmp_path: Path) -> None:
    """As many seconds as a long operation has, at a quarter of the packets a second."""
    video = LongVideo(14_400, frame_rate=8, sample_rate_hz=8_000)
    write_long(tmp_path / "long.mp4", video)
    target = tmp_path / "target.mp4"
    with _ForwardFile(target, "w+") as file:
        remux(probe(tmp_path / "long.mp4"), file)
    for kind, count in (("video", 115_200), ("audio", 112_500)):
        found = _timed_packets(target, kind)
        assert len(found.pts) == count
        assert found == _timed_packets(tmp_path / "long.mp4", kind)


@pytest.mark.parametrize("name", ["source.mp4", "source.mkv", "source.ts", "source.avi"])
def test_every_frame_keeps_its_time(
    make_video: Callable[..., Path], tmp_path: Path, name: str
) -> None:
    settings = {"codec": "mpeg4", "options": {"g": "12"}} if name.endswith("avi") else {}
    info = probe(make_video(name, audio=("aac",), **settings))
    stored = io.BytesIO()
    assert can_remux(info)
    time_base = remux(info, stored)
    target = tmp_path / "target.mp4"
    target.write_bytes(stored.getvalue())
    found = probe(target)
    assert found.video.time_base == time_base == info.video.time_base
    assert index_frames(found).pts.tolist() == index_frames(info).pts.tolist()
    assert len(found.audio) == 1


class _LateZero:
    """A clock of which the second frame of 25 a second is at zero."""

    def correct(self, packets: Iterable[Any]) -> Iterator[Any]:
        for packet in packets:
            if packet.size:
                early = round(Fraction(1, 25) / packet.time_base)
                packet.pts, packet.dts = packet.pts - early, packet.dts - early
            yield packet

    seek = FILE_CLOCK.seek


def test_an_mp4_file_that_would_hide_a_frame_is_refused(make_video: Callable[..., Path]) -> None:
    """Its edit list begins at zero; what comes before it is shown nowhere."""
    info = probe(make_video("source.mkv", options={"bf": "0"}))
    with pytest.raises(TimesUnfit, match="would show 39 frames of 40"):
        remux(info, io.BytesIO(), clock=_LateZero())


def test_frames_are_not_encoded_again(make_video: Callable[..., Path]) -> None:
    source = make_video("source.mp4")
    stored = io.BytesIO()
    seen: list[int] = []
    remux(probe(source), stored, seen.append)
    assert _packets(io.BytesIO(stored.getvalue())) == _packets(str(source))
    assert seen == sorted(seen)
    assert seen[-1] == sum(map(len, _packets(str(source))))


def test_what_the_container_says_of_people_is_left_out(make_video: Callable[..., Path]) -> None:
    source = make_video("source.mp4", metadata={"title": "Zephyrina", "artist": "Quellmarker"})
    stored = io.BytesIO()
    remux(probe(source), stored)
    assert b"Zephyrina" in source.read_bytes()
    assert b"Zephyrina" not in stored.getvalue()
    assert b"Quellmarker" not in stored.getvalue()


def test_a_codec_that_mp4_does_not_hold_is_known(make_video: Callable[..., Path]) -> None:
    assert not can_remux(probe(make_video("source.webm", codec="libvpx", options={})))


@pytest.mark.parametrize("start", [1, 7, 1001, 12_345])
def test_a_video_that_starts_late_starts_as_late(tmp_path: Path, start: int) -> None:
    """Wherever the first frame lies between two milliseconds."""
    source, target = tmp_path / "late.ts", io.BytesIO()
    write_long(tmp_path / "source.mp4", LongVideo(2))
    with av.open(str(tmp_path / "source.mp4")) as found, av.open(str(source), "w") as container:
        streams = [container.add_stream_from_template(stream) for stream in found.streams]
        for packet in found.demux():
            if packet.size:
                packet.pts += start if packet.stream_index == 0 else 0
                packet.dts += start if packet.stream_index == 0 else 0
                packet.stream = streams[packet.stream_index]
                container.mux_one(packet)
    info = probe(source)
    time_base = remux(info, target)
    with av.open(io.BytesIO(target.getvalue())) as container:
        found_pts = sorted(packet.pts for packet in container.demux(video=0) if packet.size)
        assert container.streams.video[0].time_base == time_base
    ratio = info.video.time_base / time_base
    assert found_pts == [int(pts * ratio) for pts in index_frames(info).pts]


def test_audio_packets_of_one_time_follow_each_other(tmp_path: Path) -> None:
    """As in a VOB, where FFmpeg gives two packets of AC-3 the time of one now and then."""
    source, target = tmp_path / "twice.mkv", tmp_path / "target.mp4"
    write_long(tmp_path / "source.mp4", LongVideo(4))
    times: list[int] = []
    with av.open(str(tmp_path / "source.mp4")) as found, av.open(str(source), "w") as container:
        streams = [container.add_stream_from_template(stream) for stream in found.streams]
        for packet in found.demux():
            if not packet.size:
                continue
            if packet.stream_index == 1:
                times.append(times[-1] if len(times) in (7, 50) else packet.pts)
                packet.pts = packet.dts = times[-1]
            packet.stream = streams[packet.stream_index]
            container.mux_one(packet)
    with target.open("wb") as file:
        remux(probe(source), file)
    before, after = (_timed_packets(path, "audio") for path in (source, target))
    assert after.sha256 == before.sha256
    assert len(after.pts) == len(times) > 50
    assert all(
        abs(old * before.time_base - new * after.time_base) < Fraction(2, 1000)
        for old, new in zip(before.pts, after.pts, strict=True)
    )


class _FullSink(io.BytesIO):
    """A sink whose disk is full after so many bytes."""

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > 200_000:
            raise ArchiveError("no root can be written any more")
        return super().write(data)


def test_what_stops_the_sink_is_said_and_not_that_the_source_is_bad(tmp_path: Path) -> None:
    source = tmp_path / "long.mp4"
    write_long(source, LongVideo(120))
    assert source.stat().st_size > 400_000
    with pytest.raises(ArchiveError, match="no root can be written"):
        remux(probe(source), _FullSink())


class _WatchedSink(io.BytesIO):
    """Notes with each write whether this process has a file open."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = str(path)
        self.is_open: list[bool] = []

    def write(self, data: Any) -> int:
        targets = [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        self.is_open.append(self._path in map(str, targets))
        return super().write(data)


def test_the_source_is_closed_when_the_index_is_written(tmp_path: Path) -> None:
    """FFmpeg holds a table of its packets as long as it is open."""
    source = tmp_path / "source.mp4"
    write_long(source, LongVideo(60))
    sink = _WatchedSink(source)
    info = probe(source)
    remux(info, sink, packet_bytes=indexed_bytes(info))
    assert sink.is_open[0]
    assert not sink.is_open[-1]
    assert _packets(io.BytesIO(sink.getvalue())) == _packets(str(source))
