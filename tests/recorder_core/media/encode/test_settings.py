from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from recorder_core.errors import SettingsError
from recorder_core.media import EncoderSettings, probe
from recorder_core.media.encode.settings import EncoderName, Preset


@pytest.mark.parametrize(
    "wrong",
    [
        {"encoder": "libaom"},
        {"preset": "quick"},
        {"qp": 52},
        {"qp": 0},
        {"gop_seconds": 0},
        {"threads": 0},
        {"max_bit_rate_bps": 10},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        EncoderSettings(**wrong)


def test_the_expected_bit_rate_is_the_sources_unless_it_says_too_little(
    make_video: Callable[..., Path],
) -> None:
    video = replace(probe(make_video()).video, bit_rate_bps=7_000_000)
    assert EncoderSettings().expected_bps(video) == 7_000_000
    assert EncoderSettings(max_bit_rate_bps=300_000).expected_bps(video) == 300_000
    unsaid = replace(video, bit_rate_bps=0, width=1920, height=1080)
    assert EncoderSettings().expected_bps(unsaid) == round(0.1 * 1920 * 1080 * 25)
    assert EncoderSettings().expected_bps(replace(video, bit_rate_bps=0)) == 100_000


@pytest.mark.parametrize(
    ("frames", "milliseconds", "begins"),
    [(25, 1000, True), (25, 999, True), (25, 960, False), (3, 9000, False), (900, 900, False)],
)
def test_a_gop_begins_where_the_time_stamps_say(
    make_video: Callable[..., Path], frames: int, milliseconds: int, begins: bool
) -> None:
    """However many frames per second the header promises."""
    made = probe(make_video()).video
    for rate in (Fraction(1, 2), Fraction(1000)):
        video = replace(made, time_base=Fraction(1, 1000), average_frame_rate=rate)
        assert EncoderSettings().begins_gop(frames, milliseconds, video) is begins


@pytest.mark.parametrize(
    ("preset", "used"), [("auto", "superfast"), ("compact", "compact"), ("slow", "slow")]
)
def test_a_preset_is_named_that_encodes(preset: Preset, used: str) -> None:
    assert EncoderSettings(preset=preset).used_preset == used


@pytest.mark.parametrize(
    ("encoder", "has"), [("libx264", True), ("libx265", True), ("h264_nvenc", False)]
)
def test_presets_are_those_of_the_software_encoders(encoder: EncoderName, has: bool) -> None:
    assert EncoderSettings(encoder=encoder).has_presets == has
