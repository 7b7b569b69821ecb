"""The thread of a device begins again, whatever its driver raises."""

from __future__ import annotations

import threading

from recorder_core.capture.retrying import RetryingThread
from recorder_core.errors import CaptureError


def test_any_error_of_a_device_is_said_and_it_is_begun_again() -> None:
    errors: list[Exception] = [CaptureError("room is away"), ZeroDivisionError("of a driver")]
    said: list[str] = []
    is_back = threading.Event()

    def receive(_stop: threading.Event) -> bool:
        if errors:
            raise errors.pop(0)
        is_back.set()
        return True

    thread = RetryingThread("source room", receive, said.append, retry_seconds=0.01)
    thread.start()
    assert is_back.wait(60)
    thread.stop()()
    assert said == ["room is away", "source room failed (ZeroDivisionError); it is retried"]
