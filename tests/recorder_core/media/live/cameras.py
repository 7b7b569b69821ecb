"""A camera with RTSP in a process of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SERVER = "tests.recorder_core.media.live.rtsp_server"


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def running_camera(port: int, credentials: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """Run the camera; a test may freeze and kill it."""
    words = [sys.executable, "-m", SERVER, str(port), credentials]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield process
        finally:
            process.kill()
