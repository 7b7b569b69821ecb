"""How many bits each sample of a copy has."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from av.video.format import VideoFormat

from recorder_core.media.info import MediaInfo, SampleBits
from recorder_core.media.settings import EncoderSettings

__all__ = ["keep_depth", "lost_bits"]

#: the encoder of 10 bits a sample
_DEEP_ENCODER: Final = "libx265"
_USUAL: Final[SampleBits] = 8
_DEEP: Final[SampleBits] = 10


def lost_bits(pixel_format: str, kept: SampleBits = _USUAL) -> list[str]:
    """Say what of each sample a copy does not hold; nothing where it holds all."""
    bits = _bits(pixel_format)
    return [f"{bits} bits a sample ({pixel_format}): they become {kept} bits"] * (bits > kept)


def keep_depth(info: MediaInfo, settings: EncoderSettings) -> MediaInfo:
    """Return the file with its video held at the depth that the encoder can keep.

    More than 8 bits a sample are held as 10 where the copy is HEVC by libx265; grey pictures
    of more bits become 8 bits always.
    """
    video = info.video
    is_grey = VideoFormat(video.pixel_format).name.startswith("gray")
    if settings.encoder != _DEEP_ENCODER or is_grey or _bits(video.pixel_format) <= _USUAL:
        return info
    said = lost_bits(video.pixel_format)
    others = [each for each in info.dropped if each not in said]
    dropped = (*lost_bits(video.pixel_format, _DEEP), *others)
    return replace(info, video=replace(video, sample_bits=_DEEP), dropped=dropped)


def _bits(pixel_format: str) -> int:
    return max(component.bits for component in VideoFormat(pixel_format).components)
