from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from recorder_core.errors import EncodeError
from recorder_core.media import (
    EncoderSettings,
    Frame,
    FrameIndex,
    MediaInfo,
    SegmentEncoder,
    decode_frames,
    file_sha256,
    list_gops,
    write_segment,
)

Opened = Callable[..., tuple[MediaInfo, FrameIndex]]


def packets_of(path: Path) -> list[Any]:
    with av.open(str(path)) as container:
        return [packet for packet in container.demux(video=0) if packet.size]


def encode_all(segment: SegmentEncoder, frames: Iterable[Frame]) -> None:
    with segment:
        for frame in frames:
            segment.encode(frame)
        segment.finish()


def test_a_segment_keeps_the_sources_time_stamps(
    opened: Opened, settings: EncoderSettings, tmp_path: Path
) -> None:
    pts = np.cumsum(np.random.default_rng(1).integers(200, 2000, 40)).tolist()
    info, index = opened(time_base=Fraction(1, 30000), pts=pts)
    segment = write_segment(
        tmp_path / "7.mp4", info.video, settings, decode_frames(info, index, start=10, stop=30)
    )
    assert (segment.first_index, segment.stop_index) == (10, 30)
    assert segment.pts == tuple(index.pts[10:30])
    packets = packets_of(segment.path)
    assert [packet.pts for packet in packets] == index.pts[10:30].tolist()
    assert [packet.dts for packet in packets] == index.pts[10:30].tolist()
    assert [packet.duration for packet in packets] == index.durations[10:30].tolist()
    assert packets[0].time_base == info.video.time_base
    assert segment.size_bytes == segment.path.stat().st_size
    assert segment.sha256 == file_sha256(segment.path)


def test_keyframes_come_once_a_second_and_first(
    opened: Opened, settings: EncoderSettings, tmp_path: Path
) -> None:
    info, index = opened(rate=Fraction(10))
    segment = write_segment(
        tmp_path / "a.mp4", info.video, settings, decode_frames(info, index, start=5)
    )
    keys = [n for n, packet in enumerate(packets_of(segment.path)) if packet.is_keyframe]
    assert keys == [0, 10, 20, 30]
    assert [gop.first_index for gop in list_gops(segment.path)] == keys


@pytest.mark.parametrize(
    ("pts", "keys"),
    [
        # half a second apart; the header says 25 a second, as in all of these
        (range(0, 20_000, 500), [*range(0, 40, 4)]),
        # half of them 10 ms apart, then 200 ms
        ([*range(0, 200, 10), *range(200, 4200, 200)], [0, 24, 29, 34, 39]),
        (range(40), [0]),
    ],
    ids=["sparse", "two-rates", "dense"],
)
def test_keyframes_come_once_a_second_of_the_time_stamps(
    opened: Opened, settings: EncoderSettings, tmp_path: Path, pts: Any, keys: list[int]
) -> None:
    info, index = opened("a.mkv", time_base=Fraction(1, 1000), pts=list(pts))
    assert index.pts.tolist() == list(pts)
    segment = write_segment(tmp_path / "a.mp4", info.video, settings, decode_frames(info, index))
    assert [gop.first_index for gop in list_gops(segment.path)] == keys


@pytest.mark.parametrize("preset", ["ultrafast", "superfast", "compact", "veryfast"])
def test_the_same_settings_give_the_same_bytes_and_headers(
    opened: Opened, settings: EncoderSettings, tmp_path: Path, preset: Any
) -> None:
    info, index = opened()
    settings = replace(settings, preset=preset)
    spans = {"a": (0, 20), "b": (0, 20), "c": (20, 40)}
    segments = {
        name: write_segment(
            tmp_path / f"{name}.mp4",
            info.video,
            settings,
            decode_frames(info, index, start=start, stop=stop),
        )
        for name, (start, stop) in spans.items()
    }
    assert segments["a"].sha256 == segments["b"].sha256
    headers = set()
    for segment in segments.values():
        with av.open(str(segment.path)) as container:
            headers.add(container.streams.video[0].codec_context.extradata)
    assert len(headers) == 1


def test_a_segment_tells_nothing_about_its_encoder(
    opened: Opened, settings: EncoderSettings, tmp_path: Path
) -> None:
    info, index = opened()
    segment = write_segment(tmp_path / "a.mp4", info.video, settings, decode_frames(info, index))
    data = segment.path.read_bytes()
    assert not any(word in data for word in (b"x264", b"Lavf", b"Lavc"))


