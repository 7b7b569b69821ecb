"""What a simulated surgery looks like and what making it gave."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np

from recorder_core.errors import SettingsError
from recorder_core.simulate.people.staff import MAX_FACES

__all__ = ["SimulationResult", "SimulationSettings"]

#: bit rate of the video recordings of the first Surgery Box, 1080p at 30 frames per second,
#: which smaller frames share in proportion
_FULL_BIT_RATE_BPS: Final = 7_000_000
_FULL_PIXELS_PER_SECOND: Final = 1920 * 1080 * 30
_MIN_BIT_RATE_BPS: Final = 150_000
_MIN_HEIGHT_PX: Final = 144
_MAX_HEIGHT_PX: Final = 4320


@dataclass(frozen=True, slots=True)
class SimulationSettings:
    """Settings of a simulated surgery; the same settings give the same frames."""

    duration_seconds: float = 20.0
    #: frames per second
    frame_rate: Fraction = Fraction(30)
    #: pixels; a composite has 16:9
    width: int = 1920
    height: int = 1080
    seed: int = 0
    #: people in the room
    faces: int = 4
    #: give every person an even mixture of both photographs, so that no real face is shown
    blend_only: bool = False
    audio: bool = True
    #: mean of the video stream; None scales 7 Mbit/s of 1080p30
    bit_rate_bps: int | None = None
    #: frames that need a later one for decoding, at most this many in a row
    b_frames: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.duration_seconds < math.inf or self.frame_rate <= 0:
            raise SettingsError("duration and frame rate of a simulation must be positive")
        is_usual = _MIN_HEIGHT_PX <= self.height <= _MAX_HEIGHT_PX
        if self.width % 4 or self.height % 4 or not is_usual:
            raise SettingsError(
                f"the size of a simulated composite is a width and height that 4 divides, "
                f"{_MIN_HEIGHT_PX} to {_MAX_HEIGHT_PX} lines, not "
                f"{self.width}x{self.height}"
            )
        if abs(self.width * 9 - self.height * 16) > self.height:
            raise SettingsError(
                f"a simulated composite is 16:9, not {self.width}x{self.height}; "
                "choose for example 1280x720"
            )
        if not 0 <= self.faces <= MAX_FACES:
            raise SettingsError(f"faces is {self.faces}, but must lie in 0..{MAX_FACES}")

    @property
    def frame_count(self) -> int:
        """Number of frames, at least one."""
        return max(1, round(Fraction(self.duration_seconds) * self.frame_rate))

    def sample_span(self, frame_index: int, sample_rate_hz: int) -> tuple[int, int]:
        """Return which samples of audio belong to a frame, the second exclusive."""
        first, stop = (
            int(place * sample_rate_hz / self.frame_rate)
            for place in (frame_index, frame_index + 1)
        )
        return first, stop

    def generators(self) -> tuple[np.random.Generator, ...]:
        """Return the random numbers of patient, laparoscope, room and audio.

        Each has its own, so that none changes another.
        """
        seeds = np.random.SeedSequence(self.seed).spawn(4)
        return tuple(np.random.default_rng(seed) for seed in seeds)

    @property
    def video_bit_rate_bps(self) -> int:
        """The mean bit rate that is asked of the encoder."""
        if self.bit_rate_bps is not None:
            return self.bit_rate_bps
        share = self.width * self.height * self.frame_rate / _FULL_PIXELS_PER_SECOND
        return max(_MIN_BIT_RATE_BPS, round(_FULL_BIT_RATE_BPS * share))


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """What was written."""

    video: Path
    truth: Path
    frame_count: int
    #: number of rows of the truth: faces in all frames together
    face_count: int
    #: rows in which a person would recognise the face
    recognisable_count: int
