"""FFmpeg's errors become ours, in one place each for reading, encoding and writing.

No message carries more of a path than the file's own name.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

import av.error
from av.codec.codec import UnknownCodecError

from recorder_core.errors import DecodeError, EncodeError
from recorder_core.full_disk import is_full_disk

__all__ = ["PART", "encoding", "reading", "writing"]

#: marks the temporary name of a file that is being written
PART: Final = ".part"
_MIB: Final = 1 << 20


class _Named(Protocol):
    @property
    def name(self) -> str: ...


@contextmanager
def reading(file: _Named) -> Iterator[None]:
    """Translate what FFmpeg and the file system say while a file is read.

    Parameters
    ----------
    file : Path or MediaFile
        Whose name the messages say.

    Raises
    ------
    DecodeError
        For every error of FFmpeg or of the operating system.
    """
    try:
        yield
    except (av.error.FFmpegError, UnknownCodecError, OSError) as exc:
        raise DecodeError(f"{file.name} {_why_unreadable(exc)}") from exc
    except UnicodeEncodeError as exc:
        raise DecodeError(f"the path of {file.name} is not UTF-8 text; rename it") from exc


@contextmanager
def encoding() -> Iterator[None]:
    """Translate what FFmpeg says while frames are encoded that may go to no file.

    Raises
    ------
    EncodeError
        For every error of FFmpeg.
    """
    try:
        yield
    except av.error.FFmpegError as exc:
        raise EncodeError(f"the video cannot be encoded: {_strerror(exc)}") from exc


@contextmanager
def writing(path: Path, needed_bytes: int | None = None) -> Iterator[None]:
    """Translate what FFmpeg and the file system say while `path` is written.

    Parameters
    ----------
    path : Path
        The file that is written; on an error it is removed.
    needed_bytes : int, optional
        About how large it would have become, for the message about a full disk.

    Raises
    ------
    EncodeError
        For every error of FFmpeg or of the operating system.
    """
    try:
        yield
    except (av.error.FFmpegError, UnknownCodecError, OSError, UnicodeEncodeError) as exc:
        message = _why_unwritable(exc, path, needed_bytes)
        path.unlink(missing_ok=True)
        raise EncodeError(message) from exc
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _why_unreadable(exc: Exception) -> str:
    if isinstance(exc, FileNotFoundError):
        return "does not exist; check the name"
    if isinstance(exc, IsADirectoryError):
        return "is a folder, not a video; name a file"
    if isinstance(exc, PermissionError):
        return "may not be read by this user; change its permissions"
    if isinstance(exc, av.error.InvalidDataError | av.error.ArgumentError):
        return "is not a video that this program can read, or it is damaged at its beginning"
    if isinstance(exc, av.error.DecoderNotFoundError | UnknownCodecError):
        return "holds video in a codec that this FFmpeg cannot decode"
    return f"cannot be read: {_strerror(exc)}"


def _why_unwritable(exc: Exception, path: Path, needed_bytes: int | None) -> str:
    name = path.name.removeprefix(".").replace(f"{PART}{path.suffix}", path.suffix)
    if isinstance(exc, UnicodeEncodeError):
        return f"the path of {name} is not UTF-8 text; choose another"
    if is_full_disk(exc):
        free = shutil.disk_usage(path.parent).free + _size_bytes(path)
        need = f"about {needed_bytes / _MIB:.1f} MiB are needed and " if needed_bytes else ""
        return (
            f"the disk is full while {name} is written: {need}{free / _MIB:.1f} MiB are "
            "free; free up space or choose another folder, then start again"
        )
    if getattr(exc, "errno", None) == errno.EFBIG:
        return f"{name} became larger than this user or file system allows"
    if isinstance(exc, FileNotFoundError):
        return f"the folder for {name} does not exist; make it first"
    if isinstance(exc, PermissionError):
        return f"{name} may not be written by this user; choose another folder"
    return f"{name} cannot be written: {_strerror(exc)}"


def _size_bytes(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _strerror(exc: Exception) -> str:
    return str(getattr(exc, "strerror", None) or type(exc).__name__)
