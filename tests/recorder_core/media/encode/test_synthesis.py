"""A synthetic video holds the frames and the audio it was given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from recorder_core.errors import EncodeError, SettingsError
from recorder_core.media import decode_frames, file_sha256, index_frames, probe
from recorder_core.media.encode.synthesis import Samples, SynthesisSettings, write_video
from recorder_core.model import Planes

SETTINGS = SynthesisSettings(Fraction(10), 400_000)


def _frames(count: int, *, audio: bool = True) -> Iterator[tuple[Planes, Samples | None]]:
    gray = np.full((32, 48), 128, np.uint8)
    planes = Planes(np.zeros((64, 96), np.uint8), gray, gray)
    tone = 0.2 * np.sin(np.arange(4800) * 2 * np.pi * 480 / 48_000).astype(np.float32)
    for index in range(count):
        planes.y[:] = 40 + 8 * index
        yield planes, tone if audio else None


@pytest.mark.parametrize("name", ["made.mp4", "made.mkv"])
def test_frames_and_audio_arrive(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert write_video(path, _frames(15), SETTINGS) == 15
    info = probe(path)
    index = index_frames(info)
    with closing(decode_frames(info, index)) as frames:
        levels = [float(frame.planes.y.mean()) for frame in frames]
    assert np.allclose(levels, [40 + 8 * number for number in range(15)], atol=2)
    assert (info.video.width, info.video.height) == (96, 64)
    assert info.video.average_frame_rate == 10
    assert (info.video.format.color_matrix, info.video.format.color_range) == (1, 1)
    assert [(audio.codec, audio.sample_rate_hz) for audio in info.audio] == [("aac", 48_000)]
    assert len(index.keyframe_pts) == 2


def test_frames_may_need_later_ones(tmp_path: Path) -> None:
    path = tmp_path / "b.mp4"
    write_video(path, _frames(20), SynthesisSettings(Fraction(10), 400_000, b_frames=2))
    index = index_frames(probe(path))
    assert len(index) == 20
    assert len(set(np.diff(index.pts).tolist())) == 1


def test_a_video_may_be_silent(tmp_path: Path) -> None:
    path = tmp_path / "silent.mp4"
    write_video(path, _frames(5, audio=False), SETTINGS)
    assert probe(path).audio == ()


def test_the_same_frames_give_the_same_file(tmp_path: Path) -> None:
    paths = [tmp_path / "one.mp4", tmp_path / "two.mp4"]
    for path in paths:
        write_video(path, _frames(12), SETTINGS)
    assert file_sha256(paths[0]) == file_sha256(paths[1])


def test_nothing_is_left_after_an_error(tmp_path: Path) -> None:
    def broken() -> Iterator[tuple[Planes, Samples | None]]:
        yield from _frames(3)
        raise EncodeError("the source broke")

    with pytest.raises(EncodeError, match="the source broke"):
        write_video(tmp_path / "made.mp4", broken(), SETTINGS)
    with pytest.raises(SettingsError, match="at least one frame"):
        write_video(tmp_path / "made.mp4", iter(()), SETTINGS)
    with pytest.raises(EncodeError, match="folder"):
        write_video(tmp_path / "missing" / "made.mp4", _frames(1), SETTINGS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "values",
    [{"frame_rate": Fraction(0)}, {"bit_rate_bps": 0}, {"b_frames": -1}, {"threads": 0}],
)
def test_impossible_settings_are_refused(values: dict[str, int]) -> None:
    with pytest.raises(SettingsError, match="must"):
        SynthesisSettings(**({"frame_rate": Fraction(25), "bit_rate_bps": 1} | values))
