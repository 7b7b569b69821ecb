"""What every live source offers, whatever device is behind it.

A source runs in a thread of its own from `start` to `close`, stamps what arrives by
`time.monotonic`, reconnects by itself, and never makes anybody wait. `time.monotonic` is the one
clock of a recording; the latency that a site has configured is subtracted once, here.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from recorder_core.media import Frame
from recorder_core.model.values.carriers import carrier_repr

__all__ = [
    "AudioBlock",
    "AudioSource",
    "FrameSource",
    "LiveFrame",
    "Samples",
    "Source",
    "SourceCounters",
    "SourceState",
]

#: (n, channels), float32, -1 to 1
Samples: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """A frame of a live source.

    Attributes
    ----------
    frame : Frame
        Its own index counts the frames of this connection.
    seconds : float
        When what it shows happened: `time.monotonic` at arrival less the source's latency.
    """

    frame: Frame
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class AudioBlock:
    """Samples that follow one another.

    Attributes
    ----------
    samples : numpy.ndarray
        (n, channels), float32, -1 to 1.
    sample_rate : int
        Nominal, samples per second; the card's own clock may be off by some hundred ppm.
    seconds : float
        When the first sample was heard: `time.monotonic` less the source's latency.
    is_joined : bool
        Whether it follows the block before without a gap.
    """

    __repr__ = carrier_repr

    samples: Samples
    sample_rate: int
    seconds: float
    is_joined: bool


@dataclass(frozen=True, slots=True)
class SourceCounters:
    """What became of what a source gave.

    One is a frame of a video, a block of audio, a record of a monitor, or a press of a switch.

    Attributes
    ----------
    received : int
        How many arrived.
    used : int
        How many were taken, each counted once.
    repeated : int
        Of frames alone: how often one was taken again because there was no newer.
    dropped : int
        How many nobody took: frames that a newer one replaced, and of other kinds what its buffer
        could not keep.
    late : int
        Of frames alone: how many of those dropped arrived after the moment that they were for.
    invalid : int
        How many could not be read.
    """

    received: int = 0
    used: int = 0
    repeated: int = 0
    dropped: int = 0
    late: int = 0
    invalid: int = 0

    def since(self, before: SourceCounters) -> SourceCounters:
        """Return what became of what it gave since it had these counters."""
        return SourceCounters(
            **{
                each.name: getattr(self, each.name) - getattr(before, each.name)
                for each in fields(self)
            }
        )


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a source is just now.

    Attributes
    ----------
    name : str
        A code of the site's, such as `room`.
    is_present : bool
        Whether something arrived lately; False before the first, and once its watchdog says that
        the signal is lost.
    since_seconds : float
        `time.monotonic` when it became so.
    connections : int
        How often it was connected.
    counters : SourceCounters
        Since `start`.
    sentence : str
        Why it is absent, and what to do; empty while all is well.
    is_starved : bool
        Whether it is absent because this computer does not keep up with it.
    frame_rate : float or None
        Frames a second that it says it gives, or its settings; None: it has no frames, or was
        never connected.
    """

    name: str
    is_present: bool
    since_seconds: float
    connections: int
    counters: SourceCounters
    sentence: str = ""
    is_starved: bool = False
    frame_rate: float | None = None


class Source(Protocol):
    """What every source can do; as a context manager it is started, and closed at the end."""

    @property
    def name(self) -> str:
        """A code of the site's, such as `laparoscope`."""

    @property
    def state(self) -> SourceState:
        """How it is just now."""

    def start(self) -> None:
        """Begin to connect; a source that is absent is no error, and is tried again."""

    def close(self) -> None:
        """Stop, and let the device go; returns once its thread has ended."""

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Close it."""
        self.close()


class FrameSource(Source, Protocol):
    """A source of frames; its mailbox keeps the newest few."""

    def take(self, seconds: float) -> LiveFrame | None:
        """Return the newest frame of a moment, and count it.

        It may be up to a quarter of the source's period newer, so that of a source of the same
        rate as who takes every frame is taken once, whatever their jitter.

        Frames before it are dropped. None where the signal was absent at that moment: who composes
        shows that the signal is lost.

        Parameters
        ----------
        seconds : float
            By `time.monotonic`; never less than the last time.
        """

    def peek(self) -> LiveFrame | None:
        """Return the newest frame, uncounted, as for a preview or a screenshot."""


class AudioSource(Source, Protocol):
    """A source of audio."""

    @property
    def sample_rate(self) -> int:
        """Nominal, samples per second."""

    @property
    def channels(self) -> int:
        """1 or 2."""

    def take(self) -> list[AudioBlock]:
        """Return the blocks that arrived since the last call; the buffer holds some seconds."""
