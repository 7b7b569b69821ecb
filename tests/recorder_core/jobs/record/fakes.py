"""Sources that need no device: what they give follows from the time alone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from recorder_core.capture.source import (
    AudioBlock,
    AudioSource,
    LiveFrame,
    Source,
    SourceCounters,
    SourceState,
)
from recorder_core.capture.switch import SwitchPress
from recorder_core.composite import CompositeLayout, LayoutView
from recorder_core.jobs.record import RoomConfig, SpaceLimits
from recorder_core.media import EncoderSettings, Frame, SourceSettings
from recorder_core.model import EventClock, FrameFormat, View
from recorder_core.tables import RawRow, SignalRow

RATE = 30
FORMAT = FrameFormat(
    width=320, height=180, pixel_format="yuv420p", time_base=Fraction(1, RATE), color_range=1
)
ROOM_VIEW = View(320, 0, 320, 180)


class _Fake(Source):
    def __init__(self, name: str) -> None:
        self._name = name
        self.is_present = True
        self.since = time.monotonic()
        self.is_open = False

    @property
    def name(self) -> str:
        return self._name

    @property
    def state(self) -> SourceState:
        counters = SourceCounters()
        return SourceState(self._name, self.is_present, self.since, 1, counters)

    def start(self) -> None:
        self.is_open = True

    def close(self) -> None:
        self.is_open = False


class FakeFrames(_Fake):
    """Frames of one grey, of which the top row says in steps of four which second it is."""

    def __init__(self, name: str, level: int = 120) -> None:
        super().__init__(name)
        self._level = level
        self._began = time.monotonic()
        self._shown: LiveFrame | None = None
        #: (lost, back) by `time.monotonic`
        self.gaps: list[tuple[float, float]] = []

    def take(self, seconds: float) -> LiveFrame | None:
        if any(lost <= seconds < back for lost, back in self.gaps):
            return None
        index = int((seconds - self._began) * RATE)
        if self._shown is None or self._shown.frame.frame_index != index:
            frame = Frame.black(FORMAT, frame_index=index, pts=index, duration=1)
            frame.writable().y[:] = self._level
            self._shown = LiveFrame(frame, self._began + index / RATE)
        return self._shown

    def peek(self) -> LiveFrame | None:
        return self._shown


class FakeSignals(_Fake):
    """A value ten times a second: the second of the event."""

    def __init__(self, name: str = "bis") -> None:
        super().__init__(name)
        self._taken = 0

    def take_rows(self, clock: EventClock) -> Sequence[SignalRow]:
        count = int(clock.seconds(time.monotonic()) * 10)
        rows = [SignalRow("bis", "", each / 10, each / 10) for each in range(self._taken, count)]
        self._taken = max(self._taken, count)
        return rows

    def take_raw(self, clock: EventClock) -> Sequence[RawRow]:
        return []


class FakeSwitch(_Fake):
    """A foot switch that a test presses."""

    def __init__(self, name: str = "switch") -> None:
        super().__init__(name)
        self._presses: list[SwitchPress] = []

    def press(self, *, is_long: bool = False) -> None:
        self._presses.append(SwitchPress(time.monotonic(), is_long))

    def take(self) -> Sequence[SwitchPress]:
        taken, self._presses = self._presses, []
        return taken


def room(**changes: object) -> RoomConfig:
    """A room with a camera and a laparoscope in a small composite."""
    layout = CompositeLayout(
        width=640,
        height=180,
        views=(
            LayoutView(name="laparoscope", source="laparoscope", rectangle=View(0, 0, 320, 180)),
            LayoutView(name="room", source="room", rectangle=ROOM_VIEW),
        ),
    )
    usual: dict[str, object] = {
        "layout": layout,
        "sources": {name: SourceSettings(kind="pattern") for name in ("laparoscope", "room")},
        "rate": Fraction(RATE),
        "encoder": EncoderSettings(preset="ultrafast", max_bit_rate_bps=2_000_000, threads=1),
        "procedure_code": "lap-chole",
        "space": SpaceLimits(0, 0),
    }
    return RoomConfig(**usual | changes)  # type: ignore[arg-type]


class FakeAudio(_Fake, AudioSource):
    """A tone of 1 kHz from a second of the event on; silence before."""

    def __init__(self, name: str = "room", channels: int = 2) -> None:
        super().__init__(name)
        self._channels = channels
        self._began = time.monotonic()
        self._count = 0
        #: by `time.monotonic`
        self.onset_seconds = float("inf")

    @property
    def sample_rate(self) -> int:
        return 48_000

    @property
    def channels(self) -> int:
        return self._channels

    def take(self) -> list[AudioBlock]:
        count = int((time.monotonic() - self._began) * 48_000)
        seconds = self._began + np.arange(self._count, count) / 48_000
        tone = np.where(seconds >= self.onset_seconds, np.sin(seconds * 2000 * np.pi) * 0.5, 0)
        samples = np.repeat(tone[:, None], self._channels, axis=1).astype(np.float32)
        block = AudioBlock(samples, 48_000, self._began + self._count / 48_000, self._count > 0)
        self._count = count
        return [block] if len(samples) else []
