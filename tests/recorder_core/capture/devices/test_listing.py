"""Devices of machines that are not this one: trees of files as Linux has them."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from recorder_core.capture.devices import Devices, VideoFormat, list_devices

CARDS = """\
 0 [PCH            ]: HDA-Intel - HDA Intel PCH
                      HDA Intel PCH at 0xf7f10000 irq 27
 1 [Device         ]: USB-Audio - USB PnP Sound Device
                      C-Media USB PnP Sound Device at usb-0000:00:14.0-2, full speed
"""
PCM = """\
00-00: ALC3246 Analog : ALC3246 Analog : playback 1 : capture 1
00-03: HDMI 0 : HDMI 0 : playback 1
01-00: USB Audio : USB Audio : playback 1 : capture 1
"""


@dataclass(frozen=True)
class FakePort:
    device: str
    description: str


def _write(root: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def _link(root: Path, name: str, target: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).symlink_to(target)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine with two cameras, two sound cards, an adapter and a foot switch."""
    _write(
        tmp_path,
        {
            "sys/class/video4linux/video0/name": "Cam Link 4K\n",
            "sys/class/video4linux/video1/name": "Cam Link 4K metadata\n",
            "sys/class/video4linux/video10/name": "Room camera\n",
            "sys/class/video4linux/vbi0/name": "teletext\n",
            "dev/video0": "",
            "dev/video1": "",
            "dev/video10": "",
            "proc/asound/cards": CARDS,
            "proc/asound/pcm": PCM,
            "dev/snd/pcmC0D0c": "",
            "dev/snd/pcmC1D0c": "",
            "sys/class/tty/ttyUSB0/dev": "188:0\n",
            "dev/ttyUSB0": "",
            "sys/class/input/event3/device/name": "PCsensor FootSwitch Keyboard\n",
            "sys/class/input/event3/device/capabilities/key": "e080ffdf01cfffff fffffffffffffffe\n",
            "sys/class/input/event4/device/name": "HDA Intel PCH Mic\n",
            "sys/class/input/event4/device/capabilities/key": "0\n",
            "dev/input/event3": "",
            "dev/input/event4": "",
        },
    )
    _link(tmp_path, "dev/v4l/by-id/usb-Elgato_Cam_Link_4K-video-index0", "../../video0")
    _link(tmp_path, "dev/serial/by-id/usb-FTDI_FT232R-if00-port0", "../../ttyUSB0")
    _link(tmp_path, "dev/input/by-id/usb-3553_b001-event-kbd", "../event3")
    return tmp_path


class FakeDrivers:
    """Answers as the drivers of a capture box would, by Linux's videodev2.h."""

    SIZES = ((1920, 1080, (30, 60)), (1280, 720, (60,)))

    def __init__(self, root: Path) -> None:
        self._root = root

    def __call__(self, descriptor: int, request: int, content: bytes) -> bytes:
        node = Path(f"/proc/self/fd/{descriptor}").readlink().name
        number = request & 0xFF
        assert len(content) == request >> 16 & 0x3FFF
        if number == 0:
            node_caps = 0x04800000 if node == "video1" else 0x04200001
            return struct.pack(
                "=16s32s32sIII12x", b"uvcvideo", b"Cam", b"usb-1", 0x60100, 0x84A00001, node_caps
            )
        if node == "video10":
            return self._range(number, content)
        return self._listed(number, content)

    def _listed(self, number: int, content: bytes) -> bytes:
        index, second, width, height = struct.unpack_from("=IIII", content)
        if number == 2 and index == 0:
            assert second == 1
            return content[:12] + b"YUYV 4:2:2".ljust(32, b"\0") + b"YUYV" + content[48:]
        if number == 74 and index < 2:
            assert second == int.from_bytes(b"YUYV", "little")
            return content[:8] + struct.pack("=III", 1, *self.SIZES[index][:2]) + content[20:]
        if number == 75:
            rates = {(w, h): rates for w, h, rates in self.SIZES}[width, height]
            if index < len(rates):
                return content[:16] + struct.pack("=III", 1, 1, rates[index]) + content[28:]
        raise OSError(errno.EINVAL, "no more")

    @staticmethod
    def _range(number: int, content: bytes) -> bytes:
        """Answer as a driver that scales: from a smallest to a largest size."""
        index = struct.unpack_from("=I", content)[0]
        if index > 0 or number not in (2, 74, 75):
            raise OSError(errno.EINVAL, "no more")
        if number == 2:
            return content[:44] + b"NV12" + content[48:]
        if number == 74:
            return content[:8] + struct.pack("=7I", 3, 16, 4096, 16, 16, 2160, 16) + content[36:]
        return content[:16] + struct.pack("=7I", 3, 1001, 30000, 1, 1, 1, 1) + content[44:]


