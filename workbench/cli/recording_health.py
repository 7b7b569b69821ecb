"""How a recording is, or a room that is held, in one line of a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from workbench.cli.terminal.listing import format_duration

if TYPE_CHECKING:
    from recorder_core.capture.source import SourceState
    from recorder_core.jobs.record import ReadyRoom, RoomRecorder

__all__ = ["Absences", "describe_held", "describe_recording"]

_GIB: Final = 1 << 30
#: a source that is absent for less is said in the line alone
_PATIENCE_SECONDS: Final = 3.0


class Absences:
    """Says why a source is absent, once for each time that it is."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def news(self, states: Sequence[SourceState], now: float) -> list[str]:
        """Return the sentences of sources that have been absent for a while, unless said before.

        Parameters
        ----------
        states : sequence of SourceState
            Of all sources.
        now : float
            By `time.monotonic`.
        """
        self._said -= {state.name for state in states if state.is_present}
        new = [
            state
            for state in states
            if state.sentence
            and state.name not in self._said
            and now - state.since_seconds >= _PATIENCE_SECONDS
        ]
        self._said |= {state.name for state in new}
        return [state.sentence for state in new]


def describe_held(ready: ReadyRoom) -> str:
    """Return how a room is that is held, in one line."""
    seconds = f"holds the last {ready.held_seconds:.0f} s in memory"
    return f"ready, {seconds}, {_presence(ready.source_states())}"


def describe_recording(recorder: RoomRecorder) -> str:
    """Return how a recording is, in one line; names of sources are codes."""
    left, sources = recorder.space, _presence(recorder.source_states())
    space = f"{left.free_bytes / _GIB:.1f} GiB free"
    if math.isfinite(left.seconds):
        space += f", {format_duration(max(0.0, left.seconds))} left"
    what = "paused" if recorder.is_paused else "recording"
    return (
        f"{what} {format_duration(max(0.0, recorder.seconds))}, {space}, {sources}, "
        f"{recorder.dropped_frames} dropped"
    )


def _presence(states: Sequence[SourceState]) -> str:
    starved = [state.name for state in states if state.is_starved]
    absent = [state.name for state in states if not (state.is_present or state.is_starved)]
    said = [f"NO SIGNAL: {', '.join(absent)}"] if absent else []
    said += [f"COMPUTER TOO BUSY FOR: {', '.join(starved)}"] if starved else []
    return ", ".join(said) or f"{len(states)} sources well"
