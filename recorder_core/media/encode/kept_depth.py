"""How many bits of each sample a copy keeps: as many as its encoder can."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from recorder_core.media.container.info import MediaInfo
from recorder_core.media.container.sample_depth import (
    USUAL_BITS,
    is_grey,
    lost_bits,
    sample_bits,
)
from recorder_core.media.encode.settings import EncoderSettings
from recorder_core.model.frames.frame_format import SampleBits

__all__ = ["keep_depth"]

#: the encoder of 10 bits per sample
_DEEP_ENCODER: Final = "libx265"
_DEEP_BITS: Final[SampleBits] = 10


def keep_depth(info: MediaInfo, settings: EncoderSettings) -> MediaInfo:
    """Return the file with its video held at the depth that the encoder can keep.

    More than 8 bits per sample are held as 10 where the copy is HEVC by libx265; grey frames
    of more bits become 8 bits always.
    """
    pixel_format = info.video.format.pixel_format
    is_deep = sample_bits(pixel_format) > USUAL_BITS and not is_grey(pixel_format)
    if settings.encoder != _DEEP_ENCODER or not is_deep:
        return info
    said = lost_bits(pixel_format)
    others = [each for each in info.lost_of_pixels if each not in said]
    lost = (*lost_bits(pixel_format, _DEEP_BITS), *others)
    deep = replace(info.video.format, sample_bits=_DEEP_BITS)
    return replace(info, video=replace(info.video, format=deep), lost_of_pixels=lost)
