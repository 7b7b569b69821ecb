"""What a recorder enters of itself into its event: gaps and pauses as markers, and its sources."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable

from recorder_core.capture.source import SourceState
from recorder_core.errors import ArchiveError, CatalogError
from recorder_core.jobs.archive import Archive, DeviceFacts, EventRecording, add_device
from recorder_core.jobs.archive.marker_kinds import BROKEN_OFF, PAUSE, lost_signal, too_busy
from recorder_core.jobs.record.gaps import Gap

__all__ = ["Entries"]


class Entries:
    """Enters what a recorder knows of itself; for one thread.

    Parameters
    ----------
    archive : Archive
        Open, for an operator.
    recording : EventRecording
        Of the event.
    faults : list of str
        What went wrong beside the recording; grows.
    """

    def __init__(self, archive: Archive, recording: EventRecording, faults: list[str]) -> None:
        self._archive, self._recording, self.faults = archive, recording, faults
        self._marked: set[Gap] = set()
        self._is_broken_off = False

    def mark_gaps(self, gaps: Iterable[Gap], stop_seconds: float = math.inf) -> None:
        """Mark the gaps that are not marked yet, up to the end of the recording."""
        for gap in [each for each in gaps if each not in self._marked]:
            self._marked.add(gap)
            start, stop = (
                min(each, stop_seconds) for each in (gap.start_seconds, gap.stop_seconds)
            )
            kind = too_busy(gap.source) if gap.is_starved else lost_signal(gap.source)
            self._mark(kind, (start, stop), None)

    def mark_pause(self, span: tuple[float, float], by: str | None) -> None:
        """Mark a pause, as of who ended it."""
        self._mark(PAUSE, span, by)

    def mark_broken_off(self, seconds: float) -> None:
        """Mark the moment at which a part of the recorder had failed, once."""
        if not self._is_broken_off:
            self._is_broken_off = True
            self._mark(BROKEN_OFF, (seconds, None), None)

    def _mark(self, kind: str, span: tuple[float, float | None], by: str | None) -> None:
        """Mark a span, or a moment; a journal that cannot be written does not end the recording."""
        start, stop = span
        try:
            self._recording.journal.mark(kind, start_seconds=start, stop_seconds=stop, by=by)
        except (ArchiveError, CatalogError) as error:
            self.faults.append(f"the marker {kind} at {start:.1f} s is missing: {error}")

    def add_devices(self, states: Iterable[SourceState], with_frames: Collection[str]) -> None:
        """Enter each source of a finished event, with what became of its frames.

        Parameters
        ----------
        states : iterable of SourceState
            At the end.
        with_frames : collection of str
            Names of those that gave frames.
        """
        for state in states:
            counters = state.counters if state.name in with_frames else None
            facts = DeviceFacts(
                kind=state.name,
                frames_recorded=None if counters is None else counters.used,
                frames_dropped=None if counters is None else counters.dropped,
                frames_repeated=None if counters is None else counters.repeated,
            )
            try:
                add_device(self._archive, self._recording.event_id, facts)
            except CatalogError as error:
                self.faults.append(f"the sources are not entered: {error}")
                return
