"""Make an archive, give it another mirror, or say that it was moved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from recorder_core.archive import (
    DEFAULT_COST,
    Argon2Settings,
    Password,
    PrivateKey,
    check_new_password,
    new_recovery_words,
)
from recorder_core.catalog import Action, Catalog, copy_catalog
from recorder_core.catalog.model.codes import check_new_user_id, check_site_code, new_id
from recorder_core.errors import ArchiveError, SchemaTooNew, SettingsError, WrongState
from recorder_core.jobs.archive.access.founding import found_trust
from recorder_core.jobs.archive.access.session import Session
from recorder_core.jobs.archive.access.stated_settings import mirror_setting
from recorder_core.jobs.archive.acting import acting
from recorder_core.jobs.archive.archive import Archive
from recorder_core.jobs.archive.place.catalog_opening import fill_reserves
from recorder_core.jobs.archive.place.folders import (
    ANCHOR_NAME,
    CATALOG_NAME,
    ArchiveInfo,
    Folders,
    read_info,
    refuse_backup,
    write_info,
)
from recorder_core.jobs.archive.place.making import (
    being_made,
    finish_root,
    make_root,
    refuse_used,
)
from recorder_core.jobs.archive.place.places import refuse_inside, refuse_nested

__all__ = ["accept_place", "check_new_archive", "create_archive", "set_mirror"]


def check_new_archive(
    path: Path, *, site_code: str, administrator: str, mirror: Path | None = None
) -> None:
    """Refuse what no archive can be made of; for who is to be asked for a password first.

    Parameters
    ----------
    path, site_code, administrator, mirror
        As for :func:`create_archive`.

    Raises
    ------
    ArchiveError, CatalogError, SettingsError
        As there.
    """
    refuse_inside(path, "archive")
    if mirror is not None:
        refuse_nested(path, mirror, "mirror")
        refuse_inside(mirror, "mirror")
    check_site_code(site_code)
    check_new_user_id(administrator)
    for folder in filter(None, (path, mirror)):
        refuse_used(folder)


def create_archive(
    path: Path,
    *,
    site_code: str,
    administrator: str,
    password: Password,
    mirror: Path | None = None,
    password_cost: Argon2Settings = DEFAULT_COST,
    show: Callable[[str], None] | None = None,
) -> str:
    """Make an archive with its first administrator.

    Parameters
    ----------
    path : Path
        An empty folder, or one to make; one that a cut-off call left is made anew.
    site_code : str
        Code of the hospital or room, never a person's name.
    administrator : str
        Login of the first user.
    password : Password
        Of the first user.
    mirror : Path, optional
        An empty folder on another disk.
    password_cost : Argon2Settings, optional
        How much work a guess at a password costs here.
    show : callable, optional
        Called with the recovery words before the archive is one; an error of it ends all, and
        the folders can be used again.

    Returns
    -------
    str
        The twelve recovery words; they are stored nowhere. Print them once.

    Raises
    ------
    ArchiveError, CatalogError
        If the folders cannot be used.
    SettingsError
        If the password is short, or one of the first that are tried, or one folder lies in the
        other, or in that of another archive, mirror or backup.
    """
    check_new_archive(path, site_code=site_code, administrator=administrator, mirror=mirror)
    check_new_password(password, administrator)
    words, recovery = new_recovery_words()
    info = ArchiveInfo(
        archive_id=new_id(),
        site_code=site_code,
        recovery_public_key=recovery.public_key.to_text(),
        folder=str(path.resolve()),
        mirror=str(mirror.absolute()) if mirror else None,
        password_cost=None if password_cost == DEFAULT_COST else password_cost,
    )
    roots = (path, mirror) if mirror else (path,)
    with being_made(*roots):
        _make_roots(Folders(path, info), administrator, password, recovery)
        if show is not None:
            show(words)
        # the archive first: it says of a mirror that was not finished how to finish it
        for root in roots:
            finish_root(root)
    return words


def _make_roots(
    folders: Folders, administrator: str, password: Password, recovery: PrivateKey
) -> None:
    """Make all that an archive is, but for calling it finished."""
    roots = [folders.primary, *([folders.mirror] if folders.mirror else [])]
    for folder in roots:
        make_root(folder, folders.info)
    with Catalog.create(
        folders.primary / CATALOG_NAME, anchors=[root / ANCHOR_NAME for root in roots]
    ) as catalog:
        found_trust(catalog, folders.info, administrator, password, recovery)
    for root in roots[1:]:
        _copy_catalog(folders.primary, root)
    fill_reserves(roots)


def set_mirror(archive: Archive, mirror: Path) -> None:
    """Set a folder as the mirror from now on; repair fills it.

    Parameters
    ----------
    archive : Archive
        Open, in its own folder.
    mirror : Path
        An empty folder, one that was this archive's mirror before, or one that a cut-off call
        left.

    Raises
    ------
    SettingsError
        If one folder lies in the other, or the mirror in that of another archive, mirror or
        backup, or the archive's own folder is not there.
    FolderInUse
        If something else is in the folder.
    ArchiveError
        If it cannot be written.
    WrongState
        If another command set the mirror meanwhile.
    """
    with acting(archive, Action.MANAGE_SETTINGS, detail="mirror") as session:
        refuse_nested(session.folders.primary, mirror, "mirror")
        refuse_inside(mirror, "mirror")
        refuse_backup(mirror)
        _need_own_folder(session.folders)
        with session.changing_info() as now, being_made(mirror):
            _refuse_moved(session, now)
            folders = now.at_place().with_mirror(mirror)
            if not _was_mirror(mirror, folders.info.archive_id):
                make_root(mirror, folders.info)
            write_info(mirror, folders.info)
            write_info(folders.primary, folders.info)
            finish_root(mirror)
            session.catalog.settings.put(mirror_setting(folders.info))
        session.moved_to(folders)


def accept_place(archive: Archive, *, mirror: Path | None = None) -> None:
    """Record that the archive was moved to where it was opened now.

    Parameters
    ----------
    archive : Archive
        Open, for an administrator; a copy of the archive as far as this program knows.
    mirror : Path, optional
        Where the mirror is now, if that was moved too.

    Raises
    ------
    SettingsError
        If the archive is where it was: then this is a copy.
    WrongState
        If another command said so, or set the mirror, meanwhile.
    """
    with acting(archive, Action.MANAGE_SETTINGS, detail="moved") as session:
        old, here = session.folders.info.folder, session.folders.primary
        if session.folders.is_copy and old and _is_archive(Path(old), session):
            raise SettingsError(
                f"the archive is still in {old}, so {here} is a copy of it; remove or unplug that "
                "first if this one is to take its place"
            )
        if mirror is not None:
            refuse_nested(here, mirror, "mirror")
            refuse_inside(mirror, "mirror")
            refuse_backup(mirror)
        with session.changing_info() as now:
            _refuse_moved(session, now)
            folders = replace(now.at_place(), lacks_mirror=False)
            folders = folders if mirror is None else folders.with_mirror(mirror)
            for root in folders.roots():
                write_info(root, folders.info)
            session.catalog.settings.put(mirror_setting(folders.info))
        session.moved_to(folders)


def _refuse_moved(session: Session, now: Folders) -> None:
    """Raise if another command said where the archive or its mirror is since it was opened."""
    before = session.folders.info
    if (now.info.folder, now.info.mirror) == (before.folder, before.mirror):
        return
    session.moved_to(now)  # who repeats it has seen this
    mirror = f"its mirror is {now.info.mirror}" if now.info.mirror else "it has no mirror"
    raise WrongState(
        f"another command changed where this archive lies meanwhile, which counts: {mirror}; "
        "repeat this if that is not what was meant"
    )


def _copy_catalog(path: Path, root: Path) -> None:
    try:
        copy_catalog(path / CATALOG_NAME, root / CATALOG_NAME)
    except OSError as error:
        raise ArchiveError(
            f"no mirror can be made in {root} ({error.strerror}); choose another folder, and repeat"
        ) from error


def _need_own_folder(folders: Folders) -> None:
    own = folders.info.folder
    if folders.is_copy or (own and Path(own).resolve() != folders.primary.resolve()):
        raise SettingsError(
            f"{folders.primary} is not the archive's own folder; say first that the archive lies "
            "here now, with 'workbench archive moved'"
        )


def _was_mirror(folder: Path, archive_id: str) -> bool:
    try:
        return read_info(folder).archive_id == archive_id
    except (ArchiveError, SchemaTooNew):
        return False


def _is_archive(folder: Path, session: Session) -> bool:
    return _was_mirror(folder, session.folders.info.archive_id)
