"""Which encoder a live recording uses, found by trying, and said in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, TypeAlias

from recorder_core.errors import EncodeError, SettingsError
from recorder_core.media.encode.settings import EncoderName, EncoderSettings
from recorder_core.media.encode.trial import try_encoder
from recorder_core.model import FrameFormat

__all__ = ["LIVE_ENCODERS", "EncoderChoice", "LiveEncoder", "choose_encoder"]

#: `auto` takes the first that works
LiveEncoder: TypeAlias = EncoderName | Literal["auto"]
#: of H.264, in the order in which they are tried: those that leave the processor free come first
LIVE_ENCODERS: Final[tuple[EncoderName, ...]] = (
    "h264_nvenc",
    "h264_qsv",
    "h264_v4l2m2m",
    "libx264",
)


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """What encodes, and why."""

    encoder: EncoderName
    #: one sentence
    reason: str


def choose_encoder(
    asked: LiveEncoder, frame_format: FrameFormat, *, frame_rate: Fraction
) -> EncoderChoice:
    """Return an encoder that works on this machine, tried on frames of this format.

    Parameters
    ----------
    asked : str
        One of `LIVE_ENCODERS`, or `auto` for the first of them that works.
    frame_format : FrameFormat
        Of what will be encoded.
    frame_rate : Fraction
        Nominal, frames per second.

    Raises
    ------
    SettingsError
        If there is no encoder of this name.
    EncodeError
        If the encoder that was asked for, or every one, does not work here.
    """
    if asked not in ("auto", *LIVE_ENCODERS):
        raise SettingsError(
            f"a recording has no encoder {asked!r}; choose auto or one of "
            f"{', '.join(LIVE_ENCODERS)}"
        )
    what = f"{frame_format.width}x{frame_format.height} at {float(frame_rate):g} frames a second"
    if asked != "auto":
        try_encoder(EncoderSettings(encoder=asked), frame_format, frame_rate=frame_rate)
        return EncoderChoice(asked, f"{asked} encodes {what}, as was asked for")
    absent: list[EncoderName] = []
    for name in LIVE_ENCODERS:
        try:
            try_encoder(EncoderSettings(encoder=name), frame_format, frame_rate=frame_rate)
        except EncodeError:
            absent.append(name)
        else:
            return EncoderChoice(name, f"{name} encodes {what}{_others(absent)}")
    raise EncodeError(
        f"no encoder can encode {what} on this machine; install FFmpeg's libx264 with PyAV"
    )


def _others(absent: list[EncoderName]) -> str:
    if not absent:
        return ""
    *first, last = absent
    names = f"{', '.join(first)} and {last} do" if first else f"{last} does"
    return f"; {names} not work on this machine"
