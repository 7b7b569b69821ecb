"""Settings of a simulation refuse what cannot be drawn."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from recorder_core.errors import SettingsError
from recorder_core.simulate import SimulationSettings


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"duration_seconds": 0}, "positive"),
        ({"frame_rate": Fraction(-1)}, "positive"),
        ({"width": 1922}, "4 divides"),
        ({"width": 160, "height": 92}, "144 to 4320 lines"),
        ({"width": 1440, "height": 1080}, "16:9"),
        ({"faces": 9}, r"0\.\.8"),
    ],
)
def test_impossible_settings_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        SimulationSettings(**values)


def test_bit_rate_follows_the_size() -> None:
    assert SimulationSettings().video_bit_rate_bps == 7_000_000
    assert SimulationSettings(width=960, height=540).video_bit_rate_bps == 1_750_000
    assert SimulationSettings(bit_rate_bps=2_000_000).video_bit_rate_bps == 2_000_000


def test_a_simulation_has_a_whole_number_of_frames() -> None:
    assert SimulationSettings(duration_seconds=1.01, frame_rate=Fraction(25)).frame_count == 25
    assert SimulationSettings(duration_seconds=0.001).frame_count == 1
