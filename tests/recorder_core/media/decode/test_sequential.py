from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import closing
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import av.filter
import numpy as np
import pytest
from av.video.frame import PictureType

from recorder_core.errors import DecodeError
from recorder_core.media import (
    FrameIndex,
    Gap,
    MediaInfo,
    decode_frames,
    find_gaps,
    index_frames,
    probe,
)

MakeVideo = Callable[..., Path]
Opened = Callable[..., tuple[MediaInfo, FrameIndex]]
ReadNumber = Callable[[Any], int]

TS_BYTES = 188
SEEKABLE: list[tuple[str, dict[str, Any]]] = [
    ("bframes.mp4", {"options": {"g": "12", "bf": "3", "b-pyramid": "normal"}}),
    ("short.mp4", {"options": {"g": "2", "bf": "1"}}),
    ("opengop.mp4", {"options": {"g": "12", "bf": "2", "x264-params": "open-gop=1"}}),
    ("opengop.mkv", {"options": {"g": "12", "bf": "2", "x264-params": "open-gop=1"}}),
    ("refresh.mp4", {"options": {"g": "12", "bf": "0", "x264-params": "intra-refresh=1"}}),
    ("source.ts", {}),
    ("mpeg2.ts", {"codec": "mpeg2video", "options": {"g": "12", "bf": "2"}}),
    (
        "hevc.mp4",
        {"codec": "libx265", "options": {"x265-params": "log-level=none:keyint=12:open-gop=1"}},
    ),
    ("intra.mov", {"codec": "prores_ks", "pixel_format": "yuv422p10le", "options": {}}),
    ("allkey.mkv", {"codec": "mjpeg", "pixel_format": "yuvj420p", "options": {}}),
    (
        "vfr.mkv",
        {
            "time_base": Fraction(1, 1000),
            "pts": np.cumsum(np.random.default_rng(1).integers(20, 90, 40)).tolist(),
        },
    ),
]


@pytest.mark.parametrize(("name", "settings"), SEEKABLE, ids=[name for name, _ in SEEKABLE])
def test_every_start_gives_the_exact_frame(
    opened: Opened, read_number: ReadNumber, name: str, settings: dict[str, Any]
) -> None:
    info, index = opened(name, **settings)
    whole = [frame.planes.y.copy() for frame in decode_frames(info, index)]
    assert [read_number(y) for y in whole] == list(range(40))
    for start in range(len(index)):
        with closing(decode_frames(info, index, start=start, stop=start + 2)) as frames:
            got = [(frame.frame_index, frame.planes.y.copy()) for frame in frames]
        assert [number for number, _ in got] == list(range(start, min(start + 2, 40)))
        assert all(np.array_equal(y, whole[number]) for number, y in got)


FORMATS = [
    ("libx264", "yuv420p"),
    ("libx264", "yuvj420p"),
    ("libx264", "yuv422p"),
    ("libx264", "yuv444p"),
    ("libx264", "yuv420p10le"),
    ("libx264", "gray"),
    ("ffv1", "bgr0"),
    ("ffv1", "yuva420p"),
    ("mjpeg", "yuvj422p"),
    ("rawvideo", "nv12"),
]


@pytest.mark.parametrize(("codec", "pixel_format"), FORMATS)
def test_every_format_becomes_8_bit_420_with_the_same_levels(
    opened: Opened, read_number: ReadNumber, codec: str, pixel_format: str
) -> None:
    options = {"crf": "4"} if codec == "libx264" else {}
    name = "source.nut" if codec == "rawvideo" else "source.mkv"
    info, index = opened(name, codec=codec, pixel_format=pixel_format, options=options, frames=4)
    with info.file.open() as file, av.open(file) as container:
        raw = next(container.decode(video=0))
        luma = np.frombuffer(raw.planes[0], np.uint8)
    frames = list(decode_frames(info, index))
    assert [read_number(frame.planes.y) for frame in frames] == [0, 1, 2, 3]
    planes = frames[0].planes
    assert planes.y.dtype == np.uint8
    assert planes.u.shape == (32, 48)
    if pixel_format not in ("bgr0", "yuv420p10le"):
        rows = luma.reshape(64, -1)[:, :96]
        assert np.abs(planes.y.astype(int) - rows).max() <= 1
    if pixel_format == "yuv420p10le":
        assert abs(int(planes.y.max()) - 199) <= 4
    if pixel_format == "gray":
        assert (planes.u == 128).all()
    assert planes.full_range == pixel_format.startswith("yuvj")


