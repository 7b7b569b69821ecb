"""The table of a room's file that says how its video is composed and encoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from recorder_core.errors import SettingsError
from recorder_core.media import LIVE_ENCODERS, PRESETS

__all__ = ["VideoTable"]

#: frames per second of a composite
_Rate = Literal[25, 30, 50, 60]
_RATES: Final = get_args(_Rate)
_MAX_DELAY_SECONDS: Final = 5.0
#: what is held lies in memory
_MAX_PRE_RECORD_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoTable:
    """``[video]``."""

    rate: int = 30
    delay_seconds: float = 0.2
    encoder: str = "auto"
    preset: str = "live"
    max_megabits_per_second: float = 12.0
    wall_clock: bool = False
    pre_record_seconds: float = 0.0

    def __post_init__(self) -> None:
        _check(self.rate in _RATES, f"rate must be one of {', '.join(map(str, _RATES))}")
        _check(
            0 <= self.delay_seconds <= _MAX_DELAY_SECONDS,
            f"delay_seconds must be 0 to {_MAX_DELAY_SECONDS:g}, such as 0.2",
        )
        _check(
            self.encoder in ("auto", *LIVE_ENCODERS),
            f"encoder must be auto or one of {', '.join(LIVE_ENCODERS)}",
        )
        _check(self.preset in PRESETS, f"preset must be one of {', '.join(PRESETS)}")
        _check(
            0.1 <= self.max_megabits_per_second <= 200,
            "max_megabits_per_second must be 0.1 to 200, such as 12",
        )
        _check(
            0 <= self.pre_record_seconds <= _MAX_PRE_RECORD_SECONDS,
            f"pre_record_seconds must be 0 to {_MAX_PRE_RECORD_SECONDS:g}, such as 30",
        )


def _check(is_so: bool, sentence: str) -> None:
    if not is_so:
        raise SettingsError(sentence)
