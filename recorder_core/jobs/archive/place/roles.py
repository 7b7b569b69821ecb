"""What the files of an event are, and what a person must be allowed to do to have them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from recorder_core.archive import FileIdentity, SealedReader
from recorder_core.catalog import Action, EventFile
from recorder_core.errors import CatalogDamaged, SettingsError

__all__ = [
    "EXPORT_ACTIONS",
    "FILE_SUFFIXES",
    "NUMBERED_ROLES",
    "READ_ACTIONS",
    "FileRole",
    "StoredFile",
    "VideoRole",
    "export_action",
    "file_identity",
    "file_media_type",
    "file_name",
    "file_suffix",
    "make_file_id",
    "next_identity",
    "own_file_name",
    "read_action",
]

#: kinds of files of an event
FileRole: TypeAlias = Literal[
    "original",
    "deidentified",
    "signals",
    "detections",
    "redactions",
    "deidentification",
    "screenshot",
    "report",
]
#: kinds that are videos
VideoRole: TypeAlias = Literal["original", "deidentified"]

#: role -> what reading it needs; an unreleased copy needs VIEW_DEIDENTIFIED instead
READ_ACTIONS: Final[Mapping[str, Action]] = {
    "original": Action.VIEW_ORIGINAL,
    "deidentified": Action.VIEW_RELEASED,
    "signals": Action.READ_SIGNALS,
    "detections": Action.READ_DETECTIONS,
    "redactions": Action.READ_DETECTIONS,
    "deidentification": Action.READ_DETECTIONS,
    "screenshot": Action.VIEW_ORIGINAL,
    "report": Action.REPORT_FULL,
}

#: role -> what taking it out of the archive in clear needs
EXPORT_ACTIONS: Final[Mapping[str, Action]] = {
    "original": Action.EXPORT_ORIGINAL,
    "deidentified": Action.EXPORT_RELEASED,
    "signals": Action.EXPORT_SIGNALS,
    "detections": Action.EXPORT_RELEASED,
    "redactions": Action.EXPORT_RELEASED,
    "deidentification": Action.EXPORT_RELEASED,
    "screenshot": Action.EXPORT_ORIGINAL,
    "report": Action.REPORT_FULL,
}

#: role -> suffix of an exported file; videos are recognised by their content
FILE_SUFFIXES: Final[Mapping[str, str]] = {
    "signals": ".parquet",
    "detections": ".parquet",
    "redactions": ".parquet",
    "deidentification": ".json",
    "screenshot": ".jpg",
    "report": ".pdf",
}

#: suffix of a file in clear -> what it is on the web
_MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
}
#: first bytes of a Matroska file (EBML); everything else that is kept as it is
_EBML: Final = b"\x1a\x45\xdf\xa3"
_BOX_TYPE: Final = slice(4, 8)
_BRAND: Final = slice(8, 12)

#: EVENT/ROLE.GENERATION, as `check_event_id` and the roles have it
_FILE_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}/[a-z0-9-]{1,32}\.[0-9]{1,18}")

#: roles of which an event has as many files as it likes
NUMBERED_ROLES: Final = frozenset({"screenshot", "report"})


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the catalog, and where its sealed form lies."""

    row: EventFile
    identity: FileIdentity
    #: base path below each root
    name: str


def read_action(role: str, *, is_released: bool) -> Action:
    """Return what reading a file needs; SettingsError for a role that does not exist."""
    if role == "deidentified" and not is_released:
        return Action.VIEW_DEIDENTIFIED
    return _of(READ_ACTIONS, role)


def export_action(role: str) -> Action:
    """Return what exporting a file needs; SettingsError for a role that does not exist."""
    return _of(EXPORT_ACTIONS, role)


def _of(table: Mapping[str, Action], role: str) -> Action:
    if role not in table:
        raise SettingsError(f"there is no kind of file {role!r}; there are {', '.join(table)}")
    return table[role]


def file_suffix(role: str, reader: SealedReader) -> str:
    """Return the suffix of a file in clear; of a video by how it begins, `.video` for another."""
    if role in FILE_SUFFIXES:
        return FILE_SUFFIXES[role]
    head = reader.read_at(0, 16)
    if head[_BOX_TYPE] == b"ftyp":
        return ".mov" if head[_BRAND] == b"qt  " else ".mp4"
    return ".mkv" if head.startswith(_EBML) else ".video"


def file_media_type(role: str, reader: SealedReader) -> str:
    """Return the media type of a file, as HTTP names it."""
    return _MEDIA_TYPES.get(file_suffix(role, reader), "application/octet-stream")


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
