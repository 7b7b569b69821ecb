"""De-identified copies: add one to its event with tables and report, or throw it away."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from recorder_core.archive import FileIdentity, read_any_key_file
from recorder_core.catalog import (
    NEW_COPY_STATES,
    OPEN_COPY_STATES,
    Action,
    DetectionsSummary,
    EventFile,
    EventState,
)
from recorder_core.catalog.model.codes import new_id
from recorder_core.errors import DataError, WrongCopy, WrongState
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import acting_on
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.copies.copy_report import CopyReport, read_copy_report
from recorder_core.jobs.archive.event.event import ArchivedEvent, find_names
from recorder_core.jobs.archive.files.leftovers import retire_file, set_leftovers_aside
from recorder_core.jobs.archive.files.sealing import NewFile, seal_path
from recorder_core.jobs.archive.files.storing import note_readers, store_file
from recorder_core.jobs.archive.place.event_lock import lock_event
from recorder_core.jobs.archive.place.roles import (
    COPY_ROLES,
    StoredFile,
    next_identity,
    own_file_name,
    role_of,
)
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.media import file_sha256, open_video
from recorder_core.model import FrameTimes
from recorder_core.tables import read_detections, read_redactions

__all__ = ["add_copy", "check_open_for_copy", "copy_files", "discard_copy"]


@dataclass(frozen=True, slots=True)
class _Copy:
    """What ``workbench deidentify`` wrote."""

    video: Path = field(repr=False)
    report: CopyReport = field(repr=False)
    index: FrameTimes

    def path_of(self, role: str) -> Path:
        """Return where the content of a role lies."""
        from recorder_core.jobs.deidentify.sidecars import sidecar

        if role == "deidentified":
            return self.video
        return sidecar(self.video, "report" if role == "deidentification" else role)


def add_copy(
    archive: Archive,
    event: str,
    video: Path,
    progress: Progress = no_progress,
    *,
    detected_utc: datetime | None = None,
    seen: frozenset[str] | None = None,
) -> ArchivedEvent:
    """Add what ``workbench deidentify`` made to its event; an unreleased one is replaced.

    The copy is sealed to reviewers; researchers receive its key when it is released.

    Parameters
    ----------
    archive : Archive
        Open, for a reviewer who can open the original.
    event : str
        The event that the copy was made from.
    video : Path
        The copy; its tables and report lie beside it.
    progress : callable, optional
        Told how many MiB of the copy were sealed.
    detected_utc : datetime, optional
        Since when the event has the detections of the copy, where it is one rendered again; now
        when not given.
    seen : frozenset of str, optional
        From :func:`copy_files` when the work on this one began; whichever copy the event has is
        replaced when not given.

    Raises
    ------
    WrongCopy
        If it was made from another video, or altered since.
    WrongState
        If the event is released: take the release back first. If it has another copy than was
        `seen`.
    """
    with (
        acting_on(archive, event, Action.DEIDENTIFY) as (session, found),
        lock_event(session.folders, found.event_id),
    ):
        event_id = found.event_id
        check_open_for_copy(session, event_id)
        copy = _open_copy(video)
        _check_source(session, event_id, copy)
        _refuse_another(session, event_id, seen)
        old = _present(session, event_id)
        set_leftovers_aside(session, of_event=event_id)
        rows = session.catalog.contents.files(event_id)
        new = {
            role: _seal(session, next_identity(event_id, role, rows), copy.path_of(role), progress)
            for role in COPY_ROLES
        }
        with session.catalog.transaction():
            _enter(session, event_id, copy, new, old)
            summary = _summary(event_id, copy.report, detected_utc or session.clock())
            session.catalog.reviews.add_detections_summary(summary)
        _destroy(session, old)
    return ArchivedEvent(session, session.catalog.events.get(event_id))


def discard_copy(archive: Archive, event: str) -> ArchivedEvent:
    """Discard an unreleased copy, for example before another detector is tried.

    Raises
    ------
    WrongState
        If there is none, or it is released: take the release back first.
    """
    with (
        acting_on(archive, event, Action.DEIDENTIFY, detail="discard") as (session, found),
        lock_event(session.folders, found.event_id),
    ):
        event_id = found.event_id
        catalog, by = session.catalog, session.identity.actor.user_id
        state = catalog.events.get(event_id).state
        if state not in OPEN_COPY_STATES:
            raise WrongState(f"event {event_id} is {state}; it has no unreleased copy to discard")
        old = _present(session, event_id)
        with catalog.transaction():
            _remove(session, event_id, old)
            if state is EventState.IN_REVIEW:
                catalog.events.move(event_id, EventState.DEIDENTIFIED, by=by)
            catalog.events.move(event_id, EventState.RECORDED, by=by)
        _destroy(session, old)
    return ArchivedEvent(session, catalog.events.get(event_id))


def copy_files(session: Session, event_id: str) -> frozenset[str]:
    """Return the ids of the files of an event's copy; empty where it has none."""
    return frozenset(file.row.file_id for file in _present(session, event_id).values())


