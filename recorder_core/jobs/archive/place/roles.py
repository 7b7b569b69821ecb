"""Kinds of event files: one table says how each is read, exported and recorded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from recorder_core.archive import FileIdentity, SealedReader
from recorder_core.catalog import PERMISSIONS, Action, EventFile, Profile
from recorder_core.errors import CatalogDamaged, SettingsError

__all__ = [
    "COPY_ROLES",
    "ROLES",
    "FileRole",
    "RecordingFormat",
    "Role",
    "StoredFile",
    "VideoRole",
    "file_identity",
    "file_media_type",
    "file_name",
    "file_suffix",
    "make_file_id",
    "next_identity",
    "own_file_name",
    "read_action",
    "role_of",
]

#: kinds of files of an event
FileRole: TypeAlias = Literal[
    "original",
    "deidentified",
    "signals",
    "raw",
    "detections",
    "redactions",
    "deidentification",
    "screenshot",
    "report",
    "room",
    "journal",
]
#: kinds that are videos
VideoRole: TypeAlias = Literal["original", "deidentified", "room"]
#: what the bytes of a kind are while it is recorded, before it is finished or cut off
RecordingFormat: TypeAlias = Literal["video", "signal log", "raw log", "detection log", "journal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One kind of file of an event, and who may have it.

    Attributes
    ----------
    name : str
        In the catalog, in the archive (``ROLE.GENERATION``) and in addresses.
    words : str
        What a person calls it.
    read, export : Action
        What reading it needs, and what taking it out of the archive in clear needs.
    read_unreleased : Action or None
        What reading it needs before it is released; None: the same, it needs no release.
    suffix : str
        Of a file in clear; empty for a video, which is recognised by its content.
    is_numbered : bool
        Whether an event may have several, all current; of others the newest is.
    is_deidentified : bool
        Whether it shows no face and no name, so that it may leave without being named.
    is_of_copy : bool
        Whether it is a de-identified copy or belongs to one: it comes and goes with the copy.
    recorded_as : {"video", "signal log", "raw log", "detection log", "journal"} or None
        What it is while it is recorded: it grows, and is saved when a crash cuts it off; None: it
        is written as a whole.
    """

    name: FileRole
    words: str
    read: Action
    export: Action
    read_unreleased: Action | None = None
    suffix: str = ""
    is_numbered: bool = False
    is_deidentified: bool = False
    is_of_copy: bool = False
    recorded_as: RecordingFormat | None = None

    @property
    def is_video(self) -> bool:
        """Whether it is a video."""
        return not self.suffix

    @property
    def readers(self) -> frozenset[Profile]:
        """The profiles that may read it, once it is released where it needs that."""
        return PERMISSIONS[self.read]

    def read_action(self, *, is_released: bool) -> Action:
        """Return what reading it needs."""
        if self.read_unreleased is None or is_released:
            return self.read
        return self.read_unreleased


def _of_copy(
    name: FileRole, words: str, suffix: str, recorded_as: RecordingFormat | None = None
) -> Role:
    """Return what lies beside a copy: it holds no pixels, and leaves with a released copy only."""
    return Role(
        name=name,
        words=words,
        read=Action.READ_DETECTIONS,
        read_unreleased=Action.READ_UNRELEASED,
        export=Action.EXPORT_RELEASED,
        suffix=suffix,
        is_deidentified=True,
        is_of_copy=True,
        recorded_as=recorded_as,
    )


_TABLE: Final = (
    Role(
        name="original",
        words="original",
        read=Action.VIEW_ORIGINAL,
        export=Action.EXPORT_ORIGINAL,
        recorded_as="video",
    ),
    Role(
        name="deidentified",
        words="de-identified copy",
        read=Action.VIEW_RELEASED,
        read_unreleased=Action.VIEW_DEIDENTIFIED,
        export=Action.EXPORT_RELEASED,
        is_deidentified=True,
        is_of_copy=True,
    ),
    Role(
        name="signals",
        words="signals",
        read=Action.READ_SIGNALS,
        export=Action.EXPORT_SIGNALS,
        suffix=".parquet",
        is_deidentified=True,
        recorded_as="signal log",
    ),
    Role(
        name="raw",
        words="bytes of the monitors",
        # nobody knows what a device wrote into a line that was not read
        read=Action.VIEW_ORIGINAL,
        export=Action.EXPORT_ORIGINAL,
        suffix=".parquet",
        recorded_as="raw log",
    ),
    # those of live de-identification are there without a copy
    _of_copy("detections", "detections", ".parquet", recorded_as="detection log"),
    _of_copy("redactions", "redactions", ".parquet"),
    _of_copy("deidentification", "report of the de-identification", ".json"),
    Role(
        name="screenshot",
        words="screenshot",
        read=Action.VIEW_ORIGINAL,
        export=Action.EXPORT_ORIGINAL,
        suffix=".jpg",
        is_numbered=True,
    ),
    Role(
        name="report",
        words="report",
        read=Action.REPORT_FULL,
        export=Action.REPORT_FULL,
        suffix=".pdf",
        is_numbered=True,
    ),
    Role(
        name="room",
        words="room view",
        read=Action.VIEW_ORIGINAL,
        export=Action.EXPORT_ORIGINAL,
        recorded_as="video",
    ),
    # its notes may hold names
    Role(
        name="journal",
        words="journal of the recording",
        read=Action.READ_IDENTITY,
        export=Action.EXPORT_ORIGINAL,
        suffix=".jsonl",
        recorded_as="journal",
    ),
)

