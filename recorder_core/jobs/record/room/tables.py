"""Tables of a room's file whose values are checked by what they are for."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = [
    "AudioOfTable",
    "BisTable",
    "RoomTable",
    "ScreenshotTable",
    "SwitchTable",
    "UnattendedTable",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenshotTable:
    """``[screenshots]``."""

    source: str | None = field(default=None, metadata={"example": "laparoscope"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioOfTable:
    """``[sound]`` of a source that has frames, too."""

    source: str = "room"


@dataclass(frozen=True, slots=True, kw_only=True)
class BisTable:
    """``[bis]``: the fields of `BisSettings`."""

    port: str = "/dev/ttyUSB0"
    protocol: str = "ascii"
    latency_seconds: float = 0.0
    raw_eeg: bool = True
    spectra: bool = False
    extra_variables: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchTable:
    """``[[switches]]``: the fields of `SwitchSettings`."""

    kind: str = "input"
    address: str = "3553:b001"
    line: str = "cts"
    key_code: int | None = field(default=None, metadata={"example": 30})
    debounce_seconds: float = 0.25
    long_seconds: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnattendedTable:
    """``[unattended]``: the fields of `UnattendedSettings`."""

    source: str = "laparoscope"
    gone_seconds: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomTable:
    """What stands above all tables."""

    procedure: str | None = field(default=None, metadata={"example": "lap-chole"})
    site: str | None = field(default=None, metadata={"example": "or-2"})
    deidentify: str = "none"
    markers: tuple[str, ...] = field(default=(), metadata={"example": ("incision", "closure")})
