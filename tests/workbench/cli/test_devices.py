from __future__ import annotations

import json

import pytest

from recorder_core.capture.devices import (
    Devices,
    InputDevice,
    SerialDevice,
    SoundCard,
    VideoFormat,
    VideoNode,
)
from workbench.cli import devices, main

CAMERA = VideoNode(
    "/dev/video0",
    "/dev/v4l/by-id/usb-Cam-video-index0",
    "Cam",
    True,
    (VideoFormat("YUYV", 1920, 1080, (30.0, 60.0)), VideoFormat("YUYV", 640, 480)),
)
FOUND = Devices(
    video=(CAMERA,),
    audio=(SoundCard("plughw:PCH,0", "HDA Intel PCH", False),),
    serial=(SerialDevice("/dev/ttyUSB0", "", "FT232R", True),),
    input=(InputDevice("/dev/input/event3", "", "FootSwitch", True),),
    missing="this user may not open plughw:PCH,0 (group audio): add the user to the group",
)


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "list_devices", lambda: FOUND)


def test_devices_are_listed_with_their_addresses(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devices"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line.split() for line in lines[2:6]}
    assert rows["v4l2"][1:3] == ["/dev/video0", "/dev/v4l/by-id/usb-Cam-video-index0"]
    assert rows["alsa"][1] == "plughw:PCH,0"
    assert rows["alsa"][-1] == "no"
    assert rows["serial"][2] == "/dev/ttyUSB0"
    assert rows["input"][2] == "/dev/input/event3"
    assert lines[6:] == ["/dev/video0 gives YUYV: 1920x1080 at 60, 640x480", FOUND.missing]


def test_devices_are_listed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devices", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert set(listed) == {"video", "audio", "serial", "input", "missing"}
    assert listed["video"][0]["formats"][0] == {
        "code": "YUYV", "width": 1920, "height": 1080, "rates": [30.0, 60.0],
    }  # fmt: skip


def test_this_machine_is_listed_whatever_it_has(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    assert main(["devices", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == set(FOUND.to_dict())
