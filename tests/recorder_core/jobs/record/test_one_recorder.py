"""One room has one recorder: the second is told so, whatever it is called."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recorder_core.capture.bis import BisSettings
from recorder_core.capture.switch import SwitchSettings
from recorder_core.errors import RoomInUse
from recorder_core.jobs.record import RecordRequest, RoomConfig, as_only_recorder
from recorder_core.media import SourceSettings
from tests.recorder_core.jobs.record.fakes import room


def _with_devices(folder: Path) -> RoomConfig:
    """Return a room whose devices are named by links, as udev makes them."""
    for name in ("camera", "port"):
        (folder / f"by-id-{name}").symlink_to(folder / name)
    usual = room()
    camera = SourceSettings(kind="v4l2", address=str(folder / "by-id-camera"))
    return replace(
        usual,
        sources={**usual.sources, "room": camera},
        bis=BisSettings(port=str(folder / "by-id-port")),
    )


def test_a_room_and_its_devices_have_one_recorder_until_it_ends(site: Any, tmp_path: Path) -> None:
    first = RecordRequest(room=_with_devices(tmp_path), room_name="or_1")
    bis = room(bis=BisSettings(port=str(tmp_path / "port")))
    camera = room(
        sources={
            **room().sources,
            "laparoscope": SourceSettings(kind="v4l2", address=str(tmp_path / "camera")),
        }
    )
    pedal = SwitchSettings(kind="serial", address=str(tmp_path / "port"))
    seconds = {
        "the room or_1 is in use": RecordRequest(room=room(), room_name="or_1"),
        "the BIS monitor is in use": RecordRequest(room=bis, room_name="or_2"),
        "the source laparoscope is in use": RecordRequest(room=camera),
        "foot switch 1 is in use": RecordRequest(room=room(switches=(pedal,))),
    }
    with site.opened("olga") as archive:
        folders = archive.folders
        with as_only_recorder(folders, first):
            for sentence, second in seconds.items():
                with pytest.raises(RoomInUse, match=sentence), as_only_recorder(folders, second):
                    pass
            with as_only_recorder(folders, RecordRequest(room=room(), room_name="or_2")):
                pass
        for second in (first, *seconds.values()):
            with as_only_recorder(folders, second):
                pass
    names = [path.name for path in (site.path / "rooms").iterdir()]
    assert all(len(name) == 64 for name in names)


def test_who_waits_has_the_room_when_the_one_before_has_ended(site: Any) -> None:
    request = RecordRequest(room=room(), room_name="or_1")
    with site.opened("olga") as archive, ExitStack() as before:
        before.enter_context(as_only_recorder(archive.folders, request))
        threading.Timer(0.3, before.close).start()
        with as_only_recorder(archive.folders, request, wait_seconds=60.0):
            pass
