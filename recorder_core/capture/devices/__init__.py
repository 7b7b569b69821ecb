"""The devices of this machine that can be sources."""

from recorder_core.capture.devices.found import (
    Devices,
    InputDevice,
    SerialDevice,
    SoundCard,
    VideoFormat,
    VideoNode,
)
from recorder_core.capture.devices.listing import list_devices

__all__ = [
    "Devices",
    "InputDevice",
    "SerialDevice",
    "SoundCard",
    "VideoFormat",
    "VideoNode",
    "list_devices",
]
