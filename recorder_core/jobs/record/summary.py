"""What a recording has become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from recorder_core.capture.source import SourceCounters
from recorder_core.jobs.record.gaps import Gap
from recorder_core.model.values.counts import format_count

__all__ = ["RecordingSummary"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingSummary:
    """What a recording has become; no names.

    Attributes
    ----------
    event_id : str
        Of the event.
    seconds : float
        How long it is.
    frame_count : int
        Of the composite.
    dropped_frames : int
        Ticks without a frame of their own: the one before is shown for longer.
    video_bytes : int
        Of the video, on each folder of the archive.
    sources : mapping of SourceCounters
        What became of what each source gave, by its name.
    gaps : tuple of Gap
        When a source gave nothing.
    stop_reason : str
        Why it ended, as a sentence; empty where somebody wanted it.
    faults : tuple of str
        What went wrong beside it, as a copy that stopped.
    """

    event_id: str
    seconds: float
    frame_count: int
    dropped_frames: int
    video_bytes: int
    sources: Mapping[str, SourceCounters]
    gaps: tuple[Gap, ...] = ()
    stop_reason: str = ""
    faults: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @property
    def sentences(self) -> list[str]:
        """What to tell a person, a sentence a line."""
        frames = format_count(self.frame_count, "frame")
        dropped = format_count(self.dropped_frames, "dropped frame")
        said = [f"event {self.event_id}: {self.seconds:.1f} s, {frames}, {dropped}"]
        said += [
            f"{gap.source}: no signal from {gap.start_seconds:.1f} to {gap.stop_seconds:.1f} s"
            for gap in self.gaps
        ]
        for name, each in self.sources.items():
            said.append(
                f"{name}: {each.received} received, {each.used} used, {each.repeated} repeated, "
                f"{each.dropped} dropped, {each.invalid} damaged"
            )
        return [*said, *self.faults, *filter(None, [self.stop_reason])]
