"""What FFmpeg's own tools read of a recorded video."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Span", "difference", "frame_count", "read_streams", "without_audio", "without_picture"]

#: in which colours are looked for, and how long the blocks of audio are
_SMALL: Final = (32, 18)
_BLOCK_SECONDS: Final = 0.02
_SAMPLE_RATE: Final = 48_000
#: how far the channels of a coloured picture are apart on average, in levels; how loud a tone is
_MIN_SPREAD, _MIN_LEVEL = 30.0, 0.01

#: from a second to a second
Span = tuple[float, float]


def read_streams(video: Path) -> list[dict[str, Any]]:
    """Return what there is of each stream, with how many frames were decoded."""
    entries = "stream=codec_name,width,height,avg_frame_rate,sample_rate,nb_read_frames"
    words = ["ffprobe", "-v", "error", "-count_frames", "-show_entries", entries, "-of", "json"]
    streams: list[dict[str, Any]] = json.loads(_run([*words, str(video)]))["streams"]
    return streams


def frame_count(video: Path) -> int:
    """Return how many frames of a video can be decoded."""
    return int(read_streams(video)[0]["nb_read_frames"])


def without_picture(video: Path, rate: float) -> list[Span]:
    """Return when a video shows little that is coloured: no picture of a camera.

    Parameters
    ----------
    video : Path
        A frame that it lacks is the one before.
    rate : float
        Its frames per second.
    """
    width, height = _SMALL
    steady = f"fps={rate},scale={width}:{height}"
    words = ["ffmpeg", "-v", "error", "-i", str(video), "-vf", steady]
    raw = _run([*words, "-pix_fmt", "rgb24", "-f", "rawvideo", "-"])
    frames = np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3).astype(np.float32)
    spread = frames.max(3) - frames.min(3)
    return _spans(spread.mean((1, 2)) < _MIN_SPREAD, 1 / rate)


def without_audio(video: Path) -> list[Span]:
    """Return when nothing is heard in a video."""
    words = ["ffmpeg", "-v", "error", "-i", str(video), "-ac", "1", "-ar", str(_SAMPLE_RATE)]
    samples = np.frombuffer(_run([*words, "-f", "f32le", "-"]), np.float32)
    block = round(_SAMPLE_RATE * _BLOCK_SECONDS)
    blocks = np.abs(samples[: len(samples) // block * block]).reshape(-1, block)
    return _spans(blocks.max(1) < _MIN_LEVEL, _BLOCK_SECONDS)


def difference(video: Path, seconds: float, picture: NDArray[np.uint8]) -> float:
    """Return how much a picture differs from the frame of a moment, in levels on average."""
    words = ["ffmpeg", "-v", "error", "-ss", f"{seconds:.4f}", "-i", str(video), "-frames:v", "1"]
    raw = _run([*words, "-pix_fmt", "rgb24", "-f", "rawvideo", "-"])
    shown = np.frombuffer(raw, np.uint8).reshape(picture.shape)
    return float(np.abs(shown.astype(np.int16) - picture).mean())


def _spans(is_so: NDArray[np.bool_], step_seconds: float) -> list[Span]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_so, [False]]).astype(np.int8)))
    return [
        (float(start * step_seconds), float(stop * step_seconds))
        for start, stop in zip(edges[::2], edges[1::2], strict=True)
    ]


def _run(words: Sequence[str]) -> bytes:
    return subprocess.run(words, check=True, capture_output=True).stdout
