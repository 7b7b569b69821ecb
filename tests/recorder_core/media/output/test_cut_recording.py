"""What a cut recording holds: measured, and put into a seekable file."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest

from profiling.benches.long_videos import LongVideo, write_long
from recorder_core.errors import DecodeError, EncodeError
from recorder_core.media import (
    is_fragmented,
    read_frame_times,
    recorded_seconds,
    remux_cut_recording,
    remux_whole_recording,
)
from recorder_core.media.container.mp4_boxes import top_level_boxes


def saved(content: bytes) -> tuple[bytes, int]:
    """Return the seekable file and its number of frames."""
    target = io.BytesIO()
    times = remux_cut_recording(io.BytesIO(content), target, "event")
    again = read_frame_times(io.BytesIO(target.getvalue()), "event")
    assert again.time_base == times.time_base
    np.testing.assert_array_equal(again.pts, times.pts)
    return target.getvalue(), len(times.pts)


def decoded(content: bytes) -> list[int]:
    with av.open(io.BytesIO(content)) as container:
        return [frame.pts for frame in container.decode(video=0)]


def test_a_whole_recording_keeps_everything(fragmented: bytes) -> None:
    content, count = saved(fragmented)
    assert count == len(decoded(content)) == 60
    assert recorded_seconds(io.BytesIO(fragmented), "event") == pytest.approx(3.0)
    kinds = [box.kind for box in top_level_boxes(io.BytesIO(content))]
    assert kinds.count(b"moov") == 1
    assert b"moof" not in kinds
    with av.open(io.BytesIO(content)) as container:
        assert len(container.streams.audio) == 1


def packets(content: bytes) -> list[tuple[str, bytes]]:
    with av.open(io.BytesIO(content)) as container:
        return sorted((each.stream.type, bytes(each)) for each in container.demux() if each.size)


def test_all_of_a_recording_with_its_end_is_taken_over(fragmented: bytes) -> None:
    target = io.BytesIO()
    times = remux_whole_recording(io.BytesIO(fragmented), target, "event")
    content = target.getvalue()
    assert packets(content) == packets(fragmented)
    assert decoded(content) == decoded(fragmented) == times.pts.tolist()
    assert is_fragmented(io.BytesIO(fragmented))
    assert not is_fragmented(io.BytesIO(content))


@pytest.mark.parametrize("box", [0, 2])
def test_a_recording_of_which_a_frame_is_cut_is_not_taken_over(fragmented: bytes, box: int) -> None:
    media = [each for each in top_level_boxes(io.BytesIO(fragmented)) if each.kind == b"mdat"][box]
    with pytest.raises(DecodeError):
        remux_whole_recording(
            io.BytesIO(fragmented[: media.offset + media.size // 2]), io.BytesIO(), "event"
        )


def test_a_recording_of_two_videos_is_not_taken_over() -> None:
    target = io.BytesIO()
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    with av.open(target, "w", format="mp4", options=options) as container:
        streams = [container.add_stream("libx264", rate=20) for _ in range(2)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            frame = av.VideoFrame.from_ndarray(np.zeros((72, 64), np.uint8), "yuv420p")
            frame.pts = 0
            container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))
    with pytest.raises(EncodeError, match="more than one video"):
        remux_whole_recording(io.BytesIO(target.getvalue()), io.BytesIO(), "event")


def test_every_cut_is_measured_as_what_can_be_saved(fragmented: bytes) -> None:
    """Wherever the cut falls: every whole frame is kept, and nothing else."""
    lengths = [*range(40, len(fragmented), len(fragmented) // 37)]
    kept = []
    for length in lengths:
        content = fragmented[:length]
        seconds = recorded_seconds(io.BytesIO(content), "event")
        if not seconds:
            with pytest.raises(DecodeError):
                remux_cut_recording(io.BytesIO(content), io.BytesIO(), "event")
            kept.append(0)
            continue
        made, count = saved(content)
        assert len(decoded(made)) == count
        assert read_frame_times(io.BytesIO(made), "event").seconds == pytest.approx(seconds)
        kept.append(count)
    assert kept == sorted(kept)
    assert kept[-1] >= 50
    assert sum(count > 0 for count in kept) > 30


def test_a_cut_after_whole_fragments_loses_none_of_them(fragmented: bytes) -> None:
    fragments = [box for box in top_level_boxes(io.BytesIO(fragmented)) if box.kind == b"moof"]
    content = fragmented[: fragments[2].offset + 30]  # inside the third fragment's table
    assert recorded_seconds(io.BytesIO(content), "event") == pytest.approx(2.0)
    assert saved(content)[1] == 40


def test_what_holds_no_frame_says_so(fragmented: bytes) -> None:
    for content in (b"", b"no video" * 100, fragmented[:900]):
        assert recorded_seconds(io.BytesIO(content), "event") == 0.0
        with pytest.raises(DecodeError):
            remux_cut_recording(io.BytesIO(content), io.BytesIO(), "event")


def test_a_recording_in_another_container_is_measured_too(foreign: dict[str, Path]) -> None:
    content = foreign["h264 ts"].read_bytes()
    whole = recorded_seconds(io.BytesIO(content), "event")
    assert 0.0 < recorded_seconds(io.BytesIO(content[: len(content) // 2]), "event") < whole


def test_minutes_with_audio_are_saved_to_the_last_whole_fragment() -> None:
    recorded = io.BytesIO()
    write_long(recorded, LongVideo(240, is_fragmented=True))
    last = [box for box in top_level_boxes(recorded) if box.kind == b"moof"][-1]
    content, count = saved(recorded.getvalue()[: last.offset])
    assert count == 239 * 30
    with av.open(io.BytesIO(content)) as container:
        assert sum(1 for packet in container.demux(audio=0) if packet.size) >= 239 * 46


def test_a_cut_anywhere_in_a_header_of_a_fragment_loses_no_fragment_before() -> None:
    """FFmpeg opens nothing where it is cut at some places of a late one."""
    recorded = io.BytesIO()
    write_long(recorded, LongVideo(40, is_fragmented=True))
    headers = [box for box in top_level_boxes(recorded) if box.kind == b"moof"]
    whole = recorded.getvalue()
    for number in (20, 39):
        for place in range(1, headers[number].size, 37):
            content = whole[: headers[number].offset + place]
            assert recorded_seconds(io.BytesIO(content), "event") == pytest.approx(number)
            assert saved(content)[1] == number * 30
