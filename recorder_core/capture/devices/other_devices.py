"""Sound cards, serial ports and input devices."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from serial.tools import list_ports

from recorder_core.capture.devices.found import InputDevice, SerialDevice, SoundCard
from recorder_core.capture.devices.machine_files import MachineFiles

__all__ = ["Port", "list_input_devices", "list_serial_ports", "list_sound_cards"]

#: a line of /proc/asound/cards, and of /proc/asound/pcm where the device records
_CARD: Final = re.compile(r"^\s*(\d+) \[(\S+)\s*\]: .*? - (.*)$", re.MULTILINE)
_RECORDER: Final = re.compile(r"^(\d+)-(\d+): (.*?) :.*\bcapture \d+", re.MULTILINE)


class Port(Protocol):
    """What pyserial tells of a port."""

    @property
    def device(self) -> str:
        """Its device."""

    @property
    def description(self) -> str:
        """What its adapter says of itself."""


def list_sound_cards(files: MachineFiles) -> tuple[SoundCard, ...]:
    """Return the devices of sound cards that record, by card and device.

    Parameters
    ----------
    files : MachineFiles
        Of the machine.
    """
    cards = {
        int(number): (code, name.strip())
        for number, code, name in _CARD.findall(files.text("/proc/asound/cards"))
    }
    found = []
    for card, device, what in _RECORDER.findall(files.text("/proc/asound/pcm")):
        code, name = cards.get(int(card), (str(int(card)), ""))
        can_open = files.can_open(f"/dev/snd/pcmC{int(card)}D{int(device)}c")
        address = f"plughw:{code},{int(device)}"
        found.append(SoundCard(address, f"{name}: {what}" if name else what, can_open))
    return tuple(found)


def list_serial_ports(
    files: MachineFiles, ports: Callable[[], Iterable[Port]] = list_ports.comports
) -> tuple[SerialDevice, ...]:
    """Return the serial ports.

    Parameters
    ----------
    files : MachineFiles
        Of the machine.
    ports : callable
        Finds them.
    """
    return tuple(
        SerialDevice(
            address=port.device,
            steady_address=files.steady_address(port.device, "/dev/serial/by-id"),
            name="" if port.description == "n/a" else port.description,
            can_open=files.can_open(port.device),
        )
        for port in sorted(ports(), key=lambda port: port.device)
    )


def list_input_devices(files: MachineFiles) -> tuple[InputDevice, ...]:
    """Return the input devices that have keys or switches.

    Parameters
    ----------
    files : MachineFiles
        Of the machine.
    """
    found = []
    for node in files.names("/sys/class/input", r"event\d+"):
        device = f"/sys/class/input/{node}/device"
        if not files.text(f"{device}/capabilities/key").strip("0 "):
            continue
        address = f"/dev/input/{node}"
        steady = files.steady_address(address, "/dev/input/by-id")
        found.append(
            InputDevice(address, steady, files.text(f"{device}/name"), files.can_open(address))
        )
    return tuple(found)
