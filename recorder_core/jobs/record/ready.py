"""A room whose sources are open before its recording begins, and what is held of it meanwhile."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Final

from recorder_core.archive import CopyFault
from recorder_core.capture.source import SourceCounters, SourceState
from recorder_core.jobs.archive import Archive, EventNames, RecordingRequest, record_event
from recorder_core.jobs.record.entries import Entries
from recorder_core.jobs.record.event_time import EventTime
from recorder_core.jobs.record.parts import RecorderParts
from recorder_core.jobs.record.previews import Previews
from recorder_core.jobs.record.recorder import RoomRecorder
from recorder_core.jobs.record.request import RecordRequest
from recorder_core.jobs.record.room.sources import RoomSources
from recorder_core.jobs.record.space import SpaceLeft
from recorder_core.jobs.record.unattended import is_steady

__all__ = ["ReadyRoom"]

_POLL_SECONDS: Final = 0.05
#: how often it is noted what became of the frames of the sources
_COUNT_SECONDS: Final = 1.0


class ReadyRoom:
    """A room that can be recorded at any moment; for one thread.

    Parameters
    ----------
    archive : Archive
        Open, for an operator.
    request : RecordRequest
        What is recorded.
    sources : RoomSources
        Started.
    parts : RecorderParts
        Not started yet.
    """

    def __init__(
        self, archive: Archive, request: RecordRequest, sources: RoomSources, parts: RecorderParts
    ) -> None:
        self._archive, self._request, self._sources = archive, request, sources
        self._parts = parts
        #: since when, by `time.monotonic`
        self._shown: float | None = None
        self._is_holding = False
        self._previews = Previews(parts.composer)
        #: moment, by `time.monotonic`, and the counters of each source
        self._counted: deque[tuple[float, Mapping[str, SourceCounters]]] = deque()

    @property
    def held_seconds(self) -> float:
        """How long before now a recording would begin that somebody began now."""
        held = self._parts.writer.held_seconds if self._is_holding else 0.0
        return held + self._parts.delay_seconds if held else 0.0

    @property
    def shown_seconds(self) -> float | None:
        """For how long it is shown without being held; None where it is held."""
        return None if self._shown is None else time.monotonic() - self._shown

    @property
    def space(self) -> SpaceLeft:
        """How much space there is for a recording."""
        return self._parts.guard.measure(self._archive.folders.roots(), 0, 0.0)

    @property
    def encoder(self) -> str:
        """What encodes, and why, as a sentence."""
        return self._parts.encoder

    @property
    def audio_level_dbfs(self) -> float | None:
        """Peak of the audio of the last second, dB below full scale; None: there is no audio."""
        audio = self._parts.writer.audio
        return None if audio is None else audio.level_dbfs

    @property
    def is_room_hidden(self) -> bool | None:
        """Whether all of the view of the room is hidden now; None: it is not de-identified."""
        live = self._parts.live
        return None if live is None else live.picture.hidden.is_on

    def source_states(self) -> list[SourceState]:
        """Return how each source is."""
        return self._sources.states()

    def has_signal(self, name: str) -> bool:
        """Return whether a source gives frames that are no flicker."""
        return is_steady(self._sources.frames[name].state, time.monotonic())

    def preview(self) -> bytes | None:
        """Return a small picture of the composite as JPEG, if one is due; this does not wait."""
        return self._previews.newest()

    def hold(self) -> None:
        """Capture and encode from now on, into memory alone."""
        self._is_holding = True
        self._parts.start()

    def show(self) -> None:
        """Capture and compose from now on; nothing is encoded or held before `begin`."""
        self._shown = time.monotonic()
        self._parts.start(encodes=False)

    def wait(self, seconds: float) -> None:
        """Supervise it for a while.

        Raises
        ------
        RecorderError
            If it cannot go on; nothing was recorded.
        """
        until = time.monotonic() + seconds
        while True:
            self._parts.check("the room cannot be open any more")
            if self._parts.live is not None:
                self._parts.live.update()
            self._count()
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, _POLL_SECONDS))

    @contextmanager
    def begin(
        self, *, procedure_code: str | None = None, names: EventNames | None = None
    ) -> Iterator[RoomRecorder]:
        """Begin the recording with what is held, and lend what records it; as `record_room`.

        Of a room that is only shown it begins with the frame of now. One that cannot begin leaves
        what is held, which may begin with it again.

        Parameters
        ----------
        procedure_code : str, optional
            What is done; unless given, as was asked for.
        names : EventNames, optional
            Of people and places; unless given, as were asked for.
        """
        request = replace(
            self._request,
            procedure_code=procedure_code or self._request.procedure_code,
            names=self._request.names if names is None else names,
        )
        with ExitStack() as stack:
            try:
                recorder = self._begun(request, stack)
            except BaseException:
                self._parts.release_held()
                raise
            stack.callback(recorder.abandon)
            yield recorder

    def _begun(self, request: RecordRequest, stack: ExitStack) -> RoomRecorder:
        """Begin an event, which ends with `stack`; return what records it."""
        code, began = request.needed_procedure_code, time.monotonic()
        self._parts.guard.check_start(self._archive.folders.roots())
        event_time, faults = self._event_time(), list[str]()

        def note(fault: CopyFault) -> None:
            if str(fault) not in faults:  # of each file of a disk the same
                faults.append(str(fault))

        wanted = RecordingRequest(
            procedure_code=code,
            site_code=request.room.site_code,
            names=request.names,
            view=request.room.layout.room_view,
            roles=self._parts.roles,
            on_fault=note,
        )
        recording = stack.enter_context(
            record_event(
                self._archive, wanted, clock=event_time.clock(), seals_later=request.seals_later
            )
        )
        faults += [recording.warning] if recording.warning else []
        recorder = RoomRecorder(
            request,
            self._sources,
            recording,
            self._parts,
            Entries(self._archive, recording, faults),
            event_time=event_time,
            counted=self._counters_before(event_time),
        )
        recorder.begin(began)
        return recorder

    def close(self) -> None:
        """End it; what is held and was not begun is forgotten. Does nothing after a recording."""
        self._parts.end_capture(time.monotonic())
        self._parts.writer.join()

    def _event_time(self) -> EventTime:
        """Return from which frame on the event is, from now on held whatever it takes to begin."""
        if not self._is_holding and self._shown is None:
            return self._start_at_once()
        parts = self._parts
        from_tick = 0 if self._is_holding else parts.ticks.tick_at(time.monotonic())
        parts.keep_from(from_tick)
        while (first := parts.first_held(from_tick)) is None:
            self.wait(_POLL_SECONDS)
        index, tick = first
        return EventTime(parts.ticks, tick, index)

    def _start_at_once(self) -> EventTime:
        """Hold what is recorded from now on, up to its end; return that the event is all of it."""
        ticks, duration = self._parts.ticks, self._request.duration_seconds
        self._parts.keep_from(0)
        if duration is not None:
            self._parts.end_at(ticks.seconds(0) + duration)
        self.hold()
        return EventTime(ticks)

    def _count(self) -> None:
        now = time.monotonic()
        if self._counted and now - self._counted[-1][0] < _COUNT_SECONDS:
            return
        self._counted.append((now, {each.name: each.counters for each in self.source_states()}))
        oldest = now - self._request.room.pre_record_seconds - self._parts.delay_seconds
        while len(self._counted) > 1 and self._counted[1][0] < oldest - 2 * _COUNT_SECONDS:
            self._counted.popleft()

    def _counters_before(self, event_time: EventTime) -> Mapping[str, SourceCounters]:
        """Return what had become of the sources' frames when the first one was composed."""
        if not event_time.first_tick:
            return {}
        composed = event_time.ticks.seconds(event_time.first_tick) + self._parts.delay_seconds
        before = [counters for moment, counters in self._counted if moment <= composed]
        return before[-1] if before else {}
