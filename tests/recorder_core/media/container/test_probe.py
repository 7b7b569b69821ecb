from __future__ import annotations

import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from PIL import Image

from recorder_core.errors import DecodeError
from recorder_core.media import decode_frames, index_frames, probe

MakeVideo = Callable[..., Path]
QUARTER_TURN = (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)


def test_says_what_a_video_holds(make_video: MakeVideo) -> None:
    path = make_video(
        rate=Fraction(30000, 1001),
        audio=("aac", "aac"),
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
    assert video.format.display_matrix == QUARTER_TURN
    assert video.geometry.orientation.turns in (1, 3)
    said = video.format
    assert (said.color_primaries, said.color_transfer, said.color_matrix) == (1, 1, 1)
    assert said.sample_aspect_ratio == Fraction(4, 3)
    assert video.frame_count == 40
    assert not said.interlaced
    assert video.bit_rate_bps > 0
    assert [track.codec for track in info.audio] == ["aac", "aac"]
    assert info.duration_seconds == pytest.approx(40 * 1001 / 30000, abs=0.05)
    assert info.is_mp4


@pytest.mark.parametrize(
    ("across", "down", "shown"), [(4, 1, (384, 64)), (1, 2, (48, 64)), (2, 2, (96, 64))]
)
def test_a_display_matrix_that_scales_stretches_as_in_players(
    make_video: MakeVideo, across: int, down: int, shown: tuple[int, int]
) -> None:
    """FFmpeg and Chromium show another shape, and not another size."""
    matrix = (across << 16, 0, 0, 0, down << 16, 0, 0, 0, 1 << 30)
    assert probe(make_video(display_matrix=matrix)).video.geometry.shown_size_px == shown


def test_full_range_is_seen(make_video: MakeVideo) -> None:
    video = probe(make_video(pixel_format="yuvj420p")).video
    assert video.format.full_range
    assert video.format.working_format == "yuvj420p"


def test_matroska_says_no_frame_count(make_video: MakeVideo) -> None:
    info = probe(make_video("source.mkv"))
    assert info.video.frame_count is None
    assert info.video.bit_rate_bps > 0


def test_interlaced_is_seen(make_video: MakeVideo) -> None:
    options = {"flags": "+ildct+ilme", "x264-params": "tff=1"}
    assert probe(make_video(options=options, tags={"field_order": 2})).video.format.interlaced


def test_a_cover_frame_is_not_the_video(make_video: MakeVideo, tmp_path: Path) -> None:
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


def test_audio_alone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "audio.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        stream.codec_context.layout = "mono"
        frame = av.AudioFrame(format="s16", layout="mono", samples=800)
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    moved = path.rename(tmp_path / "audio.mkv")
    with pytest.raises(DecodeError, match=r"is not a video|holds no video"):
        probe(moved)


def test_a_picture_that_ffmpeg_takes_for_a_video_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "photo.heic"
    Image.new("RGB", (64, 64)).save(path, format="AVIF")
    with pytest.raises(DecodeError, match=r"photo\.heic is a HEIC or AVIF picture; save it as"):
        probe(path)


@pytest.mark.parametrize("size", [(95, 64), (96, 63)])
def test_odd_sizes_lose_their_last_line(make_video: MakeVideo, size: tuple[int, int]) -> None:
    path = make_video("odd.mkv", codec="ffv1", width=size[0], height=size[1], options={}, frames=3)
    info = probe(path)
    assert (info.video.width, info.video.height) == (size[0] // 2 * 2, size[1] // 2 * 2)
    assert "4:2:0 colour needs an even width and height" in info.dropped[0]
    frames = list(decode_frames(info, index_frames(info)))
    assert [frame.planes.y.shape for frame in frames] == 3 * [(size[1] // 2 * 2, size[0] // 2 * 2)]


def test_names_with_colons_and_latin_metadata_are_read(make_video: MakeVideo) -> None:
    plain = make_video("plain.mp4", metadata={"title": "Andr\u00e9"}, frames=3)
    damaged = plain.read_bytes().replace("\u00e9".encode(), b"\xe9\xe9")
    path = plain.with_name("http:room 1.mp4")
    path.write_bytes(damaged)
    assert probe(path).video.width == 96


@pytest.mark.parametrize("bytes_kept", [0.3, 0.7])
def test_random_ends_never_give_a_traceback(make_video: MakeVideo, bytes_kept: float) -> None:
    path = make_video("source.ts", codec="mpeg2video")
    os.truncate(path, int(path.stat().st_size * bytes_kept))
    assert probe(path).video.codec == "mpeg2video"


def _two_streams(path: Path, sizes: list[tuple[int, int]], default: int) -> Path:
    """Write a file of several video streams, one of them marked as its default."""
    with av.open(str(path), "w") as container:
        streams = []
        for place, (width, height) in enumerate(sizes):
            stream = container.add_stream("libx264", rate=5, options={"preset": "ultrafast"})
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.disposition = Disposition.default if place == default else Disposition(0)
            streams.append(stream)
        for stream in streams:
            planes = np.full((stream.height * 3 // 2, stream.width), 128, np.uint8)
            frame = av.VideoFrame.from_ndarray(planes, "yuv420p")
            frame.pts, frame.time_base = 0, Fraction(1, 5)
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize(
    ("sizes", "default", "wanted"),
    [
        # a camera's preview before the video, marked as default by many muxers
        ([(160, 120), (640, 480)], 0, (640, 480)),
        # two angles: the one that the file prefers
        ([(320, 240), (640, 480)], 0, (320, 240)),
        ([(640, 480), (320, 240)], 1, (320, 240)),
        ([(320, 240), (320, 240)], -1, (320, 240)),
    ],
)
def test_the_stream_is_the_one_that_a_player_shows(
    suffix: str, sizes: list[tuple[int, int]], default: int, wanted: tuple[int, int], tmp_path: Path
) -> None:
    info = probe(_two_streams(tmp_path / f"two{suffix}", sizes, default))
    assert (info.video.width, info.video.height) == wanted
    other = 1 - info.video.stream_index
    assert info.dropped == (f"video stream {other}",)
