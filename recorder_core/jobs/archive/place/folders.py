"""Where an archive lies: its folder, its mirror, and how each is known to be the right one.

::

    ARCHIVE/archive.json            what this is, and where it lies; no secret
            catalog.db              events, users, grants, audit
            catalog.db.previous     the copy before, on the mirror
            audit-head.json         head of the audit log
            sign-in-attempts.json
            reserve.bin             space for small writes on a full disk
            reserve.N.bin           empty: removed where it has space for no other file
            events/EVENT/ROLE.N.*   sealed files, generation N
            rooms/                  locks of rooms that are recorded; empty files
            set-aside/              what was not understood, or was replaced: never destroyed

The mirror has the same, its catalog being a copy that follows within a second. Both
``archive.json`` say where the two folders are. A folder without the right ``archive.json`` is
never written to: it may be the empty place where a disk is usually found. A folder that lies
somewhere else than it says is a copy of the archive: it is opened by itself, and neither the
archive nor its mirror is touched.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from recorder_core.archive import DEFAULT_COST, SPARE_NAMES, Argon2Settings, PublicKey
from recorder_core.archive.disk.durable import replace_file
from recorder_core.archive.identity import check_event_id
from recorder_core.catalog.model.codes import check_code
from recorder_core.errors import (
    ArchiveError,
    CatalogError,
    FolderInUse,
    SchemaTooNew,
    SettingsError,
)
from recorder_core.jobs.archive.place.places import BACKUP_NAME, INFO_NAME
from recorder_core.model.files.inner_files import EVENT_FOLDERS, inner_exists, read_inner
from recorder_core.model.values.json_text import parse_json
from recorder_core.model.values.phrase import phrase

__all__ = [
    "ANCHOR_NAME",
    "ARCHIVE_NAMES",
    "ATTEMPTS_NAME",
    "CATALOG_NAME",
    "EVENTS_NAME",
    "INFO_NAME",
    "MADE_NAMES",
    "UNFINISHED_NAME",
    "ArchiveInfo",
    "Folders",
    "begun_by",
    "has_info",
    "is_place",
    "read_info",
    "refuse_backup",
    "write_info",
]

#: 2 says where the archive's own folder is
FORMAT: Final = 2
CATALOG_NAME: Final = "catalog.db"
ANCHOR_NAME: Final = "audit-head.json"
ATTEMPTS_NAME: Final = "sign-in-attempts.json"
EVENTS_NAME: Final = "events"
#: there from the beginning to the end of making a folder of an archive
UNFINISHED_NAME: Final = "unfinished"
#: what a set-up that was cut off may have left, besides an empty folder for the events
MADE_NAMES: Final = (
    INFO_NAME,
    CATALOG_NAME,
    f"{CATALOG_NAME}-wal",
    f"{CATALOG_NAME}-shm",
    f"{CATALOG_NAME}-journal",
    f"{CATALOG_NAME}.partial",
    f"{CATALOG_NAME}.previous",
    ANCHOR_NAME,
    f"{ANCHOR_NAME}.lock",
    f"{ANCHOR_NAME}.partial",
    "catalog.lock",
    "reserve.bin",
    *SPARE_NAMES,
    UNFINISHED_NAME,
)
#: what lies in the folder of an archive or of a mirror
ARCHIVE_NAMES: Final = (*MADE_NAMES, EVENTS_NAME, ATTEMPTS_NAME, f"{ATTEMPTS_NAME}.lock")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveInfo:
    """What ``archive.json`` says.

    Attributes
    ----------
    archive_id : str
        The same on the archive and its mirror.
    site_code : str
        Of the events that are recorded here.
    recovery_public_key : str
        Every file is sealed to it, too.
    folder : str or None
        Where the archive's own folder is; None before format 2.
    mirror : str or None
        Folder on another disk.
    password_cost : Argon2Settings or None
        How much work a guess at a password costs; None: what this program's version thinks
        right.
    """

    archive_id: str
    site_code: str
    recovery_public_key: str
    folder: str | None = None
    mirror: str | None = None
    password_cost: Argon2Settings | None = None
    format: int = FORMAT

    def __post_init__(self) -> None:
        for path in (self.folder, self.mirror):
            if not isinstance(path, str | None):
                raise TypeError("a place is text")
            try:
                (path or "").encode("utf-8")
            except UnicodeEncodeError:
                raise SettingsError(
                    f"the path {path} is not UTF-8 text; choose another folder"
                ) from None

    @property
    def recovery(self) -> PublicKey:
        """The recovery key's public half."""
        return PublicKey.from_text(self.recovery_public_key)

    @property
    def cost(self) -> Argon2Settings:
        """With which private keys are wrapped under passwords now."""
        return self.password_cost or DEFAULT_COST


