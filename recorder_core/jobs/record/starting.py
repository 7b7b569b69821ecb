"""Begin to record a room."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Final

from recorder_core.composite import Compositor, PanelContent
from recorder_core.errors import SettingsError
from recorder_core.jobs.archive import Archive, EventRecording, RecordingRequest, record_event
from recorder_core.jobs.record.collector import Collector
from recorder_core.jobs.record.composer import Composer
from recorder_core.jobs.record.entries import Entries
from recorder_core.jobs.record.event_audio import RecordedAudio
from recorder_core.jobs.record.frame_queue import FrameQueue
from recorder_core.jobs.record.opening import open_sources
from recorder_core.jobs.record.pauses import Pauses
from recorder_core.jobs.record.recorder import RecorderParts, RoomRecorder
from recorder_core.jobs.record.request import RecordRequest, RoomSources
from recorder_core.jobs.record.room_config import RoomConfig
from recorder_core.jobs.record.room_picture import RoomPicture
from recorder_core.jobs.record.space import SpaceGuard
from recorder_core.jobs.record.ticks import Ticks
from recorder_core.jobs.record.writing import RecordingWriter
from recorder_core.media import AudioFormat, EncoderChoice, FragmentWriter, choose_encoder
from recorder_core.model import EventClock, FrameFormat

__all__ = ["record_room"]

#: beginning an event takes about so long; its second 0 lies after that
_BEGIN_SECONDS: Final = 0.5


@contextmanager
def record_room(
    archive: Archive, request: RecordRequest, sources: RoomSources | None = None
) -> Iterator[RoomRecorder]:
    """Begin to record a room, and lend what records it; call `finish` at the end.

    A block that ends without that leaves an incomplete recording, whatever ended it: what is there
    is saved with ``workbench event finalise``.

    Parameters
    ----------
    archive : Archive
        Open, for an operator.
    request : RecordRequest
        What is recorded.
    sources : RoomSources, optional
        Not started yet; unless given, those of the room.

    Raises
    ------
    SettingsError
        If nobody says what is done.
    NotAllowed
        If the profile may not record.
    ArchiveError
        If there is too little room, or nothing can be written.
    EncodeError
        If the encoder cannot be opened on this machine.
    """
    room = request.room
    wanted = RecordingRequest(
        procedure_code=_procedure_code(request),
        site_code=room.site_code,
        names=request.names,
        view=room.layout.room_view,
        on_fault=lambda fault: faults.append(str(fault)),
    )
    faults: list[str] = []
    compositor = Compositor(room.layout, room.rate)
    chosen = choose_encoder(room.encoder_name, compositor.format, frame_rate=room.rate)
    _guard(room, compositor.format).check_start(archive.folders.roots())
    found = open_sources(room) if sources is None else sources
    with ExitStack() as stack:
        for source in found:
            stack.enter_context(source)
        _warm_up(room)
        clock = _clock_ahead()
        recording = stack.enter_context(record_event(archive, wanted, clock=clock))
        parts = _parts(request, found, recording, compositor, chosen)
        faults += [recording.warning] if recording.warning else []
        entries = Entries(archive, recording, faults)
        recorder = RoomRecorder(request, found, recording, parts, entries)
        stack.callback(recorder.abandon)
        recorder.begin()
        yield recorder


def _procedure_code(request: RecordRequest) -> str:
    code = request.procedure_code or request.room.procedure_code
    if code is None:
        raise SettingsError(
            'say what is done: give a procedure code, or write procedure = "CODE" in the room\'s '
            "file"
        )
    return code


def _guard(room: RoomConfig, frame_format: FrameFormat) -> SpaceGuard:
    return SpaceGuard(room.space, room.encoder.expected_bps(frame_format, room.rate))


def _warm_up(room: RoomConfig) -> None:
    """Load what the first frame needs, such as fonts, before there is a clock that goes on."""
    Compositor(room.layout, room.rate).compose({}, PanelContent(), 0.0)


def _clock_ahead() -> EventClock:
    """Return a clock whose second 0 is when the event has begun."""
    now = EventClock.now()
    return EventClock(
        now.zero_monotonic_seconds + _BEGIN_SECONDS,
        now.zero_utc + timedelta(seconds=_BEGIN_SECONDS),
    )


def _parts(
    request: RecordRequest,
    sources: RoomSources,
    recording: EventRecording,
    compositor: Compositor,
    chosen: EncoderChoice,
) -> RecorderParts:
    room, pauses = request.room, Pauses()
    ticks = Ticks(recording.clock, room.rate)
    content = PanelContent(
        event_lines=_event_lines(request, recording), zero_utc=recording.clock.zero_utc
    )
    picture = RoomPicture(sources.frames, compositor, content, ticks, pauses)
    queue = FrameQueue(room.rate)
    encoder = replace(room.encoder, encoder=chosen.encoder)
    audio, audio_format = None, None
    if sources.sound is not None:
        audio = RecordedAudio(sources.sound, recording.clock, pauses)
        audio_format = AudioFormat(sources.sound.channels, audio.sample_rate)
    writer = FragmentWriter(
        recording.sink, compositor.format, encoder, frame_rate=room.rate, audio=audio_format
    )
    return RecorderParts(
        ticks=ticks,
        picture=picture,
        composer=Composer(picture, ticks, room.delay_seconds, queue, _stop_tick(request, ticks)),
        writer=RecordingWriter(queue, writer, audio, room.rate),
        collector=Collector(
            sources, recording, pauses, picture.add_signals, request.duration_seconds
        ),
        pauses=pauses,
        guard=_guard(room, compositor.format),
        encoder=chosen.reason,
    )


def _stop_tick(request: RecordRequest, ticks: Ticks) -> int | None:
    """Return before which tick a recording ends by itself; one is there at least."""
    if request.duration_seconds is None:
        return None
    zero = ticks.clock.zero_monotonic_seconds
    return max(1, ticks.tick_at(zero + request.duration_seconds))


def _event_lines(request: RecordRequest, recording: EventRecording) -> tuple[str, ...]:
    """Return what the composite says of the event: codes, never a name."""
    lines = [_procedure_code(request), f"event {recording.event_id}"]
    if request.room.site_code is not None:
        lines.append(f"site {request.room.site_code}")
    return tuple(lines)