@pytest.fixture
def found(machine: Path) -> Devices:
    ports = [FakePort("/dev/ttyUSB0", "FT232R USB UART")]
    return list_devices(machine, ask=FakeDrivers(machine), ports=lambda: ports)


def test_cameras_are_listed_with_what_they_offer_and_other_nodes_are_not(found: Devices) -> None:
    assert [each.address for each in found.video] == ["/dev/video0", "/dev/video10"]
    box, room = found.video
    assert box.name == "Cam Link 4K"
    assert box.steady_address == "/dev/v4l/by-id/usb-Elgato_Cam_Link_4K-video-index0"
    assert box.formats == (
        VideoFormat("YUYV", 1920, 1080, (30.0, 60.0)),
        VideoFormat("YUYV", 1280, 720, (60.0,)),
    )
    assert room.formats == (VideoFormat("NV12", 4096, 2160, (29.97,)),)
    assert room.steady_address == ""


def test_only_what_records_of_sound_cards_is_listed(found: Devices) -> None:
    assert [(each.address, each.name, each.can_open) for each in found.audio] == [
        ("plughw:PCH,0", "HDA Intel PCH: ALC3246 Analog", True),
        ("plughw:Device,0", "USB PnP Sound Device: USB Audio", True),
    ]


def test_serial_ports_and_input_devices_have_steady_addresses(found: Devices) -> None:
    assert [(each.steady_address, each.name) for each in found.serial] == [
        ("/dev/serial/by-id/usb-FTDI_FT232R-if00-port0", "FT232R USB UART")
    ]
    assert [(each.steady_address, each.name) for each in found.input] == [
        ("/dev/input/by-id/usb-3553_b001-event-kbd", "PCsensor FootSwitch Keyboard")
    ]


def test_where_all_is_there_nothing_is_missing(found: Devices) -> None:
    assert found.missing == ""


def test_what_is_missing_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "sys/class/input").mkdir(parents=True)
    (tmp_path / "sys/class/tty").mkdir()
    found = list_devices(tmp_path, ports=lambda: [])
    assert found.missing == (
        "this machine has no camera or capture box (its kernel has no Video4Linux), no sound card "
        "that records (its kernel has no ALSA), no serial port and no foot switch or keyboard: "
        "plug in what the recording needs"
    )


def test_devices_that_may_not_be_opened_are_said(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual: Callable[..., bool] = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: "video" not in Path(path).name and usual(path, mode)
    )
    found = list_devices(machine, ports=lambda: [FakePort("/dev/ttyUSB0", "n/a")])
    assert found.missing == (
        "this user may not open /dev/video0 (group video), /dev/video1 (group video) and "
        "/dev/video10 (group video): add the user to the group"
    )
    assert found.video[0].formats == ()
    assert found.serial[0].name == ""


def test_a_node_that_is_no_device_is_listed_without_formats(machine: Path) -> None:
    found = list_devices(machine, ports=lambda: [])
    assert [each.formats for each in found.video] == [(), (), ()]
