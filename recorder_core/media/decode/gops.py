"""The GOPs of an encoded file, and their first frames, decoded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from recorder_core.errors import DecodeError
from recorder_core.media.container.info import VideoInfo
from recorder_core.media.container.probe import open_media, probe, video_stream
from recorder_core.media.ffmpeg_errors import reading
from recorder_core.media.frames.frame import Frame, working_frame
from recorder_core.model import Planes

__all__ = ["Gop", "TimedFrame", "decode_at_keyframes", "list_gops", "psnr_y"]

_PEAK: Final = 255.0


@dataclass(frozen=True, slots=True)
class Gop:
    """A closed GOP of a file that this program encoded, ``[first_index, stop_index)``."""

    first_index: int
    stop_index: int
    #: of the first frame, in the file's time base
    pts: int
    size_bytes: int
    #: of the compressed frames
    sha256: str


def list_gops(path: Path) -> list[Gop]:
    """List the GOPs of a segment or an output; its packets are in order of presentation.

    Raises
    ------
    DecodeError
        If it cannot be read or does not begin with a keyframe.
    """
    gops: list[Gop] = []
    digest, first, first_pts, size, count = hashlib.sha256(), 0, 0, 0, 0
    with reading(path), open_media(path) as container:
        for packet in container.demux(_video(container, path)):
            if packet.size and not count and not packet.is_keyframe:
                raise DecodeError(f"{path.name} does not begin with a keyframe")
            if count and (packet.is_keyframe or not packet.size):
                gops.append(Gop(first, count, first_pts, size, digest.hexdigest()))
                digest, first, size = hashlib.sha256(), count, 0
            if packet.size:
                first_pts = packet.pts or 0 if packet.is_keyframe else first_pts
                digest.update(packet)
                size += packet.size
                count += 1
    return gops


def _video(container: InputContainer, path: Path) -> VideoStream:
    stream = video_stream(container)
    if stream is None:
        raise DecodeError(f"{path.name} holds no video")
    return stream


@dataclass(frozen=True, slots=True)
class TimedFrame:
    """A decoded frame and its time in the file that it is from."""

    frame: Frame
    seconds: float


def decode_at_keyframes(
    path: Path, wanted_seconds: Iterable[float], count: int
) -> Iterator[list[TimedFrame]]:
    """Decode the first frames of the GOPs in which some times lie.

    Parameters
    ----------
    path : Path
        A file that this program encoded.
    wanted_seconds : iterable of float
        Rising times in it.
    count : int
        How many frames from each keyframe on; fewer at the end of the file.

    Raises
    ------
    DecodeError
        If one cannot be decoded.
    """
    info = probe(path)
    unit = info.video.time_base
    with reading(path), open_media(path) as container:
        stream = _video(container, path)
        stream.thread_type = "SLICE"
        for seconds in wanted_seconds:
            container.seek(int(seconds / unit), stream=stream)
            frames = list(islice(container.decode(stream), count))
            if not frames or any(frame.is_corrupt for frame in frames):
                raise DecodeError(f"{path.name} cannot be decoded at second {seconds:.1f}")
            yield [_timed(frame, info.video) for frame in frames]


def _timed(decoded: VideoFrame, video: VideoInfo) -> TimedFrame:
    pts = decoded.pts or 0
    seconds = video.seconds(pts)
    where = f"at second {seconds:.1f}"
    shown = working_frame(decoded, video.format, where, video.crop)
    frame = Frame(shown, video.format, frame_index=0, pts=pts, duration=shown.duration)
    return TimedFrame(frame, seconds)


def psnr_y(a: Planes, b: Planes, where: NDArray[np.bool_] | None = None) -> float:
    """Return the peak signal-to-noise ratio of two frames' luma, in dB.

    Parameters
    ----------
    a, b : Planes
        Two frames of the same size.
    where : ndarray of bool, shape (height, width), optional
        Which pixels count; all where it is left out.

    Returns
    -------
    float
        Infinity where they are equal.
    """
    difference = a.y.astype(np.float32) - b.y
    squares = np.square(difference, out=difference)
    mean = float(np.mean(squares, where=True if where is None else where, dtype=np.float64))
    return float("inf") if mean == 0 else 10 * float(np.log10(_PEAK**2 / mean))
