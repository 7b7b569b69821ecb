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
from recorder_core.jobs.archive.place.roles import FileRole
from recorder_core.jobs.archive.recording.detections import DetectionStream
from recorder_core.jobs.archive.recording.videos import VideoStream
from recorder_core.jobs.record.event_time import EventTime
from recorder_core.jobs.record.frame_queue import FrameQueue
from recorder_core.jobs.record.held_rows import HeldRows, moved_detections
from recorder_core.jobs.record.live.picture import DeidentifiedPicture
from recorder_core.jobs.record.room.deidentification import LiveSettings
from recorder_core.jobs.record.summary import LiveSummary
from recorder_core.jobs.record.writing import RecordingWriter
from recorder_core.media import EncoderSettings, FragmentWriter, Frame
from recorder_core.model import FrameDetections, FrameFormat, View

__all__ = ["LiveRoom", "room_encoder"]

_MIN_BPS: Final = 1_000_000
#: the videos of an event begin with the same frame, and one encoder may be behind the other
_MORE_SECONDS: Final = 2.0


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
    place : View
        Where in the composite the room is seen.
    settings : LiveSettings
        Stored with the detections.
    rate : Fraction
        Frames per second.
    hold_seconds : float
        How much of the newest is held before the event has begun.
    """

    def __init__(
        self,
        picture: DeidentifiedPicture,
        place: View,
        settings: LiveSettings,
        rate: Fraction,
        hold_seconds: float,
    ) -> None:
        #: what the composer composes
        self.picture = picture
        self._place, self._rate, self._settings = place, rate, settings
        self._hold_seconds = hold_seconds
        self._event: tuple[EventRecording, EventTime] | None = None
        self._detections = HeldRows[FrameDetections](
            lambda found: float(found.pts / rate), moved_detections, hold_seconds
        )
        self._lock = threading.Lock()
        self._found: list[FrameDetections] = []
        self._queue: FrameQueue  # from `keep_untouched` on
        #: of the view as it is, where it is kept
        self.writer: RecordingWriter | None = None
        self._stream: DetectionStream  # from `open` on
        self._video: VideoStream  # too, where it is kept
        #: frames of that view that were left out, because the encoder was held up
        self.dropped = 0
        self._has_failed, self._is_stored = False, True

    def keep_untouched(self, room_format: FrameFormat, encoder: EncoderSettings) -> None:
        """Record the view as it is, too, sealed to those who may see originals."""
        hold_seconds = self._hold_seconds and self._hold_seconds + _MORE_SECONDS
        writer = FragmentWriter(
            None, room_format, encoder, frame_rate=self._rate, hold_seconds=hold_seconds
        )
        self._queue = FrameQueue(room_format, self._rate)
        self.writer = RecordingWriter(self._queue, writer, None, self._rate)

    @property
    def roles(self) -> tuple[FileRole, ...]:
        """The files of an event that it keeps."""
        return ("detections",) if self.writer is None else ("detections", "room")

    def open(self, recording: EventRecording) -> None:
        """Open the files of an event, of which nothing is written before `begin`."""
        settings = {"live": asdict(self._settings)}
        self._stream = recording.open_detections(1 / self._rate, settings)
        if self.writer is not None:
            self._video = recording.open_stream("room")

    def begin(self, recording: EventRecording, time: EventTime) -> None:
        """Keep it with the event that is open from now on, and first what is held of it."""
        self._detections.begin(self._stream, time)
        if self.writer is not None:
            self.writer.begin(self._video.sink, time.first_tick)
        self._event = recording, time

    def start(self, *, encodes: bool = True) -> None:
        """Start the threads; `encodes` as of `RecordingWriter.start`."""
        self.picture.start()
        if self.writer is not None:
            self.writer.start(encodes=encodes)

    def keep(self, frame: Frame) -> None:
        """Keep what is known of the room in a frame that was composed, by its index."""
        room = self.picture.pop_room()
        if room is None:
            return
        if room.detections is not None:
            with self._lock:
                self._found.append(self._in_composite(room.detections, frame))
        if self.writer is not None:
            self._queue.offer(room.frame)

    def update(self) -> list[str]:
        """Store what was found and mark what was hidden; return what went wrong, each once.

        Before the event has begun what was found is held.
        """
        with self._lock:
            found, self._found = self._found, []
        faults = self._store(found)
        if self._event is None:
            return faults
        recording, time = self._event
        for span in filter(None, map(time.span, self.picture.hidden.pop_new())):
            faults += _mark_hidden(recording, span)
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
        if self.writer is not None:
            self._queue.end()
            self.writer.join()

    def finish(self, frame_count: int) -> None:
        """Set when the frames of the view as it is are shown.

        Parameters
        ----------
        frame_count : int
            Of the composite.

        Raises
        ------
        EncodeError
            If it could not be written to its end.
        """
        if self.writer is not None:
            self._video.index = self.writer.times()
            self.dropped = frame_count - len(self._video.index)

    def summary(self, time: EventTime) -> LiveSummary:
        """Return what became of the view of the room in an event."""
        hidden = self.picture.hidden
        spans = tuple(filter(None, map(time.span, hidden.spans)))
        return LiveSummary(hidden.count, spans, self.dropped)

    @property
    def video_bytes(self) -> int:
        """Of the view as it is, once the event has begun."""
        return 0 if self.writer is None or self._event is None else self._video.sink.tell()

    def _store(self, found: Sequence[FrameDetections]) -> list[str]:
        if not self._is_stored:
            return []
        try:
            self._detections.append(found)
        except (ArchiveError, DataError) as error:
            self._is_stored = False
            return [f"no more detections of faces are recorded: {error}"]
        return []

    def _in_composite(self, found: FrameDetections, frame: Frame) -> FrameDetections:
        moved = found.boxes_xyxy_px + np.array([self._place.x, self._place.y] * 2, np.float32)
        return FrameDetections(frame.frame_index, frame.pts, moved, found.scores)


def _mark_hidden(recording: EventRecording, span: tuple[float, float]) -> list[str]:
    start, stop = span
    try:
        recording.journal.mark(ROOM_HIDDEN, start_seconds=start, stop_seconds=stop)
    except (ArchiveError, CatalogError) as error:
        return [f"the marker {ROOM_HIDDEN} at {start:.1f} s is missing: {error}"]
    return []
