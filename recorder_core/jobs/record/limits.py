"""What ends a recording that nobody ends: a disk that is filling up, or a signal that is gone."""

from __future__ import annotations

import time
from typing import Final

from recorder_core.archive import SealedWriter
from recorder_core.jobs.record.request import RecordRequest
from recorder_core.jobs.record.room.sources import RoomSources
from recorder_core.jobs.record.space import SpaceGuard, SpaceLeft

__all__ = ["RecordingLimits"]

_SPACE_SECONDS: Final = 1.0


class RecordingLimits:
    """Checks whether a recording is to end; for one thread.

    Parameters
    ----------
    request : RecordRequest
        What is recorded.
    sources : RoomSources
        What gives it.
    sink : SealedWriter
        Takes its video.
    guard : SpaceGuard
        Of the disks.

    Attributes
    ----------
    space : SpaceLeft
        How much space is left, as of the last second.
    """

    def __init__(
        self, request: RecordRequest, sources: RoomSources, sink: SealedWriter, guard: SpaceGuard
    ) -> None:
        self._request, self._sources = request, sources
        self._sink, self._guard = sink, guard
        self._checked = float("-inf")
        self.space = SpaceLeft(0, float("inf"))

    def end_reason(self, video_bytes: int, seconds: float) -> str:
        """Return why the recording is to end, as a sentence; empty where it goes on.

        Parameters
        ----------
        video_bytes : int
            Of all its videos so far.
        seconds : float
            How long it is.
        """
        self._measure(video_bytes, seconds)
        if self.space.is_used_up:
            return "the recording was ended before the disk is full: delete events"
        settings = self._request.room.unattended
        if not self._request.is_unattended or settings is None:
            return ""
        if not settings.is_gone(self._sources.frames[settings.source].state, time.monotonic()):
            return ""
        return (
            f"{settings.source} has given no signal for {settings.gone_seconds:g} s, so that "
            "the recording was ended"
        )

    def _measure(self, video_bytes: int, seconds: float) -> None:
        """Measure the space that is left, once a second."""
        now = time.monotonic()
        if now - self._checked >= _SPACE_SECONDS:
            self._checked = now
            self.space = self._guard.measure(self._sink.whole_roots, video_bytes, seconds)
