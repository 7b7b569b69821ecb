"""Where an archive lies: its folder, its mirror, and how each is known to be the right one.

::

    ARCHIVE/archive.json            what this is; no secret
            catalog.db              events, users, grants, audit
            audit-head.json         head of the audit log
            sign-in-attempts.json
            reserve.bin             room for small writes on a full disk
            events/EVENT/ROLE.N.*   sealed files, generation N

The mirror has the same ``archive.json`` and ``events``, the other ``audit-head.json``, and a
copy of the catalog. A folder without the right ``archive.json`` is never written to: it may be
the empty place where a disk is usually found.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from recorder_core.archive import DEFAULT_COST, Argon2Settings, PublicKey
from recorder_core.archive.durable import FOLDER_MODE, replace_file
from recorder_core.archive.identity import check_event_id
from recorder_core.catalog.codes import check_code
from recorder_core.errors import ArchiveError, CatalogError, SchemaTooNew
from recorder_core.model.json_text import parse_json

__all__ = [
    "ANCHOR_NAME",
    "ATTEMPTS_NAME",
    "CATALOG_NAME",
    "EVENTS_NAME",
    "INFO_NAME",
    "ArchiveInfo",
    "Folders",
    "make_root",
    "read_info",
    "refuse_used",
    "write_info",
]

FORMAT: Final = 1
INFO_NAME: Final = "archive.json"
CATALOG_NAME: Final = "catalog.db"
ANCHOR_NAME: Final = "audit-head.json"
ATTEMPTS_NAME: Final = "sign-in-attempts.json"
EVENTS_NAME: Final = "events"


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
    mirror : str or None
        Folder on another disk.
    password_cost : Argon2Settings or None
        How much work a guess at a password costs; None: what this program's version thinks
        right.
    """

    archive_id: str
    site_code: str
    recovery_public_key: str
    mirror: str | None = None
    password_cost: Argon2Settings | None = None
    format: int = FORMAT

    @property
    def recovery(self) -> PublicKey:
        """The recovery key's public half."""
        return PublicKey.from_text(self.recovery_public_key)

    @property
    def cost(self) -> Argon2Settings:
        """With which private keys are wrapped under passwords now."""
        return self.password_cost or DEFAULT_COST


def refuse_used(folder: Path) -> None:
    """Do nothing if a folder is empty or not there; ArchiveError if something is in it."""
    try:
        used = folder.exists() and any(folder.iterdir())
    except OSError as error:
        raise ArchiveError(f"{folder} cannot be used ({error.strerror})") from error
    if used:
        raise ArchiveError(f"the folder {folder} is not empty; an archive begins in an empty one")


def make_root(folder: Path, info: ArchiveInfo) -> None:
    """Make the folder of an archive or of a mirror.

    Raises
    ------
    ArchiveError
        If it holds something already, or cannot be written.
    """
    refuse_used(folder)
    try:
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        (folder / EVENTS_NAME).mkdir(mode=FOLDER_MODE)
        write_info(folder, info)
    except OSError as error:
        raise ArchiveError(
            f"no archive can be made in {folder} ({error.strerror}); choose another folder"
        ) from error


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
    try:
        content = parse_json(path.read_bytes())
        found = int(content["format"])
        if found > FORMAT:
            raise SchemaTooNew(
                f"the archive {folder} has format {found}, this program knows {FORMAT}; install "
                "the newer program that made it"
            )
        if content.get("password_cost") is not None:
            content["password_cost"] = Argon2Settings(**content["password_cost"])
        info = ArchiveInfo(**content)
        _check_info(info)
    except FileNotFoundError as error:
        raise ArchiveError(
            f"there is no archive in {folder}; make one with 'workbench archive init', or plug "
            "its disk in"
        ) from error
    except OSError as error:
        raise ArchiveError(f"{path} cannot be read ({error.strerror})") from error
    except (CatalogError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise ArchiveError(
            f"{path} is damaged; put the same file of the mirror or a backup in its place"
        ) from error
    return info


def _check_info(info: ArchiveInfo) -> None:
    """Raise ValueError if a field is not what the program writes."""
    check_event_id(info.archive_id)
    check_code(info.site_code, "the site code")
    PublicKey.from_text(info.recovery_public_key)
    if info.mirror is not None and (not Path(info.mirror).is_absolute() or "\0" in info.mirror):
        raise ValueError("the mirror is no absolute path")


@dataclass(frozen=True, slots=True)
class Folders:
    """The folder of an archive, and its mirror if one was set up."""

    primary: Path
    info: ArchiveInfo

    @property
    def mirror(self) -> Path | None:
        """Where the mirror should be."""
        return Path(self.info.mirror) if self.info.mirror else None

    def mirror_fault(self) -> str | None:
        """Say why the mirror cannot be used now; None if it can, or if there is none."""
        if self.mirror is None:
            return None
        try:
            found = read_info(self.mirror)
        except (ArchiveError, SchemaTooNew):
            return (
                f"the mirror {self.mirror} is not there or is another folder; plug it in, then "
                "run 'workbench mirror repair'"
            )
        if found.archive_id != self.info.archive_id:
            return f"the folder {self.mirror} is the mirror of another archive; plug in the right"
        return None

    def roots(self) -> list[Path]:
        """Return the folders that can be used now, the archive's own first."""
        if self.mirror is None or self.mirror_fault():
            return [self.primary]
        return [self.primary, self.mirror]

    def anchors(self) -> list[Path]:
        """Return where the head of the audit log is kept, on every folder there is."""
        return [root / ANCHOR_NAME for root in self.roots()]

    def roots_with(self, name: str) -> list[Path]:
        """Return the folders that hold the key file of a sealed file."""
        return [root for root in self.roots() if (root / f"{name}.key").exists()]

    def with_mirror(self, mirror: Path) -> Folders:
        """Return the same archive with another mirror."""
        return replace(self, info=replace(self.info, mirror=str(mirror.absolute())))

    def with_password_cost(self, cost: Argon2Settings) -> Folders:
        """Return the same archive with another cost of a guess at a password."""
        return replace(self, info=replace(self.info, password_cost=cost))
