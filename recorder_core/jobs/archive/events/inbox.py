"""The inbox of a server: a folder from which people import videos without a terminal.

Whoever may write there puts files; this program only reads them, and follows no link out of it.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from recorder_core.errors import ArchiveError, SettingsError
from recorder_core.model import VIDEO_SUFFIXES

__all__ = ["InboxFile", "file_code", "list_inbox"]

#: a file that was written to since then is still being copied
_SETTLED_SECONDS: Final = 10.0
#: more of them are not listed
_MAX_FILES: Final = 500


@dataclass(frozen=True, slots=True)
class InboxFile:
    """A video of an inbox.

    Attributes
    ----------
    name : str
        Its path from the inbox on, with slashes; it may name a person.
    path : Path
        Where it is.
    size_bytes : int
        How large it is.
    modified_utc : datetime
        When it was written to.
    code : str
        Which file it is, and which state of it, without its name.
    fault : str
        Why it cannot be imported now; empty if it can.
    """

    name: str = field(repr=False)
    path: Path = field(repr=False)
    size_bytes: int
    modified_utc: datetime
    code: str
    fault: str = ""


def list_inbox(folder: Path) -> list[InboxFile]:
    """Return the videos of an inbox and of the folders in it, the newest first, at most 500.

    Raises
    ------
    SettingsError
        If the folder cannot be read.
    """
    if not folder.is_dir():
        raise SettingsError("the folder of the inbox is not there: an administrator mounts it")
    found = sorted(_files(folder), key=lambda each: each.modified_utc, reverse=True)
    return found[:_MAX_FILES]


def file_code(path: Path) -> str:
    """Return what differs between two files, and between two states of one; it tells no name.

    Raises
    ------
    ArchiveError
        If there is no such file; a link is none.
    """
    try:
        found = path.lstat()
    except OSError as error:
        raise ArchiveError(f"the video cannot be read ({error.strerror}): put it back") from error
    if not stat.S_ISREG(found.st_mode):
        raise ArchiveError("the video is no file of its own: put the file in the place of the link")
    return _code(found)


def _code(found: os.stat_result) -> str:
    parts = (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)
    return "-".join(f"{part:x}" for part in parts)


def _files(folder: Path) -> Iterator[InboxFile]:
    now = time.time()
    for place, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if not each.startswith(".")]
        for name in names:
            path = Path(place) / name
            if name.startswith(".") or path.suffix.lower() not in VIDEO_SUFFIXES:
                continue
            try:
                found = path.lstat()
            except OSError:
                continue  # it was taken away meanwhile
            if stat.S_ISREG(found.st_mode):
                yield _described(path, path.relative_to(folder).as_posix(), found, now)


def _described(path: Path, name: str, found: os.stat_result, now: float) -> InboxFile:
    fault = ""
    if now - found.st_mtime < _SETTLED_SECONDS:
        fault = "is being copied: it was written to within the last ten seconds"
    shown = name.encode("utf-8", "replace").decode()
    if shown != name:
        fault = "has a name that is no text: rename it"
    written = datetime.fromtimestamp(found.st_mtime, UTC)
    return InboxFile(shown, path, found.st_size, written, _code(found), fault)
