"""Audio that becomes another codec's within a stream is refused before the work begins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from recorder_core.errors import EncodeError
from recorder_core.media import (
    AudioChoice,
    EncoderSettings,
    Part,
    assemble,
    decode_frames,
    index_frames,
    plan_audio,
    probe,
    verify_output,
    write_segment,
)
from recorder_core.media.audio.changes import FrameHeader, read_header

MakePart = Callable[..., Path]
CODECS = ("aac", "ac3", "eac3", "mp2")


def joined(first: Path, second: Path) -> Path:
    """Join two recordings byte by byte."""
    path = first.with_name("joined.ts")
    path.write_bytes(first.read_bytes() + second.read_bytes())
    return path


def copied(path: Path, target: Path, audio: AudioChoice = "auto") -> Path:
    """Write a copy and verify it."""
    info = probe(path)
    index = index_frames(info)
    part = target.with_name(f"part-{target.stem}.mp4")
    settings = EncoderSettings(preset="ultrafast")
    write_segment(part, info.video, settings, decode_frames(info, index))
    assemble([Part(part)], info, index, target, audio)
    verify_output(target, info, index, audio)
    return target


def heard(path: Path) -> list[tuple[int, float, float]]:
    """Return rate, time and loudness of each decoded frame of audio."""
    with av.open(str(path)) as container:
        return [
            (frame.sample_rate, float(frame.time), float(np.abs(frame.to_ndarray()).max()))
            for frame in container.decode(audio=0)
        ]


@pytest.mark.parametrize(
    ("before", "after"),
    [("aac", "ac3"), ("ac3", "aac"), ("mp2", "aac"), ("aac", "mp2"), ("ac3", "eac3")],
)
def test_another_codec_is_refused_with_advice_that_helps(
    make_part: MakePart, tmp_path: Path, before: str, after: str
) -> None:
    parts = [make_part("a.ts", 10, audio=(before,)), make_part("b.ts", 10, audio=(after,))]
    info = probe(joined(*parts))
    index = index_frames(info)
    assert len(index) == 80
    said = rf"joined\.ts is {before}, but {after} from second 1\.[5-8] on.*files, or --no-audio"
    for suffix, choice in ((".mp4", "auto"), (".mkv", "convert"), (".mov", "copy")):
        with pytest.raises(EncodeError, match=said):
            plan_audio(tmp_path / f"c{suffix}", info, choice, index.audio_changes)
    whole = probe(copied(info.file.path, tmp_path / "silent.mp4", "none"))
    assert (len(whole.audio), whole.video.frame_count) == (0, 80)
    for number, part in enumerate(parts):
        copy = copied(part, tmp_path / f"{number}.mkv")
        assert probe(copy).audio[0].codec == (before, after)[number]


def test_what_ends_before_the_change_is_copied(make_part: MakePart, tmp_path: Path) -> None:
    info = probe(joined(make_part("a.ts", 10), make_part("b.ts", 10, audio=("ac3",))))
    index = index_frames(info)
    first = index.part(0, 20, info.video.time_base)
    assert plan_audio(tmp_path / "c.mp4", info, "copy", first.audio_changes)[0].encoder is None
    second = index.part(20, 60, info.video.time_base)
    with pytest.raises(EncodeError, match="as where recordings were joined"):
        plan_audio(tmp_path / "c.mp4", info, "auto", second.audio_changes)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_another_rate_is_converted_and_never_copied_under_one_header(
    make_part: MakePart, tmp_path: Path, suffix: str
) -> None:
    parts = [make_part("a.ts", 10), make_part("b.ts", 10, audio_rate_hz=32_000)]
    path = joined(*parts)
    info = probe(path)
    changes = index_frames(info).audio_changes
    with pytest.raises(EncodeError, match=r"another rate or channels from.*--audio convert"):
        plan_audio(tmp_path / f"c{suffix}", info, "copy", changes)
    copy = heard(copied(path, tmp_path / f"c{suffix}"))
    assert {rate for rate, _, _ in copy} == {48_000}
    assert copy[-1][1] - copy[0][1] == pytest.approx(3.2, abs=0.1)
    loud = [level > 0.1 for _, at, level in copy if 0.2 < at - copy[0][1] < 3]
    assert sum(loud) > 0.9 * len(loud) > 20


@pytest.mark.parametrize("codec", CODECS)
def test_one_codec_does_not_change(make_part: MakePart, codec: str) -> None:
    path = joined(make_part("a.ts", 10, audio=(codec,)), make_part("b.ts", 10, audio=(codec,)))
    assert index_frames(probe(path)).audio_changes == ()


@pytest.mark.parametrize("codec", [*CODECS, "libmp3lame"])
def test_headers_say_what_a_frame_is(make_part: MakePart, codec: str) -> None:
    with av.open(str(make_part("a.ts", 10, audio=(codec,)))) as container:
        headers = {read_header(bytes(packet)) for packet in container.demux(audio=0) if packet.size}
    (header,) = headers
    assert header is not None
    assert header.codec == codec.removeprefix("lib").removesuffix("lame")


def test_other_bytes_are_no_header() -> None:
    for content in (
        b"",
        b"\xff",
        b"\xff\xf1\x00",
        bytes(8),
        b"OpusHead",
        b"\xff\xe1\x00\x00\x00\x00",
    ):
        assert read_header(content) is None
    assert read_header(bytes.fromhex("fff14c80000000")) == FrameHeader("aac", 3, 2)
