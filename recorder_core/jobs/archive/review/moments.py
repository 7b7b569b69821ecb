"""Rank the suspicious moments of an event's copy; nothing of it in clear touches a disk."""

from __future__ import annotations

from recorder_core.catalog import Action
from recorder_core.jobs.archive.acting import acting_on
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.archive.event.present_copy import read_present_copy
from recorder_core.jobs.deidentify.doubts.review_moments import CopyTables, rank_video_moments
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.review import Moment, RankingSettings
from recorder_core.tables import TableContent, read_detections

__all__ = ["event_moments"]


def event_moments(
    archive: Archive,
    event: str,
    *,
    look: bool = True,
    settings: RankingSettings | None = None,
    progress: Progress = no_progress,
) -> list[Moment]:
    """Return the moments of an event's copy in which a face may be seen, the riskiest first.

    Parameters
    ----------
    archive : Archive
        Open, for a reviewer.
    event : str
        Id of an event with a copy, or its beginning.
    look : bool, default True
        Decode the copy and run the detector on it in another scale; without, the tables decide.
    settings : RankingSettings, optional
    progress : callable, optional
        Told the number of frames that were decoded and of all frames.

    Raises
    ------
    NotAllowed, NoKeyMatches
        If this person may not view the copy, or cannot open it.
    WrongState
        If the event has no copy.
    """
    with acting_on(archive, event, Action.REVIEW, detail="moments") as (_, found):
        tables = _tables(found)
        with found.open_video("deidentified") as video:
            return rank_video_moments(
                video, tables, look=look, settings=settings, progress=progress
            )


def _tables(event: ArchivedEvent) -> CopyTables:
    copy = read_present_copy(event)
    with event.open_file("detections") as file:
        content = TableContent(f"the detections of event {event.event_id}", file.readall())
    return CopyTables(copy.report, copy.redactions, read_detections(content))
