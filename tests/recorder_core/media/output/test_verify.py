from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from recorder_core.errors import RedactionIncomplete
from recorder_core.media import (
    EncoderSettings,
    FrameIndex,
    MediaInfo,
    Part,
    assemble,
    decode_frames,
    index_frames,
    probe,
    verify_output,
    write_segment,
)

Opened = Callable[..., tuple[MediaInfo, FrameIndex]]


@pytest.fixture
def copied(opened: Opened, settings: EncoderSettings, tmp_path: Path) -> Any:
    info, index = opened(audio=("aac", "aac"))
    write_segment(tmp_path / "s.mp4", info.video, settings, decode_frames(info, index))
    output = tmp_path / "copy.mp4"
    assemble([Part(tmp_path / "s.mp4")], info, index, output)
    return output, info, index


def test_a_true_copy_passes(copied: Any) -> None:
    verify_output(*copied)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"width": 128}, "width is 96, the source's 128"),
        ({"height": 128}, "height is 64"),
        ({"display_matrix": (1,) * 9}, "display matrix is None"),
        ({"color_matrix": 1}, "color matrix"),
        ({"color_primaries": 1}, "color primaries"),
        ({"color_transfer": 1}, "color transfer"),
        ({"color_range": 2}, "full range"),
        ({"sample_aspect_ratio": Fraction(2)}, "sample aspect ratio"),
        ({"average_frame_rate": Fraction(50)}, ""),
    ],
)
def test_every_tag_is_compared(copied: Any, change: dict[str, Any], sentence: str) -> None:
    output, info, index = copied
    if "average_frame_rate" in change:
        video = replace(info.video, **change)
    else:
        video = replace(info.video, format=replace(info.video.format, **change))
    other = replace(info, video=video)
    if not sentence:
        # a header's rate says nothing that the time stamps do not say better
        verify_output(output, other, index)
        return
    with pytest.raises(RedactionIncomplete, match=sentence):
        verify_output(output, other, index)


def test_every_time_stamp_is_compared(copied: Any) -> None:
    output, info, index = copied
    pts = index.pts.copy()
    pts[17] += 1
    with pytest.raises(RedactionIncomplete, match="timestamp of frame 17"):
        verify_output(output, info, replace(index, pts=pts))
    fewer = replace(index, pts=index.pts[:-1], durations=index.durations[:-1])
    with pytest.raises(RedactionIncomplete, match="number of frames is 40, the source's 39"):
        verify_output(output, info, fewer)
    durations = index.durations.copy()
    durations[-1] += 1
    with pytest.raises(RedactionIncomplete, match="end is"):
        verify_output(output, info, replace(index, durations=durations))


def changed_copy(path: Path, target: Path, change: Callable[[Any, Any], bool]) -> Path:
    """Copy packets for which `change` says so; it may alter streams and packets."""
    with av.open(str(path)) as source, av.open(str(target), "w") as copy:
        streams = {s.index: copy.add_stream_from_template(s) for s in source.streams}
        change(copy, None)
        for packet in source.demux():
            if packet.size and change(copy, packet):
                packet.stream = streams[packet.stream_index]
                copy.mux(packet)
    return target


def test_lost_audio_is_noticed(copied: Any, tmp_path: Path) -> None:
    output, info, index = copied

    def one_less(copy: Any, packet: Any) -> bool:
        return packet is None or packet.stream_index != 2 or packet.pts < 40000

    broken = changed_copy(output, tmp_path / "broken.mp4", one_less)
    with pytest.raises(RedactionIncomplete, match="audio stream 2 of the copy is not the source's"):
        verify_output(broken, info, index)


def test_swapped_audio_is_noticed(copied: Any, opened: Opened, tmp_path: Path) -> None:
    output, _, _ = copied
    other, other_index = opened("other.mp4", audio=("aac",))
    with pytest.raises(RedactionIncomplete, match="number of audio streams is 2, the source's 1"):
        verify_output(output, other, other_index)


def test_other_audio_is_noticed(copied: Any, tmp_path: Path) -> None:
    output, info, index = copied
    data = bytearray(output.read_bytes())
    with av.open(str(output)) as container:
        packet = [p for p in container.demux(audio=0) if p.size][5]
        data[int(packet.pos or 0) + packet.size - 3] ^= 0xFF
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(data)
    with pytest.raises(RedactionIncomplete, match="audio stream 1 of the copy is not the source's"):
        verify_output(broken, info, index)


@pytest.mark.parametrize("key", ["title", "comment", "location", "creation_time"])
def test_tags_of_any_kind_are_noticed(copied: Any, tmp_path: Path, key: str) -> None:
    output, info, index = copied

    def tagged(copy: Any, packet: Any) -> bool:
        if packet is None:
            copy.metadata[key] = "2026-01-02T03:04:05Z"
        return True

    broken = changed_copy(output, tmp_path / "broken.mp4", tagged)
    with pytest.raises(RedactionIncomplete, match="carries a tag"):
        verify_output(broken, info, index)


def test_matroska_times_are_compared_to_the_millisecond(
    opened: Opened, settings: EncoderSettings, tmp_path: Path
) -> None:
    info, index = opened(rate=Fraction(30000, 1001))
    write_segment(tmp_path / "s.mp4", info.video, settings, decode_frames(info, index))
    output = tmp_path / "copy.mkv"
    assemble([Part(tmp_path / "s.mp4")], info, index, output)
    verify_output(output, info, index)
    late = replace(index, pts=index.pts + round(0.001 * info.video.time_base.denominator))
    with pytest.raises(RedactionIncomplete, match="timestamp of frame 0"):
        verify_output(output, info, late)
    assert np.array_equal(late.durations, index.durations)


@pytest.mark.parametrize(("suffix", "streams"), [(".mp4", 1), (".mkv", 2)])
def test_audio_that_holds_nothing_is_no_difference(
    make_video: Callable[..., Path],
    settings: EncoderSettings,
    tmp_path: Path,
    suffix: str,
    streams: int,
) -> None:
    """A recorder whose microphone never gave anything; MP4 keeps no such stream."""
    source = tmp_path / "empty.mkv"
    with (
        av.open(str(make_video("whole.mkv", audio=("aac",)))) as whole,
        av.open(str(source), "w") as target,
    ):
        kept = {each.index: target.add_stream_from_template(each) for each in whole.streams}
        for packet in whole.demux(video=0):
            if packet.size:
                packet.stream = kept[packet.stream_index]
                target.mux(packet)
    info = probe(source)
    assert len(info.audio) == 1
    index = index_frames(info)
    write_segment(tmp_path / "s.mp4", info.video, settings, decode_frames(info, index))
    output = tmp_path / f"copy{suffix}"
    assemble([Part(tmp_path / "s.mp4")], info, index, output)
    verify_output(output, info, index)
    with av.open(str(output)) as copy:
        assert len(copy.streams) == streams
