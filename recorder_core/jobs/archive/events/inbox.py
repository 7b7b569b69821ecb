"""The inbox of a server: a folder from which people import videos without a terminal.

Whoever may write there puts files; this program only reads them, and follows no link out of it.
"""

from __future__ import annotations

import heapq
import os
import stat
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import repeat
from pathlib import Path
from typing import Final

from recorder_core.errors import ArchiveError, SettingsError, WrongState
from recorder_core.jobs.archive.events.signals import SIGNAL_SUFFIXES
from recorder_core.model import VIDEO_SUFFIXES

__all__ = ["Inbox", "InboxFile", "held_file", "list_inbox"]

#: why a file cannot be imported now, by a name: a page says it in its own language
_FAULTS: Final = {
    "copying": "is being copied: it was written to within the last ten seconds",
    "name": "has a name that is no text: rename it",
}

#: a file that was written to since then is still being copied
_SETTLED_SECONDS: Final = 10.0
#: more of them are not listed
_MAX_FILES: Final = 500
#: of files and folders more are not looked at
_MAX_ENTRIES: Final = 20_000
#: of folders in one another
_MAX_DEPTH: Final = 16
#: of what a file says of its time; beyond it no calendar goes
_FIRST_SECONDS: Final = datetime(1, 1, 2, tzinfo=UTC).timestamp()
_LAST_SECONDS: Final = datetime(9999, 12, 30, tzinfo=UTC).timestamp()
_FOLDER: Final = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class InboxFile:
    """A video of an inbox, or a table of signals.

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
    fault_name : {"", "copying", "name"}
        Why it cannot be imported now: it is being copied, or its name is no text.
    """

    name: str = field(repr=False)
    path: Path = field(repr=False)
    size_bytes: int
    modified_utc: datetime
    code: str
    fault_name: str = ""

    @property
    def fault(self) -> str:
        """Why it cannot be imported now, as the rest of a sentence; empty if it can."""
        return _FAULTS.get(self.fault_name, "")


@dataclass(frozen=True, slots=True)
class Inbox:
    """What an inbox holds, the newest first."""

    #: videos
    files: tuple[InboxFile, ...] = ()
    #: tables of signals
    signals: tuple[InboxFile, ...] = ()
    #: whether there may be more: not everything was looked at, or listed
    left_off: bool = False


@dataclass(slots=True)
class _Walk:
    """Names of an inbox, as far as they are looked at."""

    entries: Iterator[None] = field(default_factory=lambda: repeat(None, _MAX_ENTRIES))
    left_off: bool = False

    def files(self, inside: int, above: str, depth: int) -> Iterator[tuple[str, os.stat_result]]:
        """Yield name and state of each file in an open folder, and in those in it."""
        folders = []
        for name, is_folder in self._names(inside):
            if is_folder:
                folders.append(name)
            elif Path(name).suffix.lower() in VIDEO_SUFFIXES | SIGNAL_SUFFIXES:
                yield from _state(inside, above, name)
        if depth == _MAX_DEPTH:
            self.left_off |= bool(folders)
            return
        for name in sorted(folders):
            try:
                below = os.open(name, os.O_RDONLY | _FOLDER, dir_fd=inside)
            except OSError:
                continue  # it was taken away meanwhile, or is not for this program
            try:
                yield from self.files(below, f"{above}{name}/", depth + 1)
            finally:
                os.close(below)

    def _names(self, inside: int) -> Iterator[tuple[str, bool]]:
        """Yield the names in a folder that are not hidden, and which are folders."""
        with os.scandir(inside) as entries:
            for entry in entries:
                if next(self.entries, self) is self:
                    self.left_off = True
                    return
                if not entry.name.startswith("."):
                    yield entry.name, entry.is_dir(follow_symlinks=False)


