from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from recorder_core.errors import EncodeError
from recorder_core.media import (
    EncoderSettings,
    FrameIndex,
    MediaInfo,
    decode_frames,
    encoder_facts,
    index_frames,
    probe,
    write_segment,
)
from recorder_core.media.encode.encoder import video_time_base


def test_an_encoder_that_cannot_be_opened_is_an_error(
    make_video: Callable[..., Path], tmp_path: Path
) -> None:
    absent = [fact for fact in encoder_facts() if not fact.available]
    info = probe(make_video())
    index = index_frames(info)
    for fact in absent:
        settings = EncoderSettings(encoder=fact.name)
        with pytest.raises(EncodeError, match=f"{fact.name} cannot be opened.*use libx264"):
            write_segment(tmp_path / "a.mp4", info.video, settings, decode_frames(info, index))
        assert not (tmp_path / "a.mp4").exists()


def test_time_bases_are_unit_fractions(make_video: Callable[..., Path]) -> None:
    video = probe(make_video("source.avi", codec="mpeg4", rate=Fraction(30000, 1001))).video
    assert video.time_base == Fraction(1001, 30000)
    assert video_time_base(video.format) == Fraction(1, 30000)


def test_one_thread_gives_the_same_bytes_under_the_cap(
    opened: Callable[..., tuple[MediaInfo, FrameIndex]], tmp_path: Path
) -> None:
    info, index = opened(frames=60, width=320, height=240)
    settings = EncoderSettings(preset="superfast", qp=10, max_bit_rate_bps=100_000, threads=1)
    hashes = {
        write_segment(
            tmp_path / f"{run}.mp4", info.video, settings, decode_frames(info, index)
        ).sha256
        for run in range(3)
    }
    assert len(hashes) == 1
