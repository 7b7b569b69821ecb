"""Files and videos of events that stay open between the requests of one person.

A player asks for hundreds of ranges and pictures of one file. Opening it each time would write
hundreds of rows into the log and read its key file as often. What is open is opened anew, and
logged again, after a minute; whether the person may still have it, and has the key, is asked each
time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar

from recorder_core.errors import ArchiveTruncated, RecorderError
from recorder_core.jobs.archive import ArchivedEvent, open_for_export
from recorder_core.jobs.archive.words import (
    FileRole,
    SealedReader,
    VideoRole,
    read_action,
    role_of,
)
from recorder_core.media import Video
from workbench.server.entrance.sessions import Sessions, SignedIn

__all__ = ["OpenFiles", "Opened"]

#: so long a file stays open, in seconds
MAX_AGE_SECONDS: Final = 60.0
_Kind = TypeVar("_Kind", SealedReader, Video)
_Form: TypeAlias = Literal["file", "cut", "video", "export"]
_Key: TypeAlias = tuple[int, str, FileRole, _Form]


@dataclass(slots=True)
class Opened(Generic[_Kind]):
    """Something that is open for one person."""

    signed_in: SignedIn
    event: ArchivedEvent
    role: FileRole
    version: str
    content: _Kind
    opened: float
    #: for what one thread at a time may use
    lock: threading.Lock = field(default_factory=threading.Lock)
    #: of a file that is taken out; empty: it is read
    name: str = ""

    @property
    def etag(self) -> str:
        """Name of exactly this content."""
        size = f":{self.content.size_bytes}" if isinstance(self.content, SealedReader) else ""
        return f'"{self.version}{size}"'

    def close(self) -> None:
        """Close it."""
        self.content.close()


class OpenFiles:
    """What is open for the people who are signed in.

    Parameters
    ----------
    sessions : Sessions
        Everybody who is signed in; what is open for others is closed.
    clock : callable, optional
        Monotonic, in seconds; for tests.
    """

    def __init__(self, sessions: Sessions, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._sessions = sessions
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[_Key, Opened[Any]] = {}

    def file(
        self, signed_in: SignedIn, event: str, role: FileRole, *, incomplete: bool = False
    ) -> Opened[SealedReader]:
        """Return a file, to read with `read_at` from any thread.

        Raises
        ------
        NotAllowed, NoKeyMatches, NotInCatalog, ArchiveError
            As :meth:`ArchivedEvent.open_file`.
        """

        def open_it(found: ArchivedEvent) -> SealedReader:
            return found.open_file(role, incomplete=incomplete)

        return self._find(signed_in, (event, role, "cut" if incomplete else "file"), open_it)

    def export(self, signed_in: SignedIn, event: str, role: FileRole) -> Opened[SealedReader]:
        """Return a file to be taken out, which is asked for and logged as an export.

        Raises
        ------
        NotAllowed, NoKeyMatches, NotInCatalog, WrongState
            As :func:`recorder_core.jobs.archive.open_for_export`.
        """
        names: list[str] = []

        def open_it(found: ArchivedEvent) -> SealedReader:
            reader, name = open_for_export(signed_in.archive, found.event_id, role)
            names.append(name)
            return reader

        opened = self._find(signed_in, (event, role, "export"), open_it)
        opened.name = names[0] if names else opened.name
        return opened

    def video(self, signed_in: SignedIn, event: str, role: VideoRole) -> Opened[Video]:
        """Return a video; hold its lock while frames of it are read."""

        def open_it(found: ArchivedEvent) -> Video:
            return found.open_video(role)

        return self._find(signed_in, (event, role, "video"), open_it)

    def _find(
        self,
        signed_in: SignedIn,
        wanted: tuple[str, FileRole, _Form],
        open_it: Callable[[ArchivedEvent], _Kind],
    ) -> Opened[_Kind]:
        event, role, form = wanted
        key = (id(signed_in), *wanted)
        # what a kind of file needs at least; opening a copy asks whether it is released
        is_export = form == "export"
        action = role_of(role).export if is_export else read_action(role, is_released=True)
        self._close_ended()
        with signed_in.lock:
            signed_in.archive.refuse_unless(action, event)
            with self._lock:
                opened = self._open.get(key)
            if opened is not None and self._is_good(opened, form):
                return opened
            found = signed_in.archive.event(event)
            version = _version(found, role, form)
            made = Opened(signed_in, found, role, version, open_it(found), self._clock())
            with self._lock:
                # the one before is closed once nobody reads it any more
                self._open[key] = made
        return made

    def _is_good(self, opened: Opened[Any], form: _Form) -> bool:
        """Return whether a person may still have what is open, and it is still the newest."""
        if self._clock() - opened.opened > MAX_AGE_SECONDS:
            return False
        event, role = opened.event, opened.role
        try:
            if _version(event, role, form) != opened.version or not event.is_sealed_to_me(role):
                return False
            if form == "export":
                return event.is_released or not role_of(role).is_of_copy
            return event.may_still_read(role)
        except RecorderError:
            return False  # opening it says why

    def _close_ended(self) -> None:
        """Close what is open for people who are signed in no more; drop what is old."""
        here, now = {id(each) for each in self._sessions.all()}, self._clock()
        with self._lock:
            for key, opened in list(self._open.items()):
                if key[0] not in here:
                    self._open.pop(key)
                    opened.close()
                elif now - opened.opened > 2 * MAX_AGE_SECONDS:
                    self._open.pop(key)


def _version(event: ArchivedEvent, role: FileRole, form: _Form) -> str:
    """Return what names the newest file of a role; a copy that was made anew may have its id."""
    try:
        row = event.file(role)
    except ArchiveTruncated:
        if form != "cut":
            raise
        return "cut"
    return f"{row.file_id}:{row.sha256[:16]}"
