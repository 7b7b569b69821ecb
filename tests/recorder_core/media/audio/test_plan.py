from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from recorder_core.errors import EncodeError, SettingsError
from recorder_core.media import plan_audio, probe
from recorder_core.media.audio.plan import CONTAINERS, containers_for
from tests.recorder_core.media.audio.test_conversion import write_tone


@pytest.mark.parametrize(
    ("codec", "suffixes"),
    [
        ("aac", [".mp4", ".mov", ".mkv"]),
        ("pcm_s16le", [".mp4", ".mov", ".mkv"]),
        ("libopus", [".mp4", ".mkv"]),
        ("flac", [".mp4", ".mkv"]),
    ],
)
def test_which_container_holds_which_audio(
    make_video: Callable[..., Path], codec: str, suffixes: list[str]
) -> None:
    info = probe(make_video("source.mkv", audio=(codec,), frames=5))
    able = containers_for(info, info.audio[0].stream_index)
    assert [suffix for suffix in able if suffix in suffixes] == suffixes


def test_audio_is_copied_where_the_container_takes_it_and_converted_elsewhere(
    make_video: Callable[..., Path], tmp_path: Path
) -> None:
    info = probe(make_video("source.mkv", audio=("flac", "aac"), frames=5))
    encoders = {
        (suffix, choice): [
            plan.encoder for plan in plan_audio(tmp_path / f"c{suffix}", info, choice)
        ]
        for suffix in CONTAINERS
        for choice in ("auto", "convert", "none")
    }
    assert encoders == {
        (".mp4", "auto"): [None, None],
        (".mov", "auto"): ["aac", None],
        (".mkv", "auto"): [None, None],
        (".mp4", "convert"): ["aac", "aac"],
        (".mov", "convert"): ["aac", "aac"],
        (".mkv", "convert"): ["flac", "flac"],
        (".mp4", "none"): [],
        (".mov", "none"): [],
        (".mkv", "none"): [],
    }


def test_copying_is_refused_with_advice_where_it_is_impossible(
    make_video: Callable[..., Path], tmp_path: Path
) -> None:
    info = probe(make_video("source.mkv", audio=("flac",), frames=5))
    with pytest.raises(EncodeError, match=r"flac; name the output \.mp4 or \.mkv, or give --audio"):
        plan_audio(tmp_path / "copy.mov", info, "copy")
    with pytest.raises(SettingsError, match=r"\.mp4, \.mov, \.mkv"):
        plan_audio(tmp_path / "copy.avi", info)


def test_channels_without_names_are_named_in_the_copy(tmp_path: Path) -> None:
    info = probe(write_tone(tmp_path / "capture.avi", "pcm_s16le", 48_000, "stereo"))
    with info.file.open() as file, av.open(file) as source:
        assert source.streams.audio[0].codec_context.layout.name == "2 channels"
    (plan,) = plan_audio(tmp_path / "copy.mp4", info, "copy")
    assert (plan.codec, plan.encoder) == ("pcm_s16le", None)
    assert str(plan) == "audio stream 1 (pcm_s16le) is copied"
    assert np.isclose(info.audio[0].sample_rate_hz, 48_000)
