"""Frames of a video as pictures, for a browser that has no address of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recorder_core.media import Video

__all__ = ["FramePictures"]


class FramePictures:
    """The frames of one video as pictures, each made when a browser asks for it.

    They go to the browser in messages of the widget, from memory: no file, no address and no stored
    notebook has them. There is no audio, a picture takes as long as it takes, and none comes while
    the kernel runs a cell.

    Parameters
    ----------
    open_video : callable
        Returns the video; called when the first frame is asked for.
    """

    def __init__(self, open_video: Callable[[], Video]) -> None:
        self._open_video = open_video
        self._video: Video | None = None

    def picture(self, frame_index: int) -> bytes:
        """Return one frame, as JPEG.

        Raises
        ------
        RecorderError
            If the video cannot be opened any more, or the frame is damaged.
        """
        from recorder_core.media.frames.picture import encode_frame

        if self._video is None:
            self._video = self._open_video()
        return encode_frame(self._video.frame(frame_index).to_rgb())

    def close(self) -> None:
        """Close the video; who asks for a frame opens it again."""
        if self._video is not None:
            self._video.close()
        self._video = None