def _refuse_another(session: Session, event_id: str, seen: frozenset[str] | None) -> None:
    if seen is not None and copy_files(session, event_id) != seen:
        raise WrongState(
            f"event {event_id} got another copy while this one was made, which counts; repeat the "
            "command only if that is not the one that was meant"
        )


def check_open_for_copy(session: Session, event_id: str) -> None:
    """Raise unless a copy can be added to an event now.

    Raises
    ------
    WrongState
        If it cannot; the message says when.
    """
    state = session.catalog.events.get(event_id).state
    if state not in NEW_COPY_STATES:
        raise WrongState(
            f"event {event_id} is {state}; a copy is added while it is "
            f"{', '.join(NEW_COPY_STATES)}: reopen a released one first"
        )


def _open_copy(video: Path) -> _Copy:
    from recorder_core.jobs.deidentify.sidecars import sidecar

    if not video.is_file():
        raise DataError(f"there is no video {video.name or video}; give the copy's file")
    report = read_copy_report(sidecar(video, "report"))
    if file_sha256(video) != report.copy_sha256:
        raise WrongCopy("the copy is not the one that its report is about: its hash differs")
    read_detections(sidecar(video, "detections"))
    read_redactions(sidecar(video, "redactions"))
    with open_video(video) as opened:
        times = FrameTimes(opened.info.video.time_base, opened.index.pts)
    return _Copy(video, report, times)


def _check_source(session: Session, event_id: str, copy: _Copy) -> None:
    """Refuse a copy that was not made from the event's video: the file, or an export of it."""
    event = ArchivedEvent(session, session.catalog.events.get(event_id))
    claimed = copy.report.source_sha256
    names = find_names(session, event.event_id)
    if names is not None and names.source_sha256 == claimed:
        return
    digest = hashlib.sha256()
    with session.open_sealed(session.stored(event.file("original"))) as original:
        for chunk in original.chunks():
            digest.update(chunk)
    if digest.hexdigest() != claimed:
        raise WrongCopy(
            f"the copy was not made from the video of event {event_id}: make one with "
            f"'workbench event deidentify {event_id}'"
        )


def _present(session: Session, event_id: str) -> dict[str, StoredFile]:
    """Return the files of the copy; detections that were recorded without one are none of them."""
    rows: dict[str, EventFile] = {}
    for role in COPY_ROLES:
        for row in session.catalog.contents.files(event_id, role):
            rows[role] = row
    has_copy = "deidentified" in rows
    return {role: session.stored(row) for role, row in rows.items() if has_copy}


def _seal(session: Session, identity: FileIdentity, path: Path, progress: Progress) -> NewFile:
    if not path.exists():
        raise DataError(f"there is no {path.name} beside the copy")
    total = max(path.stat().st_size >> 20, 1)
    readers = partial(session.readers, role_of(identity.role).read_action(is_released=False))
    return seal_path(
        session.folders.roots(), identity, readers, path, lambda done: progress(done >> 20, total)
    )


def _enter(
    session: Session,
    event_id: str,
    copy: _Copy,
    new: Mapping[str, NewFile],
    old: Mapping[str, StoredFile],
) -> None:
    """Store the new files in the place of the old ones; inside a transaction."""
    catalog, by = session.catalog, session.identity.actor.user_id
    _remove(session, event_id, old)
    for role, file_new in new.items():
        row = store_file(session, file_new)
        if role == "deidentified":
            catalog.contents.put_pts_index(row.file_id, copy.index)
    if catalog.events.get(event_id).state is not EventState.DEIDENTIFIED:
        catalog.events.move(event_id, EventState.DEIDENTIFIED, by=by)


def _remove(session: Session, event_id: str, old: Mapping[str, StoredFile]) -> None:
    """Forget a copy and how far its review was; inside a transaction."""
    catalog, by = session.catalog, session.identity.actor.user_id
    for file in old.values():
        own_file_name(file.row)  # what is another's is not destroyed
        catalog.contents.remove_file(file.row.file_id)
        for key in catalog.grants.keys(event_id, file.row.role):
            catalog.grants.take_back(
                event_id, file.row.role, key.recipient_kind, key.recipient, by=by
            )
        _note_left(session, event_id, file.row.role)
    catalog.reviews.forget_progress(event_id)


def _note_left(session: Session, event_id: str, role: str) -> None:
    """Note again who can open what was recorded, which a copy does not take with it."""
    for row in session.catalog.contents.files(event_id, role):
        left = session.stored(row)
        key_file = read_any_key_file(session.folders.roots(), left.name, left.identity)
        note_readers(session, event_id, role, key_file)


def _destroy(session: Session, old: Mapping[str, StoredFile]) -> None:
    for file in old.values():
        retire_file(session, file.name)


def _summary(event_id: str, report: CopyReport, detected_utc: datetime) -> DetectionsSummary:
    return DetectionsSummary(
        summary_id=new_id(),
        event_id=event_id,
        detector=report.detector,
        weights_sha256=report.weights_sha256,
        method=report.method,
        frames_checked=report.frames_checked,
        box_count=report.boxes,
        track_count=report.tracks,
        repaired_box_count=report.repaired_boxes,
        longest_repaired_gap_frames=report.longest_repaired_gap_frames,
        created_utc=detected_utc,
    )
