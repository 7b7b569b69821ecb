"""Begin to record a room, or to hold its last seconds until somebody does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Final

from recorder_core.catalog import Action
from recorder_core.composite import Compositor, PanelContent
from recorder_core.errors import SettingsError
from recorder_core.jobs.archive import Archive
from recorder_core.jobs.archive.acting import acting
from recorder_core.jobs.record.collector import Collector
from recorder_core.jobs.record.composer import Composer
from recorder_core.jobs.record.event_audio import RecordedAudio
from recorder_core.jobs.record.frame_queue import FrameQueue
from recorder_core.jobs.record.live.face_search import FaceFinder
from recorder_core.jobs.record.live.room import room_encoder
from recorder_core.jobs.record.live.split import SplitCompositor
from recorder_core.jobs.record.live_parts import live_room, load_finder
from recorder_core.jobs.record.opening import open_sources
from recorder_core.jobs.record.parts import RecorderParts
from recorder_core.jobs.record.pauses import Pauses
from recorder_core.jobs.record.ready import ReadyRoom
from recorder_core.jobs.record.recorder import RoomRecorder
from recorder_core.jobs.record.request import RecordRequest, RoomSources
from recorder_core.jobs.record.room_config import RoomConfig
from recorder_core.jobs.record.room_picture import RoomPicture
from recorder_core.jobs.record.space import SpaceGuard
from recorder_core.jobs.record.ticks import Ticks
from recorder_core.jobs.record.writing import RecordingWriter
from recorder_core.media import AudioFormat, EncoderChoice, FragmentWriter, choose_encoder
from recorder_core.model import EventClock

__all__ = ["hold_room", "record_room"]

#: in which the sources may give their first frames; what is slower shows NO SIGNAL until then
_OPENING_SECONDS: Final = 0.5


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
    _ = request.needed_procedure_code
    with _opened(archive, request, sources, finder) as room, room.begin() as recorder:
        yield recorder


@contextmanager
def hold_room(
    archive: Archive,
    request: RecordRequest,
    sources: RoomSources | None = None,
    finder: FaceFinder | None = None,
) -> Iterator[ReadyRoom]:
    """Open a room, hold its last seconds in memory, and lend what a recording begins from.

    What is held and not begun is forgotten at the end: no disk ever has it. Parameters as of
    `record_room`.

    Raises
    ------
    SettingsError
        If nothing of this room is to be held.
    NotAllowed
        If the profile may not record.
    ArchiveError
        If there is too little room for a recording.
    EncodeError
        If the encoder cannot be opened on this machine.
    """
    if not request.room.pre_record_seconds:
        raise SettingsError(
            "nothing of this room is held before its start: write pre_record_seconds in [video] of "
            "its file"
        )
    with (
        acting(archive, Action.RECORD, detail="ready"),
        _opened(archive, request, sources, finder) as room,
    ):
        room.hold()
        yield room


@contextmanager
def _opened(
    archive: Archive,
    request: RecordRequest,
    sources: RoomSources | None,
    finder: FaceFinder | None,
) -> Iterator[ReadyRoom]:
    """Open the sources of a room, of which nothing is captured yet."""
    room = request.room
    compositor = _compositor(room)
    chosen = choose_encoder(room.encoder_name, compositor.format, frame_rate=room.rate)
    guard = _guard(room, compositor)
    guard.check_start(archive.folders.roots())
    if isinstance(compositor, SplitCompositor) and finder is None:
        finder = load_finder(compositor.place)
    found = open_sources(room) if sources is None else sources
    with ExitStack() as stack:
        for source in found:
            stack.enter_context(source)
        _warm_up(room)
        parts = _parts(request, found, compositor, chosen, finder=finder, guard=guard)
        ready = ReadyRoom(archive, request, found, parts)
        stack.callback(ready.close)
        yield ready


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
    """Return a clock whose second 0 is when sources that were opened now give frames."""
    now = EventClock.now()
    return EventClock(
        now.zero_monotonic_seconds + _OPENING_SECONDS,
        now.zero_utc + timedelta(seconds=_OPENING_SECONDS),
    )


def _parts(
    request: RecordRequest,
    sources: RoomSources,
    compositor: Compositor | SplitCompositor,
    chosen: EncoderChoice,
    *,
    finder: FaceFinder | None,
    guard: SpaceGuard,
) -> RecorderParts:
    room, pauses, clock = request.room, Pauses(), _clock_ahead()
    ticks = Ticks(clock, room.rate)
    content = _content(request, clock)
    picture = RoomPicture(sources.frames, compositor, content, ticks, pauses)
    queue, live = FrameQueue(compositor.format, room.rate), None
    if isinstance(compositor, SplitCompositor) and finder is not None:
        live = live_room(room, picture, compositor, finder, ticks=ticks, pauses=pauses, queue=queue)
    delay_seconds = room.delay_seconds + (0.0 if live is None else room.live.hold_seconds)
    encoder = replace(room.encoder, encoder=chosen.encoder)
    audio, audio_format = None, None
    if sources.audio is not None:
        audio = RecordedAudio(sources.audio, clock, pauses)
        audio_format = AudioFormat(sources.audio.channels, audio.sample_rate)
    writer = FragmentWriter(
        None,
        compositor.format,
        encoder,
        frame_rate=room.rate,
        audio=audio_format,
        hold_seconds=max(0.0, room.pre_record_seconds - delay_seconds),
    )
    return RecorderParts(
        ticks=ticks,
        picture=picture if live is None else live.picture,
        composer=Composer(
            picture if live is None else live.picture,
            ticks,
            delay_seconds,
            queue,
            on_composed=None if live is None else live.keep,
        ),
        writer=RecordingWriter(queue, writer, audio, room.rate),
        collector=Collector(sources, clock, pauses, picture.add_signals, room.pre_record_seconds),
        pauses=pauses,
        guard=guard,
        encoder=chosen.reason,
        delay_seconds=delay_seconds,
        live=live,
    )


def _content(request: RecordRequest, clock: EventClock) -> PanelContent:
    zero = clock.zero_utc if request.room.shows_wall_clock else None
    return PanelContent(event_lines=request.event_lines(), zero_utc=zero, start_seconds=None)
