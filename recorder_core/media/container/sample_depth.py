"""What of each pixel of a source a copy in 4:2:0 does not hold: bits, colour, transparency."""

from __future__ import annotations

from typing import Final

from av.video.format import VideoFormat

from recorder_core.model.frames.frame_format import SampleBits

__all__ = ["USUAL_BITS", "is_grey", "lost_bits", "lost_color", "sample_bits"]

#: per sample, of most videos and of most copies
USUAL_BITS: Final[SampleBits] = 8
#: chroma samples across and down in a block of 4 by 4 pixels -> the notation of video
_CHROMA: Final = {(4, 4): "4:4:4", (2, 4): "4:2:2", (1, 4): "4:1:1", (4, 2): "4:4:0"}


def lost_bits(pixel_format: str, kept: SampleBits = USUAL_BITS) -> list[str]:
    """Return what of each sample a copy does not hold; nothing where it holds all."""
    bits = sample_bits(pixel_format)
    return [f"{bits} bits per sample ({pixel_format}): they become {kept} bits"] * (bits > kept)


def lost_color(pixel_format: str) -> list[str]:
    """Return what of the colour and transparency of frames 4:2:0 without alpha does not hold.

    Nothing for grey frames, and for those whose colour is as coarse in both directions.
    """
    frame = VideoFormat(pixel_format)
    lost = []
    if not is_grey(pixel_format) and (sampling := _chroma_sampling(frame)) is not None:
        lost.append(f"{sampling} colour ({pixel_format}): it becomes 4:2:0")
    if any(component.is_alpha for component in frame.components):
        lost.append(f"transparency ({pixel_format})")
    return lost


def _chroma_sampling(frame: VideoFormat) -> str | None:
    """Return how finely colour is sampled; None where no direction is finer than in 4:2:0."""
    if frame.is_rgb or frame.has_palette:
        return "RGB"
    return _CHROMA.get((frame.chroma_width(4), frame.chroma_height(4)))


def is_grey(pixel_format: str) -> bool:
    """Return whether frames of this format have no colour."""
    frame = VideoFormat(pixel_format)
    colors = [component for component in frame.components if not component.is_alpha]
    return len(colors) == 1 and not frame.has_palette


def sample_bits(pixel_format: str) -> int:
    """Return the bits of the deepest component of this format."""
    return max(component.bits for component in VideoFormat(pixel_format).components)
