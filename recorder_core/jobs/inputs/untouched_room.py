"""The view of a room as it was seen, put back into a recording that shows it de-identified."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Final

import numpy as np

from recorder_core.composite.canvas import paste_planes
from recorder_core.errors import SettingsError
from recorder_core.media import Frame, Video
from recorder_core.model import Planes, View
from recorder_core.tables import DetectionTable

__all__ = ["UntouchedRoom", "untouched_room"]

#: containers round time stamps
_SAME_SECONDS: Final = Fraction(1, 1000)


@dataclass(frozen=True, slots=True)
class UntouchedRoom:
    """The view of a room as it was seen; :func:`untouched_room` makes one.

    Attributes
    ----------
    video : Video
        Open; its frames have the time stamps of those of the recording.
    sha256 : str
        Of its file.
    place : View
        Where the recording shows it.
    detections : DetectionTable or None
        What was hidden of it while it was recorded rests on these; None: a copy does without.
    """

    video: Video = field(repr=False)
    sha256: str
    place: View
    detections: DetectionTable | None = field(default=None, repr=False)

    def put_back(self, frames: Generator[Frame, None, None]) -> Generator[Frame, None, None]:
        """Yield the frames of the recording, each with the view of its time pasted over.

        A frame without one, such as a black one for what did not decode, stays as it is.

        Parameters
        ----------
        frames : generator of Frame
            In order; closed at the end.
        """
        with closing(frames):
            first = next(frames, None)
            if first is None:
                return
            with closing(self._from(_seconds(first))) as views:
                view = next(views, None)
                frame: Frame | None = first
                while frame is not None:
                    wanted = _seconds(frame)
                    while view is not None and _seconds(view) < wanted - _SAME_SECONDS:
                        view = next(views, None)
                    is_there = view is not None and _seconds(view) <= wanted + _SAME_SECONDS
                    yield self._pasted(frame, view.planes) if view and is_there else frame
                    frame = next(frames, None)

    def _from(self, seconds: Fraction) -> Generator[Frame, None, None]:
        """Decode the frames from a time on."""
        pts, time_base = self.video.index.pts, self.video.info.video.time_base
        first = int(np.searchsorted(pts, float((seconds - _SAME_SECONDS) / time_base)))
        return self.video.decode(first)

    def _pasted(self, frame: Frame, view: Planes) -> Frame:
        if frame.is_gap:
            return frame
        # the decoder still needs its own
        pasted = Frame.of_planes(
            frame.planes,
            frame.format,
            frame_index=frame.frame_index,
            pts=frame.pts,
            duration=frame.duration,
        )
        pasted.paint_over(partial(paste_planes, planes=view, part=self.place, offset=(0, 0)))
        return pasted


def untouched_room(video: Video, place: View) -> UntouchedRoom:
    """Return the view of a room, to be put back into its recording.

    Parameters
    ----------
    video : Video
        Of the view alone; stays open, and its owner's.
    place : View
        Where the recording shows it.

    Raises
    ------
    SettingsError
        If it is not as large as its place.
    """
    size = video.info.video.width, video.info.video.height
    if size != (place.width, place.height):
        raise SettingsError(
            f"the view of the room is {size[0]}x{size[1]} and its place in the recording "
            f"{place.width}x{place.height}: it cannot be put back"
        )
    return UntouchedRoom(video, video.sha256, place)


def _seconds(frame: Frame) -> Fraction:
    return frame.pts * frame.format.time_base
