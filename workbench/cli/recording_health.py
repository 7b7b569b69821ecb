"""How a recording is, or a room that is held, in one line of a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from workbench.cli.terminal.listing import format_duration

if TYPE_CHECKING:
    from recorder_core.capture.source import SourceState
    from recorder_core.jobs.record import ReadyRoom, RoomRecorder

__all__ = ["describe_held", "describe_recording"]

_GIB: Final = 1 << 30


def describe_held(ready: ReadyRoom) -> str:
    """Return how a room is that is held, in one line."""
    seconds = f"holds the last {ready.held_seconds:.0f} s in memory"
    return f"ready, {seconds}, {_presence(ready.source_states())}"


def describe_recording(recorder: RoomRecorder) -> str:
    """Return how a recording is, in one line; names of sources are codes."""
    left, sources = recorder.space, _presence(recorder.source_states())
    room = f"{left.free_bytes / _GIB:.1f} GiB free"
    if math.isfinite(left.seconds):
        room += f", {format_duration(max(0.0, left.seconds))} left"
    what = "paused" if recorder.is_paused else "recording"
    return (
        f"{what} {format_duration(max(0.0, recorder.seconds))}, {room}, {sources}, "
        f"{recorder.dropped_frames} dropped"
    )


def _presence(states: Sequence[SourceState]) -> str:
    starved = [state.name for state in states if state.is_starved]
    absent = [state.name for state in states if not (state.is_present or state.is_starved)]
    said = [f"NO SIGNAL: {', '.join(absent)}"] if absent else []
    said += [f"COMPUTER TOO BUSY FOR: {', '.join(starved)}"] if starved else []
    return ", ".join(said) or f"{len(states)} sources well"
