"""What a decoder says beside the pixels of a frame."""

from __future__ import annotations

from typing import Any

from av.sidedata.sidedata import SideDataContainer
from av.video.frame import VideoFrame

__all__ = ["frame_side_data"]


def frame_side_data(frame: VideoFrame) -> Any:
    """Return the side data of a frame by its kind, `av.sidedata.sidedata.Type`.

    `frame.side_data` would refer to the frame, and the frame to it: only the collector of cycles
    frees such a frame, and until then a decoder's whole pool of buffers stays with it.
    """
    # PyAV does not declare what it is made of
    container: Any = SideDataContainer
    return container(frame)
