"""A packet of audio that damage has made no frame is refused, or left out of a salvaged copy."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from recorder_core.errors import DecodeError
from recorder_core.media import index_frames, probe
from recorder_core.media.audio.packets import audio_packets
from recorder_core.media.audio.plan import add_copied_audio
from recorder_core.media.audio.whole_frames import is_whole_frame

DAMAGED_FRAME = 20


def _frames(path: Path) -> list[tuple[int | None, bytes]]:
    with av.open(str(path)) as container:
        return [(each.pts, bytes(each)) for each in container.demux(audio=0) if each.size]


@pytest.fixture(params=["aac ts", "ac3 mkv", "eac3 mkv"])
def damaged(
    request: pytest.FixtureRequest,
    make_video: Callable[..., Path],
    make_part: Callable[..., Path],
) -> tuple[Path, Path]:
    """Return a video, and one whose frame 20 of audio has lost its first bytes."""
    codec, suffix = request.param.split()
    if suffix == "ts":
        whole = make_part("whole.ts", 0, audio=(codec,))
    else:
        whole = make_video("whole.mkv", audio=(codec,))
    content, start = whole.read_bytes(), _frames(whole)[DAMAGED_FRAME][1][:40]
    assert content.count(start) == 1
    path = whole.with_name(f"damaged.{suffix}")
    path.write_bytes(content.replace(start, bytes(len(start))))
    return whole, path


def test_it_is_refused_before_the_work_begins(damaged: tuple[Path, Path]) -> None:
    index_frames(probe(damaged[0]))
    with pytest.raises(DecodeError, match=r"damaged at about second 0\.[3-9]; .*--salvage"):
        index_frames(probe(damaged[1]))


def test_salvage_leaves_it_out_and_names_the_time(damaged: tuple[Path, Path]) -> None:
    whole = _frames(damaged[0])
    with av.open(str(damaged[1])) as source, av.open(io.BytesIO(), "w", format="mp4") as copy:
        track = source.streams.audio[0]
        stream = add_copied_audio(copy, track)
        kept = []
        for packet in audio_packets(source, [track]):
            kept.append((packet.pts, bytes(packet)))
            packet.stream = stream
            copy.mux_one(packet)
    expected = [content for place, (_, content) in enumerate(whole) if place != DAMAGED_FRAME]
    assert [content for _, content in kept] == expected
    info = probe(damaged[1])
    [gap] = index_frames(info, salvage=True).audio_gaps
    lost = (whole[DAMAGED_FRAME][0] or 0) / (90_000 if info.container == "mpegts" else 1000)
    assert gap.start_seconds == pytest.approx(lost, abs=0.002)


@pytest.mark.parametrize(
    ("codec", "start", "is_whole"),
    [
        ("aac", "fff14c8001fffc", True),
        ("aac", "fff17c8001fffc", False),  # a rate that is none
        ("aac", "fff04c8001fffd", False),  # two blocks with a check sum each
        ("aac", "fffb906400", False),  # MPEG audio
        ("ac3", "0b77000010400000", True),
        ("ac3", "0b770000d0400000", False),
        ("ac3", "0b77000026400000", False),  # a size that is none
        ("eac3", "0b7701003f800000", True),
        ("eac3", "0b77c1003f800000", False),  # a kind of frame that is none
        ("eac3", "0b770100f0800000", False),
        ("mp2", "0000000000000000", True),
    ],
)
def test_the_first_bytes_decide(codec: str, start: str, is_whole: bool) -> None:
    packet = av.Packet(bytes.fromhex(start) + bytes(100))
    assert is_whole_frame(packet, codec, "mpegts") is is_whole


def test_frames_of_aac_in_files_have_no_header() -> None:
    assert is_whole_frame(av.Packet(bytes(100)), "aac", "mov,mp4,m4a,3gp,3g2,mj2")
