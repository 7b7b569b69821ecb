"""Audio as a player hears it, in source and copy: samples and times, decoded anew."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from recorder_core.errors import EncodeError
from recorder_core.media import (
    AudioChoice,
    EncoderSettings,
    Part,
    assemble,
    decode_frames,
    index_frames,
    probe,
    verify_output,
    write_segment,
)

SECONDS = 2
RATES = {"pcm_mulaw": 8_000, "pcm_alaw": 8_000, "adpcm_ms": 22_050, "wmav2": 44_100}


@dataclass(frozen=True)
class Heard:
    """Decoded audio of a file."""

    codec: str
    rate_hz: int
    #: of the first sample, after the first frame of the video
    start_seconds: float
    #: (samples,), the first channel
    samples: NDArray[np.float64]


def tone(rate_hz: int) -> NDArray[np.float64]:
    """Return a tone that rises, so that every moment of it differs."""
    at = np.arange(SECONDS * rate_hz) / rate_hz
    return np.asarray(0.3 * np.sin(2 * np.pi * (200 + 150 * at) * at))


def write_tone(
    path: Path, codec: str, rate_hz: int, layout: str = "mono", *, block: int = 480
) -> Path:
    """Write a small video with a rising tone, in packets of `block` samples where PCM is free."""
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("mjpeg", rate=25)
        video.width, video.height, video.pix_fmt = 96, 64, "yuvj420p"
        audio: Any = container.add_stream(codec, rate=rate_hz)
        audio.codec_context.layout = layout
        audio.bit_rate = 96_000
        for index in range(25 * SECONDS):
            frame = av.VideoFrame.from_ndarray(np.full((96, 96), index * 4, np.uint8), "yuvj420p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        pcm = (tone(rate_hz) * 32767).astype(np.int16)
        channels = 2 if layout == "stereo" else 1
        for start in range(0, len(pcm), block):
            samples = np.repeat(pcm[start : start + block], channels)[None]
            piece = av.AudioFrame.from_ndarray(samples, "s16", layout)
            piece.sample_rate, piece.pts, piece.time_base = rate_hz, start, Fraction(1, rate_hz)
            container.mux(audio.encode(piece))
        container.mux(audio.encode(None))
    return path


def hear(path: Path) -> Heard:
    with av.open(str(path)) as container:
        video_start = next(container.decode(video=0)).time
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        frames = list(container.decode(stream))
        resampler = av.AudioResampler("fltp", stream.layout.name, stream.rate)
        parts = [piece.to_ndarray()[0] for f in frames for piece in resampler.resample(f)]
        start = float(frames[0].pts * frames[0].time_base) - float(video_start or 0)
        samples = np.concatenate(parts).astype(np.float64)
        return Heard(stream.codec_context.name, stream.rate, start, samples)


def copied(source: Path, output: Path, choice: AudioChoice = "auto") -> Path:
    info = probe(source)
    index = index_frames(info)
    part = output.with_name("part.mp4")
    settings = EncoderSettings(preset="ultrafast", threads=1)
    write_segment(part, info.video, settings, decode_frames(info, index))
    assemble([Part(part)], info, index, output, choice)
    verify_output(output, info, index, choice)
    return output


@pytest.mark.parametrize("codec", ["aac", "libmp3lame", "libopus"])
@pytest.mark.parametrize("source", ["s.mkv", "s.mp4"])
@pytest.mark.parametrize("copy", ["c.mkv", "c.mp4"])
def test_all_that_is_heard_is_heard_in_the_copy(
    tmp_path: Path, codec: str, source: str, copy: str
) -> None:
    rate_hz = 44_100 if codec == "libmp3lame" else 48_000
    before = hear(write_tone(tmp_path / source, codec, rate_hz, block=960))
    after = hear(copied(tmp_path / source, tmp_path / copy))
    assert after.codec == before.codec
    assert after.start_seconds == pytest.approx(before.start_seconds, abs=0.0011)
    # MP4 says by the last duration what Matroska takes away from the end
    assert len(before.samples) >= SECONDS * rate_hz
    assert len(before.samples) <= len(after.samples) < len(before.samples) + 1152
    # the same packets, from the run-in of the decoder on, give the same samples
    assert np.array_equal(after.samples[: len(before.samples)], before.samples)


@pytest.mark.parametrize("codec", ["aac", "libmp3lame", "libopus"])
@pytest.mark.parametrize("name", ["c.mkv", "c.mp4"])
def test_a_first_part_keeps_the_run_in(tmp_path: Path, codec: str, name: str) -> None:
    rate_hz = 44_100 if codec == "libmp3lame" else 48_000
    source = write_tone(tmp_path / "s.mp4", codec, rate_hz, block=960)
    info = probe(source)
    part = index_frames(info).part(0, 25, info.video.time_base)
    segment = tmp_path / "part.mp4"
    frames = decode_frames(info, index_frames(info), stop=25)
    write_segment(segment, info.video, EncoderSettings(preset="ultrafast", threads=1), frames)
    assemble([Part(segment)], info, part, tmp_path / name)
    verify_output(tmp_path / name, info, part)
    before, after = hear(source).samples, hear(tmp_path / name).samples
    assert 0.95 * rate_hz < len(after) < 1.05 * rate_hz
    assert np.array_equal(after, before[: len(after)])


@pytest.mark.parametrize("block", [480, 960])
@pytest.mark.parametrize("name", ["copy.mp4", "copy.mov", "copy.mkv"])
def test_pcm_of_avi_is_copied_sample_by_sample(tmp_path: Path, name: str, block: int) -> None:
    source = write_tone(tmp_path / "s.avi", "pcm_s16le", 48_000, "stereo", block=block)
    after = hear(copied(source, tmp_path / name))
    assert after.codec == "pcm_s16le"
    assert abs(after.start_seconds) < 0.0011
    assert np.array_equal(after.samples, hear(source).samples)


@pytest.mark.parametrize("codec", ["pcm_s16be", "pcm_s24le", "pcm_f32le"])
def test_pcm_that_players_of_mp4_take_for_noise_loses_nothing(tmp_path: Path, codec: str) -> None:
    """FFmpeg before 6.1 does."""
    source = write_tone(tmp_path / "s.mov", codec, 48_000, "stereo")
    before, after = hear(source), hear(copied(source, tmp_path / "copy.mp4"))
    assert (before.codec, after.codec) == (codec, "flac")
    assert abs(after.start_seconds - before.start_seconds) < 0.0011
    assert np.array_equal(after.samples, before.samples)
    assert hear(copied(source, tmp_path / "copy.mov")).codec == codec
    with pytest.raises(EncodeError, match=r"name the output \.mov or \.mkv"):
        copied(source, tmp_path / "again.mp4", "copy")


@pytest.mark.parametrize("codec", RATES)
@pytest.mark.parametrize(("name", "encoder"), [("copy.mp4", "aac"), ("copy.mkv", "flac")])
def test_converted_audio_is_heard_at_the_same_time(
    tmp_path: Path, codec: str, name: str, encoder: str
) -> None:
    source = write_tone(tmp_path / "s.avi", codec, RATES[codec], block=500)
    before, after = hear(source), hear(copied(source, tmp_path / name, "convert"))
    assert (after.codec, after.rate_hz) == (encoder, RATES[codec])
    # where audio begins late, AAC gives one packet of silence before it
    early = before.start_seconds - after.start_seconds
    assert -0.0011 < early < 1025 / before.rate_hz
    heard = after.samples[round(max(early, 0) * before.rate_hz) :]
    shared = min(len(before.samples), len(heard))
    assert shared >= len(before.samples) - before.rate_hz // 1000
    error = np.abs(heard[:shared] - before.samples[:shared])
    # the tone rises: a shift of one sample in a hundredth of a second would show
    assert np.median(error) < 0.02


@pytest.mark.parametrize("codec", ["libopus", "aac", "libmp3lame"])
@pytest.mark.parametrize("first", [20, 26])
def test_audio_of_a_part_of_matroska_is_converted_at_its_time(
    tmp_path: Path, codec: str, first: int
) -> None:
    rate_hz = 44_100 if codec == "libmp3lame" else 48_000
    source = write_tone(tmp_path / "s.mkv", codec, rate_hz, block=960)
    info = probe(source)
    part, segment = index_frames(info).part(first, 46, info.video.time_base), tmp_path / "part.mp4"
    frames = decode_frames(info, index_frames(info), start=first, stop=46)
    write_segment(segment, info.video, EncoderSettings(preset="ultrafast", threads=1), frames)
    assemble([Part(segment)], info, part, tmp_path / "c.mkv", "convert")
    before, after = hear(source), hear(tmp_path / "c.mkv")
    # of the rising tone, a hundred milliseconds after a tenth of a second
    span = slice(rate_hz // 10, rate_hz // 5)
    heard = after.samples[span]
    begins = first / 25 + after.start_seconds - before.start_seconds
    expected = round(begins * rate_hz) + span.start
    lags = range(-rate_hz // 50, rate_hz // 50)
    errors = [np.abs(before.samples[expected + lag :][: len(heard)] - heard).sum() for lag in lags]
    assert abs(lags[int(np.argmin(errors))]) <= 0.0015 * rate_hz


def _heard_seconds(path: Path) -> tuple[float, float]:
    """Return when audio begins, and how long it is."""
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
    return float(frames[0].time or 0), sum(frame.samples / frame.sample_rate for frame in frames)


def write_mkv(path: Path, pieces: list[tuple[str, int, str]], samples: int) -> Path:
    """Write a small video with a second of noise for each codec, rate and layout, in one stream."""
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("mjpeg", rate=25)
        video.width, video.height, video.pix_fmt = 96, 64, "yuvj420p"
        codec, rate, layout = pieces[0]
        stream: Any = container.add_stream(codec, rate=rate, layout=layout)
        for index in range(25 * len(pieces)):
            frame = av.VideoFrame.from_ndarray(np.full((96, 96), index, np.uint8), "yuvj420p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for second, (codec, rate, layout) in enumerate(pieces):
            encoder: Any = stream.codec_context
            if second:
                encoder = av.CodecContext.create(codec, "w")
                encoder.sample_rate, encoder.layout, encoder.format = rate, layout, "fltp"
            for packet in _noise(encoder, rate, layout, samples):
                packet.pts = packet.dts = (packet.pts or 0) + second * rate
                packet.time_base, packet.stream = Fraction(1, rate), stream
                container.mux(packet)
    return path


def _noise(encoder: Any, rate: int, layout: str, samples: int) -> list[Any]:
    rows = av.AudioLayout(layout).nb_channels
    form = "s32" if encoder.name == "pcm_s32le" else "fltp"
    packets = []
    rng = np.random.default_rng(1)
    for start in range(0, rate - samples + 1, samples):
        noise = rng.uniform(-0.3, 0.3, (rows, samples)).astype(np.float32)
        if form == "s32":
            noise = (noise.T.reshape(1, -1) * 2**31).astype(np.int32)
        frame = av.AudioFrame.from_ndarray(noise, form, layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        packets += encoder.encode(frame)
    return packets + encoder.encode(None)


@pytest.mark.parametrize("name", ["copy.mkv", "copy.mp4"])
@pytest.mark.parametrize("choice", ["auto", "convert"])
def test_packets_that_share_a_millisecond_are_not_moved_on(
    tmp_path: Path, name: str, choice: AudioChoice
) -> None:
    source = write_mkv(tmp_path / "s.mkv", [("pcm_s32le", 48_000, "stereo")], 40)
    copy = copied(source, tmp_path / name, choice)
    assert _heard_seconds(copy)[1] == pytest.approx(_heard_seconds(source)[1], abs=0.025)
    with av.open(str(copy)) as container:
        times = [
            packet.pts * packet.time_base for packet in container.demux(audio=0) if packet.size
        ]
    assert 0.9 < times[-1] < 1


@pytest.mark.parametrize("source", ["s.mkv", "s.mp4"])
def test_opus_is_converted_to_its_end(tmp_path: Path, source: str) -> None:
    write_tone(tmp_path / source, "libopus", 48_000, block=960)
    after = hear(copied(tmp_path / source, tmp_path / "copy.mkv", "convert"))
    assert after.codec == "flac"
    assert len(after.samples) == pytest.approx(SECONDS * 48_000, abs=960)


@pytest.mark.parametrize("name", ["copy.mkv", "copy.mp4"])
@pytest.mark.parametrize("second", [(48_000, "5.1"), (48_000, "mono"), (44_100, "stereo")])
def test_audio_that_changes_its_channels_or_rate_is_converted(
    tmp_path: Path, name: str, second: tuple[int, str]
) -> None:
    pieces = [("ac3", 48_000, "stereo"), ("ac3", *second)]
    source = write_mkv(tmp_path / "s.mkv", pieces, 1536)
    start, seconds = _heard_seconds(copied(source, tmp_path / name, "convert"))
    assert start == pytest.approx(0, abs=0.03)
    assert seconds == pytest.approx(1.98, abs=0.06)


def test_no_audio_leaves_no_audio(tmp_path: Path) -> None:
    source = write_tone(tmp_path / "s.avi", "pcm_s16le", 48_000)
    with av.open(str(copied(source, tmp_path / "copy.mp4", "none"))) as container:
        assert [stream.type for stream in container.streams] == ["video"]
