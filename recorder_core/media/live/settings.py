"""What a site says of a live source: where it is, and how it is opened.

The words of a table of a TOML file are the fields of `SourceSettings`::

    [sources.room]
    kind = "rtsp"
    address = "rtsp://recorder:password@192.0.2.7/stream1"
    latency_seconds = 0.12
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import PurePath
from typing import Any, Final, Literal, get_args
from urllib.parse import urlsplit

from recorder_core.errors import DataError, SettingsError
from recorder_core.model.values.argument_kinds import check_fields
from recorder_core.model.values.json_fields import read_fields

__all__ = [
    "AUDIO_KINDS",
    "FRAME_KINDS",
    "SOURCE_KINDS",
    "SourceKind",
    "SourceSettings",
    "Transport",
    "read_source_settings",
]

#: FFmpeg's names of what it opens; a file in real time; a made-up picture with sound, and sound
SourceKind = Literal["v4l2", "x11grab", "rtsp", "file", "pattern", "alsa", "tone"]
SOURCE_KINDS: Final[tuple[SourceKind, ...]] = get_args(SourceKind)
#: those that can give frames, and those that can give audio
FRAME_KINDS: Final[tuple[SourceKind, ...]] = ("v4l2", "x11grab", "rtsp", "file", "pattern")
AUDIO_KINDS: Final[tuple[SourceKind, ...]] = ("rtsp", "file", "pattern", "alsa", "tone")
#: how packets of RTSP travel
Transport = Literal["tcp", "udp"]

#: kinds that need no address, and what is opened without one
_USUAL_ADDRESS: Final[Mapping[str, str]] = {
    "v4l2": "/dev/video0",
    "x11grab": ":0.0",
    "alsa": "default",
    "pattern": "",
    "tone": "",
}
_SCHEMES: Final = ("rtsp", "rtsps")
_MAX_SIDE_PX: Final = 8192
_MAX_FRAME_RATE: Final = 240
_SAMPLE_RATES: Final = range(8_000, 192_001)
_MAX_LATENCY_SECONDS: Final = 10.0
#: of frames whose rate nobody says
_USUAL_FRAME_RATE: Final = 30.0
#: whatever its rate, a source is not lost sooner
_MIN_LOST_SECONDS: Final = 0.25
#: of a source: the key of its table, not in it
_NAME: Final = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """Where a live source is, and how it is opened.

    Neither the address nor the options are printed: they may hold a password.

    Attributes
    ----------
    name : str
        What a site calls it, such as `room`: messages say this in the place of the address.
    kind : str
        One of `SOURCE_KINDS`.
    address : str
        A device (`/dev/video0`), a display (`:0.0+X,Y`), an address (`rtsp://...`), a file, or
        ALSA's name of a sound card (`hw:1,0`). Test signals have none.
    size : tuple of int, optional
        Width and height in pixels that a camera, screen or test picture is asked for.
    rate : float, optional
        Frames per second that it is asked for.
    sample_rate, channels : int
        What audio is converted to; sound cards are asked for it.
    latency_seconds : float
        How long what arrives was under way, as the site measured it.
    transport : {"tcp", "udp"}
        Of RTSP.
    loop : bool
        Whether a file begins again at its end.
    lost_after_periods : int
        After so many missing frames the signal is lost.
    options : mapping of str to str
        More options of FFmpeg for its input.

    Raises
    ------
    SettingsError
        If a value cannot be, or is none of its kind.
    """

    name: str = ""
    kind: SourceKind
    address: str = field(default="", repr=False)
    size: tuple[int, int] | None = None
    rate: float | None = None
    sample_rate: int = 48_000
    channels: int = 2
    latency_seconds: float = 0.0
    transport: Transport = "tcp"
    loop: bool = True
    lost_after_periods: int = 15
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        check_fields(self)
        if self.kind not in SOURCE_KINDS:
            raise SettingsError(f"the kind of a source must be one of {', '.join(SOURCE_KINDS)}")
        if self.transport not in get_args(Transport):
            raise SettingsError("the transport of a source must be tcp or udp")
        if not self.address:
            if self.kind not in _USUAL_ADDRESS:
                raise SettingsError(f"a source of the kind {self.kind} needs an address")
            object.__setattr__(self, "address", _USUAL_ADDRESS[self.kind])
        if self.kind == "rtsp" and _scheme(self.address) not in _SCHEMES:
            raise SettingsError("the address of an RTSP source must begin with rtsp:// or rtsps://")
        self._check_numbers()

    def _check_numbers(self) -> None:
        if self.size is not None and not _is_size(self.size):
            raise SettingsError(
                f"the size of a source must be two even numbers up to {_MAX_SIDE_PX}, such as "
                "[1920, 1080]"
            )
        if self.rate is not None and not 1 <= self.rate <= _MAX_FRAME_RATE:
            raise SettingsError(
                f"the rate of a source is {self.rate}, but must be 1 to {_MAX_FRAME_RATE} frames "
                "per second"
            )
        if self.sample_rate not in _SAMPLE_RATES:
            raise SettingsError(
                f"the sample_rate is {self.sample_rate}, but must be {_SAMPLE_RATES[0]} to "
                f"{_SAMPLE_RATES[-1]} per second"
            )
        if self.channels not in (1, 2):
            raise SettingsError(f"a source has {self.channels} channels, but must have 1 or 2")
        if not 0 <= self.latency_seconds <= _MAX_LATENCY_SECONDS:
            raise SettingsError(
                f"the latency_seconds are {self.latency_seconds}, but must be 0 to "
                f"{_MAX_LATENCY_SECONDS:g}"
            )
        if self.lost_after_periods < 1:
            raise SettingsError("lost_after_periods must be at least 1")

    @property
    def has_frames(self) -> bool:
        """Whether sources of this kind can give frames."""
        return self.kind in FRAME_KINDS

    @property
    def has_audio(self) -> bool:
        """Whether sources of this kind can give audio."""
        return self.kind in AUDIO_KINDS

    @property
    def is_played_once(self) -> bool:
        """Whether its end is no loss."""
        return self.kind == "file" and not self.loop

    @property
    def shown(self) -> str:
        """What a message calls it: its name; without one the address, as far as it is no secret."""
        if self.name:
            return self.name
        if self.kind == "rtsp":
            # what a camera is told in the path or after a question mark may be a password, too
            return _without_secrets(self.address)
        if self.kind == "file":
            return PurePath(self.address).name
        return self.address or f"the test {self.kind}"

    def lost_after_seconds(self, frame_rate: float | None = None) -> float:
        """Return how long nothing may arrive before the signal is lost.

        Parameters
        ----------
        frame_rate : float, optional
            Frames per second that the source says it has.
        """
        rate = frame_rate or self.rate or _USUAL_FRAME_RATE
        return max(self.lost_after_periods / rate, _MIN_LOST_SECONDS)


def read_source_settings(
    table: object, place: str = "the source", *, kinds: Sequence[SourceKind] = SOURCE_KINDS
) -> SourceSettings:
    """Return the settings that a table of a TOML file says.

    Parameters
    ----------
    table : mapping
        Its keys are fields of `SourceSettings`.
    place : str
        Where it stands, such as ``sources.room``, for messages; no value is repeated.
    kinds : sequence of str
        Those that it may have.

    Raises
    ------
    SettingsError
        If a key is unknown, or a value cannot be.
    """
    if not isinstance(table, Mapping):
        raise SettingsError(f"{place} is not a table; write [{place}] and its settings below")
    known = [each.name for each in fields(SourceSettings) if each.name != _NAME]
    for key in table:
        if key not in known:
            raise SettingsError(f"{place}.{key}: unknown key; allowed keys are {', '.join(known)}")
    if table.get("kind") not in kinds:
        what = "must be" if "kind" in table else "is missing; it must be"
        raise SettingsError(f"{place}.kind {what} one of {', '.join(kinds)}")
    try:
        return read_fields(SourceSettings, dict(table), place)
    except DataError as error:
        raise SettingsError(f"{error}; see the settings of a source") from None
    except SettingsError as error:
        raise SettingsError(f"{place}: {error}") from None


def _scheme(address: str) -> str:
    try:
        return urlsplit(address).scheme.lower()
    except ValueError:
        return ""


def _without_secrets(address: str) -> str:
    """Return scheme, host and port of an address; all before its last @ may be a password."""
    authority, _, path = address.partition("//")[2].partition("/")
    host = "…" if "@" in path else authority.rpartition("@")[2].partition("?")[0]
    return f"{_scheme(address)}://{host}"


def _is_size(size: Any) -> bool:
    return len(size) == 2 and all(
        isinstance(side, int) and side % 2 == 0 and 0 < side <= _MAX_SIDE_PX for side in size
    )
