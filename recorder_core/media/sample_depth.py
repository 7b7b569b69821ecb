"""How many bits and how much colour each pixel of a copy has."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from av.video.format import VideoFormat

from recorder_core.media.info import MediaInfo, SampleBits
from recorder_core.media.settings import EncoderSettings

__all__ = ["keep_depth", "lost_bits", "lost_color"]

#: the encoder of 10 bits per sample
_DEEP_ENCODER: Final = "libx265"
_USUAL: Final[SampleBits] = 8
_DEEP: Final[SampleBits] = 10
#: chroma samples across and down in a block of 4 by 4 pixels -> the notation of video
_CHROMA: Final = {(4, 4): "4:4:4", (2, 4): "4:2:2", (1, 4): "4:1:1", (4, 2): "4:4:0"}


def lost_bits(pixel_format: str, kept: SampleBits = _USUAL) -> list[str]:
    """Return what of each sample a copy does not hold; nothing where it holds all."""
    bits = _bits(pixel_format)
    return [f"{bits} bits per sample ({pixel_format}): they become {kept} bits"] * (bits > kept)


def lost_color(pixel_format: str) -> list[str]:
    """Return what of the colour and transparency of frames 4:2:0 without alpha does not hold.

    Nothing for grey frames, and for those whose colour is as coarse in both directions.
    """
    frame = VideoFormat(pixel_format)
    lost = []
    if not _is_grey(frame) and (sampling := _chroma_sampling(frame)) is not None:
        lost.append(f"{sampling} colour ({pixel_format}): it becomes 4:2:0")
    if any(component.is_alpha for component in frame.components):
        lost.append(f"transparency ({pixel_format})")
    return lost


def _chroma_sampling(frame: VideoFormat) -> str | None:
    """Return how finely colour is sampled; None where no direction is finer than in 4:2:0."""
    if frame.is_rgb or frame.has_palette:
        return "RGB"
    return _CHROMA.get((frame.chroma_width(4), frame.chroma_height(4)))


def _is_grey(frame: VideoFormat) -> bool:
    colors = [component for component in frame.components if not component.is_alpha]
    return len(colors) == 1 and not frame.has_palette


def keep_depth(info: MediaInfo, settings: EncoderSettings) -> MediaInfo:
    """Return the file with its video held at the depth that the encoder can keep.

    More than 8 bits per sample are held as 10 where the copy is HEVC by libx265; grey frames
    of more bits become 8 bits always.
    """
    video = info.video
    is_grey = _is_grey(VideoFormat(video.pixel_format))
    if settings.encoder != _DEEP_ENCODER or is_grey or _bits(video.pixel_format) <= _USUAL:
        return info
    said = lost_bits(video.pixel_format)
    others = [each for each in info.lost_of_pixels if each not in said]
    lost = (*lost_bits(video.pixel_format, _DEEP), *others)
    return replace(info, video=replace(video, sample_bits=_DEEP), lost_of_pixels=lost)


def _bits(pixel_format: str) -> int:
    return max(component.bits for component in VideoFormat(pixel_format).components)
