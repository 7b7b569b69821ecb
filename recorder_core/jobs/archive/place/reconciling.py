"""Of two copies of the catalog, the newer is the one that counts.

Which copy continues the other is told by their audit logs. A copy that is damaged, or older, is
set aside and the other put in its place. Where both were changed since they were the same,
neither is taken: a person says which.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from recorder_core.archive import check_signature
from recorder_core.archive.disk.durable import locked, sync_path
from recorder_core.catalog import (
    check_catalog,
    check_form,
    check_log,
    compare_catalogs,
    continuation_fault,
    continue_log,
    copy_catalog,
    has_other_rows,
    has_other_signatures,
    is_accepted_fault,
    mend_rows,
    previous_copy,
)
from recorder_core.catalog.audit.anchors import EMPTY_HEAD, AuditHead
from recorder_core.catalog.model.codes import utc_now
from recorder_core.errors import (
    ArchiveError,
    CatalogBusy,
    CatalogDamaged,
    CatalogError,
    CatalogSplit,
    SchemaTooNew,
)
from recorder_core.jobs.archive.place.catalog_lock import replacing_catalog
from recorder_core.jobs.archive.place.catalog_opening import free_reserves
from recorder_core.jobs.archive.place.folders import (
    ANCHOR_NAME,
    CATALOG_NAME,
    INFO_NAME,
    Folders,
    read_info,
    write_info,
)
from recorder_core.jobs.archive.place.info_lock import as_they_are, info_lock
from recorder_core.jobs.archive.place.set_aside import SPLIT_CATALOG, set_aside
from recorder_core.model.values.counts import format_count

__all__ = ["CATALOG_NAMES", "Reconciled", "know_place", "reconcile", "set_others_aside"]

#: the database and its log
CATALOG_NAMES = [CATALOG_NAME, f"{CATALOG_NAME}-wal", f"{CATALOG_NAME}-shm"]
#: the other folder's, before it takes its place
_INCOMING_NAME: Final = f"{CATALOG_NAME}.incoming"


def know_place(folders: Folders) -> Folders:
    """Note where an archive of an older version lies, so that a copy of it is known as one."""
    if folders.info.folder is not None or folders.mirror is None:
        return folders
    with suppress(ArchiveError, SchemaTooNew):
        noted = read_info(folders.mirror)
        if noted.archive_id == folders.info.archive_id and noted.folder is not None:
            return Folders(folders.primary, noted)
    with info_lock(folders.primary):
        found = as_they_are(folders)
        if found.info.folder is not None:
            return found  # another command noted it meanwhile
        placed = found.at_place()
        for root in placed.roots():
            with suppress(OSError):
                write_info(root, placed.info)
    return placed


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was done, and what is known of the catalog that counts."""

    #: in words
    done: tuple[str, ...]
    #: every row of its log up to there is as written; the empty head where that was not asked
    checked: AuditHead = EMPTY_HEAD
    #: single rows of the catalog in use that were put right
    mended: tuple[str, ...] = ()


def reconcile(
    folders: Folders, clock: Callable[[], datetime] = utc_now, *, read_all: bool = False
) -> Reconciled:
    """Replace the older of two copies of the catalog by the newer.

    Parameters
    ----------
    folders : Folders
        Of the archive.
    clock : callable, optional
        Gives the time, for the name of what is set aside.
    read_all : bool, default False
        Check every page of the catalog in use, not its log alone. Done in any case where a
        row of that log is not as written: what changed by itself on one disk is right on the
        other.

    Returns
    -------
    Reconciled

    Raises
    ------
    CatalogSplit
        If both were changed since they were the same, or if the newer one has rows that
        nobody of this archive wrote; neither is touched.
    CatalogBusy
        If the older one is open in another process.
    CatalogDamaged
        If no copy is sound.
    """
    own = folders.primary / CATALOG_NAME
    if not own.exists() and previous_copy(own).exists():
        previous_copy(own).rename(own)
    free_reserves(folders.roots())
    done: list[str] = []
    mended: list[str] = []
    others = folders.roots()[1:]
    checked = _whole_log(own) if others else EMPTY_HEAD
    read_all = read_all or (checked is None and not _is_accepted(own, others))
    read_all = read_all or any(_differ(own, other / CATALOG_NAME) for other in others)
    for other in others:
        _refuse_in_use(other)
        if read_all:
            rows = _mend(own, other / CATALOG_NAME)
            done += _mended_sentence(own, other, rows) if rows else []
            mended += rows
        why = _fault(own, other / CATALOG_NAME, read_all)
        if why:
            done.append(_replace(folders.primary, other, why, clock))
        else:
            done += _clear_damaged(other, clock)
    head = EMPTY_HEAD if done or checked is None else checked
    return Reconciled(tuple(done), head, tuple(mended))


def set_others_aside(folders: Folders) -> list[Path]:
    """Set the other folder's catalog aside, and return where: a person chose the one in use.

    Raises
    ------
    CatalogError
        If it is open in another process, or its disk cannot be written.
    """
    aside = []
    for other in folders.roots()[1:]:
        try:
            with locked(other / INFO_NAME), replacing_catalog(other):
                names = [*CATALOG_NAMES, ANCHOR_NAME]
                aside.append(set_aside(other, names, SPLIT_CATALOG))
        except CatalogError:
            raise
        except OSError as error:
            raise CatalogError(
                f"the catalog in {other} cannot be set aside ({error.strerror}); check the disk"
            ) from error
    return aside


def _refuse_in_use(other: Path) -> None:
    """Raise CatalogBusy if somebody works in the other folder alone; both would be changed."""
    try:
        with locked(other / INFO_NAME), replacing_catalog(other):
            return
    except CatalogBusy:
        raise
    except OSError:
        return  # it cannot be written, so nobody works there


