"""Videos whose packets do not state the times of their frames: joined parts, and AVI."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from recorder_core.errors import DecodeError
from recorder_core.media import (
    EncoderSettings,
    FrameIndex,
    MediaInfo,
    Part,
    assemble,
    decode_frames,
    index_frames,
    open_video,
    probe,
    psnr_y,
    remux,
    verify_output,
    write_segment,
)
from recorder_core.media.container.source_clock import NumberedClock

MakeVideo = Callable[..., Path]
MakePart = Callable[..., Path]
ReadNumber = Callable[[Any], int]
#: where the 33-bit clock of transport and program streams wraps, in seconds
WRAP_SECONDS = 2**33 / 90_000
STREAM = {"options": {"g": "12", "bf": "2", "mpegts_copyts": "1"}}


def numbers(info: MediaInfo, index: FrameIndex, read: ReadNumber, start: int = 0) -> list[int]:
    with closing(decode_frames(info, index, start=start)) as frames:
        return [read(frame.planes.y) for frame in frames]


def copied(source: Path, output: Path) -> tuple[MediaInfo, FrameIndex]:
    info = probe(source)
    found = index_frames(info)
    index = found.part(0, len(found), info.video.time_base)
    part = output.with_name("part.mp4")
    settings = EncoderSettings(preset="ultrafast", qp=12, threads=1)
    write_segment(part, info.video, settings, decode_frames(info, index))
    assemble([Part(part)], info, index, output)
    verify_output(output, info, index)
    return probe(output), index_frames(probe(output))


def starts_seconds(path: Path, part: int = 0, count: int = 40) -> tuple[float, float]:
    """Return when a frame of the video is shown, and when the first audio after it begins."""
    times: dict[str, list[float]] = {"video": [], "audio": []}
    with av.open(str(path)) as container:
        for packet in container.demux():
            if packet.size and packet.pts is not None:
                times[packet.stream.type].append(float(packet.pts * packet.time_base))
    video = sorted(times["video"])[part * count]
    return video, min(time for time in times["audio"] if time > video - 0.03)


@pytest.mark.parametrize("options", [{"bf": "2"}, {"bf": "3", "x264-params": "open-gop=1"}])
def test_frames_of_avi_have_the_times_of_their_order(
    make_video: MakeVideo, read_number: ReadNumber, tmp_path: Path, options: dict[str, str]
) -> None:
    source = make_video("s.avi", options={"g": "12"} | options, audio=("pcm_s16le",))
    info = probe(source)
    index = index_frames(info)
    assert index.pts.tolist() == list(range(40))
    assert numbers(info, index, read_number) == list(range(40))
    for start in (11, 17, 30):
        assert numbers(info, index, read_number, start) == list(range(start, 40))
    copy, after = copied(source, tmp_path / "copy.mp4")
    assert numbers(copy, after, read_number) == list(range(40))
    assert starts_seconds(copy.file.path) == pytest.approx((0, 0), abs=0.001)


def test_the_clock_of_hours_takes_sixteen_bytes_a_frame() -> None:
    groups = 4 * np.arange(100_000)[:, None]
    # of each four packets the second is shown last, as with two B-frames
    clock = NumberedClock.from_order(0, (groups + np.array([0, 2, 3, 1])).ravel())
    assert list(clock.numbers[4:8]) == [4, 5, 6, 7]
    assert list(clock.pts[4:8]) == [4, 7, 5, 6]
    assert clock.delay == 1
    held = sum(len(each) * each.itemsize for each in (clock.numbers, clock.pts))
    assert held == 16 * groups.size * 4


def test_every_frame_of_avi_keeps_its_pixels(make_video: MakeVideo, tmp_path: Path) -> None:
    source = probe(make_video("s.avi"))
    copy, after = copied(source.file.path, tmp_path / "copy.mkv")
    with (
        closing(decode_frames(source, index_frames(source))) as old,
        closing(decode_frames(copy, after)) as new,
    ):
        worst = min(psnr_y(a.planes, b.planes) for a, b in zip(old, new, strict=True))
    assert worst > 40


def test_a_damaged_avi_is_refused_or_salvaged(
    make_video: MakeVideo, read_number: ReadNumber
) -> None:
    path = make_video("s.avi")
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        position, size = packets[20].pos or 0, packets[20].size
    data = bytearray(path.read_bytes())
    data[position + 32 : position + size] = b"\xff" * (size - 32)
    path.write_bytes(data)
    with pytest.raises(DecodeError, match=r"damaged at about .* --salvage"):
        index_frames(probe(path))
    index = index_frames(probe(path), salvage=True)
    assert index.pts.tolist() == list(range(40))


@pytest.mark.parametrize(
    ("starts", "longest_seconds"),
    [
        ((10, 0), 0.04),
        ((10, 9), 0.04),
        ((10, 0, 4), 2.4),
        ((10, 60), 48.4),
        ((50_000, 0), 0.04),
        ((0, 50_000), 0.04),
        ((10, WRAP_SECONDS - 0.8), 0.04),
        ((WRAP_SECONDS - 0.8, 5), 4.2),
    ],
)
def test_parts_joined_as_they_are_become_one_recording(
    make_part: MakePart,
    read_number: ReadNumber,
    tmp_path: Path,
    starts: tuple[float, ...],
    longest_seconds: float,
) -> None:
    parts = [make_part(f"{place}.ts", start) for place, start in enumerate(starts)]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    info = probe(joined)
    index = index_frames(info)
    wanted = list(range(40)) * len(parts)
    assert numbers(info, index, read_number) == wanted
    for start in (25, 52, 79):
        assert numbers(info, index, read_number, start) == wanted[start:]
    # a part goes on where the longest stream of the one before ends; a pause stays
    gaps = np.diff(index.pts * float(info.video.time_base))
    assert gaps.min() > 0.03
    assert gaps.max() == pytest.approx(longest_seconds, abs=0.09)
    copy, after = copied(joined, tmp_path / "copy.mp4")
    assert numbers(copy, after, read_number) == wanted
    for place, part in enumerate(parts):
        video, audio = starts_seconds(part)
        seen, heard = starts_seconds(copy.file.path, place)
        assert heard - seen == pytest.approx(audio - video, abs=0.001)


def test_joined_program_streams_become_one_recording(
    make_video: MakeVideo, read_number: ReadNumber, tmp_path: Path
) -> None:
    made = {"codec": "mpeg2video", "options": {"g": "12", "bf": "2", "b": "4000000"}}
    part = make_video("part.vob", **made, audio=("ac3",))
    joined = tmp_path / "joined.vob"
    joined.write_bytes(part.read_bytes() * 3)
    info = probe(joined)
    index = index_frames(info)
    assert numbers(info, index, read_number) == list(range(40)) * 3
    assert numbers(info, index, read_number, 50) == (list(range(40)) * 3)[50:]
    copy, after = copied(joined, tmp_path / "copy.mkv")
    assert numbers(copy, after, read_number) == list(range(40)) * 3
    assert [audio.codec for audio in copy.audio] == ["ac3"]


def test_what_is_joined_can_be_put_into_an_archive(
    make_video: MakeVideo, make_part: MakePart, read_number: ReadNumber, tmp_path: Path
) -> None:
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(make_part(f"{start}.ts", start).read_bytes() for start in (10, 3)))
    # what comes before a wrap has times below zero for FFmpeg, which MP4 would hide
    wrapping = [make_part(f"wrapping{suffix}", WRAP_SECONDS - 0.8) for suffix in (".ts", ".m2ts")]
    for path in (joined, make_video("s.avi"), *wrapping):
        info = probe(path)
        index = index_frames(info)
        sink = io.BytesIO()
        unit = remux(info, sink, clock=index.clock)
        (tmp_path / "archived.mp4").write_bytes(sink.getvalue())
        with av.open(str(tmp_path / "archived.mp4")) as played:
            assert sum(1 for _ in played.decode(video=0)) == len(index)
        copy = probe(tmp_path / "archived.mp4")
        after = index_frames(copy)
        assert numbers(copy, after, read_number) == numbers(info, index, read_number)
        assert np.allclose(
            (after.pts - after.pts[0]) * float(unit),
            (index.pts - index.pts[0]) * float(info.video.time_base),
        )


@pytest.mark.parametrize("name", ["joined.ts", "s.avi"])
def test_single_frames_are_found_at_their_right_times(
    make_video: MakeVideo,
    make_part: MakePart,
    read_number: ReadNumber,
    tmp_path: Path,
    name: str,
) -> None:
    path = make_video("s.avi")
    if name == "joined.ts":
        path = tmp_path / name
        parts = [make_part(f"{start}.ts", start).read_bytes() for start in (10, 3)]
        path.write_bytes(b"".join(parts))
    with open_video(path) as video:
        frames = [video.frame(place) for place in (len(video) - 3, 7, 0, 22)]
    assert [read_number(frame.planes.y) for frame in frames] == [37, 7, 0, 22]


def test_parts_that_number_their_streams_differently_are_taken_one_by_one(
    make_part: MakePart, tmp_path: Path
) -> None:
    parts = [make_part(f"{place}.ts", 10) for place in range(2)]
    other = _with_pids(parts[1], tmp_path / "other.ts")
    joined = tmp_path / "joined.ts"
    joined.write_bytes(parts[0].read_bytes() + other.read_bytes())
    with pytest.raises(DecodeError, match=r"stream of video that begins partway through.* parts"):
        index_frames(probe(joined))
    assert [len(index_frames(probe(part))) for part in (parts[0], other)] == [40, 40]


def _with_pids(path: Path, target: Path) -> Path:
    options = {"mpegts_start_pid": "512", "mpegts_pmt_start_pid": "4352"}
    with (
        av.open(str(path)) as source,
        av.open(str(target), "w", container_options=options) as container,
    ):
        streams = [container.add_stream_from_template(each) for each in source.streams]
        for packet in source.demux():
            if packet.size:
                packet.stream = streams[packet.stream_index]
                container.mux(packet)
    return target
