"""What video compression does to one picture."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import av
import av.error
import numpy as np
from av.codec.codec import UnknownCodecError
from numpy.typing import NDArray

from recorder_core.errors import EncodeError

__all__ = ["compress_as_video"]

#: frames per second that are written; nothing depends on it
_RATE_HZ: Final = 25


def compress_as_video(
    before_bgr: NDArray[np.uint8], picture_bgr: NDArray[np.uint8], crf: int
) -> NDArray[np.uint8]:
    """Return a picture as H.264 shows it: predicted from the picture before it.

    Parameters
    ----------
    before_bgr : ndarray of shape (H, W, 3), uint8
        The picture before; H and W are even.
    picture_bgr : ndarray of shape (H, W, 3), uint8
    crf : int
        x264's constant rate factor: 18 looks like the picture, 45 is hardly to be seen.

    Returns
    -------
    ndarray of shape (H, W, 3), uint8
        The same for the same pictures: one thread encodes and decodes.

    Raises
    ------
    EncodeError
        If the pictures cannot be encoded, or do not come back.
    """
    try:
        frames = _there_and_back((before_bgr, picture_bgr), crf)
    except (av.error.FFmpegError, UnknownCodecError, ValueError) as exc:
        raise EncodeError(
            f"pictures of shape {before_bgr.shape} and {picture_bgr.shape} cannot be compressed "
            "as H.264"
        ) from exc
    if len(frames) != 2:
        raise EncodeError(f"{len(frames)} of 2 compressed pictures came back")
    return np.asarray(frames[1].to_ndarray(format="bgr24"), np.uint8)


def _there_and_back(pictures: Sequence[NDArray[np.uint8]], crf: int) -> list[av.VideoFrame]:
    height, width = pictures[0].shape[:2]
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.thread_count = Fraction(1, _RATE_HZ), 1
    encoder.options = {"preset": "superfast", "tune": "zerolatency", "crf": str(crf)}
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    packets = []
    for number, shown in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(shown, format="bgr24")
        frame.pts = number
        packets += encoder.encode(frame)
    return [
        frame
        for packet in (*packets, *encoder.encode(None), None)
        for frame in decoder.decode(packet)
    ]
