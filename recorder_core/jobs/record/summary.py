"""What a recording has become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from recorder_core.capture.source import SourceCounters
from recorder_core.jobs.record.gaps import Gap
from recorder_core.model.values.counts import format_count

__all__ = ["LiveSummary", "RecordingSummary"]


@dataclass(frozen=True, slots=True)
class LiveSummary:
    """What became of the view of the room, where it was de-identified.

    Attributes
    ----------
    hidden_frames : int
        In which all of it was hidden, because the machine did not keep up.
    hidden_spans : tuple of tuple of float
        When that was: start and stop in seconds of the event.
    dropped_frames : int
        Of the video of the view as it is, that were left out.
    """

    hidden_frames: int
    hidden_spans: tuple[tuple[float, float], ...] = ()
    dropped_frames: int = 0

    @property
    def sentences(self) -> list[str]:
        """What to tell a person."""
        said = [f"room: faces hidden, all of it in {format_count(self.hidden_frames, 'frame')}"]
        said += [
            f"room: all of it hidden from {start:.1f} to {stop:.1f} s, because the machine did not "
            "keep up"
            for start, stop in self.hidden_spans
        ]
        if self.dropped_frames:
            left_out = format_count(self.dropped_frames, "frame")
            said.append(f"room: {left_out} of the view as it is left out")
        return said


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
    live : LiveSummary or None
        Of the view of the room; None where it was recorded as it is.
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
    live: LiveSummary | None = None

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
            f"{gap.source}: {'computer too busy' if gap.is_starved else 'no signal'} from "
            f"{gap.start_seconds:.1f} to {gap.stop_seconds:.1f} s"
            for gap in self.gaps
        ]
        for name, each in self.sources.items():
            said.append(
                f"{name}: {each.received} received, {each.used} used, {each.repeated} repeated, "
                f"{each.dropped} dropped, {each.invalid} damaged"
            )
        said += [] if self.live is None else self.live.sentences
        return [*said, *self.faults, *filter(None, [self.stop_reason])]
