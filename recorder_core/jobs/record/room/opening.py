"""The sources of a room, from what its file says."""

from __future__ import annotations

from recorder_core.capture.bis import BisSource
from recorder_core.capture.inputs import connect_input
from recorder_core.capture.stalls import Stalls
from recorder_core.capture.switch import SwitchSource
from recorder_core.jobs.record.room.config import RoomConfig
from recorder_core.jobs.record.room.sources import RoomSources

__all__ = ["open_sources"]


def open_sources(room: RoomConfig) -> RoomSources:
    """Return the sources of a room, not started yet."""
    frames, audio, stalls = {}, None, Stalls()
    for name, settings in room.sources.items():
        found = connect_input(
            name,
            settings,
            audio=name == room.audio_of,
            stalls=stalls,
            delay_seconds=room.delay_seconds,
        )
        audio = audio or found.audio
        if found.frames is not None:
            frames[name] = found.frames
    if room.audio is not None:
        audio = connect_input("sound", room.audio, frames=False, audio=True, stalls=stalls).audio
    signals = [] if room.bis is None else [BisSource("bis", room.bis)]
    switches = [
        SwitchSource(f"switch-{number}", each) for number, each in enumerate(room.switches, start=1)
    ]
    return RoomSources(frames, audio, signals, switches, stalls)
