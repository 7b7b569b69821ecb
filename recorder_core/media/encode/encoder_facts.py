"""Which encoders work on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from recorder_core.errors import EncodeError
from recorder_core.media.encode.settings import ENCODER_NAMES, EncoderName, EncoderSettings
from recorder_core.media.encode.trial import try_encoder
from recorder_core.model import FrameFormat

__all__ = ["EncoderFact", "encoder_facts"]

#: hardware encoders refuse very small frames
_TRIAL: Final = FrameFormat(
    width=640, height=360, pixel_format="yuv420p", time_base=Fraction(1, 15360)
)
_TRIAL_RATE: Final = Fraction(30)


@dataclass(frozen=True, slots=True)
class EncoderFact:
    """Whether an encoder works on this machine."""

    name: EncoderName
    available: bool
    #: one sentence: why it can or cannot
    reason: str


def encoder_facts() -> list[EncoderFact]:
    """Try every encoder that the settings allow: encode some frames with it."""
    return [_try(name) for name in ENCODER_NAMES]


def _try(name: EncoderName) -> EncoderFact:
    try:
        try_encoder(EncoderSettings(encoder=name), _TRIAL, frame_rate=_TRIAL_RATE)
    except EncodeError as exc:
        return EncoderFact(name, False, str(exc))
    return EncoderFact(name, True, f"{name} encodes")
