"""How an archive is: what is in it, and what needs attention."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from recorder_core.archive import Argon2Settings, lacks_files, missing_bytes
from recorder_core.catalog import Action, EventState
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.care.mirror import (
    complete_files,
    key_findings,
    look_at_all,
    stream_findings,
    surviving_keys,
)
from recorder_core.jobs.archive.events.deleting import unfinished_deletions
from recorder_core.jobs.archive.files.leftovers import find_leftovers
from recorder_core.jobs.archive.files.links import find_links
from recorder_core.jobs.archive.keys.attesting import attest, info_faults, reader_faults
from recorder_core.jobs.archive.place.event_lock import is_being_written
from recorder_core.jobs.progress import no_progress
from recorder_core.model.counts import format_count

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
    password_cost: Argon2Settings
    #: what is wrong
    faults: tuple[str, ...]
    #: what somebody should know
    notices: tuple[str, ...]

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
    with archive._session.audited(Action.LIST_EVENTS, detail="status"):
        catalog, folders = archive._session.catalog, archive.folders
        catalog.check()
        events = catalog.events.find()
        files = [file.row for file in complete_files(archive)]
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
            faults=_faults(archive),
            password_cost=folders.info.cost,
            notices=_notices(archive),
        )


def _faults(archive: Archive) -> tuple[str, ...]:
    return (*_trust_faults(archive), *_other_faults(archive))


def _trust_faults(archive: Archive) -> list[str]:
    """Return what somebody changed outside this program."""
    changed = attest(archive._session.catalog, archive._session.identity.trust.row_hash)
    faults = [finding.sentence for finding in changed]
    return faults + info_faults(archive) + reader_faults(archive)


def _other_faults(archive: Archive) -> tuple[str, ...]:
    folders = archive.folders
    faults = [fault] if (fault := folders.mirror_fault()) else []
    faults += archive._session.catalog.audit.anchor_faults
    faults += archive._session.replicator.copy()
    lag = archive._session.catalog.audit.clock_lag_seconds()
    if lag:
        faults.append(
            f"the clock of this computer is {lag:.0f} s behind the latest time in the audit log; "
            "set it"
        )
    for root in folders.roots():
        faults += _root_faults(root)
    faults += [
        f"{link}; somebody put it there: 'workbench mirror repair' sets it aside"
        for link in find_links(archive._session)
    ]
    faults += _single_copies(archive)
    faults += [
        f"the keys of {name}, of a deleted event, are still on a disk that was away; 'workbench "
        "mirror repair' destroys them"
        for name in surviving_keys(archive)
    ]
    faults += _unfinished(archive)
    return tuple(faults)


def _unfinished(archive: Archive) -> list[str]:
    """Return what a step that was cut off left."""
    faults = []
    left = find_leftovers(archive._session)
    if left:
        faults.append(
            f"{format_count(len(left), 'sealed file')} {'belongs' if len(left) == 1 else 'belong'} "
            "to no event of the catalog: a step was cut off, or the catalog is older; 'workbench "
            "mirror repair' says how to take in what there is, or sets it aside"
        )
    faults += [
        f"the deletion of event {event_id} was cut off and some of its keys are gone; an "
        f"administrator finishes it with 'workbench event delete {event_id}'"
        for event_id in unfinished_deletions(archive)
    ]
    faults += [
        f"the recording of event {event_id} was cut off; a reviewer saves what is there with "
        f"'workbench event finalise {event_id}'"
        for event_id, is_running in _recordings(archive)
        if not is_running
    ]
    return faults


def _root_faults(root: Path) -> list[str]:
    faults = []
    free = shutil.disk_usage(root).free
    if free < LOW_SPACE_BYTES:
        faults.append(f"{root} has {free / 2**30:.1f} GiB left; an hour of video needs 9")
    if lacks_files(root):
        faults.append(
            f"{root} has no room for more files, however many bytes are free: signing in, logging "
            "and deleting live on the files that are kept for them, and nothing is recorded "
            "there; remove files, or delete events"
        )
    if missing_bytes(root):
        faults.append(
            f"{root} is full: signing in, logging and deleting live on the room that is kept for "
            "them, and nothing is recorded there; delete events, or make room"
        )
    if not os.access(root, os.W_OK):
        faults.append(f"{root} is read-only: nothing is recorded there; check that disk")
    return faults


def _single_copies(archive: Archive) -> list[str]:
    """Return how many files are stored, but not yet whole on every root, each with its keys."""
    copies = look_at_all(archive, archive._session.stated_keys(), False, no_progress)
    complete = [found for found in copies if found.file.row.is_complete]
    files = [found for found in complete if stream_findings(found) or key_findings(found)]
    if not files:
        return []
    return [
        f"{format_count(len(files), 'sealed file')} {'is' if len(files) == 1 else 'are'} stored, "
        "but not yet on every disk; 'workbench mirror repair' copies what is missing"
    ]


def _notices(archive: Archive) -> tuple[str, ...]:
    retention = archive._session.catalog.retention
    copied = [notice] if (notice := archive.folders.copy_notice()) else []
    if archive._session.trust().was_restored and archive.folders.mirror is None:
        copied.append(
            "this archive was made from a backup and has had no mirror since: deletions do not "
            "reach its earlier mirror; 'workbench mirror set FOLDER' gives it one"
        )
    running = [
        f"event {event_id} is being recorded now"
        for event_id, is_running in _recordings(archive)
        if is_running
    ]
    unruled = [
        f"site {site} has no retention rule: its events are kept and nobody is reminded; set one "
        f"with 'workbench retention set {site} --keep-days N --warn-days N'"
        for site in retention.sites_without_rule()
    ]
    return (*copied, *running, *unruled, *(notice.sentence for notice in retention.due()))


def _recordings(archive: Archive) -> list[tuple[str, bool]]:
    """Return the events without an end, and whether each is being recorded now."""
    return [
        (event.event_id, is_being_written(archive.folders, event.event_id))
        for event in archive._session.catalog.events.find(state=EventState.RECORDING)
    ]
