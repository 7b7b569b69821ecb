"""All devices of this machine, and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from serial.tools import list_ports

from recorder_core.capture.devices.found import Devices
from recorder_core.capture.devices.machine_files import MachineFiles
from recorder_core.capture.devices.other_devices import (
    Port,
    list_input_devices,
    list_serial_ports,
    list_sound_cards,
)
from recorder_core.capture.devices.video_nodes import Ask, ask_driver, list_video_nodes

__all__ = ["list_devices"]

#: of each kind: what it is called where there is none, the folder of the kernel's part for it, what
#: that is called, and the group whose users may open its devices
_KINDS: Final = (
    ("video", "camera or capture box", "/sys/class/video4linux", "Video4Linux", "video"),
    ("audio", "sound card that records", "/proc/asound", "ALSA", "audio"),
    ("serial", "serial port", "/sys/class/tty", "serial ports", "dialout"),
    ("input", "foot switch or keyboard", "/sys/class/input", "input devices", "input"),
)


def list_devices(
    root: Path = Path("/"),
    *,
    ask: Ask = ask_driver,
    ports: Callable[[], Iterable[Port]] = list_ports.comports,
) -> Devices:
    """Return the devices that can be sources of a recording.

    Parameters
    ----------
    root : Path
        Where Linux tells about its devices.
    ask : callable
        Asks a driver of Video4Linux.
    ports : callable
        Finds serial ports.
    """
    files = MachineFiles(root)
    found = Devices(
        video=list_video_nodes(files, ask),
        audio=list_sound_cards(files),
        serial=list_serial_ports(files, ports),
        input=list_input_devices(files),
        missing="",
    )
    return Devices(found.video, found.audio, found.serial, found.input, _missing(files, found))


def _missing(files: MachineFiles, found: Devices) -> str:
    """Return what is missing, and what to do, in a sentence; empty where nothing is."""
    absent, closed = [], []
    for kind, what, folder, part, group in _KINDS:
        devices = getattr(found, kind)
        if not devices:
            why = "" if files.has_folder(folder) else f" (its kernel has no {part})"
            absent.append(f"no {what}{why}")
        closed += [f"{each.address} (group {group})" for each in devices if not each.can_open]
    parts = []
    if absent:
        parts.append(f"this machine has {_listed(absent)}: plug in what the recording needs")
    if closed:
        parts.append(f"this user may not open {_listed(closed)}: add the user to the group")
    return "; ".join(parts)


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
