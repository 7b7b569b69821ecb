"""A copy of a part of a video: its pictures and its sound, from time zero on."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from recorder_core.errors import EncodeError
from recorder_core.media import (
    EncoderSettings,
    Part,
    assemble,
    decode_pictures,
    index_pictures,
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
def test_part_has_its_pictures_and_sound_from_zero_on(
    source: Path, tmp_path: Path, suffix: str
) -> None:
    info = probe(source)
    index = index_pictures(info)
    part = index.part(FIRST, STOP, info.video.time_base)
    with closing(decode_pictures(info, index, start=FIRST, stop=STOP)) as pictures:
        segment = write_segment(tmp_path / "s.mp4", info.video, EncoderSettings(crf=12), pictures)
    output = tmp_path / f"part{suffix}"
    assemble([Part(segment.path)], info, part, output)
    verify_output(output, info, part)

    copy = probe(output)
    copied = index_pictures(copy)
    assert len(copied) == STOP - FIRST
    assert copied.pts[0] * copy.video.time_base == index.pts[0] * info.video.time_base
    wanted = float((part.pts[-1] - part.pts[0]) * info.video.time_base)
    assert float((copied.pts[-1] - copied.pts[0]) * copy.video.time_base) == pytest.approx(
        wanted, abs=0.001
    )
    assert len(copy.audio) == 1
    assert copy.duration_seconds == pytest.approx((STOP - FIRST) / 30, abs=0.03)
    with (
        closing(decode_pictures(info, index, start=FIRST, stop=FIRST + 1)) as before,
        closing(decode_pictures(copy, copied, stop=1)) as after,
    ):
        assert psnr_y(next(before).planes, next(after).planes) > 35


def test_the_whole_is_no_part(source: Path) -> None:
    info = probe(source)
    index = index_pictures(info)
    assert index.part(0, len(index), info.video.time_base) is index


def test_pictures_of_another_place_are_refused(source: Path, tmp_path: Path) -> None:
    info = probe(source)
    index = index_pictures(info)
    with closing(decode_pictures(info, index, start=0, stop=STOP - FIRST)) as pictures:
        segment = write_segment(tmp_path / "s.mp4", info.video, EncoderSettings(), pictures)
    part = index.part(FIRST + 3, STOP + 3, info.video.time_base)
    assert np.all(part.pts > 0)
    with pytest.raises(EncodeError, match="out of place"):
        assemble([Part(segment.path)], info, part, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()
