"""Render the copy of an event again where corrections touch it; nothing of the original in clear.

The detector does not run again and frames that no correction touches are copied bit for bit. As
when it was made, only what was redacted lies in clear meanwhile, in a folder of its owner alone.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np

from recorder_core.archive import SealedReader
from recorder_core.catalog import Action
from recorder_core.detect.detector import load_detector_weights
from recorder_core.errors import EncodeError, ForeignCopy, SettingsError
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import acting_on
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.copies.deidentified import (
    add_copy,
    check_open_for_copy,
    copy_files,
)
from recorder_core.jobs.archive.event.event import ArchivedEvent, find_names
from recorder_core.jobs.archive.event.present_copy import (
    PresentCopy,
    corrections_due,
    lacks_corrections,
    read_present_copy,
)
from recorder_core.jobs.archive.event.untouched_room import open_untouched_room
from recorder_core.jobs.archive.place.private_work import private_folder
from recorder_core.jobs.archive.place.roles import FileRole, file_suffix
from recorder_core.jobs.archive.review.changed_spans import changed_spans
from recorder_core.jobs.archive.review.reviewing import ReviewQueue, carry_queue, present_queue
from recorder_core.jobs.deidentify.report.contents import DeidentifyReport
from recorder_core.jobs.deidentify.rerender import RerenderRequest, rerender_copy
from recorder_core.jobs.deidentify.sidecars import sidecar
from recorder_core.jobs.inputs.options import DeidentifyOptions, fingerprint
from recorder_core.jobs.inputs.untouched_room import UntouchedRoom
from recorder_core.jobs.progress import Progress, Say, no_progress, say_nothing
from recorder_core.jobs.verification.allowed import Allowed
from recorder_core.media import Video
from recorder_core.model import CorrectionKeyframe
from recorder_core.version import __version__

__all__ = ["EventRerenderRequest", "rerender_event"]

#: kinds of what lies beside a copy -> roles of the archive
_BESIDE: Final[Mapping[str, FileRole]] = {
    "redactions": "redactions",
    "detections": "detections",
    "report": "deidentification",
}
#: digits of a hash that are shown
_SHOWN: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRerenderRequest:
    """Where to work, and what the copy may show; all else is as the copy's report says.

    Attributes
    ----------
    work : Path
        A folder with space for twice the copy. In it a folder is made that only its owner may
        open; of the original nothing is ever in it.
    weights : Path or None
        Of the detector, where the copy was made with others than those of this program.
    allowed : Allowed
        What the copy may show nevertheless.
    say : callable
        Called before the work begins with each sentence about what the copy will not keep.
    """

    work: Path
    weights: Path | None = None
    allowed: Allowed = field(default_factory=Allowed)
    say: Say = say_nothing


def rerender_event(
    archive: Archive,
    event: str,
    request: EventRerenderRequest,
    progress: Progress = no_progress,
) -> ArchivedEvent:
    """Make a copy that has the corrections of an event, with the options of the present one.

    The new copy replaces the present one, as :func:`add_copy` does: it is not released, and who
    releases it opens it first. Where the copy has all corrections, nothing is done.

    Parameters
    ----------
    archive : Archive
        Open, for a reviewer who can open the original.
    event : str
        Id of an event with a copy that is not released, or its beginning.
    request : EventRerenderRequest
        Where to work.
    progress : callable, optional
        Told the number of finished frames and of all frames to render.

    Raises
    ------
    NotAllowed
        If the profile may not de-identify, or not see the original.
    NoKeyMatches
        If this person cannot open the original or the tables.
    WrongState
        If the event has no copy, or one that is released, or got another meanwhile.
    SettingsError
        If this program would not render as the one that made the copy.
    RecorderError
        As :func:`~recorder_core.jobs.rerender_copy`; nothing of the event was changed then.
    """
    with acting_on(archive, event, Action.DEIDENTIFY, detail="rerender") as (session, found):
        event_id = found.event_id
        check_open_for_copy(session, event_id)
        seen, copy = copy_files(session, event_id), read_present_copy(found)
        if not lacks_corrections(session, event_id, copy):
            return found
        options = _options(event_id, copy.report, request.weights)
        due = tuple(corrections_due(session, event_id, copy))
        with (
            found.open_video(stream_index=options.video_stream, salvage=options.salvage) as video,
            _room_of(session, found, copy.report) as room,
            private_folder(request.work, event_id) as folder,
        ):
            try:
                rendered = _lay_out(found, folder)
                made_as = _made_as(session, event_id, copy.report)
                work = _Work(event_id, video, room, rendered, options, due, made_as)
                _render(work, request, progress)
                detected_utc = _detected_utc(session, event_id)
                earlier = present_queue(session, found)
                added = add_copy(archive, event_id, rendered, detected_utc=detected_utc, seen=seen)
                _carry(session, added, copy, earlier)
                return added
            finally:
                shutil.rmtree(folder, ignore_errors=True)


def _carry(
    session: Session, added: ArchivedEvent, before: PresentCopy, earlier: ReviewQueue | None
) -> None:
    """Carry decisions about moments over where the new copy is as the one before."""
    if earlier is None:
        return
    after = read_present_copy(added)
    index, span = added.pts_index("deidentified"), after.report.frame_span
    own = (index.pts - index.pts[:1]) * float(index.time_base)
    seconds = np.concatenate([np.full(span.start, -1.0), own])
    changed = changed_spans(before.redactions, after.redactions, seconds)
    carry_queue(session, added.event_id, earlier, changed)


@dataclass(frozen=True, slots=True)
class _Work:
    """What is rendered."""

    event_id: str
    original: Video = field(repr=False)
    #: the view of the room as it was seen, if the copy was made with it
    room: UntouchedRoom | None
    #: the present copy, its tables beside it; replaced
    copy: Path
    options: DeidentifyOptions
    corrections: tuple[CorrectionKeyframe, ...]
    #: fingerprint of the job that made the copy, where that was from the imported file
    made_as: str | None


def _render(work: _Work, request: EventRerenderRequest, progress: Progress) -> None:
    asked = RerenderRequest(
        source=work.original,
        output=work.copy,
        options=work.options,
        corrections=work.corrections,
        room=work.room,
        made_as=work.made_as,
        discard_corrections=True,
        allowed=request.allowed,
        say=request.say,
    )
    try:
        rerender_copy(asked, progress)
    except ForeignCopy as error:
        raise _another(
            work.event_id, "from another file than the original in the archive"
        ) from error


def _options(event_id: str, report: DeidentifyReport, weights: Path | None) -> DeidentifyOptions:
    """Return the options of a copy, if this program would render it as it was rendered."""
    program = f"surgery-workbench {__version__}"
    if report.program != program:
        raise _another(event_id, f"by {report.program or 'another program'}, this is {program}")
    options = DeidentifyOptions.from_settings(report.settings)
    options = replace(options, detector=replace(options.detector, weights=weights))
    loaded = load_detector_weights(options.detector)
    used = loaded.sha256 if loaded else options.detector.name
    if report.weights not in (None, used):
        raise SettingsError(
            f"the copy of event {event_id} was made with weights of the SHA-256 "
            f"{report.weights[:_SHOWN]}, these have {used[:_SHOWN]}: give the file with --weights, "
            f"or make a new copy with 'workbench event deidentify {event_id}'"
        )
    if fingerprint(options, report.source.seen_sha256, used) != report.job:
        raise _another(event_id, "with options that its report does not say")
    return options


@contextmanager
def _room_of(
    session: Session, event: ArchivedEvent, report: DeidentifyReport
) -> Iterator[UntouchedRoom | None]:
    """Yield the view of the room as it was seen, if a copy was made with it: see its report."""
    if report.source.room_sha256 is None:
        yield None
        return
    with open_untouched_room(session, event) as room:
        if room is None or room.sha256 != report.source.room_sha256:
            raise _another(event.event_id, "with another view of the room than the archive has")
        yield room


def _another(event_id: str, how: str) -> SettingsError:
    return SettingsError(
        f"the copy of event {event_id} was made {how}, so it cannot be rendered again in part; "
        f"make a new one with 'workbench event deidentify {event_id}', which has the corrections "
        "that hide something"
    )


def _made_as(session: Session, event_id: str, report: DeidentifyReport) -> str | None:
    """Return the job of a copy that was made from the file that the event was imported from."""
    names = find_names(session, event_id)
    is_imported = names is not None and names.source_sha256 == report.source.sha256
    return report.job if is_imported else None


def _lay_out(event: ArchivedEvent, folder: Path) -> Path:
    """Write the present copy and what belongs beside it into a private folder."""
    with event.open_file("deidentified") as file:
        copy = folder / f"copy{file_suffix('deidentified', file)}"
        _write(file, copy)
    for kind, role in _BESIDE.items():
        with event.open_file(role) as file:
            _write(file, sidecar(copy, kind))
    return copy


def _write(file: SealedReader, path: Path) -> None:
    try:
        with path.open("xb") as target:
            for chunk in file.chunks():
                target.write(chunk)
    except OSError as error:
        raise EncodeError(
            f"the copy cannot be written to the work folder ({error.strerror}); choose another "
            "with space for twice the copy"
        ) from error


def _detected_utc(session: Session, event_id: str) -> datetime | None:
    """Return when the detections of the present copy came into the archive."""
    summaries = session.catalog.reviews.detections_summaries(event_id)
    return summaries[-1].created_utc if summaries else None
