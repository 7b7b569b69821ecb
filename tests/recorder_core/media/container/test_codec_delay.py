from __future__ import annotations

import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.packet import Packet
from numpy.typing import NDArray

from recorder_core.media import (
    EncoderSettings,
    Part,
    assemble,
    decode_frames,
    index_frames,
    probe,
    verify_output,
    write_segment,
)
from recorder_core.media.container.codec_delay import (
    RunIn,
    delayed_template,
    run_in_samples,
    start_exactly,
)


def _first_packet(path: Path) -> Packet:
    with av.open(str(path)) as container:
        return next(container.demux(audio=0))


def _write(path: Path, codec: str, rate_hz: int) -> Path:
    with av.open(str(path), "w") as container:
        track = container.add_stream(codec, rate=rate_hz, layout="mono")
        for start in range(0, rate_hz // 2, 960):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 960), np.int16), "s16", "mono")
            frame.sample_rate, frame.pts, frame.time_base = rate_hz, start, Fraction(1, rate_hz)
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize(
    ("codec", "rate_hz", "samples"),
    [("aac", 48_000, 1024), ("libmp3lame", 44_100, 1105), ("libopus", 48_000, 312)],
)
def test_the_run_in_is_what_the_codec_needs(
    tmp_path: Path, suffix: str, codec: str, rate_hz: int, samples: int
) -> None:
    packet = _first_packet(_write(tmp_path / f"s{suffix}", codec, rate_hz))
    assert run_in_samples(packet, rate_hz) == samples
    seconds = (packet.duration or 0) * (packet.time_base or 0)
    start_exactly(packet, samples, rate_hz)
    assert (packet.pts, packet.dts, packet.time_base) == (-samples, -samples, Fraction(1, rate_hz))
    assert float(packet.duration / rate_hz) == pytest.approx(float(seconds), abs=1e-4)


@pytest.mark.parametrize("pts", [None, 0, 10, -500])
def test_what_begins_later_or_long_before_has_none(tmp_path: Path, pts: int | None) -> None:
    packet = _first_packet(_write(tmp_path / "s.mkv", "aac", 48_000))
    packet.pts = pts
    assert run_in_samples(packet, 48_000) == 0


def test_a_plain_stream_before_zero_has_none(tmp_path: Path) -> None:
    packet = _first_packet(_write(tmp_path / "s.wav", "pcm_s16le", 48_000))
    packet.pts = -960
    assert run_in_samples(packet, 48_000) == 0


@pytest.mark.parametrize("codec", ["aac", "libmp3lame"])
def test_a_template_makes_matroska_state_the_delay(tmp_path: Path, codec: str) -> None:
    path, sink = _write(tmp_path / "s.mp4", codec, 48_000), io.BytesIO()
    with av.open(str(path)) as source, av.open(sink, "w", format="matroska") as container:
        with delayed_template(source.streams.audio[0], 1105) as template:
            assert template.codec_context.extradata == (
                source.streams.audio[0].codec_context.extradata
            )
            container.add_stream_from_template(template)
        container.start_encoding()
    # an element 0x56AA of eight bytes or fewer, in nanoseconds
    content = sink.getvalue()
    place = content.index(b"\x56\xaa") + 2
    size = content[place] & 0x7F
    stated = int.from_bytes(content[place + 1 : place + 1 + size], "big")
    assert stated == pytest.approx(1105 * 1e9 / 48_000, abs=1e5)


def _heard(path: Path) -> tuple[float, NDArray[np.float32]]:
    """Return when the first sample is heard, and all samples of the first channel."""
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
    samples = np.concatenate([frame.to_ndarray()[0].astype(np.float32) for frame in frames])
    # MPEG audio is decoded to integers where a container names it otherwise
    unit = 1 if "flt" in frames[0].format.name else 1 << 15
    return float(frames[0].pts * frames[0].time_base), samples / unit


@pytest.mark.parametrize("codec", ["ac3", "eac3", "mp2", "libmp3lame", "aac", "libopus"])
@pytest.mark.parametrize(("source", "target"), [("s.mp4", "c.mkv"), ("s.mkv", "c.mp4")])
def test_the_same_samples_are_heard_in_every_container(
    make_video: Callable[..., Path], tmp_path: Path, codec: str, source: str, target: str
) -> None:
    path, copy = make_video(source, audio=(codec,)), tmp_path / target
    info = probe(path)
    index = index_frames(info)
    part = tmp_path / "part.mp4"
    settings = EncoderSettings(preset="ultrafast")
    write_segment(part, info.video, settings, decode_frames(info, index))
    assemble([Part(part)], info, index, copy)
    (first, heard), (copy_first, copy_heard) = _heard(path), _heard(copy)
    assert copy_first == pytest.approx(first, abs=0.001)
    # MP4 has no way to leave out what an encoder added to fill its last packet
    added = len(copy_heard) - len(heard)
    assert added == 0 or (target.endswith(".mp4") and 0 < added < 1152)
    assert np.abs(heard - copy_heard[: len(heard)]).max() < 1e-4


def _cut(path: Path, target: Path, *, before_seconds: Fraction) -> Path:
    """Copy a file so that its first keyframe lies long before time zero, as editors cut."""
    with av.open(str(path)) as source, av.open(str(target), "w") as container:
        streams = [container.add_stream_from_template(each) for each in source.streams]
        for packet in source.demux():
            if packet.size and packet.pts is not None and packet.dts is not None:
                earlier = round(before_seconds / packet.time_base)
                packet.pts, packet.dts = packet.pts - earlier, packet.dts - earlier
                packet.stream = streams[packet.stream_index]
                container.mux(packet)
    return target


@pytest.mark.parametrize(
    ("codec", "before_seconds"),
    [
        ("alac", Fraction(5, 17)),
        ("alac", Fraction(1)),
        ("ac3", Fraction(1)),
        ("aac", Fraction(1)),
        ("libopus", Fraction(5, 17)),
        ("pcm_s16le", Fraction(1)),
    ],
)
def test_a_cut_file_keeps_in_matroska_all_that_is_heard(
    make_video: Callable[..., Path], tmp_path: Path, codec: str, before_seconds: Fraction
) -> None:
    whole = make_video("whole.mov" if codec == "alac" else "whole.mp4", audio=(codec,))
    cut = _cut(whole, tmp_path / f"cut{whole.suffix}", before_seconds=before_seconds)
    assert (_first_packet(cut).pts or 0) < -0.2 * 48_000
    info, copy = probe(cut), tmp_path / "copy.mkv"
    index = index_frames(info)
    part = tmp_path / "part.mp4"
    settings = EncoderSettings(preset="ultrafast")
    write_segment(part, info.video, settings, decode_frames(info, index))
    assemble([Part(part)], info, index, copy)
    verify_output(copy, info, index)
    (first, heard), (copy_first, copy_heard) = _heard(cut), _heard(copy)
    assert (first, copy_first) == pytest.approx((0, 0), abs=0.001)
    assert len(heard) > 20_000
    assert np.abs(heard).max() > 0.1
    assert len(copy_heard) == len(heard)
    # what a decoder of AAC, MP3 or Opus keeps of seconds before fades away
    assert np.abs(heard - copy_heard).max() < 1e-3


def test_a_packet_that_lasts_longer_than_a_run_in_is_kept_where_it_ends_after_zero(
    tmp_path: Path,
) -> None:
    packet = _first_packet(_write(tmp_path / "s.mp4", "aac", 48_000))
    packet.time_base, packet.pts, packet.duration = Fraction(1, 8_000), -4_000, 4_608
    skipped = next(iter(packet.iter_sidedata()))
    content = bytearray(bytes(skipped))
    content[:4] = (4_000).to_bytes(4, "little")
    skipped.update(bytes(content))
    packet.set_sidedata(skipped)
    run_in = RunIn(8_000)
    assert run_in.holds(packet)
    assert (run_in.samples, packet.pts) == (4_000, -4_000)