#: name -> kind of file; every kind that there is
ROLES: Final[Mapping[str, Role]] = {role.name: role for role in _TABLE}
#: of a de-identified copy, and of what belongs to it
COPY_ROLES: Final[tuple[str, ...]] = tuple(role.name for role in _TABLE if role.is_of_copy)

#: suffix of a file in clear -> what it is on the web
_MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
}
#: first bytes of a Matroska file (EBML); everything else that is kept as it is
_EBML: Final = b"\x1a\x45\xdf\xa3"
_BOX_TYPE: Final = slice(4, 8)
_BRAND: Final = slice(8, 12)

#: EVENT/ROLE.GENERATION, as `check_event_id` and the roles have it
_FILE_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}/[a-z0-9-]{1,32}\.[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the catalog, and where its sealed form lies."""

    row: EventFile
    identity: FileIdentity
    #: base path below each root
    name: str


def role_of(name: str) -> Role:
    """Return a kind of file by its name; SettingsError for one that does not exist."""
    if name not in ROLES:
        raise SettingsError(f"there is no kind of file {name!r}; there are {', '.join(ROLES)}")
    return ROLES[name]


def read_action(role: str, *, is_released: bool) -> Action:
    """Return what reading a file needs; SettingsError for a role that does not exist."""
    return role_of(role).read_action(is_released=is_released)


def file_suffix(role: str, reader: SealedReader) -> str:
    """Return the suffix of a file in clear; of a video by how it begins, `.video` for another."""
    known = role_of(role)
    if not known.is_video:
        return known.suffix
    head = reader.read_at(0, 16)
    if head[_BOX_TYPE] == b"ftyp":
        return ".mov" if head[_BRAND] == b"qt  " else ".mp4"
    return ".mkv" if head.startswith(_EBML) else ".video"


def file_media_type(role: str, reader: SealedReader) -> str:
    """Return the media type of a file, as HTTP names it."""
    unknown = "application/octet-stream"
    if not (reader.complete or role_of(role).is_video):
        return unknown  # as it was recorded, not what it becomes
    return _MEDIA_TYPES.get(file_suffix(role, reader), unknown)


def make_file_id(identity: FileIdentity) -> str:
    """Return the name of a file in the catalog and on the disk: EVENT/ROLE.GENERATION."""
    return f"{identity.event_id}/{identity.role}.{identity.generation}"


def file_name(file_id: str) -> str:
    """Return the base path of a file below a root.

    Raises
    ------
    CatalogDamaged
        If the file's id is none of this program's, such as one that leads to another folder.
    """
    if not _FILE_ID.fullmatch(file_id):
        raise CatalogDamaged(f"the catalog names a file {file_id!r}, which is not a file id")
    return f"events/{file_id}"


def own_file_name(row: EventFile) -> str:
    """Return the base path of a file that is about to be destroyed.

    Raises
    ------
    CatalogDamaged
        If its id is that of another event, or of another kind of file.
    """
    if row.file_id != make_file_id(file_identity(row)):
        raise CatalogDamaged(
            f"the catalog calls {row.file_id} the {row.role} of event {row.event_id}, which it is "
            "not: nothing is destroyed; put the catalog right with 'workbench mirror repair', or "
            "restore a backup"
        )
    return file_name(row.file_id)


def file_identity(row: EventFile) -> FileIdentity:
    """Return what the sealed file must say that it is.

    Raises
    ------
    CatalogDamaged
        If the file's id is none of this program's.
    """
    generation = row.file_id.rpartition(".")[2]
    if not (generation.isascii() and generation.isdecimal()):
        raise CatalogDamaged(f"file {row.file_id} of event {row.event_id} has no generation")
    return FileIdentity(row.event_id, row.role, int(generation))


def next_identity(event_id: str, role: str, rows: Iterable[EventFile]) -> FileIdentity:
    """Return what the next file of a role is, after those that an event has."""
    made = [file_identity(row).generation for row in rows if row.role == role]
    return FileIdentity(event_id, role, max(made, default=0) + 1)
