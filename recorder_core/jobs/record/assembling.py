"""What a recording runs on, put together from what the room's file says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from recorder_core.composite import Compositor, PanelContent
from recorder_core.jobs.record.collector import Collector
from recorder_core.jobs.record.composer import Composer
from recorder_core.jobs.record.event_audio import RecordedAudio
from recorder_core.jobs.record.frame_queue import FrameQueue
from recorder_core.jobs.record.live.assembling import live_room, load_finder
from recorder_core.jobs.record.live.face_search import FaceFinder
from recorder_core.jobs.record.live.room import room_encoder
from recorder_core.jobs.record.live.split import SplitCompositor
from recorder_core.jobs.record.parts import RecorderParts
from recorder_core.jobs.record.pauses import Pauses
from recorder_core.jobs.record.request import RecordRequest
from recorder_core.jobs.record.room.config import RoomConfig
from recorder_core.jobs.record.room.sources import RoomSources
from recorder_core.jobs.record.room_picture import RoomPicture
from recorder_core.jobs.record.space import SpaceGuard
from recorder_core.jobs.record.ticks import Ticks
from recorder_core.jobs.record.writing import RecordingWriter
from recorder_core.media import AudioFormat, EncoderChoice, FragmentWriter, choose_encoder
from recorder_core.model import EventClock

__all__ = ["RecordingPlan", "assemble_parts", "plan_recording"]

#: in which the sources may give their first frames; what is slower shows NO SIGNAL until then
_OPENING_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class RecordingPlan:
    """What is decided before a device is opened.

    Attributes
    ----------
    request : RecordRequest
        What is recorded.
    compositor : Compositor or SplitCompositor
        Makes one frame of all sources.
    encoder : EncoderChoice
        What encodes them, and why.
    guard : SpaceGuard
        Of the disks.
    finder : FaceFinder or None
        Finds the faces of the view of the room, where that is de-identified.
    """

    request: RecordRequest
    compositor: Compositor | SplitCompositor
    encoder: EncoderChoice
    guard: SpaceGuard
    finder: FaceFinder | None


def plan_recording(request: RecordRequest, finder: FaceFinder | None = None) -> RecordingPlan:
    """Choose the encoder and load the detector of a recording.

    Parameters
    ----------
    request : RecordRequest
        What is recorded.
    finder : FaceFinder, optional
        Unless given, the usual detector.

    Raises
    ------
    SettingsError
        If the layout has no view that can be de-identified, and one is to be.
    EncodeError
        If the encoder cannot be opened on this machine.
    EngineUnavailable
        If the detector cannot run on it.
    """
    room = request.room
    compositor: Compositor | SplitCompositor
    if room.deidentify == "none":
        compositor, finder = Compositor(room.layout, room.rate), None
    else:
        compositor = SplitCompositor(room.layout, room.rate)
        finder = finder or load_finder(compositor.place)
    chosen = choose_encoder(room.encoder_name, compositor.format, frame_rate=room.rate)
    return RecordingPlan(request, compositor, chosen, _guard(room, compositor), finder)


def assemble_parts(plan: RecordingPlan, sources: RoomSources) -> RecorderParts:
    """Return what a recording runs on, not started yet.

    Parameters
    ----------
    plan : RecordingPlan
        Of the recording.
    sources : RoomSources
        Started: second 0 of the room is half a second after this call, when they give frames.
    """
    request, room, compositor = plan.request, plan.request.room, plan.compositor
    _warm_up(room)
    pauses, ticks = Pauses(), Ticks(_clock_ahead(), room.rate)
    content = _content(request, ticks.clock)
    picture = RoomPicture(sources.frames, compositor, content, ticks, pauses)
    queue, live = FrameQueue(compositor.format, room.rate), None
    if isinstance(compositor, SplitCompositor) and plan.finder is not None:
        live = live_room(
            room, picture, compositor, plan.finder, ticks=ticks, pauses=pauses, queue=queue
        )
    delay_seconds = room.delay_seconds + (0.0 if live is None else room.live.hold_seconds)
    audio = None if sources.audio is None else RecordedAudio(sources.audio, ticks.clock, pauses)
    shown, on_composed = (picture, None) if live is None else (live.picture, live.keep)
    return RecorderParts(
        ticks=ticks,
        picture=shown,
        composer=Composer(shown, ticks, delay_seconds, queue, on_composed=on_composed),
        writer=_writer(plan, sources, audio, queue, delay_seconds),
        collector=Collector(
            sources, ticks.clock, pauses, picture.add_signals, room.pre_record_seconds
        ),
        pauses=pauses,
        guard=plan.guard,
        encoder=plan.encoder.reason,
        delay_seconds=delay_seconds,
        live=live,
    )


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


def _writer(
    plan: RecordingPlan,
    sources: RoomSources,
    audio: RecordedAudio | None,
    queue: FrameQueue,
    delay_seconds: float,
) -> RecordingWriter:
    room, audio_format = plan.request.room, None
    if audio is not None and sources.audio is not None:
        audio_format = AudioFormat(sources.audio.channels, audio.sample_rate)
    writer = FragmentWriter(
        None,
        plan.compositor.format,
        replace(room.encoder, encoder=plan.encoder.encoder),
        frame_rate=room.rate,
        audio=audio_format,
        hold_seconds=max(0.0, room.pre_record_seconds - delay_seconds),
    )
    return RecordingWriter(queue, writer, audio, room.rate)


def _content(request: RecordRequest, clock: EventClock) -> PanelContent:
    zero = clock.zero_utc if request.room.shows_wall_clock else None
    return PanelContent(event_lines=request.event_lines(), zero_utc=zero, start_seconds=None)
