from __future__ import annotations

import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest

from recorder_core.errors import DecodeError
from recorder_core.media import probe

MakeVideo = Callable[..., Path]
QUARTER_TURN = (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)


def test_says_what_a_video_holds(make_video: MakeVideo) -> None:
    path = make_video(
        rate=Fraction(30000, 1001),
        sound=("aac", "aac"),
        display_matrix=QUARTER_TURN,
        tags={
            "color_primaries": 1,
            "color_trc": 1,
            "colorspace": 1,
            "color_range": 1,
            "sample_aspect_ratio": Fraction(4, 3),
        },
    )
    info = probe(path)
    video = info.video
    assert (video.codec, video.width, video.height) == ("h264", 96, 64)
    assert video.average_frame_rate == Fraction(30000, 1001)
    assert video.display_matrix == QUARTER_TURN
    assert video.rotation_degrees == 90 or video.rotation_degrees == -90
    assert (video.color_primaries, video.color_transfer, video.color_matrix) == (1, 1, 1)
    assert video.sample_aspect_ratio == Fraction(4, 3)
    assert video.frame_count == 40
    assert not video.interlaced
    assert video.bit_rate_bps > 0
    assert [track.codec for track in info.audio] == ["aac", "aac"]
    assert info.duration_seconds == pytest.approx(40 * 1001 / 30000, abs=0.05)
    assert info.is_mp4


def test_full_range_is_seen(make_video: MakeVideo) -> None:
    video = probe(make_video(pixel_format="yuvj420p")).video
    assert video.full_range
    assert video.working_format == "yuvj420p"


def test_matroska_says_no_frame_count(make_video: MakeVideo) -> None:
    info = probe(make_video("source.mkv"))
    assert info.video.frame_count is None
    assert info.video.bit_rate_bps > 0


def test_interlaced_is_seen(make_video: MakeVideo) -> None:
    options = {"flags": "+ildct+ilme", "x264-params": "tff=1"}
    assert probe(make_video(options=options, tags={"field_order": 2})).video.interlaced


def test_a_cover_picture_is_not_the_video(make_video: MakeVideo, tmp_path: Path) -> None:
    path = make_video("plain.mkv")
    covered = tmp_path / "covered.mkv"
    with av.open(str(path)) as source, av.open(str(covered), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        target.add_attachment("cover.png", "image/png", b"\x89PNG not really")
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    info = probe(covered)
    assert info.video.codec == "h264"
    assert len(info.dropped) == 1


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.mp4", b"", "is empty"),
        ("text.mp4", b"hello, this is no video\n" * 20, "is not a video"),
        ("list.m3u8", b"#EXTM3U\n#EXTINF:1,\nsource.mp4\n", "is not a video"),
        ("unfinished.mp4", None, "no index"),
        ("nothing.mp4", ..., "does not exist"),
    ],
)
def test_refusals_are_one_sentence(
    tmp_path: Path,
    make_video: MakeVideo,
    name: str,
    content: bytes | None,
    sentence: str,
) -> None:
    path = tmp_path / name
    if content is None:
        whole = make_video().read_bytes()
        path.write_bytes(whole[: whole.index(b"moov") - 4])
    elif content is not ...:
        path.write_bytes(content)
    with pytest.raises(DecodeError, match=sentence) as caught:
        probe(path)
    assert name in str(caught.value)
    assert str(tmp_path) not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DecodeError, match="is a folder"):
        probe(tmp_path)


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        stream.codec_context.layout = "mono"
        frame = av.AudioFrame(format="s16", layout="mono", samples=800)
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    moved = path.rename(tmp_path / "sound.mkv")
    with pytest.raises(DecodeError, match=r"is not a video|holds no video"):
        probe(moved)


@pytest.mark.parametrize("size", [(95, 64), (96, 63)])
def test_odd_sizes_are_refused(make_video: MakeVideo, size: tuple[int, int]) -> None:
    path = make_video(
        "odd.mkv", codec="ffv1", width=size[0], height=size[1], options={}, pictures=3
    )
    with pytest.raises(DecodeError, match=f"{size[0]}x{size[1]}.*even"):
        probe(path)


def test_names_with_colons_and_latin_metadata_are_read(make_video: MakeVideo) -> None:
    plain = make_video("plain.mp4", metadata={"title": "Andr\u00e9"}, pictures=3)
    damaged = plain.read_bytes().replace("\u00e9".encode(), b"\xe9\xe9")
    path = plain.with_name("http:room 1.mp4")
    path.write_bytes(damaged)
    assert probe(path).video.width == 96


@pytest.mark.parametrize("bytes_kept", [0.3, 0.7])
def test_random_ends_never_give_a_traceback(make_video: MakeVideo, bytes_kept: float) -> None:
    path = make_video("source.ts", codec="mpeg2video")
    os.truncate(path, int(path.stat().st_size * bytes_kept))
    assert probe(path).video.codec == "mpeg2video"
