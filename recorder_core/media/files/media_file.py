"""Where the bytes of a video are: in a file on a disk, or behind a file object.

A file object may be one that decrypts, so that nothing in clear touches a disk. Each reader of
a video has a position of its own, whichever it is, and threads may read side by side.
"""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from recorder_core.errors import DecodeError, SettingsError
from recorder_core.media.ffmpeg_errors import reading
from recorder_core.media.files.byte_streams import ByteSource
from recorder_core.media.files.file_state import FileState
from recorder_core.media.files.finished import check_file

__all__ = ["MediaFile", "PathFile", "SharedFile", "VideoSource", "media_file"]

_USUAL_NAME: Final = "the video"


class MediaFile(ABC):
    """A video's bytes, which are opened as often as they are needed.

    Attributes
    ----------
    name : str
        What it is, for messages; no folder.
    path : Path or None
        The file on a disk; None: there is none.
    repeated_packets : tuple or None
        Of a transport stream, once it was looked for: what the file was like then, and
        (N,) int64, the bytes at which packets repeat others.
    """

    def __init__(self, name: str, path: Path | None = None) -> None:
        self.name = name
        self.path = path
        self.repeated_packets: tuple[object, NDArray[np.int64]] | None = None

    @abstractmethod
    def check(self) -> None:
        """Raise DecodeError if it cannot be read as a file, more than once."""

    @abstractmethod
    def open(self) -> BinaryIO:
        """Return a file object of its own, at the beginning; close it after use."""

    @abstractmethod
    def for_ffmpeg(self) -> str | BinaryIO:
        """Return what FFmpeg opens."""

    @abstractmethod
    def version(self) -> object:
        """Return what differs after a change."""

    @abstractmethod
    def watch(self) -> Callable[[], None]:
        """Return what raises DecodeError once the file is no more as it is now.

        Raises
        ------
        DecodeError
            If it cannot be read, or a program has it open for writing.
        """

    @abstractmethod
    def close(self) -> None:
        """Close what is owned of it; a file object stays its owner's."""

    @property
    def size_bytes(self) -> int:
        """Size of the whole file."""
        with self.open() as file:
            return file.seek(0, os.SEEK_END)


class PathFile(MediaFile):
    """A file on a disk."""

    path: Path

    def __init__(self, path: Path) -> None:
        super().__init__(path.name, path)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PathFile) and other.path == self.path

    def __hash__(self) -> int:
        return hash(self.path)

    def check(self) -> None:
        """Raise DecodeError if there is no such file, or it is none."""
        check_file(self.path, "video")

    def open(self) -> BinaryIO:
        """Return a file object of its own, at the beginning."""
        return self.path.open("rb")

    def for_ffmpeg(self) -> str:
        """Return the file's address, whatever its name contains."""
        return f"file:{self.path}"

    def close(self) -> None:
        """Close nothing: every reader closes its own."""

    def version(self) -> tuple[int, int]:
        """Return its size and when it was written."""
        state = self.path.stat()
        return state.st_size, state.st_mtime_ns

    def watch(self) -> Callable[[], None]:
        """Return what raises DecodeError once the file is no more as it is now."""
        return FileState.read(self.path).check


class SharedFile(MediaFile):
    """A file object.

    Parameters
    ----------
    file : ByteSource
    name : str
        What it is, for messages.
    close : callable, optional
        Closes it; unless given, it stays its owner's.
    """

    def __init__(
        self, file: ByteSource, name: str, close: Callable[[], None] | None = None
    ) -> None:
        super().__init__(name)
        self._file = file
        self._close = close
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the file object where it is owned."""
        if self._close is not None:
            self._close()

    def check(self) -> None:
        """Raise DecodeError if it is empty, or cannot go back."""
        with reading(self):
            size_bytes = self.size_bytes
        if not size_bytes:
            raise DecodeError(f"{self.name} is empty")

    def open(self) -> BinaryIO:
        """Return a view of it with a position of its own, at the beginning."""
        return cast("BinaryIO", _View(self._file, self._lock, self.name))

    def for_ffmpeg(self) -> BinaryIO:
        """Return a view of it with a position of its own."""
        return self.open()

    def version(self) -> int:
        """Return its size; nothing else of it is known."""
        return self.size_bytes

    def watch(self) -> Callable[[], None]:
        """Return what raises DecodeError once it has another size than now."""
        before = self.size_bytes

        def check() -> None:
            if self.size_bytes != before:
                raise DecodeError(
                    f"{self.name} was changed while it was read: it had {before} bytes and has "
                    f"{self.size_bytes}; wait until it is finished, then start again"
                )

        return check


class _View:
    """A position of its own in a file object that others read as well."""

    def __init__(self, file: ByteSource, lock: threading.Lock, name: str) -> None:
        self._file = file
        self._lock = lock
        self._position = 0
        #: FFmpeg looks at its suffix where the content does not say what it is
        self.name = name

    def read(self, size: int = -1, /) -> bytes:
        """Return bytes from the position on, fewer only at the end."""
        pieces: list[bytes] = []
        left = size
        with self._lock:
            self._file.seek(self._position)
            while left and (piece := self._file.read(left)):
                pieces.append(piece)
                self._position += len(piece)
                left = left - len(piece) if size > 0 else left
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill a buffer with bytes from the position on; return how many they are."""
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move the position."""
        if whence == os.SEEK_CUR:
            offset, whence = self._position + offset, os.SEEK_SET
        with self._lock:
            self._position = self._file.seek(offset, whence)
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def close(self) -> None:
        """Close nothing: the file object is its owner's."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@lru_cache(maxsize=8)
def _path_file(path: Path) -> PathFile:
    """Return one object for a path: what was found out about a file is known the next time."""
    return PathFile(path)


#: where a video can be: the name of a file, or a file object that can go back
VideoSource: TypeAlias = str | Path | ByteSource | MediaFile


def media_file(source: VideoSource, name: str | None = None) -> MediaFile:
    """Return where a video's bytes are.

    Parameters
    ----------
    source : str, Path, file object or MediaFile
        A file object is read from its beginning, wherever it stands.
    name : str, optional
        What a file object is, for messages; unless given, what it calls itself.

    Raises
    ------
    SettingsError
        If it is none of these.
    """
    if isinstance(source, MediaFile):
        return source
    if isinstance(source, str | Path):
        return _path_file(Path(source))
    if not hasattr(source, "seek"):
        raise SettingsError(
            f"a video is named by text or a path, or is a binary file object, not {source!r}"
        )
    own = getattr(source, "name", None)
    return SharedFile(source, name or (Path(own).name if isinstance(own, str) else _USUAL_NAME))
