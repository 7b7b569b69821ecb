"""Which encoders can be opened on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from recorder_core.errors import EncodeError
from recorder_core.media.encode.encoder import check_encoder
from recorder_core.media.encode.settings import ENCODER_NAMES, EncoderName, EncoderSettings
from recorder_core.model import FrameFormat

__all__ = ["EncoderFact", "encoder_facts"]

#: hardware encoders refuse very small frames
_TRIAL: Final = FrameFormat(
    width=640, height=360, pixel_format="yuv420p", time_base=Fraction(1, 15360)
)
_TRIAL_RATE: Final = Fraction(30)


@dataclass(frozen=True, slots=True)
class EncoderFact:
    """Whether an encoder can be opened on this machine."""

    name: EncoderName
    available: bool
    #: one sentence: why it can or cannot
    reason: str


def encoder_facts() -> list[EncoderFact]:
    """Try to open every encoder that the settings allow."""
    return [_try(name) for name in ENCODER_NAMES]


def _try(name: EncoderName) -> EncoderFact:
    try:
        check_encoder(_TRIAL, EncoderSettings(encoder=name), frame_rate=_TRIAL_RATE)
    except EncodeError as exc:
        return EncoderFact(name, False, str(exc))
    return EncoderFact(name, True, f"{name} opens")
