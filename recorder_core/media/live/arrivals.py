"""What a live input gives, each with the moment at which it happened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from recorder_core.media.frames.frame import Frame
from recorder_core.media.live.input_wait import InputWait
from recorder_core.model.values.carriers import carrier_repr

__all__ = ["Arrival", "ArrivedAudio", "ArrivedFrame", "Damaged", "LiveInput"]


@dataclass(frozen=True, slots=True)
class ArrivedFrame:
    """A frame, 8-bit YUV 4:2:0.

    Attributes
    ----------
    frame : Frame
        Its index counts the frames of this connection.
    seconds : float
        By `time.monotonic`, when it arrived, without the jitter of its way.
    """

    frame: Frame
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class ArrivedAudio:
    """Samples that follow one another.

    Attributes
    ----------
    samples : numpy.ndarray
        (n, channels), float32, -1 to 1.
    sample_rate : int
        Nominal, samples per second.
    seconds : float
        By `time.monotonic`, when the first sample arrived, without the jitter of its way.
    is_joined : bool
        Whether it follows what came before without a gap.
    """

    __repr__ = carrier_repr

    samples: NDArray[np.float32]
    sample_rate: int
    seconds: float
    is_joined: bool


@dataclass(frozen=True, slots=True)
class Damaged:
    """Something arrived that cannot be decoded."""

    kind: Literal["video", "audio"]


Arrival: TypeAlias = ArrivedFrame | ArrivedAudio | Damaged


@dataclass(frozen=True, slots=True)
class LiveInput:
    """An open input.

    Attributes
    ----------
    frame_rate : float or None
        Nominal, frames per second, where the input says it.
    arrivals : iterator
        What arrives, as it arrives; ends where a file ends that is played once. It raises
        SourceLost when the device or the connection is gone.
    wait : InputWait or None
        How long whoever fetches them waited for the input; None: that is not measured.
    """

    frame_rate: float | None
    arrivals: Iterator[Arrival]
    wait: InputWait | None = None
