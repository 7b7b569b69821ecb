"""De-identify an archived event: from its sealed original to a sealed copy.

The original is decrypted in memory, frame by frame; nothing of it is ever written in clear. What
is on a disk in clear meanwhile is what was redacted: finished segments, their tables, and in the
end the copy with its audio, in a folder that only its owner may open. It is removed once the copy
lies sealed in the archive. Like every copy that nobody has looked at it may still show faces.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from recorder_core.catalog import Action
from recorder_core.errors import AlreadyFinished, NotInCatalog
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import acting_on
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.copies.deidentified import (
    add_copy,
    check_open_for_copy,
    copy_files,
)
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.archive.event.room_view import WIDE_FRAME_PX, no_view_sentence
from recorder_core.jobs.archive.event.untouched_room import (
    recorded_room_view,
    untouched_room_to_search,
)
from recorder_core.jobs.archive.place.private_work import private_folder
from recorder_core.jobs.deidentify.video import DeidentifyRequest, deidentify_video
from recorder_core.jobs.inputs.options import DeidentifyOptions
from recorder_core.jobs.inputs.untouched_room import UntouchedRoom
from recorder_core.jobs.progress import Progress, Say, no_progress, say_nothing
from recorder_core.jobs.verification.allowed import Allowed
from recorder_core.media import Video
from recorder_core.model import CorrectionKeyframe, shown_view

__all__ = ["EventDeidentifyRequest", "deidentify_event"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDeidentifyRequest:
    """How to de-identify an event, and where to work.

    Attributes
    ----------
    options : DeidentifyOptions
        As for a video in a file; without a view, the room view of the event is taken.
    work : Path
        A folder with space for twice the copy. In it a folder is made that only its owner may
        open; of the original nothing is ever in it.
    suffix : {".mp4", ".mov", ".mkv"}
        Of the container of the copy.
    allowed : Allowed
        What the copy may show nevertheless.
    resume : bool
        Go on after the last finished segment of an interrupted run in the same folder.
    say : callable
        Called before the work begins with each sentence about what the copy will not keep, and
        with one where a wide frame has no room view.
    """

    options: DeidentifyOptions
    work: Path
    suffix: str = ".mp4"
    allowed: Allowed = field(default_factory=Allowed)
    resume: bool = False
    say: Say = say_nothing


def deidentify_event(
    archive: Archive,
    event: str,
    request: EventDeidentifyRequest,
    progress: Progress = no_progress,
) -> ArchivedEvent:
    """De-identify the original of an event, and put the copy into the archive.

    Where a video shows the room de-identified and it was also recorded as it was seen, that view is
    put back before faces are searched, so that a correction can show what was there. What was
    hidden while it was recorded is hidden in the copy also where the search finds nothing.

    Corrections of the event that hide something are applied; those that lift something are not,
    because they name what an earlier run found. An unreleased copy is replaced by the new one; as
    of every copy, a reviewer watches it before it is released.

    Parameters
    ----------
    archive : Archive
        Open, for a reviewer who can open the original.
    event : str
        Which event.
    request : EventDeidentifyRequest
        How, and where to work.
    progress : callable, optional
        Told the number of finished frames and of all frames.

    Raises
    ------
    NotAllowed
        If the profile may not de-identify, or not see the original.
    NoKeyMatches
        If this person cannot open the original.
    WrongState
        If the event is released: take the release back first. If another command makes a copy of
        it in the same work folder, or gave it one meanwhile.
    AuditError
        If the room view of the event was changed outside this program.
    RecorderError
        As :func:`~recorder_core.jobs.deidentify_video`; nothing of the event was changed then.
        What was finished is kept in the work folder for `resume` where that can go on.
    """
    with acting_on(archive, event, Action.DEIDENTIFY, detail="render") as (session, found):
        event_id = found.event_id
        check_open_for_copy(session, event_id)
        seen = copy_files(session, event_id)
        options = _with_room_view(session, event_id, request.options)
        with (
            found.open_video(stream_index=options.video_stream, salvage=options.salvage) as video,
            untouched_room_to_search(
                session, found, salvage=options.salvage, say=request.say
            ) as room,
            private_folder(request.work, event_id, resume=request.resume) as folder,
        ):
            if options.view is None and video.info.video.geometry.shown_size_px[0] > WIDE_FRAME_PX:
                request.say(no_view_sentence(event_id))
            if options.video_stream is None:
                _say_hidden_frames(session, found, video, request.say)
            copy = folder / f"copy{request.suffix}"
            asked = DeidentifyRequest(
                source=video,
                output=copy,
                options=options,
                corrections=_corrections(session, event_id),
                room=_where_searched(room, video, options),
                resume=request.resume,
                allowed=request.allowed,
                say=request.say,
            )
            # a run that ended between the copy and the archive left the copy whole
            with suppress(AlreadyFinished):
                deidentify_video(asked, progress)
            added = add_copy(archive, event_id, copy, seen=seen)
            shutil.rmtree(folder)
    return added


def _say_hidden_frames(session: Session, found: ArchivedEvent, video: Video, say: Say) -> None:
    """Report how many of an event's frames its file hides, as early versions wrote it."""
    with suppress(NotInCatalog):
        times = session.catalog.contents.pts_index(found.file("original").file_id)
        if len(video.index) < len(times):
            say(
                f"of the {len(times)} frames of event {found.event_id} its video shows "
                f"{len(video.index)}: an early version of this program hid the others; import the "
                "recording again if it is still there"
            )


def _where_searched(
    room: UntouchedRoom | None, video: Video, options: DeidentifyOptions
) -> UntouchedRoom | None:
    """Return the view of the room where all of it is searched: elsewhere it stays de-identified."""
    if room is None:
        return None
    searched = shown_view(options.searched_view, video.info.video.geometry)
    return room if searched.covers(room.place) else None


def _with_room_view(
    session: Session, event_id: str, options: DeidentifyOptions
) -> DeidentifyOptions:
    """Return options with the room view of the event, unless they name a view.

    Raises
    ------
    AuditError
        If it was changed outside this program.
    """
    if options.view is not None:
        return options
    room = recorded_room_view(session, event_id)
    return options if room is None else replace(options, view=str(room))


def _corrections(session: Session, event_id: str) -> tuple[CorrectionKeyframe, ...] | None:
    """Return the corrections in force that hide something; None: there is none.

    Those that lift something name what an earlier run found, and may be of another face now.
    """
    rows = session.catalog.reviews.corrections(event_id)
    hiding = (row for row in rows if row.action == "add")
    return tuple(each for row in hiding for each in row.correction().rows()) or None
