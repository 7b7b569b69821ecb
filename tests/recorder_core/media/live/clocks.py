"""A clock for tests: waiting costs no time."""

from __future__ import annotations


class FakeClock:
    """Counts from a moment on; `pause` moves it."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds
