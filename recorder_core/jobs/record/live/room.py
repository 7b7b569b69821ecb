"""What a recording keeps of the room beside its video: detections, and the view as it is."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import asdict, replace
from fractions import Fraction
from typing import Final

import numpy as np

from recorder_core.errors import ArchiveError, CatalogError, DataError
from recorder_core.jobs.archive import EventRecording
from recorder_core.jobs.archive.marker_kinds import ROOM_HIDDEN
from recorder_core.jobs.record.frame_queue import FrameQueue
from recorder_core.jobs.record.live.picture import DeidentifiedPicture
from recorder_core.jobs.record.live.settings import LiveSettings
from recorder_core.jobs.record.summary import LiveSummary
from recorder_core.jobs.record.writing import RecordingWriter
from recorder_core.media import EncoderSettings, FragmentWriter, Frame
from recorder_core.model import FrameDetections, FrameFormat, View

__all__ = ["LiveRoom", "room_encoder"]

_MIN_BPS: Final = 1_000_000


def room_encoder(
    encoder: EncoderSettings, composite: FrameFormat, room: FrameFormat
) -> EncoderSettings:
    """Return how the view of the room is encoded: H.264, at its share of the composite's rate."""
    cap = encoder.max_bit_rate_bps
    if cap is not None:
        share = room.width * room.height / (composite.width * composite.height)
        cap = max(_MIN_BPS, round(cap * share))
    return replace(encoder, encoder="libx264", max_bit_rate_bps=cap, threads=1)


class LiveRoom:
    """Keeps what becomes known of the room; threads may share it.

    Parameters
    ----------
    picture : DeidentifiedPicture
        Of the recording.
    recording : EventRecording
        Of the event.
    place : View
        Where in the composite the room is seen.
    settings : LiveSettings
        Stored with the detections.
    rate : Fraction
        Frames per second.
    """

    def __init__(
        self,
        picture: DeidentifiedPicture,
        recording: EventRecording,
        place: View,
        settings: LiveSettings,
        rate: Fraction,
    ) -> None:
        #: what the composer composes
        self.picture = picture
        self._recording, self._place, self._rate = recording, place, rate
        self._detections = recording.open_detections(1 / rate, {"live": asdict(settings)})
        self._lock = threading.Lock()
        self._found: list[FrameDetections] = []
        self._queue = FrameQueue(rate)
        #: of the view as it is, where it is kept
        self.writer: RecordingWriter | None = None
        #: frames of that view that were left out, because the encoder was held up
        self.dropped = 0
        self._has_failed, self._is_stored = False, True

    def keep_untouched(self, room_format: FrameFormat, encoder: EncoderSettings) -> None:
        """Record the view as it is, too, sealed to those who may see originals."""
        self._video = self._recording.open_stream("room")
        writer = FragmentWriter(self._video.sink, room_format, encoder, frame_rate=self._rate)
        self.writer = RecordingWriter(self._queue, writer, None, self._rate)

    def start(self) -> None:
        """Start the threads."""
        self.picture.start()
        if self.writer is not None:
            self.writer.start()

    def keep(self, frame: Frame) -> None:
        """Keep what is known of the room in a frame that was composed, by its index."""
        room = self.picture.pop_room()
        if room is None:
            return
        if room.detections is not None:
            with self._lock:
                self._found.append(self._in_composite(room.detections, frame))
        if self.writer is not None and not self._queue.offer(room.frame):
            self.dropped += 1

    def update(self) -> list[str]:
        """Store what was found and mark what was hidden; return what went wrong, each once."""
        with self._lock:
            found, self._found = self._found, []
        faults = self._store(found)
        for span in self.picture.hidden.pop_new():
            faults += self._mark_hidden(span)
        error = self.picture.error
        if error is not None and not self._has_failed:
            self._has_failed = True
            faults.append(
                f"faces can no longer be looked for ({type(error).__name__}), so that the view of "
                "the room stays hidden: end the recording and begin another"
            )
        return faults

    def close(self) -> None:
        """End the threads; the composer must have ended."""
        self.picture.close()
        self._queue.end()
        if self.writer is not None:
            self.writer.join()

    def finish(self) -> None:
        """Set when the frames of the view as it is are shown.

        Raises
        ------
        EncodeError
            If it could not be written to its end.
        """
        if self.writer is not None:
            self._video.index = self.writer.times()

    @property
    def summary(self) -> LiveSummary:
        """What became of the view of the room."""
        hidden = self.picture.hidden
        return LiveSummary(hidden.count, hidden.spans, self.dropped)

    @property
    def video_bytes(self) -> int:
        """Of the view as it is."""
        return 0 if self.writer is None else self._video.sink.tell()

    def _store(self, found: Sequence[FrameDetections]) -> list[str]:
        if not self._is_stored:
            return []
        try:
            self._detections.append(found)
        except (ArchiveError, DataError) as error:
            self._is_stored = False
            return [f"no more detections of faces are recorded: {error}"]
        return []

    def _mark_hidden(self, span: tuple[float, float]) -> list[str]:
        start, stop = span
        try:
            self._recording.journal.mark(ROOM_HIDDEN, start_seconds=start, stop_seconds=stop)
        except (ArchiveError, CatalogError) as error:
            return [f"the marker {ROOM_HIDDEN} at {start:.1f} s is missing: {error}"]
        return []

    def _in_composite(self, found: FrameDetections, frame: Frame) -> FrameDetections:
        moved = found.boxes_xyxy_px + np.array([self._place.x, self._place.y] * 2, np.float32)
        return FrameDetections(frame.frame_index, frame.pts, moved, found.scores)
