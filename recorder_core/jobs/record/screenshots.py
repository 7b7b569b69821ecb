"""Screenshots of a running recording: frames of the composite, sealed beside the video."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.catalog import Screenshot
from recorder_core.composite import picture_without_zones
from recorder_core.errors import WrongState
from recorder_core.jobs.archive import EventRecording
from recorder_core.jobs.record.composer import ComposedFrame, Composer
from recorder_core.jobs.record.event_time import EventTime
from recorder_core.jobs.record.room.config import RoomConfig
from recorder_core.model.values.phrase import phrase

__all__ = ["Screenshots"]

#: how many may wait for the disk; a foot switch that is held down takes no more
_MAX_WAITING: Final = 8


class Screenshots:
    """Takes screenshots; threads may share it.

    Parameters
    ----------
    recording : EventRecording
        Of the event.
    composer : Composer
        Of its frames.
    room : RoomConfig
        Of what they are.
    time : EventTime
        Of the event.
    """

    def __init__(
        self, recording: EventRecording, composer: Composer, room: RoomConfig, time: EventTime
    ) -> None:
        self._recording, self._composer, self._room = recording, composer, room
        self._time = time
        self._waiting = threading.BoundedSemaphore(_MAX_WAITING)
        self._lock, self._is_closed = threading.Lock(), False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="screenshots")

    def take(self, seconds: float, *, by: str | None, note: str | None) -> Future[Screenshot]:
        """Seal a picture of the frame of a moment, or of the next where that has gone.

        Parameters
        ----------
        seconds : float
            By `time.monotonic`.
        by : str or None
            User id of who took it; None: who records.
        note : str or None
            A caption; stored sealed.

        Raises
        ------
        WrongState
            If so many wait that the disk does not keep up, or the recording has ended.
        """
        if not self._waiting.acquire(blocking=False):
            raise WrongState(
                phrase(
                    "rec_waits", "screenshots wait for a slow disk: take this one again in a moment"
                )
            )
        try:
            taken = self._submit(seconds, by, note)
        except BaseException:
            self._waiting.release()
            raise
        taken.add_done_callback(lambda _: self._waiting.release())
        return taken

    def close(self) -> None:
        """Wait for those that were asked for; the composer must have ended."""
        with self._lock:
            self._is_closed = True
        self._thread.shutdown()

    def _submit(self, seconds: float, by: str | None, note: str | None) -> Future[Screenshot]:
        with self._lock:
            if self._is_closed:
                raise WrongState("the recording has ended: take a picture of its video")
            return self._thread.submit(self._seal, self._composer.frame_at(seconds), by, note)

    def _seal(self, frame: Future[ComposedFrame], by: str | None, note: str | None) -> Screenshot:
        try:
            shown = frame.result()
        except CancelledError:
            raise WrongState("the recording ended before the frame of the screenshot") from None
        return self._recording.journal.add_screenshot(
            self._picture(shown),
            frame_index=shown.frame.frame_index - self._time.first_index,
            pts=shown.frame.pts - self._time.first_tick,
            at_seconds=self._time.ticks.room_seconds(shown.frame.pts - self._time.first_tick),
            note=note,
            by=by,
        )

    def _picture(self, shown: ComposedFrame) -> NDArray[np.uint8]:
        """Return what a screenshot shows: the composite, or a source in its own size."""
        source = self._room.screenshot_of
        if source is None:
            return shown.frame.to_rgb()
        if source not in shown.shown:
            raise WrongState(f"the source {source} gives nothing of which a screenshot can be")
        return picture_without_zones(shown.shown[source], self._room.layout.zones_of(source))
