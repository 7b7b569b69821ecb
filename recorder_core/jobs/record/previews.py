"""Previews of a running recording: small pictures of the composite, a few a second."""

from __future__ import annotations

import time
from concurrent.futures import CancelledError, Future
from dataclasses import replace
from typing import Final

from recorder_core.jobs.record.composer import ComposedFrame, Composer
from recorder_core.media import Frame
from recorder_core.media.frames.picture import encode_frame

__all__ = ["Previews"]

#: pictures a second
_RATE: Final = 4.0
#: of the composite's pixels every other, across and down
_STEP: Final = 2


class Previews:
    """Makes previews, for one thread, at most so many a second.

    Parameters
    ----------
    composer : Composer
        Of the frames.
    """

    def __init__(self, composer: Composer) -> None:
        self._composer = composer
        self._next: Future[ComposedFrame] | None = None
        self._made = float("-inf")

    def newest(self) -> bytes | None:
        """Return a preview as JPEG, if one is due and there; this does not wait."""
        if self._next is None:
            is_due = time.monotonic() - self._made >= 1 / _RATE
            if is_due and not self._composer.is_behind:
                self._next = self._composer.frame_at(time.monotonic())
            return None
        if not self._next.done():
            return None
        asked, self._next = self._next, None
        self._made = time.monotonic()
        try:
            return encode_frame(_reduced(asked.result().frame).to_rgb())
        except CancelledError:
            return None


def _reduced(frame: Frame) -> Frame:
    """Return a smaller copy of a frame, of every other pixel."""
    planes = frame.planes
    smaller = [plane[::_STEP, ::_STEP] for plane in (planes.y, planes.u, planes.v)]
    height, width = smaller[0].shape
    return Frame.of_planes(
        replace(planes, y=smaller[0], u=smaller[1], v=smaller[2]),
        replace(frame.format, width=width, height=height),
        frame_index=frame.frame_index,
        pts=frame.pts,
        duration=frame.duration,
    )
