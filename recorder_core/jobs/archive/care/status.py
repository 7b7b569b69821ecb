"""How an archive is: what is in it, and what needs attention."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from recorder_core.archive import Argon2Settings, lacks_files, missing_bytes
from recorder_core.catalog import Action, EventState
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.acting import acting
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.care.mirror import (
    BAD_STREAMS,
    check_files,
    complete_files,
    key_findings,
    stream_findings,
    surviving_keys,
)
from recorder_core.jobs.archive.events.deleting import unfinished_deletions
from recorder_core.jobs.archive.files.leftovers import find_leftovers
from recorder_core.jobs.archive.files.links import find_links
from recorder_core.jobs.archive.keys.attesting import attest, info_faults, reader_faults
from recorder_core.jobs.archive.place.event_lock import is_being_written
from recorder_core.jobs.archive.review.second_review import reviewers_needed
from recorder_core.jobs.progress import no_progress
from recorder_core.model.values.counts import format_count
from recorder_core.model.values.phrase import phrase

__all__ = ["ArchiveStatus", "archive_status"]

#: an hour of composite video at 20 Mbit/s, in bytes
LOW_SPACE_BYTES = 10 * 2**30


@dataclass(frozen=True, slots=True)
class ArchiveStatus:
    """What :func:`archive_status` found; no names."""

    archive_id: str
    site_code: str
    folder: str
    mirror: str | None
    events_by_state: dict[str, int]
    file_count: int
    file_bytes: int
    free_bytes: int
    user_count: int
    audit_rows: int
    #: how many different reviewers sign a copy off before it is released
    reviewers_needed: int
    password_cost: Argon2Settings
    #: what is wrong
    faults: tuple[str, ...]
    #: what somebody is to do, though nothing is wrong
    reminders: tuple[str, ...]
    #: what somebody should know
    notices: tuple[str, ...]

    @property
    def needs_attention(self) -> bool:
        """Whether somebody is to do something."""
        return bool(self.faults or self.reminders)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def archive_status(archive: Archive) -> ArchiveStatus:
    """Check an archive: fast, without reading the sealed files.

    Raises
    ------
    CatalogDamaged
        If the catalog is damaged.
    """
    with acting(archive, Action.LIST_EVENTS, detail="status") as session:
        catalog, folders = session.catalog, session.folders
        catalog.check()
        events = catalog.events.find()
        files = [file.row for file in complete_files(session)]
        return ArchiveStatus(
            archive_id=folders.info.archive_id,
            site_code=folders.info.site_code,
            folder=str(folders.primary),
            mirror=str(folders.mirror) if folders.mirror else None,
            events_by_state=dict(Counter(event.state.value for event in events)),
            file_count=len(files),
            file_bytes=sum(row.size_bytes for row in files),
            free_bytes=min(shutil.disk_usage(root).free for root in folders.roots()),
            user_count=len(catalog.users.ids()),
            audit_rows=catalog.audit.head().seq,
            reviewers_needed=reviewers_needed(session),
            faults=_faults(session),
            password_cost=folders.info.cost,
            reminders=_reminders(session),
            notices=_notices(session),
        )


def _faults(session: Session) -> tuple[str, ...]:
    return (*_trust_faults(session), *_other_faults(session))


def _trust_faults(session: Session) -> list[str]:
    """Return what somebody changed outside this program."""
    changed = attest(session.catalog, session.identity.trust.row_hash)
    faults = [finding.sentence for finding in changed]
    return faults + info_faults(session) + reader_faults(session)


def _other_faults(session: Session) -> tuple[str, ...]:
    folders = session.folders
    faults = [fault] if (fault := folders.mirror_fault()) else []
    faults += session.catalog.audit.anchor_faults
    faults += session.replicator.copy()
    lag = session.catalog.audit.clock_lag_seconds()
    if lag:
        faults.append(
            phrase(
                "clock",
                "the clock of this computer is {seconds} s behind the latest time in the audit "
                "log; set it",
                seconds=f"{lag:.0f}",
            )
        )
    for root in folders.roots():
        faults += _root_faults(root)
    faults += [
        phrase(
            "link",
            "{link}; somebody put it there: 'workbench mirror repair' sets it aside",
            link=link,
        )
        for link in find_links(session)
    ]
    faults += _bad_streams(session)
    faults += _single_copies(session)
    faults += [
        phrase(
            "keys_left",
            "the keys of {file}, of a deleted event, are still on a disk that was away; "
            "'workbench mirror repair' destroys them",
            file=name,
        )
        for name in surviving_keys(session)
    ]
    faults += _unfinished(session)
    return tuple(faults)


def _unfinished(session: Session) -> Sequence[str]:
    """Return what a step that was cut off left."""
    faults = []
    left = find_leftovers(session)
    if left:
        faults.append(
            phrase(
                "files_left",
                "{files} {belong} to no event of the catalog: a step was cut off, or the catalog "
                "is older; 'workbench mirror repair' says how to take in what there is, or sets "
                "it aside",
                files=format_count(len(left), "sealed file"),
                belong="belongs" if len(left) == 1 else "belong",
                count=len(left),
            )
        )
    faults += [
        phrase(
            "deletion_cut",
            "the deletion of event {event} was cut off and some of its keys are gone; an "
            "administrator finishes it with 'workbench event delete {event}'",
            event=event_id,
        )
        for event_id in unfinished_deletions(session)
    ]
    faults += [
        phrase(
            "recording_cut",
            "the recording of event {event} was cut off; a reviewer saves what is there with "
            "'workbench event finalise {event}'",
            event=event_id,
        )
        for event_id, is_running in _recordings(session)
        if not is_running
    ]
    return faults


def _root_faults(root: Path) -> Sequence[str]:
    faults = []
    free = shutil.disk_usage(root).free
    if free < LOW_SPACE_BYTES:
        faults.append(
            phrase(
                "disk_low",
                "{disk} has {free} GiB left; an hour of video needs 9",
                disk=root,
                free=f"{free / 2**30:.1f}",
            )
        )
    if lacks_files(root):
        faults.append(
            phrase(
                "disk_files",
                "{disk} has no space for more files, however many bytes are free: signing in, "
                "logging and deleting live on the files that are kept for them, and nothing is "
                "recorded there; remove files, or delete events",
                disk=root,
            )
        )
    if missing_bytes(root):
        faults.append(
            phrase(
                "disk_filled",
                "{disk} is full: signing in, logging and deleting live on the space that is kept "
                "for them, and nothing is recorded there; delete events, or free up space",
                disk=root,
            )
        )
    if not os.access(root, os.W_OK):
        faults.append(
            phrase(
                "disk_read_only",
                "{disk} is read-only: nothing is recorded there; check that disk",
                disk=root,
            )
        )
    return faults


def _bad_streams(session: Session) -> list[str]:
    """Return how many streams were bad when every byte was read last."""
    rows = session.catalog.audit.beginning_with(Action.REPAIR_MIRROR, BAD_STREAMS)
    count = rows[-1].detail.removeprefix(BAD_STREAMS) if rows else "0"
    if count == "0":
        return []
    return [
        phrase(
            "bad_streams",
            "damaged or missing sealed files, when all were read on {day}: {count}; 'workbench "
            "mirror repair' puts right what has a good copy, and says what has none",
            day=f"{rows[-1].at_utc:%Y-%m-%d}",
            count=count,
        )
    ]


def _single_copies(session: Session) -> list[str]:
    """Return how many files are stored, but not yet whole on every root, each with its keys."""
    copies = check_files(session, session.stated_keys(), False, no_progress)
    complete = [found for found in copies if found.file.row.is_complete]
    files = [found for found in complete if stream_findings(found) or key_findings(found)]
    if not files:
        return []
    return [
        phrase(
            "single_copies",
            "{files} {are} stored, but not yet on every disk; 'workbench mirror repair' copies "
            "what is missing",
            files=format_count(len(files), "sealed file"),
            are="is" if len(files) == 1 else "are",
            count=len(files),
        )
    ]


def _reminders(session: Session) -> tuple[str, ...]:
    """Return what somebody is to do: about a copy, an archive without mirror, and retention."""
    retention = session.catalog.retention
    copied = [notice] if (notice := session.folders.copy_notice()) else []
    if session.trust().was_restored and session.folders.mirror is None:
        copied.append(
            phrase(
                "restored",
                "this archive was made from a backup and has had no mirror since: deletions do "
                "not reach its earlier mirror; 'workbench mirror set FOLDER' gives it one",
            )
        )
    unruled = [
        phrase(
            "no_rule",
            "site {site} has no retention rule: its events are kept and nobody is reminded; set "
            "one with 'workbench retention set {site} --keep-days N --warn-days N'",
            site=site,
        )
        for site in retention.sites_without_rule()
    ]
    return (*copied, *unruled, *_clock(session), *(notice.sentence for notice in retention.due()))


def _clock(session: Session) -> list[str]:
    """Return that the clock is to be confirmed, where events are deleted for their age."""
    if not any(rule.deletes_itself for rule in session.catalog.retention.rules()):
        return []
    leap = session.catalog.clock_leap()
    if leap is None:
        return []
    return [
        phrase(
            "clock_leap",
            "the audit log has no entry between {before} and {after}, so the clock of this "
            "computer may be ahead and nothing is deleted for its age; if it is right, an "
            "administrator says so with 'workbench retention confirm-clock DATE'",
            before=f"{leap.before:%Y-%m-%d}",
            after=f"{leap.after:%Y-%m-%d}",
        )
    ]


def _notices(session: Session) -> tuple[str, ...]:
    recorded = [
        phrase("recorded_now", "event {event} is being recorded now", event=event_id)
        for event_id, is_running in _recordings(session)
        if is_running
    ]
    return (*_alone(session), *recorded)


def _alone(session: Session) -> list[str]:
    """Return that everything lies on one disk, where nothing else says so."""
    folders = session.folders
    if folders.mirror or folders.lacks_mirror or session.trust().was_restored:
        return []
    return [
        phrase(
            "no_mirror",
            "there is no mirror: everything lies in {folder} alone and is lost with its disk; "
            "'workbench mirror set FOLDER' keeps a second copy on another disk",
            folder=folders.primary,
        )
    ]


def _recordings(session: Session) -> list[tuple[str, bool]]:
    """Return the events without an end, and whether each is being recorded now."""
    return [
        (event.event_id, is_being_written(session.folders, event.event_id))
        for event in session.catalog.events.find(state=EventState.RECORDING)
    ]