def test_a_size_that_changes_midway_is_refused(make_video: MakeVideo, tmp_path: Path) -> None:
    small, large = make_video("small.ts"), make_video("large.ts", width=128, height=96)
    joined = tmp_path / "joined.ts"
    with av.open(str(joined), "w", format="mpegts") as target:
        stream = None
        for path in (small, large):
            with av.open(str(path)) as source:
                stream = stream or target.add_stream_from_template(source.streams.video[0])
                for packet in source.demux(video=0):
                    if packet.size and packet.pts is not None and packet.dts is not None:
                        shift = 0 if path == small else 90000 * 2
                        packet.stream = stream
                        packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                        target.mux(packet)
    info = probe(joined)
    index = index_frames(info)
    sentence = r"change from 96x64 to 128x96 at frame 40 \(second"
    with pytest.raises(DecodeError, match=sentence) as refusal:
        list(decode_frames(info, index))
    advised = probe(_filtered(joined, str(refusal.value).split(" -vf ")[1].split()[0]))
    sizes = {frame.planes.y.shape for frame in decode_frames(advised, index_frames(advised))}
    assert (advised.video.width, advised.video.height, sizes) == (96, 64, {(64, 96)})
    assert len(index_frames(advised)) == len(index) == 80


def _filtered(path: Path, filters: str) -> Path:
    """Encode a video anew behind filters that are written as FFmpeg takes them."""
    result = path.with_name("new.mp4")
    with av.open(str(path)) as source, av.open(str(result), "w") as target:
        stream = target.add_stream("libx264", rate=25)
        for number, frame in enumerate(source.decode(video=0)):
            graph = av.filter.Graph()
            chain = [
                graph.add_buffer(
                    width=frame.width,
                    height=frame.height,
                    format=frame.format,
                    time_base=frame.time_base,
                ),
                *(graph.add(*each.split("=", 1)) for each in filters.split(",")),
                graph.add("buffersink"),
            ]
            for before, after in pairwise(chain):
                before.link_to(after)
            graph.configure()
            graph.push(frame)
            shown = graph.pull()
            if not number:
                stream.width, stream.height = shown.width, shown.height
            assert (shown.width, shown.height) == (stream.width, stream.height)
            shown.pts, shown.time_base = number, Fraction(1, 25)
            target.mux(stream.encode(shown))
        target.mux(stream.encode(None))
    return result


def damaged(path: Path, codec: str) -> Path:
    """Overwrite the largest packet after the first second, headers and index untouched."""
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(video=0) if p.size and (p.pts or 0) > 25 * 512]
        victim = max(packets, key=lambda packet: packet.size)
        begin, size = int(victim.pos or 0), victim.size
    noise = random.Random(7).randbytes(size - 12)
    data[begin + 10 : begin + 10 + len(noise)] = noise
    result = path.with_name(f"damaged-{codec}{path.suffix}")
    result.write_bytes(data)
    return result


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg4"])
def test_damage_is_an_error_or_a_gap(
    make_video: MakeVideo, read_number: ReadNumber, codec: str
) -> None:
    options = {
        "libx264": {"g": "12", "bf": "2"},
        "libx265": {"x265-params": "log-level=none:keyint=12"},
        "mpeg4": {"g": "12"},
    }[codec]
    path = make_video(codec=codec, options=options)
    info = probe(damaged(path, codec))
    index = index_frames(info, salvage=True)
    with pytest.raises(DecodeError, match=r"damaged at frame \d+ \(second \d.\d\).*--salvage"):
        list(decode_frames(info, index))
    gaps = find_gaps(info, index)
    frames = list(decode_frames(info, index, gaps=gaps))
    assert [frame.frame_index for frame in frames] == list(range(40))
    assert [frame.pts for frame in frames] == index.pts.tolist()
    black = [frame.frame_index for frame in frames if frame.is_gap]
    assert 0 < len(black) < 30
    for frame in frames:
        if frame.is_gap:
            assert (frame.planes.y == 16).all()
            assert (frame.planes.u == 128).all()
        else:
            assert read_number(frame.planes.y) == frame.frame_index