def begun_by(folder: Path) -> str:
    """Return the command that a cut-off call left in a folder to finish it; "" if none."""
    try:
        return (folder / UNFINISHED_NAME).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def refuse_backup(folder: Path) -> None:
    """Raise if a folder holds a backup, which nobody signs in to and nothing is added to.

    Raises
    ------
    FolderInUse
        If it does.
    """
    if inner_exists(folder / BACKUP_NAME):
        raise FolderInUse(
            f"{folder} is a backup of an archive; make an archive of it with 'workbench archive "
            f"restore {folder} NEW-FOLDER', or choose another folder"
        )


def write_info(folder: Path, info: ArchiveInfo) -> None:
    """Write ``archive.json`` in one step."""
    content = json.dumps(asdict(info), indent=2, sort_keys=True) + "\n"
    replace_file(folder / INFO_NAME, content.encode("ascii"))


def read_info(folder: Path) -> ArchiveInfo:
    """Read ``archive.json``.

    Raises
    ------
    ArchiveError
        If there is none or it is damaged.
    SchemaTooNew
        If a newer version of the program made the archive.
    """
    path = folder / INFO_NAME
    if inner_exists(folder / UNFINISHED_NAME):
        again = begun_by(folder)
        raise ArchiveError(
            f"making {folder} was cut off; repeat '{again}'"
            if again
            else f"making {folder} was cut off and nothing is in it; repeat 'workbench archive "
            "init', or 'workbench mirror set' if it was to be a mirror"
        )
    try:
        content = parse_json(read_inner(path))
        found = int(content["format"])
        _refuse_newer(folder, found)
        if content.get("password_cost") is not None:
            content["password_cost"] = Argon2Settings(**content["password_cost"])
        info = ArchiveInfo(**content)
        _check_info(info)
    except FileNotFoundError as error:
        raise ArchiveError(
            f"there is no archive in {folder}: plug its disk in, or name the mirror with "
            "--archive; only in a folder that never was one make one with 'workbench archive init'"
        ) from error
    except OSError as error:
        fault = f"{path} cannot be read ({error.strerror})"
        raise ArchiveError(f"{fault}; check its disk, or name the mirror with --archive") from error
    except SchemaTooNew:
        raise
    except (CatalogError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise ArchiveError(
            f"{path} is damaged; name the mirror with --archive, and put its archive.json there"
        ) from error
    return info


def has_info(folder: Path) -> bool:
    """Return whether a folder says that it is an archive's; the place of a lost disk does not."""
    return inner_exists(folder / INFO_NAME)


def _refuse_newer(folder: Path, found: int) -> None:
    if found > FORMAT:
        raise SchemaTooNew(
            f"the archive {folder} has format {found}, this program knows {FORMAT}; install "
            "the newer program that made it"
        )


def _check_info(info: ArchiveInfo) -> None:
    """Raise ValueError if a field is not what the program writes."""
    check_event_id(info.archive_id)
    check_code(info.site_code, "the site code")
    PublicKey.from_text(info.recovery_public_key)
    for place in (info.folder, info.mirror):
        if place is not None and (not Path(place).is_absolute() or "\0" in place):
            raise ValueError("a folder is not an absolute path")


@dataclass(frozen=True, slots=True)
class Folders:
    """The folder of an archive that is in use, and the other one if one was set up.

    Attributes
    ----------
    primary : Path
        Whose catalog is in use: the archive's own folder, or the mirror while that is alone.
    info : ArchiveInfo
        From its ``archive.json``.
    lacks_mirror : bool, default False
        Whether the log says that there is a mirror, of which ``archive.json`` knows nothing.
    """

    primary: Path
    info: ArchiveInfo
    lacks_mirror: bool = False

    @property
    def is_copy(self) -> bool:
        """Whether this folder lies elsewhere than the archive and its mirror."""
        known = self.info.folder or str(self.primary.absolute())
        return not (is_place(self.primary, known) or is_place(self.primary, self.info.mirror))

    @property
    def mirror(self) -> Path | None:
        """Where the other folder should be; None for a copy, which is by itself."""
        if self.is_copy:
            return None
        if is_place(self.primary, self.info.mirror):
            return Path(self.info.folder) if self.info.folder else None
        return Path(self.info.mirror) if self.info.mirror else None

    def copy_notice(self) -> str | None:
        """Return a notice that this is a copy of the archive; None if it is not."""
        if not self.is_copy:
            return None
        return phrase(
            "moved",
            "{folder} is a copy: this archive lies in {place}. It is opened by itself, "
            "without the mirror; if it was moved here, an administrator says so with "
            "'workbench archive moved'",
            folder=self.primary,
            place=self.info.folder,
        )

    def mirror_fault(self) -> str | None:
        """Return why the other folder cannot be used now; None if it can, or if there is none."""
        other = self.mirror
        if other is None:
            return self._unnamed_mirror() if self.lacks_mirror else None
        word = "mirror" if other == Path(self.info.mirror or "") else "archive's own folder"
        if (other / UNFINISHED_NAME).exists():
            return phrase(
                "mirror_cut",
                "making the {what} {folder} was cut off; run 'workbench mirror set {folder}', then "
                "'workbench mirror repair'",
                what=word,
                folder=other,
            )
        try:
            found = read_info(other)
        except (ArchiveError, SchemaTooNew):
            return phrase(
                "mirror_away",
                "the {what} {folder} is not there or is another folder; plug it in, then run "
                "'workbench mirror repair'",
                what=word,
                folder=other,
            )
        if found.archive_id != self.info.archive_id:
            return phrase(
                "mirror_other",
                "the folder {folder} is the {what} of another archive; plug in the right",
                what=word,
                folder=other,
            )
        return None

    def _unnamed_mirror(self) -> str:
        return phrase(
            "mirror_unnamed",
            "the log says that this archive has a mirror, but {file} names none: it was changed "
            "without an entry in the log; take the mirror again with 'workbench mirror set "
            "FOLDER', or say with 'workbench archive moved' that there is none any more",
            file=self.primary / INFO_NAME,
        )

    def roots(self) -> list[Path]:
        """Return the folders that can be used now, the one in use first."""
        if self.mirror is None or self.mirror_fault():
            return [self.primary]
        return [self.primary, self.mirror]

    def roots_with(self, name: str) -> list[Path]:
        """Return the folders that hold the key file of a sealed file."""
        keys = ((root, root / f"{name}.key") for root in self.roots())
        return [root for root, key in keys if inner_exists(key, folders=EVENT_FOLDERS)]

    def without_places(self, text: str) -> str:
        """Return a text that calls the archive and its mirror so, and says no path of them."""
        words = {self.info.folder: "the archive", str(self.primary): "the archive"}
        words |= {self.info.mirror: "the mirror"}
        # one may be the beginning of the other
        for place in sorted(filter(None, words), key=len, reverse=True):
            text = text.replace(f"{place}/", "").replace(place, words[place])
        return text

    def with_mirror(self, mirror: Path) -> Folders:
        """Return the same archive with another mirror."""
        info = replace(self.info, mirror=str(mirror.absolute()))
        return replace(self, info=info, lacks_mirror=False)

    def with_password_cost(self, cost: Argon2Settings) -> Folders:
        """Return the same archive with another cost of a guess at a password."""
        return replace(self, info=replace(self.info, password_cost=cost))

    def at_place(self) -> Folders:
        """Return the same archive, its own folder being where it lies now."""
        here = str(self.primary.resolve())
        return replace(self, info=replace(self.info, folder=here, format=FORMAT))


def is_place(path: Path, known: str | None) -> bool:
    """Return whether a folder is the one that ``archive.json`` names."""
    return known is not None and path.resolve() == Path(known).resolve()
