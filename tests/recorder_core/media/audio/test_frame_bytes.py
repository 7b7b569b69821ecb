"""What lies beside the frames of a packet of audio, as an ID3 tag, is not copied."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from recorder_core.media.audio.frame_bytes import only_frames
from recorder_core.media.audio.packets import audio_packets

NAME = b"TPE1 Jane Doe 1961"
#: 200 bytes in sevens of bits
TAG = b"ID3\x03\0\0\0\0\x01\x48" + NAME.ljust(200, b"\0")
END_TAG = (b"TAG" + NAME).ljust(128, b"\0")


@pytest.mark.parametrize("codec", ["mp3", "mp2", "ac3", "eac3"])
@pytest.mark.parametrize("rate_hz", [44_100, 22_050])
def test_frames_of_encoders_are_whole_and_what_is_around_them_is_left(
    codec: str, rate_hz: int
) -> None:
    if rate_hz == 22_050 and codec.endswith("ac3"):
        rate_hz = 32_000
    frames = _encoded(codec, rate_hz)
    assert len(frames) > 5
    for frame in frames:
        assert only_frames(frame, codec) is frame
    one, two = bytes(frames[2]), bytes(frames[3])
    kept = only_frames(av.Packet(TAG + one + two + END_TAG), codec)
    assert kept is not None
    assert bytes(kept) == one + two
    assert only_frames(av.Packet(TAG), codec) is None
    assert only_frames(av.Packet(TAG[:60]), codec) is None
    assert only_frames(av.Packet(one[:-1]), codec) is None


def test_a_copy_holds_no_tag_of_a_file_that_was_put_into_its_source(
    make_video: Callable[..., Path],
) -> None:
    source = make_video("tagged.mkv", audio=("mp3",))
    with av.open(str(source)) as container:
        [track] = container.streams.audio
        before = [(each.pts, bytes(each)) for each in container.demux(track) if each.size]
    content, start = source.read_bytes(), before[9][1]
    assert content.count(start) == 1
    source.write_bytes(content.replace(start, TAG.ljust(len(start), b"\0")[: len(start)]))
    with av.open(str(source)) as container:
        tracks = [*container.streams.audio]
        after = [bytes(each) for each in audio_packets(container, tracks)]
    assert NAME not in b"".join(after)
    # a parser loses up to one more beside it
    assert len(before) - 3 <= len(after) < len(before)
    assert {*after} < {content for _, content in before}


def _encoded(codec: str, rate_hz: int) -> list[av.Packet]:
    container = av.open(io.BytesIO(), "w", format="matroska")
    stream = container.add_stream(codec, rate=rate_hz)
    packets = []
    for _ in range(8):
        frame = av.AudioFrame(stream.format.name if stream.format else "fltp", "mono", 1152)
        frame.sample_rate = rate_hz
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        packets += stream.encode(frame)
    return [*packets, *stream.encode(None)]