def test_gaps_are_the_same_wherever_decoding_starts(make_video: MakeVideo) -> None:
    info = probe(damaged(make_video(), "libx264"))
    index = index_frames(info, salvage=True)
    gaps = find_gaps(info, index)
    assert len(gaps) == 1
    inside = (gaps[0].first_index + gaps[0].stop_index) // 2
    whole = [p.is_gap for p in decode_frames(info, index, gaps=gaps)]
    part = [p.is_gap for p in decode_frames(info, index, gaps=gaps, start=inside)]
    assert part == whole[inside:]


def test_a_lost_frame_is_noticed(make_video: MakeVideo, tmp_path: Path) -> None:
    """A packet that the index promises and the decoder never shows."""
    info = probe(make_video())
    index = index_frames(info)
    pts = np.insert(index.pts, 20, index.pts[20] - 1)
    longer = FrameIndex(
        pts, np.diff(pts, append=pts[-1] + 512), index.keyframe_pts, 1, np.ones(len(pts), np.int64)
    )
    with pytest.raises(DecodeError, match="frame 20"):
        list(decode_frames(info, longer))
    blacks = [p.frame_index for p in decode_frames(info, longer, gaps=[Gap(20, 21)]) if p.is_gap]
    assert blacks == [20]


def test_frames_that_come_late_because_a_packet_was_lost_are_black(make_video: MakeVideo) -> None:
    """Of B frames that refer to a lost frame, no decoder says that they are wrong."""
    whole = make_video("whole.ts", codec="mpeg2video", options={"g": "12", "bf": "2"})
    path = whole.with_name("lost.ts")
    with av.open(str(whole)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(each for each in source.demux(video=0) if each.size):
            if number != 16:  # in the order of decoding: the P frame that two B frames follow
                packet.stream = stream
                target.mux(packet)
    info = probe(path)
    index = index_frames(info, salvage=True)
    gaps = find_gaps(info, index)
    [gap] = gaps
    frames = list(decode_frames(info, index, gaps=gaps))
    assert [each.pts for each in frames] == index.pts.tolist()
    black = [each.frame_index for each in frames if each.is_gap]
    assert black == list(range(gap.first_index, gap.stop_index))
    original = probe(whole)
    luma = {each.pts: each.planes.y for each in decode_frames(original, index_frames(original))}
    assert all(np.array_equal(each.planes.y, luma[each.pts]) for each in frames if not each.is_gap)
    with pytest.raises(DecodeError, match="--salvage"):
        list(decode_frames(info, index))


@pytest.mark.parametrize("b_frames", ["0", "2"])
@pytest.mark.parametrize("lost", ["part.ts", "frame.ts", "part.mp4"])
def test_after_damage_a_gradual_refresh_must_be_over(
    make_video: MakeVideo, lost: str, b_frames: str
) -> None:
    """What FFmpeg calls keyframes there are none: half of the picture is still wrong."""
    options = {"g": "12", "bf": b_frames, "crf": "8", "x264-params": "intra-refresh=1"}
    whole = make_video(f"whole-{lost}", options=options, width=320, height=96, frames=60)
    path = whole.with_name(lost)
    path.write_bytes(_with_loss(whole, 16, is_frame=lost == "frame.ts"))
    info, original = probe(path), probe(whole)
    index = index_frames(info, salvage=True)
    frames = list(decode_frames(info, index, gaps=find_gaps(info, index)))
    luma = {each.pts: each.planes.y for each in decode_frames(original, index_frames(original))}
    assert 25 < sum(not each.is_gap for each in frames) < len(frames) - 12
    assert all(np.array_equal(each.planes.y, luma[each.pts]) for each in frames if not each.is_gap)


@pytest.mark.parametrize("b_frames", ["0", "2"])
@pytest.mark.parametrize("salvage", [False, True])
def test_a_stream_that_begins_in_a_gradual_refresh_begins_where_it_is_over(
    make_video: MakeVideo, b_frames: str, salvage: bool
) -> None:
    options = {"g": "12", "bf": b_frames, "crf": "8", "x264-params": "intra-refresh=1"}
    whole = make_video("whole.ts", options=options, width=320, height=96, frames=60)
    with av.open(str(whole)) as container:
        begins = [each.pos or 0 for each in container.demux(video=0) if each.size]
    path = whole.with_name("tail.ts")
    path.write_bytes(whole.read_bytes()[begins[17] :])
    info, original = probe(path), probe(whole)
    index = index_frames(info, salvage=salvage)
    assert index.left_out_frames > 0
    assert 12 < len(index) < 60 - 17
    luma = {each.pts: each.planes.y for each in decode_frames(original, index_frames(original))}
    assert index.pts.tolist() == sorted(luma)[-len(index) :]
    frames = list(decode_frames(info, index))
    assert [each.pts for each in frames] == index.pts.tolist()
    assert all(np.array_equal(each.planes.y, luma[each.pts]) for each in frames)
    # in the middle, too: FFmpeg calls the frames keyframes with which a refresh begins
    later = list(decode_frames(info, index, start=10))
    assert [each.pts for each in later] == index.pts[10:].tolist()
    assert all(np.array_equal(each.planes.y, luma[each.pts]) for each in later)


def _with_loss(path: Path, number: int, *, is_frame: bool) -> bytes:
    """Return a video without some of a frame at about a number, or without all of it."""
    data = path.read_bytes()
    with av.open(str(path)) as container:
        packets = [each for each in container.demux(video=0) if each.size]
    number = max(range(number, number + 4), key=lambda each: packets[each].size)
    begin, after = packets[number].pos or 0, packets[number + 1].pos or 0
    if path.suffix != ".ts":
        return data[: begin + 200] + bytes(after - begin - 200) + data[after:]
    units = (after - begin) // TS_BYTES
    first, stop = (0, units) if is_frame else (units // 2, units // 2 + 1)
    return data[: begin + first * TS_BYTES] + data[begin + stop * TS_BYTES :]


@pytest.mark.parametrize("pyramid", ["none", "normal"])
def test_every_b_frame_that_refers_to_a_damaged_frame_is_black(
    make_video: MakeVideo, pyramid: str
) -> None:
    """Seven B frames are shown before the frame of which they are made, however few are kept."""
    forced = f"b-adapt=0:b-pyramid={pyramid}:scenecut=0:threads=1"
    options = {"g": "48", "bf": "7", "x264-params": forced}
    whole = make_video("whole.mkv", options=options)
    info = probe(whole)
    luma = [each.planes.y for each in decode_frames(info, index_frames(info))]
    with av.open(str(whole)) as source:
        types = [frame.pict_type for frame in source.decode(video=0)]
    with av.open(str(whole)) as source:
        packets = [(each.pts, bytes(each)) for each in source.demux(video=0) if each.size]
    anchor = [place for place, kind in enumerate(types) if kind == PictureType.P][2]
    assert all(kind == PictureType.B for kind in types[anchor - 7 : anchor])
    lost = next(data for pts, data in packets if pts == index_frames(info).pts[anchor])
    content = whole.read_bytes()
    assert content.count(lost) == 1
    path = whole.with_name("damaged.mkv")
    middle = len(lost) // 4
    broken = lost[:middle] + bytes(len(lost) - middle)
    path.write_bytes(content.replace(lost, broken))
    damaged = probe(path)
    index = index_frames(damaged, salvage=True)
    gaps = find_gaps(damaged, index)
    assert gaps[0].first_index <= anchor - 7
    for frame in decode_frames(damaged, index, gaps=gaps):
        assert frame.is_gap or np.array_equal(frame.planes.y, luma[frame.frame_index])


def test_a_sound_video_has_no_gaps(opened: Opened) -> None:
    info, index = opened()
    assert find_gaps(info, index) == ()


def test_leaving_early_closes_the_file(opened: Opened) -> None:
    info, index = opened()
    frames = decode_frames(info, index)
    assert next(frames).frame_index == 0
    frames.close()
    assert next(frames, None) is None


def test_threads_do_not_change_the_frames(opened: Opened) -> None:
    info, index = opened()
    one = [p.planes.y.copy() for p in decode_frames(info, index, threads=1)]
    four = [p.planes.y.copy() for p in decode_frames(info, index, threads=4)]
    assert all(np.array_equal(a, b) for a, b in zip(one, four, strict=True))
