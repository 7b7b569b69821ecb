from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from recorder_core.errors import EncodeError
from recorder_core.media import (
    EncoderSettings,
    FrameIndex,
    MediaInfo,
    Part,
    assemble,
    decode_frames,
    find_gaps,
    finished_file,
    index_frames,
    list_gops,
    probe,
    verify_output,
    write_segment,
)

Opened = Callable[..., tuple[MediaInfo, FrameIndex]]
Job = tuple[MediaInfo, FrameIndex, list[Part]]

QUARTER_TURN = (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
MARKER = "Jane Doe theatre 4"
METADATA = {
    "title": MARKER,
    "artist": MARKER,
    "comment": MARKER,
    "creation_time": "2026-01-02T03:04:05Z",
    "location": "+12.3456-045.6789/",
    "handler_name": MARKER,
    "device": MARKER,
}
IRREGULAR = np.cumsum(np.random.default_rng(1).integers(200, 2000, 40)).tolist()


@pytest.fixture
def job(opened: Opened, settings: EncoderSettings, tmp_path: Path) -> Callable[..., Job]:
    """Return a function that makes a source and encodes it in three segments."""

    def make(name: str = "source.mp4", **made: Any) -> Job:
        info, index = opened(name, **made)
        cuts = [0, len(index) // 3, len(index) // 2, len(index)]
        segments = [
            write_segment(
                tmp_path / f"segment-{start}.mp4",
                info.video,
                settings,
                decode_frames(info, index, start=start, stop=stop),
            )
            for start, stop in pairwise(cuts)
        ]
        return info, index, [Part(segment.path) for segment in segments]

    return make


def joined(job: Job, output: Path) -> Path:
    info, index, parts = job
    with finished_file(output) as temporary:
        assemble(parts, info, index, temporary)
        verify_output(temporary, info, index)
    return output


SOURCES: list[tuple[str, dict[str, Any]]] = [
    ("plain.mp4", {}),
    ("two-audio-streams.mp4", {"audio": ("aac", "aac")}),
    ("opus.mkv", {"audio": ("libopus",)}),
    ("transport.ts", {"audio": ("aac",)}),
    ("mpeg2.ts", {"codec": "mpeg2video", "audio": ("mp2",)}),
    ("vfr.mp4", {"time_base": Fraction(1, 30000), "pts": IRREGULAR}),
    ("ntsc.mp4", {"rate": Fraction(30000, 1001), "audio": ("aac",)}),
    ("pcm.mov", {"audio": ("pcm_s16le",)}),
    ("full.mp4", {"pixel_format": "yuvj420p"}),
    ("hevc.mkv", {"codec": "libx265", "options": {"x265-params": "log-level=none"}}),
    ("late.mp4", {"pts": list(range(3, 43)), "audio": ("aac",)}),
    (
        "tags.mp4",
        {
            "display_matrix": QUARTER_TURN,
            "tags": {
                "color_primaries": 9,
                "color_trc": 16,
                "colorspace": 9,
                "color_range": 1,
                "sample_aspect_ratio": Fraction(4, 3),
            },
        },
    ),
]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize(("name", "made"), SOURCES, ids=[name for name, _ in SOURCES])
def test_a_copy_is_the_source_but_for_its_frames(
    job: Callable[..., Job], tmp_path: Path, name: str, made: dict[str, Any], suffix: str
) -> None:
    ready = job(name, **made)
    info = ready[0]
    copy = probe(joined(ready, tmp_path / f"copy{suffix}"))
    assert copy.video.format.display_matrix == info.video.format.display_matrix
    assert len(copy.audio) == len(info.audio)
    if suffix == ".mov" and "libopus" in made.get("audio", ()):
        assert [track.codec for track in copy.audio] == ["aac"]  # QuickTime holds no Opus
    if suffix != ".mkv":
        assert copy.video.time_base.denominator == info.video.time_base.denominator
    assert sorted(p.name for p in tmp_path.iterdir() if "part" in p.name) == []


def test_frames_are_where_they_were(
    job: Callable[..., Job], tmp_path: Path, read_number: Callable[[Any], int]
) -> None:
    copy = joined(job(), tmp_path / "copy.mp4")
    with av.open(str(copy)) as container:
        planes = [np.from_dlpack(frame.planes[0]) for frame in container.decode(video=0)]
    assert [read_number(y) for y in planes] == list(range(40))


def test_one_segment_or_many_give_the_same_packets_when_cut_at_keyframes(
    opened: Opened, settings: EncoderSettings, tmp_path: Path
) -> None:
    """Joining copies bit for bit: each GOP's bytes are those of its segment."""
    info, index = opened(rate=Fraction(10))
    parts, hashes = [], []
    for start, stop in ((0, 20), (20, 40)):
        frames = decode_frames(info, index, start=start, stop=stop)
        path = tmp_path / f"{start}.mp4"
        write_segment(path, info.video, settings, frames)
        parts.append(Part(path))
        hashes += [gop.sha256 for gop in list_gops(path)]
    copy = joined((info, index, parts), tmp_path / "copy.mp4")
    assert [gop.sha256 for gop in list_gops(copy)] == hashes


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_gops_of_an_earlier_copy_are_taken_bit_for_bit(
    job: Callable[..., Job], settings: EncoderSettings, tmp_path: Path, suffix: str
) -> None:
    info, index, parts = job(rate=Fraction(30000, 1001))
    earlier = joined((info, index, parts), tmp_path / f"earlier{suffix}")
    gops = list_gops(earlier)
    changed = gops[1]
    frames = list(decode_frames(info, index, start=changed.first_index, stop=changed.stop_index))
    frames[0].writable().y[:] = 30
    write_segment(tmp_path / "new.mp4", info.video, settings, frames)
    mixed = [
        Part(earlier, 0, changed.first_index),
        Part(tmp_path / "new.mp4"),
        Part(earlier, changed.stop_index),
    ]
    again = list_gops(joined((info, index, mixed), tmp_path / f"later{suffix}"))
    same = [a.sha256 == b.sha256 for a, b in zip(gops, again, strict=True)]
    assert same == [True, False, *[True] * (len(gops) - 2)]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_nothing_names_a_person_a_place_a_device_or_a_time(
    job: Callable[..., Job], tmp_path: Path, suffix: str
) -> None:
    ready = job("source.mkv", audio=("vorbis",), metadata=METADATA)
    info = ready[0]
    with info.file.open() as file:
        assert MARKER.encode() in file.read()
    if suffix == ".mov":
        ready = job("source.mov", audio=("aac",), metadata=METADATA)
        with ready[0].file.open() as file:
            assert MARKER.encode() in file.read()
    data = joined(ready, tmp_path / f"copy{suffix}").read_bytes()
    for word in (MARKER.encode(), b"2026-01", b"12.3456", b"x264", b"Doe"):
        assert word not in data
    if suffix != ".mkv":
        # an empty list of tags is all that FFmpeg writes
        assert data.count(b"ilst") == data.count(b"\0\0\0\x08ilst")
        assert b"Lavf" not in data
        header = data.index(b"mvhd") + 8
        assert data[header : header + 8] == bytes(8)


def test_chapters_subtitles_and_further_views_stay_behind(
    opened: Opened, settings: EncoderSettings, tmp_path: Path
) -> None:
    plain, _ = opened("source.mp4", audio=("aac",))
    rich = tmp_path / "rich.mkv"
    with av.open(str(plain.file.path)) as source, av.open(str(rich), "w") as target:
        first = target.add_stream_from_template(source.streams.video[0])
        second = target.add_stream_from_template(source.streams.video[0])
        audio = target.add_stream_from_template(source.streams.audio[0])
        target.set_chapters(
            [
                {
                    "id": 1,
                    "start": 0,
                    "end": 500,
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": MARKER},
                }
            ]
        )
        target.add_attachment("plan.txt", "text/plain", MARKER.encode())
        for packet in source.demux():
            if packet.size and packet.stream.type == "video":
                packet.stream = first
                target.mux(packet)
                packet.stream = second
                target.mux(packet)
            elif packet.size:
                packet.stream = audio
                target.mux(packet)
    info = probe(rich)
    assert len(info.dropped) == 3
    index = index_frames(info)
    part = tmp_path / "part.mp4"
    write_segment(part, info.video, settings, decode_frames(info, index))
    copy = probe(joined((info, index, [Part(part)]), tmp_path / "copy.mkv"))
    assert copy.dropped == ()
    assert MARKER.encode() not in copy.file.path.read_bytes()


def test_mp4_can_be_played_while_it_arrives(job: Callable[..., Job], tmp_path: Path) -> None:
    data = joined(job(audio=("aac",)), tmp_path / "copy.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_the_same_parts_give_the_same_file(job: Callable[..., Job], tmp_path: Path) -> None:
    ready = job(audio=("aac",))
    for suffix in (".mp4", ".mkv"):
        one = joined(ready, tmp_path / f"one{suffix}").read_bytes()
        assert one == joined(ready, tmp_path / f"two{suffix}").read_bytes()


def test_missing_and_misplaced_parts_are_refused(job: Callable[..., Job], tmp_path: Path) -> None:
    info, index, parts = job()
    for wrong, sentence in (
        (parts[:2], "hold 20 frames, but the source has 40"),
        (parts[::-1], "out of place"),
        ([parts[0], parts[0], *parts[1:]], "out of place"),
        ([Part(parts[0].path, 3), *parts[1:]], "not a keyframe"),
        ([Part(parts[0].path, 0, 99), *parts[1:]], "holds 13 frames, not 99"),
    ):
        with pytest.raises(EncodeError, match=sentence):
            assemble(wrong, info, index, tmp_path / "copy.mp4")
        assert not (tmp_path / "copy.mp4").exists()


def test_parts_of_other_settings_are_refused(
    job: Callable[..., Job], settings: EncoderSettings, tmp_path: Path
) -> None:
    info, index, parts = job()
    other = replace(settings, preset="veryfast")
    frames = decode_frames(info, index, start=20)
    write_segment(tmp_path / "other.mp4", info.video, other, frames)
    mixed = [*parts[:2], Part(tmp_path / "other.mp4")]
    with pytest.raises(EncodeError, match=r"other.mp4 was encoded with other settings"):
        assemble(mixed, info, index, tmp_path / "copy.mp4")


def test_a_full_disk_leaves_no_output(job: Callable[..., Job], tmp_path: Path) -> None:
    info, index, parts = job()
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / ".copy.part.mp4").symlink_to("/dev/full")
    with (
        pytest.raises(EncodeError, match=r"disk is full while copy.mp4"),
        finished_file(folder / "copy.mp4") as temporary,
    ):
        assemble(parts, info, index, temporary)
    assert list(folder.iterdir()) == []


def test_what_a_cut_off_file_still_holds_becomes_a_whole_copy(
    opened: Opened, settings: EncoderSettings, tmp_path: Path
) -> None:
    whole, _ = opened("whole.mkv", audio=("aac",), frames=120)
    data = whole.file.path.read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(data[: len(data) // 2])
    info = probe(cut)
    index = index_frames(info, salvage=True)
    gaps = find_gaps(info, index)
    part = tmp_path / "part.mp4"
    write_segment(part, info.video, settings, decode_frames(info, index, gaps=gaps))
    copy = probe(joined((info, index, [Part(part)]), tmp_path / "copy.mp4"))
    assert copy.video.frame_count == len(index)