def _mend(own: Path, theirs: Path) -> tuple[str, ...]:
    """Mend single rows that are not what the log states, where the other copy has them."""
    if not (own.exists() and theirs.exists()):
        return ()
    try:
        return mend_rows(own, theirs, check_signature)
    except CatalogError:
        return ()  # damaged as a whole: what follows finds and replaces it


def _mended_sentence(own: Path, other: Path, mended: Sequence[str]) -> list[str]:
    return [
        f"the catalog in {own.parent} was not what the log states in "
        f"{format_count(len(mended), 'row')}, put right from that in {other}: {', '.join(mended)}"
    ]


def _fault(own: Path, theirs: Path, read_all: bool) -> str | None:
    """Return why the catalog in use is not the one that counts: gone, damaged, older; else None.

    One that only cannot be read now, as on a full disk, stays: opening it says what is wrong.
    """
    if not theirs.exists():
        return None
    try:
        check_form(own)
        if read_all:
            check_catalog(own)
        compare_catalogs(own, own)
        relation = compare_catalogs(own, theirs)
        if relation == "newer" and not read_all:
            check_catalog(own)  # a copy that stays behind may do so because of damage here
    except CatalogError as error:
        why = "missing" if not own.exists() else "damaged"
        is_lost = why == "missing" or _is_lost(own, theirs, error)
        return why if is_lost and not _is_sound(own) and _is_sound(theirs) else None
    if relation == "split":
        raise CatalogSplit(
            f"the catalogs in {own.parent} and {theirs.parent} were both changed since they were "
            "the same, so neither is taken: an administrator keeps one with 'workbench audit "
            "accept-break --archive FOLDER', which lists first what each has that the other lacks, "
            "and the other is set aside"
        )
    if relation != "older":
        return None
    _refuse_forged(own, theirs)
    return "older"


def _is_lost(own: Path, theirs: Path, error: CatalogError) -> bool:
    """Return whether a catalog is gone for good.

    One that says that a newer program wrote it is believed only where it has more in its log.
    """
    if not isinstance(error, SchemaTooNew):
        return isinstance(error, CatalogDamaged)
    try:
        return compare_catalogs(own, theirs) in ("same", "older")
    except CatalogError:
        return False


def _refuse_forged(own: Path, theirs: Path) -> None:
    """Raise CatalogSplit if the newer catalog is not what people of this archive wrote."""
    fault = continuation_fault(own, theirs, check_signature)
    if fault is not None:
        raise CatalogSplit(
            f"the catalog in {theirs.parent} has rows that the one in {own.parent} lacks, but "
            f"it does not count as newer: {fault}; nothing was replaced: keep both folders as "
            "evidence, then have an administrator keep one with 'workbench audit accept-break "
            f"--archive {own.parent}', and the other is set aside"
        )


def _whole_log(path: Path) -> AuditHead | None:
    """Return the head of a log whose rows are all as written; None if one is not."""
    try:
        return check_log(path)
    except CatalogDamaged:
        return None
    except CatalogError:
        return EMPTY_HEAD  # it cannot be read now: what follows says so


def _differ(own: Path, theirs: Path) -> bool:
    """Return whether a signature of the log, or a row that it states, is another in the other."""
    with suppress(CatalogError):
        return theirs.exists() and (
            has_other_signatures(own, theirs) or has_other_rows(own, theirs)
        )
    return False  # one of them cannot be read: what follows says so


def _is_accepted(own: Path, others: Sequence[Path]) -> bool:
    """Return whether what is wrong with a log was accepted, and none of the others has it right.

    It is never right again: what is asked where a row is not as written is asked at the first
    sign-in, and again when another row is not.
    """
    try:
        return all(is_accepted_fault(own, other / CATALOG_NAME) for other in others)
    except CatalogError:
        return False


def _is_sound(path: Path) -> bool:
    try:
        check_catalog(path)
    except CatalogError:
        return False
    return True


def _replace(primary: Path, other: Path, why: str, clock: Callable[[], datetime]) -> str:
    """Replace the catalog in use by the other, once the copy is whole."""
    own, incoming = primary / CATALOG_NAME, primary / _INCOMING_NAME
    try:
        with locked(other / INFO_NAME), replacing_catalog(primary):
            incoming.unlink(missing_ok=True)
            check_catalog(other / CATALOG_NAME)
            copy_catalog(other / CATALOG_NAME, incoming)
            if why == "damaged":
                continue_log(own, incoming)
            aside = set_aside(primary, CATALOG_NAMES, f"{why}-catalog", clock)
            incoming.replace(own)
            sync_path(primary)
    except CatalogError:
        raise
    except OSError as error:
        raise CatalogError(
            f"the {why} catalog in {primary} cannot be replaced by that in {other} "
            f"({error.strerror}), and stays where it is; free up space on that disk, or check it"
        ) from error
    finally:
        with suppress(OSError):
            incoming.unlink(missing_ok=True)
    return f"the catalog in {primary} was {why}: that in {other} took its place, it is in {aside}"


def _clear_damaged(other: Path, clock: Callable[[], datetime]) -> list[str]:
    """Set a copy aside that cannot be read, so that a sound one can be written."""
    theirs = other / CATALOG_NAME
    try:
        if theirs.exists():
            compare_catalogs(theirs, theirs)
    except CatalogDamaged:
        with suppress(OSError), locked(other / INFO_NAME), replacing_catalog(other):
            aside = set_aside(other, CATALOG_NAMES, "damaged-catalog", clock)
            return [f"the copy of the catalog in {other} was damaged and is in {aside}"]
    except CatalogError:
        pass  # its disk cannot be read: the replicator says so
    return []
