"""Audio that is missing while the video goes on is found by its times, in every container."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from contextlib import ExitStack
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from recorder_core.errors import DecodeError
from recorder_core.media import FrameIndex, index_frames, probe
from recorder_core.media.audio.gaps import AudioTimes, find_audio_gaps
from recorder_core.media.container.transport.stream import read_units
from recorder_core.media.files.media_file import media_file

MakeVideo = Callable[..., Path]
PACKET = 188


def copied(path: Path, target: Path, lost: Callable[[Any], bool], **options: str) -> Path:
    """Copy a file without some of its packets."""
    with (
        av.open(str(path)) as source,
        av.open(str(target), "w", container_options=options) as container,
    ):
        streams = [container.add_stream_from_template(each) for each in source.streams]
        for packet in source.demux():
            if packet.size and packet.pts is not None and not lost(packet):
                packet.stream = streams[packet.stream_index]
                container.mux(packet)
    return target


def within(kind: str, start: float, stop: float) -> Callable[[Any], bool]:
    """Return whether a packet of a kind of stream begins in a span of seconds."""
    return lambda packet: (
        kind in (packet.stream.type, "any")
        and start <= float(packet.pts * packet.time_base) - 0.001 < stop
    )


def gaps(index: FrameIndex) -> list[tuple[float, float]]:
    return [(gap.start_seconds, gap.stop_seconds) for gap in index.audio_gaps]


@pytest.fixture
def stream(make_video: MakeVideo, tmp_path: Path) -> Path:
    """A transport stream of 4 s in which each frame of audio is a unit of its own."""
    path = make_video("whole.mp4", frames=100, audio=("aac",))
    return copied(path, tmp_path / "whole.ts", lambda packet: False, pes_payload_size="0")


def without_packets(path: Path, first: int, count: int) -> Path:
    """Take packets of audio away, from the beginning of a unit on."""
    data, units = path.read_bytes(), read_units(media_file(path))[0x101]
    places = [at for at in range(0, len(data), PACKET) if data[at + 1] & 0x1F == 1 and data[at + 2]]
    begins = places.index(units.starts[first])
    lost = set(places[begins : begins + count])
    assert places[begins + count] in units.starts
    target = path.with_name("lossy.ts")
    target.write_bytes(
        b"".join(data[at : at + PACKET] for at in range(0, len(data), PACKET) if at not in lost)
    )
    return target


def test_lost_audio_of_which_the_counters_say_nothing_is_refused_or_named(stream: Path) -> None:
    assert gaps(index_frames(probe(stream))) == []
    # a multiple of 16 packets: the counter goes on
    lossy = without_packets(stream, 80, 16)
    units = read_units(media_file(lossy))[0x101]
    assert not any(units.breaks_before)
    assert not any(units.breaks_within)
    lost = len(read_units(media_file(stream))[0x101].starts) - len(units.starts)
    assert lost > 4
    with av.open(str(lossy)) as container:
        times = [float(each.pts * each.time_base) for each in container.demux(audio=0) if each.size]
    start, stop = next(pair for pair in pairwise(times) if pair[1] - pair[0] > 0.03)
    assert stop - start == pytest.approx((lost + 1) * 1024 / 48000, abs=0.001)
    video = probe(lossy).video
    first = video.seconds(video.start_pts)
    shown = (start + 1024 / 48000 - first, stop - first)
    said = f"audio stream 1 has nothing from second {shown[0]:.2f} to {shown[1]:.2f}"
    with pytest.raises(DecodeError, match=rf"{said}.*--salvage"):
        index_frames(probe(lossy))
    salvaged = index_frames(probe(lossy), salvage=True)
    assert len(salvaged) == 100
    assert gaps(salvaged) == [pytest.approx((start + 1024 / 48000, stop), abs=0.001)]


def test_audio_that_a_recorder_switched_off_is_named(stream: Path, tmp_path: Path) -> None:
    path = copied(stream, tmp_path / "off.ts", within("audio", 2.0, 3.5))
    assert not any(read_units(media_file(path))[0x101].breaks_before)
    index = index_frames(probe(path))
    assert len(index) == 100
    [(start, stop)] = gaps(index)
    assert stop - start == pytest.approx(1.5, abs=0.045)


@pytest.mark.parametrize(("missing", "count"), [(0.7, 0), (1.0, 1)])
def test_less_than_a_packet_of_audio_is_no_gap(stream: Path, missing: float, count: int) -> None:
    info, step = probe(stream), 1024 / 48000
    starts = [(number + missing * (number >= 50)) * step for number in range(100)]
    times = AudioTimes(
        "aac",
        starts_seconds=array("d", starts),
        durations_seconds=array("d", [step] * 100),
        positions=array("q", range(100)),
    )
    frame = round(1 / 25 / info.video.time_base)
    found = find_audio_gaps(info, {1: times}, range(0, 55 * frame, frame), [frame] * 55)
    assert len(found) == count


def test_where_recordings_were_joined_none_need_go_on(make_part: MakeVideo, tmp_path: Path) -> None:
    parts = [make_part(f"{start}.ts", start) for start in (10, 11.6)]
    short = copied(
        parts[0],
        tmp_path / "short.ts",
        lambda packet: packet.stream.type == "audio" and packet.pts > 90000 * 12.8,
    )
    for first in (parts[0], short):
        joined = tmp_path / "joined.ts"
        joined.write_bytes(first.read_bytes() + parts[1].read_bytes())
        assert len(index_frames(probe(joined))) == 80


@pytest.mark.parametrize(
    ("name", "audio"),
    [("lossy.mp4", "aac"), ("lossy.mkv", "aac"), ("lossy.mkv", "libopus"), ("lossy.mov", "ac3")],
)
def test_audio_that_other_containers_lack_is_named(
    make_video: MakeVideo, tmp_path: Path, name: str, audio: str
) -> None:
    path = make_video("whole.mp4", frames=100, audio=(audio,))
    assert gaps(index_frames(probe(path))) == []
    whole = copied(path, tmp_path / f"whole-{name}", lambda packet: False)
    assert gaps(index_frames(probe(whole))) == []
    lossy = copied(path, tmp_path / name, within("audio", 1.0, 1.5))
    [(start, stop)] = gaps(index_frames(probe(lossy)))
    assert start == pytest.approx(1.0, abs=0.045)
    assert stop == pytest.approx(1.5, abs=0.045)


def test_a_pause_of_the_whole_recording_is_no_loss(make_video: MakeVideo, tmp_path: Path) -> None:
    options = {"g": "1", "bf": "0"}
    path = make_video("whole.mp4", frames=100, audio=("aac",), options=options)
    paused = copied(path, tmp_path / "paused.mkv", within("any", 1.0, 2.5))
    assert gaps(index_frames(probe(paused))) == []


def test_audio_that_begins_late_or_ends_early_is_named(
    make_video: MakeVideo, tmp_path: Path
) -> None:
    path = make_video("whole.mp4", frames=100, audio=("pcm_s16le",), codec="mpeg4", options={})
    ends = copied(path, tmp_path / "ends.avi", within("audio", 3.0, 9.0))
    assert gaps(index_frames(probe(ends))) == [pytest.approx((3.0, 4.0), abs=0.05)]
    begins = copied(path, tmp_path / "begins.mkv", within("audio", -1.0, 1.0))
    assert gaps(index_frames(probe(begins))) == [pytest.approx((0.0, 1.0), abs=0.05)]


def joined_by_a_muxer(paths: list[Path], target: Path, seconds: Fraction) -> Path:
    """Write parts one after the other as one recording, whose counters go on, as ffmpeg does."""
    with ExitStack() as opened, av.open(str(target), "w", format="mpegts") as container:
        sources = [opened.enter_context(av.open(str(path))) for path in paths]
        streams = [container.add_stream_from_template(each) for each in sources[0].streams]
        for number, source in enumerate(sources):
            for packet in source.demux():
                if packet.size and packet.pts is not None and packet.dts is not None:
                    later = round(number * seconds / packet.time_base)
                    packet.pts, packet.dts = packet.pts + later, packet.dts + later
                    packet.stream = streams[packet.stream_index]
                    container.mux(packet)
    return target


@pytest.mark.parametrize("codec", ["aac", "mp2", "ac3"])
def test_parts_that_a_program_joined_are_not_damaged_where_their_audio_ends_early(
    make_video: MakeVideo, tmp_path: Path, codec: str
) -> None:
    parts = []
    for number in range(3):
        whole = make_video(f"{number}.mp4", audio=(codec,), frames=50)
        part = tmp_path / f"part{number}.mp4"
        parts.append(copied(whole, part, within("audio", 1.9, 9)))
    info = probe(joined_by_a_muxer(parts, tmp_path / "joined.ts", Fraction(2)))
    index = index_frames(info)
    assert len(index) == 150
    start = info.video.seconds(info.video.start_pts)
    found = [(first - start, last - start) for first, last in gaps(index)]
    assert len(found) == 2
    for (first, last), joint in zip(found, (2, 4), strict=True):
        # audio of AAC shares a unit with that of the next part, and is played before its time
        assert joint - 0.15 <= first < last <= joint + 0.35
        assert 0.05 < last - first < 0.15


def test_times_of_damage_are_those_that_a_player_shows(
    make_part: MakeVideo, tmp_path: Path
) -> None:
    whole = make_part("late.ts", 40_000, options={"g": "100", "bf": "0"}, frames=100)
    lost = copied(whole, tmp_path / "lost.ts", within("audio", 40_002, 40_002.4), mpegts_copyts="1")
    assert index_frames(probe(lost), salvage=True).pts[0] >= 40_000 * 90_000
    with pytest.raises(DecodeError, match=r"from second (2\.0\d|1\.9\d) to 2\.[34]\d, where"):
        index_frames(probe(lost))
    data = bytearray(whole.read_bytes())
    cut = [
        at for at in range(0, len(data), PACKET) if data[at + 1] & 0x1F == 1 and not data[at + 2]
    ]
    middle = cut[len(cut) // 2]
    broken = tmp_path / "broken.ts"
    broken.write_bytes(bytes(data[:middle]) + bytes(data[middle + PACKET :]))
    with pytest.raises(DecodeError, match=r"broken\.ts is damaged at about second [1-3]\.\d; "):
        index_frames(probe(broken))
