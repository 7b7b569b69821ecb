from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from recorder_core.errors import SettingsError
from recorder_core.media import EncoderSettings
from recorder_core.media.encode.settings import EncoderName, Preset
from recorder_core.model import FrameFormat


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


def test_the_expected_bit_rate_is_the_sources_unless_it_says_too_little() -> None:
    large = FrameFormat(
        width=1920, height=1080, pixel_format="yuv420p", time_base=Fraction(1, 90_000)
    )
    rate, small = Fraction(25), replace(large, width=96, height=64)
    assert EncoderSettings().expected_bps(small, rate, 7_000_000) == 7_000_000
    assert EncoderSettings(max_bit_rate_bps=300_000).expected_bps(large, rate) == 300_000
    assert EncoderSettings().expected_bps(large, rate) == round(0.1 * 1920 * 1080 * 25)
    assert EncoderSettings().expected_bps(small, rate) == 100_000


@pytest.mark.parametrize(
    ("frames", "milliseconds", "begins"),
    [(25, 1000, True), (25, 999, True), (25, 960, False), (3, 9000, False), (900, 900, False)],
)
def test_a_gop_begins_where_the_time_stamps_say(
    frames: int, milliseconds: int, begins: bool
) -> None:
    assert EncoderSettings().begins_gop(frames, Fraction(milliseconds, 1000)) is begins


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
