"""What is found of each kind of device."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Devices", "InputDevice", "SerialDevice", "SoundCard", "VideoFormat", "VideoNode"]


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """A size in which a camera gives frames.

    Attributes
    ----------
    code : str
        Of Video4Linux, such as ``YUYV`` or ``MJPG``.
    width, height : int
        Pixels.
    rates : tuple of float
        Frames per second; none where the driver does not list them.
    """

    code: str
    width: int
    height: int
    rates: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class VideoNode:
    """A node of Video4Linux that gives frames.

    Attributes
    ----------
    address : str
        What a source of the kind ``v4l2`` has as its address.
    steady_address : str
        The same device whatever else is plugged in; empty where there is no such name.
    name : str
        What the device says of itself.
    can_open : bool
        Whether this user may.
    formats : tuple of VideoFormat
        None where they cannot be asked for.
    """

    address: str
    steady_address: str
    name: str
    can_open: bool
    formats: tuple[VideoFormat, ...] = ()


@dataclass(frozen=True, slots=True)
class SoundCard:
    """A device of a sound card that records.

    Attributes
    ----------
    address : str
        What a source of the kind ``alsa`` has as its address.
    name : str
        What the card says of itself.
    can_open : bool
        Whether this user may.
    """

    address: str
    name: str
    can_open: bool


@dataclass(frozen=True, slots=True)
class SerialDevice:
    """A serial port.

    Attributes
    ----------
    address : str
        Its device.
    steady_address : str
        The same port whatever else is plugged in; empty where there is no such name.
    name : str
        What the adapter says of itself.
    can_open : bool
        Whether this user may.
    """

    address: str
    steady_address: str
    name: str
    can_open: bool


@dataclass(frozen=True, slots=True)
class InputDevice:
    """A keyboard, a foot switch or the like.

    Attributes
    ----------
    address : str
        Its device.
    steady_address : str
        The same device whatever else is plugged in; empty where there is no such name.
    name : str
        What the device says of itself.
    can_open : bool
        Whether this user may.
    """

    address: str
    steady_address: str
    name: str
    can_open: bool


@dataclass(frozen=True, slots=True)
class Devices:
    """All devices that were found, and what is missing, in a sentence; empty where nothing is."""

    video: tuple[VideoNode, ...]
    audio: tuple[SoundCard, ...]
    serial: tuple[SerialDevice, ...]
    input: tuple[InputDevice, ...]
    missing: str

    def to_dict(self) -> dict[str, Any]:
        """Return them as JSON types."""
        return asdict(self)
