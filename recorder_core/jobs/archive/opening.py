"""Open an archive: as one person, with the catalog that counts, and the mirror following it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeAlias

from recorder_core.archive import DelaySettings, destroy_left_keys
from recorder_core.catalog import Action, AuditHead, Catalog, log_repaired_rows
from recorder_core.catalog.model.codes import utc_now
from recorder_core.jobs.archive.access.identity import (
    Credentials,
    Handed,
    Identity,
    carry_on,
    sign_in,
)
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.access.trust import look_up_trust, trusted_folders
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.place.catalog_opening import open_catalog
from recorder_core.jobs.archive.place.finding import (
    find_archive,
    open_either,
    stand_in_notice,
)
from recorder_core.jobs.archive.place.folders import Folders
from recorder_core.jobs.archive.place.info_lock import as_they_are, info_lock
from recorder_core.jobs.archive.place.reconciling import know_place, reconcile
from recorder_core.jobs.archive.place.replication import Replicator

__all__ = ["open_archive", "open_handed"]

#: says who opens an archive, and logs it
_Enter: TypeAlias = Callable[[Folders, Catalog, AuditHead], Identity]
#: who checks passwords slowly, and how
DEFAULT_DELAYS = DelaySettings()


def open_archive(
    path: Path,
    credentials: Credentials,
    *,
    origin: str = "local",
    delays: DelaySettings = DEFAULT_DELAYS,
    clock: Callable[[], datetime] = utc_now,
    check_catalog: bool = False,
) -> Archive:
    """Open an archive as one person.

    The mirror is named in the archive's place where that is lost, and is used in its place where
    its disk lets nobody in, or goes meanwhile. A catalog that is damaged, or older than the other
    folder's, is set aside and the other's put in its place.

    Parameters
    ----------
    path : Path
        The archive's folder.
    credentials : Credentials
        Login and password, and the recovery words where they are needed.
    origin : str, default "local"
        Where the person is, for the log: "local" or an address.
    delays : DelaySettings, optional
        How failed attempts slow the next one down.
    clock : callable, optional
        Gives the time; for tests.
    check_catalog : bool, default False
        Read the whole catalog first, so that hidden damage in it is found and repaired.

    Returns
    -------
    Archive
        A context manager.

    Raises
    ------
    ArchiveError
        If there is no archive, or the password is wrong (NoKeyMatches, SignInDelayed).
    CatalogError
        If the catalog cannot be opened, or the log cannot be written; CatalogSplit if both
        folders' catalogs were changed since they were the same.
    """

    def enter(folders: Folders, catalog: Catalog, checked: AuditHead) -> Identity:
        return sign_in(
            folders,
            catalog,
            credentials,
            origin=origin,
            delays=delays,
            clock=clock,
            checked=checked,
        )

    return _open(path, enter, clock, check_catalog=check_catalog)


def open_handed(path: Path, handed: Handed, *, detail: str) -> Archive:
    """Open an archive as a person who signed in in another process; the key is wiped with it.

    Parameters
    ----------
    path : Path
        The archive's folder.
    handed : Handed
        From the other process.
    detail : str
        For the log: what this is for.

    Raises
    ------
    NotAllowed
        If the user is disabled, or has other keys since.
    RecorderError
        As :func:`open_archive`.
    """

    def enter(_: Folders, catalog: Catalog, checked: AuditHead) -> Identity:
        return carry_on(catalog, handed, detail=detail, checked=checked)

    return _open(path, enter, utc_now)


def _open(
    path: Path, enter: _Enter, clock: Callable[[], datetime], *, check_catalog: bool = False
) -> Archive:
    opening = partial(_open_at, enter=enter, clock=clock, check_catalog=check_catalog)
    return open_either(know_place(find_archive(path)), opening)


def _open_at(
    folders: Folders,
    *,
    enter: _Enter,
    clock: Callable[[], datetime],
    check_catalog: bool,
    notice: str = "",
) -> Archive:
    """Open an archive by the folder that is in use, and by no other."""
    reconciled = reconcile(folders, clock, read_all=check_catalog)
    with ExitStack() as stack:
        catalog = stack.enter_context(open_catalog(folders, clock))
        replicator = Replicator(folders, catalog)
        stack.callback(replicator.close)
        who = enter(folders, catalog, reconciled.checked)
        if reconciled.done:
            catalog.audit.append(who.actor, Action.REPAIR_MIRROR, detail="catalog:reconciled")
        log_repaired_rows(catalog.audit, who.actor, reconciled.mended)
        catalog.audit.guard()
        folders = replicator.folders = _known_folders(folders, catalog, who)
        faults = (
            folders.copy_notice(),
            folders.mirror_fault(),
            stand_in_notice(folders) or notice,
            *map(_clean, folders.roots()),
        )
        notices = (*reconciled.done, *filter(None, (_log_notice(who), *faults)))
        stack.pop_all()
    return Archive(Session(folders, catalog, who, clock, replicator), notices)


def _known_folders(folders: Folders, catalog: Catalog, who: Identity) -> Folders:
    """Return the folders as the log has them; a command may have changed both since they were read.

    Raises
    ------
    NotAllowed
        If the archive is another one than the log's.
    """
    found = trusted_folders(folders, who.trust)
    if not found.lacks_mirror:
        return found
    with info_lock(folders.primary):
        trust = look_up_trust(catalog, who.trust.row_hash)
        return trusted_folders(as_they_are(folders), trust)


def _log_notice(who: Identity) -> str:
    """Return what a log that cannot be believed means for a person; empty if it can."""
    if not who.log_fault:
        return ""
    return (
        f"{who.log_fault}: recordings go on, but are sealed to nobody but the recovery key, and "
        "nothing is imported, read or given; run 'workbench audit verify'"
    )


def _clean(root: Path) -> str | None:
    """Destroy key files that cut-off changes left on a root; say why if they stay."""
    try:
        destroy_left_keys(root)
    except OSError as error:
        return (
            f"{root} has a key file that a cut-off change left, and it cannot be destroyed "
            f"({error.strerror}); it may open for someone whose key was revoked: check "
            "the disk and open the archive again"
        )
    return None