def test_what_was_written_into_a_frame_is_encoded(
    opened: Opened, settings: EncoderSettings, tmp_path: Path
) -> None:
    info, index = opened()
    with SegmentEncoder(tmp_path / "a.mp4", info.video, settings) as segment:
        for frame in decode_frames(info, index):
            if frame.frame_index % 2:
                frame.writable().y[:] = 200
            segment.encode(frame)
        made = segment.finish()
    with av.open(str(made.path)) as container:
        means = [
            float(np.frombuffer(f.planes[0], np.uint8).reshape(64, -1)[:, :96].mean())
            for f in container.decode(video=0)
        ]
    assert all(abs(mean - 200) < 3 for mean in means[1::2])
    assert all(mean < 160 for mean in means[::2])


def test_interlaced_stays_interlaced_even_where_it_was_redacted(
    opened: Opened, settings: EncoderSettings, tmp_path: Path
) -> None:
    info, index = opened(
        options={"flags": "+ildct+ilme", "x264-params": "tff=1"}, tags={"field_order": 2}
    )
    with SegmentEncoder(tmp_path / "a.mp4", info.video, settings) as segment:
        for frame in decode_frames(info, index):
            frame.writable().y[:8] = 16
            segment.encode(frame)
        made = segment.finish()
    with av.open(str(made.path)) as container:
        assert all(frame.interlaced_frame for frame in container.decode(video=0))


def test_the_cap_holds(opened: Opened, settings: EncoderSettings, tmp_path: Path) -> None:
    info, index = opened(width=256, height=192)
    settings = replace(settings, qp=1, max_bit_rate_bps=200_000)
    segment = write_segment(tmp_path / "a.mp4", info.video, settings, decode_frames(info, index))
    seconds = 40 / 25
    # one buffer, which is a second long, comes on top
    assert segment.size_bytes * 8 < 200_000 * (seconds + 1)


def test_without_finish_there_is_no_file(
    opened: Opened, settings: EncoderSettings, tmp_path: Path
) -> None:
    info, index = opened()
    folder = tmp_path / "work"
    folder.mkdir()
    with SegmentEncoder(folder / "a.mp4", info.video, settings) as segment:
        segment.encode(next(decode_frames(info, index)))
    assert list(folder.iterdir()) == []
    with (
        pytest.raises(ZeroDivisionError),
        SegmentEncoder(folder / "a.mp4", info.video, settings) as segment,
    ):
        segment.encode(1 / 0)  # type: ignore[arg-type]
    assert list(folder.iterdir()) == []


def test_frames_must_follow_each_other(
    opened: Opened, settings: EncoderSettings, tmp_path: Path
) -> None:
    info, index = opened()
    frames = list(decode_frames(info, index, stop=3))
    with (
        pytest.raises(EncodeError, match="frame 2 came where 1 was expected"),
        SegmentEncoder(tmp_path / "a.mp4", info.video, settings) as segment,
    ):
        list(map(segment.encode, frames[::2]))


def test_no_frame_is_no_segment(opened: Opened, settings: EncoderSettings, tmp_path: Path) -> None:
    info, _ = opened()
    with pytest.raises(EncodeError, match="0 of 0 frames"):
        write_segment(tmp_path / "a.mp4", info.video, settings, [])
    assert not (tmp_path / "a.mp4").exists()


def test_a_full_disk_is_said_and_leaves_nothing(
    opened: Opened, settings: EncoderSettings, tmp_path: Path
) -> None:
    info, index = opened()
    folder = tmp_path / "work"
    folder.mkdir()
    # every write to this device fails as on a full disk
    (folder / ".a.part.mp4").symlink_to("/dev/full")
    segment = SegmentEncoder(folder / "a.mp4", info.video, settings, seconds=60)
    with pytest.raises(EncodeError, match=r"disk is full while a.mp4.*about .* MiB are needed"):
        encode_all(segment, decode_frames(info, index))
    assert list(folder.iterdir()) == []


def test_a_missing_folder_is_said(
    opened: Opened, settings: EncoderSettings, tmp_path: Path
) -> None:
    info, index = opened()
    with pytest.raises(EncodeError, match=r"folder for a\.mp4 does not exist"):
        write_segment(
            tmp_path / "nowhere" / "a.mp4", info.video, settings, decode_frames(info, index)
        )
