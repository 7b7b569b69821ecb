"""Which encoder a live recording uses, and how fast, found by trying and said in one sentence."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, TypeAlias

from recorder_core.errors import EncodeError, SettingsError
from recorder_core.media.encode.settings import EncoderName, EncoderSettings, Preset
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
#: nanoseconds of one processor for a pixel by superfast (profiling/benches/bench_composite.py)
_SUPERFAST_NS: Final = 12.0
#: part of a machine's processors that encoding may take: its sources are decoded beside it
_MAX_SHARE: Final = 0.4


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """What encodes, and why."""

    encoder: EncoderName
    preset: Preset
    #: one sentence
    reason: str


def choose_encoder(
    asked: LiveEncoder,
    frame_format: FrameFormat,
    *,
    frame_rate: Fraction,
    preset: Preset = "auto",
    processors: int | None = None,
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
    preset : str
        Speed against size; ``auto`` is superfast, or ultrafast where that would take too much of
        the machine.
    processors : int, optional
        That the process may use; unless given, what the system says.

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
    preset = _preset(preset, frame_format, frame_rate, processors or _processors())
    if asked != "auto":
        try_encoder(EncoderSettings(encoder=asked), frame_format, frame_rate=frame_rate)
        how = _how(asked, preset)
        return EncoderChoice(asked, preset, f"{asked} encodes {what}{how}, as was asked for")
    absent: list[EncoderName] = []
    for name in LIVE_ENCODERS:
        try:
            try_encoder(EncoderSettings(encoder=name), frame_format, frame_rate=frame_rate)
        except EncodeError:
            absent.append(name)
        else:
            how = _how(name, preset)
            return EncoderChoice(name, preset, f"{name} encodes {what}{how}{_others(absent)}")
    raise EncodeError(
        f"no encoder can encode {what} on this machine; install FFmpeg's libx264 with PyAV"
    )


def _preset(
    asked: Preset, frame_format: FrameFormat, frame_rate: Fraction, processors: int
) -> Preset:
    if asked != "auto":
        return asked
    pixels = frame_format.width * frame_format.height * float(frame_rate)
    is_too_much = pixels * _SUPERFAST_NS * 1e-9 > _MAX_SHARE * processors
    return "ultrafast" if is_too_much else "superfast"


def _processors() -> int:
    has_affinity = hasattr(os, "sched_getaffinity")
    return len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1


def _how(encoder: EncoderName, preset: Preset) -> str:
    return f" by its preset {preset}" if EncoderSettings(encoder=encoder).has_presets else ""


def _others(absent: list[EncoderName]) -> str:
    if not absent:
        return ""
    *first, last = absent
    names = f"{', '.join(first)} and {last} do" if first else f"{last} does"
    return f"; {names} not work on this machine"
