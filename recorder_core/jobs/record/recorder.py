"""Record a room: what its sources give becomes one event of the archive.

Threads that never wait for each other: each source has its own; one composes a frame every tick;
one encodes and writes; one collects signals; one seals screenshots. Who drives the recording polls
it: :meth:`RoomRecorder.wait` supervises.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Final

from recorder_core.capture.source import SourceCounters, SourceState
from recorder_core.capture.switch import SwitchPress
from recorder_core.catalog import Marker, Screenshot
from recorder_core.errors import RecorderError, WrongState
from recorder_core.jobs.archive import EventNames, EventRecording
from recorder_core.jobs.record.entries import Entries
from recorder_core.jobs.record.event_time import EventTime
from recorder_core.jobs.record.limits import RecordingLimits
from recorder_core.jobs.record.live.hidden import HiddenSpans
from recorder_core.jobs.record.parts import RecorderParts
from recorder_core.jobs.record.previews import Previews
from recorder_core.jobs.record.request import RecordRequest
from recorder_core.jobs.record.room.sources import RoomSources
from recorder_core.jobs.record.screenshots import Screenshots
from recorder_core.jobs.record.space import SpaceLeft
from recorder_core.jobs.record.summary import RecordingSummary
from recorder_core.model import EventClock
from recorder_core.model.values.phrase import phrase

__all__ = ["RoomRecorder"]

_POLL_SECONDS: Final = 0.05
#: kinds of the markers of a foot switch
_SWITCH: Final = "foot-switch"
_LONG_PRESS: Final = "foot-switch-long"


class RoomRecorder:
    """A recording that runs; threads may share it.

    Attributes
    ----------
    event_id : str
        Of the new event.
    faults : list of str
        What went wrong beside it.
    """

    def __init__(
        self,
        request: RecordRequest,
        sources: RoomSources,
        recording: EventRecording,
        parts: RecorderParts,
        entries: Entries,
        *,
        event_time: EventTime,
        counted: Mapping[str, SourceCounters],
    ) -> None:
        self._request, self._sources, self._recording = request, sources, recording
        self._entries, self._time, self._counted = entries, event_time, counted
        self._parts, self._names = parts, request.names
        self._screenshots = Screenshots(recording, parts.composer, request.room, event_time)
        self._stop_seconds = math.inf
        self._previews = Previews(parts.composer)
        self._wake = threading.Event()
        self._limits = RecordingLimits(request, sources, recording.sink, parts.guard)
        self.event_id = recording.event_id
        self.faults = entries.faults
        #: why it is to end, as a sentence; empty where somebody wants it
        self.stop_reason = ""

    @property
    def fragmented(self) -> tuple[str, ...]:
        """Why the video stays as it was recorded, once the block of `record_room` has ended."""
        return self._recording.fragmented

    def make_seekable(self, pace: Callable[[], None]) -> None:
        """Make its videos seekable, where its request says later; see `EventRecording`."""
        self._recording.make_seekable(pace)

    @property
    def encoder(self) -> str:
        """What encodes, and why, as a sentence."""
        return self._parts.encoder

    @property
    def clock(self) -> EventClock:
        """Of the event."""
        return self._recording.clock

    @property
    def seconds(self) -> float:
        """How long the event is, by its clock; 0 until the first frame is shown."""
        return max(self._recording.clock.seconds(time.monotonic()), 0.0)

    @property
    def is_paused(self) -> bool:
        """Whether it is paused."""
        return self._parts.pauses.is_on

    @property
    def space(self) -> SpaceLeft:
        """How much space is left, as of the last second."""
        return self._limits.space

    @property
    def newest_entries(self) -> tuple[Marker | Screenshot, ...]:
        """Its newest markers of people, and its screenshots, as of `JournalStream`."""
        return self._recording.journal.newest

    @property
    def dropped_frames(self) -> int:
        """Ticks without a frame of their own so far."""
        return self._parts.composer.dropped - (self._time.first_tick - self._time.first_index)

    @property
    def frame_count(self) -> int:
        """Frames of the composite so far."""
        return self._parts.composer.next_tick - self._time.first_tick - self.dropped_frames

    @property
    def hidden(self) -> HiddenSpans | None:
        """When the view of the room was hidden; None where it is not de-identified."""
        return None if self._parts.live is None else self._parts.live.picture.hidden

    @property
    def audio_level_dbfs(self) -> float | None:
        """Peak of the audio of the last second, dB below full scale; None: there is no audio."""
        audio = self._parts.writer.audio
        return None if audio is None else audio.level_dbfs

    def source_states(self) -> list[SourceState]:
        """Return how each source is, and what became of what it gave since the event began."""
        return self._sources.states(self._counted)

    # -- what people do -------------------------------------------------------------------

    def mark(
        self,
        kind: str,
        *,
        asked_seconds: float | None = None,
        note: str | None = None,
        by: str | None = None,
    ) -> Marker:
        """Mark a moment.

        Parameters
        ----------
        kind : str
            Code, such as incision; stored in clear.
        asked_seconds : float, optional
            When, by `time.monotonic`; now unless given.
        note : str, optional
            Free text; stored sealed.
        by : str, optional
            User id of whose marker it is; who records unless given.

        Raises
        ------
        CatalogError
            If the kind is no code.
        WrongState
            If the recording has ended.
        """
        seconds = self._event_seconds(asked_seconds)
        return self._recording.journal.mark(kind, start_seconds=seconds, note=note, by=by)

    def take_screenshot(
        self,
        *,
        asked_seconds: float | None = None,
        note: str | None = None,
        by: str | None = None,
    ) -> Future[Screenshot]:
        """Seal a picture of the composite; parameters as of :meth:`mark`.

        Raises
        ------
        WrongState
            In a pause, or if too many wait for the disk.
        """
        moment = time.monotonic() if asked_seconds is None else asked_seconds
        self._parts.pauses.check_shown(self._room_seconds(moment))
        return self._screenshots.take(moment, by=by, note=note)

    def pause(self, *, asked_seconds: float | None = None) -> None:
        """Record nothing of the room from a moment on; the clock of the event goes on.

        Where the moment is recorded already, because this was called late, the pause begins with
        what is not, and its marker says so.

        Raises
        ------
        WrongState
            If it is paused already.
        """
        parts = self._parts

        def open_seconds() -> float:
            return parts.ticks.room_seconds(parts.composer.open_tick)

        if not parts.pauses.begin(self._room_seconds(asked_seconds), open_seconds):
            raise WrongState(phrase("rec_paused", "the recording is paused already: resume it"))

    def resume(self, *, asked_seconds: float | None = None, by: str | None = None) -> None:
        """Record the room again from a moment on, and mark the pause.

        Raises
        ------
        WrongState
            If it is not paused.
        """
        if not self._end_pause(self._room_seconds(asked_seconds), by):
            raise WrongState(phrase("rec_goes_on", "the recording is not paused"))

    def describe(self, names: EventNames) -> None:
        """Seal names of people and places; fields without a value stay as they were."""
        given = {key: value for key, value in names.to_dict().items() if value}
        known = replace(self._names, **given)
        self._recording.describe(known)
        self._names = known

    def stop(self, reason: str = "") -> None:
        """Ask for the end; who drives the recording then finishes it.

        Nothing of the room is recorded from now on, also where a command that waits for a slow
        disk must be answered first.

        Parameters
        ----------
        reason : str, optional
            Why, as a sentence, where nobody wanted it.
        """
        self.stop_reason = self.stop_reason or reason
        self._parts.end_at(self._end_moment())
        self._wake.set()

    # -- what drives it ---------------------------------------------------------------------

    def wait(self, seconds: float) -> bool:
        """Supervise the recording for a while; return whether it goes on.

        Raises
        ------
        RecorderError
            If it cannot go on; what is there is saved with ``workbench event finalise``.
        """
        until = time.monotonic() + seconds
        while not self._is_over():
            self._check_parts()
            self._update_live()
            self._entries.mark_gaps(self._time.gaps(self._parts.gaps()))
            if reason := self._limits.end_reason(self._video_bytes(), self.seconds):
                self.stop(reason)
            left = until - time.monotonic()
            if left <= 0:
                return True
            self._wake.wait(min(left, _POLL_SECONDS))
        return False

    def preview(self) -> bytes | None:
        """Return a small picture of the composite as JPEG, if one is due; this does not wait."""
        return self._previews.newest()

    def finish(self) -> RecordingSummary:
        """End the recording and complete the event.

        Raises
        ------
        RecorderError
            If a file of it cannot be completed.
        """
        parts = self._parts
        room_seconds = self._end_parts()
        seconds = self._time.seconds(room_seconds)
        self._check_parts()
        times = parts.writer.times()
        gaps = self._time.gaps(parts.finish_gaps(room_seconds))
        self._entries.mark_gaps(gaps, seconds)
        self._end_pause(room_seconds, None)
        self._update_live()
        if parts.live is not None:
            parts.live.finish(len(times))
        video_bytes = self._video_bytes()
        self._recording.finish(seconds, times)
        states = self.source_states()
        self._entries.add_devices(states, self._sources.frames)
        return RecordingSummary(
            event_id=self.event_id,
            seconds=seconds,
            frame_count=len(times),
            dropped_frames=self.dropped_frames,
            video_bytes=video_bytes,
            sources={state.name: state.counters for state in states},
            gaps=tuple(sorted(gaps, key=lambda gap: gap.start_seconds)),
            live=None if parts.live is None else parts.live.summary(self._time),
            stop_reason=self.stop_reason,
            faults=tuple(self.faults),
        )

    def begin(self, asked_seconds: float) -> None:
        """Enter everything into the event.

        Parameters
        ----------
        asked_seconds : float
            By `time.monotonic`, when somebody began it; what was pressed before is ignored, and a
            given length counts from it, or from second 0 where that is later.
        """
        parts, duration = self._parts, self._request.duration_seconds
        parts.open(self._recording)
        if duration is not None:
            moment = max(asked_seconds, self.clock.zero_monotonic_seconds)
            self._stop_seconds = self.clock.seconds(moment) + duration
            parts.end_at(moment + duration)
        parts.collector.tell(self.press, self.faults, asked_seconds)
        parts.begin(self._recording, self._time, self._request.event_lines(self.event_id))

    def abandon(self) -> None:
        """End the threads; does nothing after `finish`."""
        self._end_parts()

    def press(self, press: SwitchPress) -> None:
        """Seal a picture of the composite and mark the moment, as a foot switch does."""
        kind = _LONG_PRESS if press.is_long else _SWITCH
        try:
            self.mark(kind, asked_seconds=press.seconds, by=_SWITCH)
        except RecorderError as error:  # it does not end the recording
            self.faults.append(f"a press of the foot switch was lost: {error}")
            return
        try:
            taken = self.take_screenshot(asked_seconds=press.seconds, by=_SWITCH)
        except RecorderError as error:
            self.faults.append(f"a screenshot of the foot switch was not taken: {error}")
        else:
            taken.add_done_callback(self._note_fault)

    # -- inside -------------------------------------------------------------------------------

    def _end_parts(self) -> float:
        """End the threads; return when the recording ended, by the room's clock."""
        room_seconds = self._parts.end_capture(self._end_moment())
        self._screenshots.close()
        self._parts.writer.join()
        return room_seconds

    def _end_moment(self) -> float:
        """Return now, by `time.monotonic`; one tick is there at least."""
        return max(time.monotonic(), self._parts.ticks.seconds(self._time.first_tick + 1))

    def _is_over(self) -> bool:
        return self._wake.is_set() or self.seconds >= self._stop_seconds

    def _event_seconds(self, asked_seconds: float | None) -> float:
        return self._time.seconds(self._room_seconds(asked_seconds))

    def _room_seconds(self, asked_seconds: float | None) -> float:
        moment = time.monotonic() if asked_seconds is None else asked_seconds
        return max(self._time.zero_seconds, self._parts.ticks.clock.seconds(moment))

    def _check_parts(self) -> None:
        """Raise why a thread ended before it was asked to."""
        try:
            self._parts.check(
                f"the recording of event {self.event_id} cannot go on; what is there is saved with "
                f"'workbench event finalise {self.event_id}'"
            )
        except RecorderError:
            self._entries.mark_broken_off(self._event_seconds(None))
            raise

    def _update_live(self) -> None:
        """Store what became known of the room, and say what went wrong."""
        if self._parts.live is not None:
            self.faults.extend(self._parts.live.update())

    def _video_bytes(self) -> int:
        live = self._parts.live
        return self._recording.sink.tell() + (0 if live is None else live.video_bytes)

    def _end_pause(self, room_seconds: float, by: str | None) -> bool:
        room_span = self._parts.pauses.end(room_seconds)
        span = None if room_span is None else self._time.span(room_span)
        if span is not None:
            self._entries.mark_pause(span, by)
        return span is not None

    def _note_fault(self, taken: Future[Screenshot]) -> None:
        if not taken.cancelled() and (error := taken.exception()) is not None:
            self.faults.append(f"a screenshot of the foot switch was not taken: {error}")
