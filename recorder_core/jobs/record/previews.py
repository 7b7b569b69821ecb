"""Previews of a running recording: small pictures of the composite, a few a second."""

from __future__ import annotations

import math
import time
from concurrent.futures import CancelledError, Future
from dataclasses import replace
from typing import Final

from recorder_core.jobs.record.composer import ComposedFrame, Composer
from recorder_core.media import Frame
from recorder_core.media.frames.picture import encode_frame

__all__ = ["Previews"]

#: between two pictures
_INTERVAL_SECONDS: Final = 0.25
#: and while the encoder is behind, which needs the processor: a picture takes about 10 ms of it,
#: and who watches must see the room
_BEHIND_INTERVAL_SECONDS: Final = 1.0
#: a picture that was asked for when somebody watched so long ago is of then, not of now
_OLD_SECONDS: Final = 3.0
#: a preview is about so wide, whatever the composite is, and stays far below 1 MiB
_WIDTH_PX: Final = 960
_QUALITY: Final = 80


class Previews:
    """Makes previews, for one thread: four a second, and fewer while the encoder is behind.

    Parameters
    ----------
    composer : Composer
        Of the frames.
    """

    def __init__(self, composer: Composer) -> None:
        self._composer = composer
        self._next: Future[ComposedFrame] | None = None
        self._made = self._polled = float("-inf")

    def newest(self) -> bytes | None:
        """Return a preview as JPEG, if one is due and there; this does not wait."""
        now = time.monotonic()
        if now - self._polled > _OLD_SECONDS:
            self._next = None
        self._polled = now
        if self._next is None:
            if now - self._made >= self._interval_seconds:
                self._next = self._composer.frame_at(now)
            return None
        if not self._next.done():
            return None
        asked, self._next = self._next, None
        self._made = now
        try:
            return encode_frame(_reduced(asked.result().frame).to_rgb(), quality=_QUALITY)
        except CancelledError:
            return None

    @property
    def _interval_seconds(self) -> float:
        return _BEHIND_INTERVAL_SECONDS if self._composer.is_behind else _INTERVAL_SECONDS


def _reduced(frame: Frame) -> Frame:
    """Return a smaller copy of a frame, of every second, third, ... pixel."""
    planes = frame.planes
    step = max(1, math.ceil(planes.y.shape[1] / _WIDTH_PX))
    smaller = [plane[::step, ::step] for plane in (planes.y, planes.u, planes.v)]
    height, width = smaller[0].shape
    return Frame.of_planes(
        replace(planes, y=smaller[0], u=smaller[1], v=smaller[2]),
        replace(frame.format, width=width, height=height),
        frame_index=frame.frame_index,
        pts=frame.pts,
        duration=frame.duration,
    )
