"""A copy of a part of a video: its frames and its audio, from time zero on."""

from __future__ import annotations

from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from recorder_core.errors import EncodeError
from recorder_core.media import (
    EncoderSettings,
    Part,
    assemble,
    decode_frames,
    index_frames,
    probe,
    psnr_y,
    verify_output,
    write_segment,
)
from recorder_core.simulate import SimulationSettings, simulate

FIRST, STOP = 10, 34


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("part")
    path = folder / "surgery.mp4"
    settings = SimulationSettings(duration_seconds=1.6, width=256, height=144, faces=1)
    simulate(path, settings, folder / "truth.parquet")
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_part_has_its_frames_and_audio_from_zero_on(
    source: Path, tmp_path: Path, suffix: str
) -> None:
    info = probe(source)
    index = index_frames(info)
    part = index.part(FIRST, STOP, info.video.time_base)
    with closing(decode_frames(info, index, start=FIRST, stop=STOP)) as frames:
        segment = write_segment(tmp_path / "s.mp4", info.video, EncoderSettings(qp=12), frames)
    output = tmp_path / f"part{suffix}"
    assemble([Part(segment.path)], info, part, output)
    verify_output(output, info, part)

    copy = probe(output)
    copied = index_frames(copy)
    assert len(copied) == STOP - FIRST
    assert copied.pts[0] * copy.video.time_base == index.pts[0] * info.video.time_base
    wanted = float((part.pts[-1] - part.pts[0]) * info.video.time_base)
    assert float((copied.pts[-1] - copied.pts[0]) * copy.video.time_base) == pytest.approx(
        wanted, abs=0.001
    )
    assert len(copy.audio) == 1
    assert copy.duration_seconds == pytest.approx((STOP - FIRST) / 30, abs=0.03)
    with (
        closing(decode_frames(info, index, start=FIRST, stop=FIRST + 1)) as before,
        closing(decode_frames(copy, copied, stop=1)) as after,
    ):
        assert psnr_y(next(before).planes, next(after).planes) > 35


def test_the_whole_is_no_part(source: Path) -> None:
    info = probe(source)
    index = index_frames(info)
    assert index.part(0, len(index), info.video.time_base) is index


def test_frames_of_another_place_are_refused(source: Path, tmp_path: Path) -> None:
    info = probe(source)
    index = index_frames(info)
    with closing(decode_frames(info, index, start=0, stop=STOP - FIRST)) as frames:
        segment = write_segment(tmp_path / "s.mp4", info.video, EncoderSettings(), frames)
    part = index.part(FIRST + 3, STOP + 3, info.video.time_base)
    assert np.all(part.pts > 0)
    with pytest.raises(EncodeError, match="out of place"):
        assemble([Part(segment.path)], info, part, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def _tone(container: Any, track: Any, first: int, samples: int) -> None:
    for start in range(first, first + samples, 1024):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, start, Fraction(1, 48_000)
        container.mux(track.encode(frame))
    container.mux(track.encode(None))


def _write_stream(path: Path, start_seconds: int, frames: int = 50) -> Path:
    """Write a transport stream whose clock starts at a time; the audio starts with the video."""
    with av.open(str(path), "w", format="mpegts", options={"mpegts_copyts": "1"}) as container:
        video = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "g": "10"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.max_b_frames = 0
        video.codec_context.time_base = Fraction(1, 25)
        track = container.add_stream("aac", rate=48_000, layout="mono")
        for index in range(frames):
            gray = np.full((72, 64), 40 + 3 * index, np.uint8)
            frame = av.VideoFrame.from_ndarray(gray, "yuv420p")
            frame.pts, frame.time_base = start_seconds * 25 + index, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        _tone(container, track, start_seconds * 48_000, frames * 1920)
    return path


def _offset_seconds(path: Path) -> float:
    """Return how much later than the video the audio starts."""
    first: dict[str, float] = {}
    with av.open(str(path)) as container:
        for packet in container.demux():
            if packet.size and packet.pts is not None:
                at = float(packet.pts * packet.time_base)
                first[packet.stream.type] = min(at, first.get(packet.stream.type, at))
    return first["audio"] - first["video"]


# 95,443.7 s is where the 33-bit clock of a transport stream wraps
@pytest.mark.parametrize("start_seconds", [0, 3600, 40_000, 95_443])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_clock_that_starts_late_or_wraps_keeps_frames_and_audio_together(
    tmp_path: Path, start_seconds: int, suffix: str
) -> None:
    path = _write_stream(tmp_path / "stream.ts", start_seconds)
    info = probe(path)
    index = index_frames(info)
    assert len(index) == 50
    whole = index.part(0, len(index), info.video.time_base)
    with closing(decode_frames(info, index)) as frames:
        segment = write_segment(tmp_path / "s.mp4", info.video, EncoderSettings(), frames)
    output = tmp_path / f"copy{suffix}"
    assemble([Part(segment.path)], info, whole, output)
    verify_output(output, info, whole)
    copied = index_frames(probe(output))
    seconds = copied.pts * float(probe(output).video.time_base)
    assert np.diff(seconds) == pytest.approx(np.full(49, 0.04), abs=0.0011)
    # Matroska has no time before zero: a packet of audio that begins there is left out
    slack = 0.0225 if suffix == ".mkv" and index.pts[0] < 0 else 0.0021
    assert _offset_seconds(output) == pytest.approx(_offset_seconds(path), abs=slack)


@pytest.mark.parametrize("start_seconds", [0, 3600])
def test_a_part_of_a_video_that_starts_late_keeps_its_audio_in_place(
    tmp_path: Path, start_seconds: int
) -> None:
    path = _write_stream(tmp_path / "stream.ts", start_seconds)
    info = probe(path)
    index = index_frames(info)
    part = index.part(25, 50, info.video.time_base)
    with closing(decode_frames(info, index, start=25, stop=50)) as frames:
        segment = write_segment(tmp_path / "s.mp4", info.video, EncoderSettings(), frames)
    output = tmp_path / "part.mp4"
    assemble([Part(segment.path)], info, part, output)
    verify_output(output, info, part)
    # the first packet of audio in the part begins within one packet of its first frame
    assert -0.0001 <= _offset_seconds(output) < 0.0225
