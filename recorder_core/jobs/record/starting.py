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
from recorder_core.jobs.record.live.face_search import FaceFinder
from recorder_core.jobs.record.live.room import room_encoder
from recorder_core.jobs.record.live.split import SplitCompositor
from recorder_core.jobs.record.live_parts import live_room, load_finder
from recorder_core.jobs.record.opening import open_sources
from recorder_core.jobs.record.parts import RecorderParts
from recorder_core.jobs.record.pauses import Pauses
from recorder_core.jobs.record.recorder import RoomRecorder
from recorder_core.jobs.record.request import RecordRequest, RoomSources
from recorder_core.jobs.record.room_config import RoomConfig
from recorder_core.jobs.record.room_picture import RoomPicture
from recorder_core.jobs.record.space import SpaceGuard
from recorder_core.jobs.record.ticks import Ticks
from recorder_core.jobs.record.writing import RecordingWriter
from recorder_core.media import AudioFormat, EncoderChoice, FragmentWriter, choose_encoder
from recorder_core.model import EventClock

__all__ = ["record_room"]

#: beginning an event takes about so long; its second 0 lies after that
_BEGIN_SECONDS: Final = 0.5


@contextmanager
def record_room(
    archive: Archive,
    request: RecordRequest,
    sources: RoomSources | None = None,
    finder: FaceFinder | None = None,
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
    finder : FaceFinder, optional
        Finds the faces of the view of the room; unless given, the usual detector.

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
    compositor = _compositor(room)
    chosen = choose_encoder(room.encoder_name, compositor.format, frame_rate=room.rate)
    _guard(room, compositor).check_start(archive.folders.roots())
    if isinstance(compositor, SplitCompositor) and finder is None:
        finder = load_finder(compositor.place)
    found = open_sources(room) if sources is None else sources
    with ExitStack() as stack:
        for source in found:
            stack.enter_context(source)
        _warm_up(room)
        clock = _clock_ahead()
        recording = stack.enter_context(record_event(archive, wanted, clock=clock))
        parts = _parts(request, found, recording, compositor, chosen, finder=finder)
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


def _compositor(room: RoomConfig) -> Compositor | SplitCompositor:
    if room.deidentify == "none":
        return Compositor(room.layout, room.rate)
    return SplitCompositor(room.layout, room.rate)


def _guard(room: RoomConfig, compositor: Compositor | SplitCompositor) -> SpaceGuard:
    """Return the guard for about as many bits a second as all videos take."""
    bps = room.encoder.expected_bps(compositor.format, room.rate)
    if room.deidentify == "both" and isinstance(compositor, SplitCompositor):
        apart = compositor.room_format
        bps += room_encoder(room.encoder, compositor.format, apart).expected_bps(apart, room.rate)
    return SpaceGuard(room.space, bps)


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
    compositor: Compositor | SplitCompositor,
    chosen: EncoderChoice,
    *,
    finder: FaceFinder | None,
) -> RecorderParts:
    room, pauses = request.room, Pauses()
    ticks = Ticks(recording.clock, room.rate)
    content = _content(request, recording)
    picture = RoomPicture(sources.frames, compositor, content, ticks, pauses)
    live = None
    if isinstance(compositor, SplitCompositor) and finder is not None:
        live = live_room(
            room, picture, compositor, finder, ticks=ticks, pauses=pauses, recording=recording
        )
    queue = FrameQueue(room.rate)
    encoder = replace(room.encoder, encoder=chosen.encoder)
    audio, audio_format = None, None
    if sources.audio is not None:
        audio = RecordedAudio(sources.audio, recording.clock, pauses)
        audio_format = AudioFormat(sources.audio.channels, audio.sample_rate)
    writer = FragmentWriter(
        recording.sink, compositor.format, encoder, frame_rate=room.rate, audio=audio_format
    )
    return RecorderParts(
        ticks=ticks,
        picture=picture if live is None else live.picture,
        composer=Composer(
            picture if live is None else live.picture,
            ticks,
            room.delay_seconds + (0.0 if live is None else room.live.hold_seconds),
            queue,
            _stop_tick(request, ticks),
            on_composed=None if live is None else live.keep,
        ),
        writer=RecordingWriter(queue, writer, audio, room.rate),
        collector=Collector(
            sources, recording, pauses, picture.add_signals, request.duration_seconds
        ),
        pauses=pauses,
        guard=_guard(room, compositor),
        encoder=chosen.reason,
        live=live,
    )


def _content(request: RecordRequest, recording: EventRecording) -> PanelContent:
    zero = recording.clock.zero_utc if request.room.shows_wall_clock else None
    return PanelContent(event_lines=_event_lines(request, recording), zero_utc=zero)


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
