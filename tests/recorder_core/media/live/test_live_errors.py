"""What ends a source that was open, in a sentence."""

from __future__ import annotations

import errno

import av.error
import pytest

from recorder_core.errors import SourceLost
from recorder_core.media import SourceSettings
from recorder_core.media.live.live_errors import receiving

ROOM = SourceSettings(kind="rtsp", address="rtsp://127.0.0.1/room", name="room")


@pytest.mark.parametrize(
    ("late_seconds", "sentence"),
    [
        (0.1, "room is connected but sends nothing; check the device"),
        (4.2, "room was not read for 4 s, in which this computer stood still or was too busy"),
    ],
)
def test_a_source_is_not_blamed_for_a_computer_that_stood_still(
    late_seconds: float, sentence: str
) -> None:
    with pytest.raises(SourceLost, match=f"^{sentence}"), receiving(ROOM, lambda: late_seconds):
        raise av.error.ExitError(errno.EINTR, "Immediate exit requested")


def test_a_device_that_is_gone_is_so_however_late_that_is_seen() -> None:
    with pytest.raises(SourceLost, match="room is gone"), receiving(ROOM, lambda: 9.0):
        raise OSError(errno.ENODEV, "No such device")
