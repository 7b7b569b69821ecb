from __future__ import annotations

import tomllib
from dataclasses import fields, replace
from pathlib import Path

import pytest

from recorder_core.errors import SettingsError
from recorder_core.media import SOURCE_KINDS, SourceSettings, read_source_settings

DOCUMENT = Path(__file__).parents[4] / "docs" / "sources.md"
SECRET = "rtsp://recorder:hunter2@192.0.2.7:554/stream1?token=hunter2"
ROOM = f"""
[sources.room]
kind = "rtsp"
address = "{SECRET}"
latency_seconds = 0.12
transport = "udp"
options = {{ max_delay = "100000" }}

[sources.endoscope]
kind = "v4l2"
address = "/dev/video2"
size = [1920, 1080]
rate = 30
"""


def test_a_toml_file_says_a_source() -> None:
    sources = tomllib.loads(ROOM)["sources"]
    room = read_source_settings(sources["room"], "sources.room")
    assert (room.kind, room.address, room.transport) == ("rtsp", SECRET, "udp")
    assert (room.latency_seconds, dict(room.options)) == (0.12, {"max_delay": "100000"})
    endoscope = read_source_settings(sources["endoscope"])
    assert (endoscope.size, endoscope.rate) == ((1920, 1080), 30.0)
    assert endoscope.has_frames
    assert not endoscope.has_audio


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (SECRET, "rtsp://192.0.2.7:554"),
        ("rtsp://a:hunter2@er@camera/x", "rtsp://camera"),
        # signs that stand in a password as they are
        ("rtsp://a:hunter2/x@camera/x", "rtsp://…"),
        ("rtsp://a:hunter2?x@camera/x", "rtsp://camera"),
        ("rtsp://a:hunter2#x@camera/x", "rtsp://camera"),
        # cameras that are told both in the path
        ("rtsp://camera/user=a_password=hunter2_channel=1.sdp", "rtsp://camera"),
        ("rtsp://camera?password=hunter2", "rtsp://camera"),
    ],
)
def test_no_password_is_printed(address: str, shown: str) -> None:
    room = SourceSettings(kind="rtsp", address=address, options={"key": "hunter2"})
    assert "hunter2" not in repr(room) + str(room) + room.shown
    assert room.shown == shown
    assert replace(room, name="room").shown == "room"


def test_of_a_file_only_its_name_is_said() -> None:
    assert SourceSettings(kind="file", address="/folder/clip.mp4").shown == "clip.mp4"


@pytest.mark.parametrize("kind", SOURCE_KINDS)
def test_every_kind_gives_something(kind: str) -> None:
    address = "rtsp://camera/x" if kind == "rtsp" else "somewhere"
    settings = SourceSettings(kind=kind, address=address)  # type: ignore[arg-type]
    assert settings.has_frames or settings.has_audio
    assert settings.shown


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (
            {"kind": "webcam"},
            "sources.room.kind must be one of v4l2, x11grab, rtsp, file, pattern, alsa, tone",
        ),
        ({}, "sources.room.kind is missing"),
        ({"kind": "rtsp"}, "a source of the kind rtsp needs an address"),
        ({"kind": "file"}, "a source of the kind file needs an address"),
        ({"kind": "rtsp", "address": "http://camera/"}, "must begin with rtsp:// or rtsps://"),
        ({"kind": "rtsp", "address": "rtsp://[::1/hunter2"}, "must begin with rtsp://"),
        ({"kind": "v4l2", "size": [1921, 1080]}, "must be two even numbers up to 8192"),
        ({"kind": "v4l2", "size": 1920}, "sources.room.size must be a list"),
        ({"kind": "v4l2", "rate": 0}, "must be 1 to 240 frames per second"),
        ({"kind": "alsa", "sample_rate": 44}, "must be 8000 to 192000 per second"),
        ({"kind": "alsa", "channels": 6}, "must have 1 or 2"),
        ({"kind": "v4l2", "latency_seconds": -1}, "must be 0 to 10"),
        ({"kind": "v4l2", "name": "x"}, "sources.room.name: unknown key; allowed keys are kind"),
        ({"kind": "v4l2", "framerate": 30}, "sources.room.framerate: unknown key"),
        ({"kind": "v4l2", "lost_after_periods": 0}, "must be at least 1"),
        ("room", "sources.room is not a table"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(table: object, sentence: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_source_settings(table, "sources.room")
    assert sentence in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_signal_is_lost_after_some_frames() -> None:
    camera = SourceSettings(kind="v4l2", rate=50.0)
    assert camera.lost_after_seconds() == pytest.approx(0.3)
    assert camera.lost_after_seconds(5.0) == pytest.approx(3.0)
    assert replace(camera, lost_after_periods=1).lost_after_seconds() == 0.25


def test_the_documents_example_and_its_table_say_what_is_so() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    example = text.split("```text\n")[1].split("```")[0]
    sources = tomllib.loads(example)["sources"]
    kinds = {name: read_source_settings(table, name).kind for name, table in sources.items()}
    assert set(kinds.values()) == set(SOURCE_KINDS)
    assert all(
        f"| `{each.name}` |" in text for each in fields(SourceSettings) if each.name != "name"
    )
    assert all(f"| `{kind}` |" in text for kind in SOURCE_KINDS)