def list_inbox(folder: Path) -> Inbox:
    """Return the videos and tables of an inbox and of the folders in it, the newest 500 of each.

    At most 20,000 files and folders are looked at, and sixteen folders in one another.

    Raises
    ------
    SettingsError
        If the folder cannot be read.
    """
    walk, now = _Walk(), time.time()
    try:
        place = folder.resolve(strict=True)
        inside = os.open(place, os.O_RDONLY | _FOLDER)
    except OSError as error:
        raise SettingsError(
            "the folder of the inbox is not there: an administrator mounts it"
        ) from error
    try:
        found = list(walk.files(inside, "", 0))
    except OSError as error:
        raise SettingsError(
            "the folder of the inbox cannot be read: an administrator looks at its disk"
        ) from error
    finally:
        os.close(inside)
    files, signals = (_newest(found, kinds) for kinds in (VIDEO_SUFFIXES, SIGNAL_SUFFIXES))
    return Inbox(
        tuple(_described(place, *each, now) for each in files[:_MAX_FILES]),
        tuple(_described(place, *each, now) for each in signals[:_MAX_FILES]),
        walk.left_off or max(len(files), len(signals)) > _MAX_FILES,
    )


def _newest(
    found: Sequence[tuple[str, os.stat_result]], suffixes: Collection[str]
) -> list[tuple[str, os.stat_result]]:
    """Return the newest of some kinds of files, one more than is listed."""
    of_kind = (each for each in found if Path(each[0]).suffix.lower() in suffixes)
    return heapq.nlargest(_MAX_FILES + 1, of_kind, key=lambda each: each[1].st_mtime_ns)


@contextmanager
def held_file(path: Path, code: str) -> Iterator[Path]:
    """Hold the file that was chosen, and yield a path that leads to it, whatever its name becomes.

    Parameters
    ----------
    path : Path
        Where it was, without a link.
    code : str
        `InboxFile.code` when it was chosen.

    Yields
    ------
    Path
        For this process, within the block; its name is not the file's.

    Raises
    ------
    ArchiveError
        If it cannot be read; what a link leads to is not.
    WrongState
        If it is another file, or another state of it.
    """
    with ExitStack() as opened:
        held = _open_parts(path, opened)
        found = os.fstat(held)
        if not stat.S_ISREG(found.st_mode) or _code(found) != code:
            raise WrongState("the file was changed after it was chosen: choose it again")
        yield Path(f"/proc/self/fd/{held}")


def _open_parts(path: Path, opened: ExitStack) -> int:
    """Open a file folder by folder, none of which is a link; return its descriptor."""
    inside: int | None = None
    try:
        for part in path.parts:
            inside = os.open(part, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=inside)
            opened.callback(os.close, inside)
    except OSError as error:
        reason = error.strerror
    else:
        if inside is not None:
            return inside
        reason = "it has no name"
    # the error that was caught has the name of the file
    raise ArchiveError(f"the file cannot be read ({reason}): put it back, then choose it again")


def _code(found: os.stat_result) -> str:
    parts = (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)
    return "-".join(f"{part:x}" for part in parts)


def _state(inside: int, above: str, name: str) -> Iterator[tuple[str, os.stat_result]]:
    """Yield name and state of what is a file of its own."""
    try:
        found = os.stat(name, dir_fd=inside, follow_symlinks=False)
    except OSError:
        return  # it was taken away meanwhile
    if stat.S_ISREG(found.st_mode):
        yield f"{above}{name}", found


def _described(place: Path, name: str, found: os.stat_result, now: float) -> InboxFile:
    fault = ""
    if 0 <= now - found.st_mtime < _SETTLED_SECONDS:
        fault = "copying"
    shown = name.encode("utf-8", "replace").decode()
    if shown != name:
        fault = "name"
    seconds = min(max(found.st_mtime, _FIRST_SECONDS), _LAST_SECONDS)
    written = datetime.fromtimestamp(seconds, UTC)
    return InboxFile(shown, place / name, found.st_size, written, _code(found), fault)
