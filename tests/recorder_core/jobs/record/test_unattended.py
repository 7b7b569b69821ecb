"""When a recording begins by itself, and when another may."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from recorder_core.jobs.record import UnattendedSettings, wait_for_signal, wait_until_gone
from recorder_core.media import SourceSettings
from tests.recorder_core.jobs.record.fakes import FakeFrames

CAMERA = SourceSettings(kind="pattern")


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> FakeFrames:
    """What is opened for every source."""
    camera = FakeFrames("room")
    monkeypatch.setattr(
        "recorder_core.jobs.record.unattended.connect_input",
        lambda *_: SimpleNamespace(frames=camera),
    )
    return camera


def test_a_signal_that_flickers_begins_no_recording(camera: FakeFrames) -> None:
    camera.since = time.monotonic()
    asked = iter([False, True])
    assert not wait_for_signal("room", CAMERA, lambda: next(asked))
    camera.since = time.monotonic() - 2.1
    assert wait_for_signal("room", CAMERA, lambda: False)
    assert not camera.is_open


def test_a_source_has_gone_after_as_long_as_ends_a_recording(camera: FakeFrames) -> None:
    settings = UnattendedSettings(source="room", gone_seconds=60)
    for is_present, seconds in ((True, 100), (False, 50)):
        camera.is_present, camera.since = is_present, time.monotonic() - seconds
        assert not wait_until_gone("room", CAMERA, settings, lambda: True)
    camera.is_present, camera.since = False, time.monotonic() - 61
    assert wait_until_gone("room", CAMERA, settings, lambda: False)
    assert not camera.is_open
