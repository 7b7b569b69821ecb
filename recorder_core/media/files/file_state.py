"""Notice that a source is still being written, or was changed while it was read."""

from __future__ import annotations

import fcntl
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from recorder_core.errors import DecodeError
from recorder_core.media.ffmpeg_errors import reading

__all__ = ["FileState"]


@dataclass(frozen=True, slots=True)
class FileState:
    """What tells that a file is as it was: `read` it first, `check` it in the end."""

    path: Path
    size_bytes: int
    modified_ns: int
    #: number of the file on its disk; another one took its name when it differs
    inode: int

    @classmethod
    def read(cls, path: Path) -> FileState:
        """Return the state of a finished file.

        Raises
        ------
        DecodeError
            If it cannot be read, or a program has it open for writing.
        """
        with reading(path):
            if _is_being_written(path):
                raise DecodeError(
                    f"{path.name} is still being written by another program; wait until it is "
                    "finished, then start again"
                )
            found = path.stat()
        return cls(path, found.st_size, found.st_mtime_ns, found.st_ino)

    def check(self) -> None:
        """Refuse a file that is not as it was.

        Raises
        ------
        DecodeError
            If it grew, shrank, was rewritten, or is gone.
        """
        with reading(self.path):
            found = self.path.stat()
        if (found.st_size, found.st_mtime_ns, found.st_ino) != (
            self.size_bytes,
            self.modified_ns,
            self.inode,
        ):
            raise DecodeError(
                f"{self.path.name} was changed while it was read: it had {self.size_bytes} bytes "
                f"and has {found.st_size}; wait until it is finished, then start again"
            )


def _is_being_written(path: Path) -> bool:
    """Return whether a process has the file open for writing; False where that is not known.

    Linux grants a lease for reading only on a file that nobody has open for writing; other
    systems, network disks and files of other users tell nothing.
    """
    if not hasattr(fcntl, "F_SETLEASE") or not path.is_file():
        return False
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        # whoever opens the file meanwhile ends the lease by this signal, which is ignored
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False
