"""Waiting for what a busy machine does late, without keeping its processor busy."""

from __future__ import annotations

import time
from collections.abc import Callable

#: so long a machine that is busy may take
PATIENCE_SECONDS = 120.0


def wait_until(condition: Callable[[], object]) -> None:
    """Return once a condition holds; fail only if it never does."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)
