"""One run for one output: a lock of the kernel, which ends with its process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recorder_core.errors import EncodeError

__all__ = ["output_lock"]


@contextmanager
def output_lock(output: Path) -> Iterator[None]:
    """Hold the name of an output, so that a second run to the same one is refused.

    Parameters
    ----------
    output : Path
        The file or folder that will be written; beside it lies a hidden file while the
        block runs. One that a killed process left holds nothing and is taken over.

    Raises
    ------
    EncodeError
        If another run holds it, or the folder cannot be written.
    """
    lock = output.absolute().with_name(f".{output.absolute().name}.lock")
    try:
        descriptor = _hold(lock)
    except BlockingIOError as exc:
        raise EncodeError(
            f"{output.name} is being written by another run; wait until that ends, or give "
            "another output"
        ) from exc
    except FileNotFoundError as exc:
        raise EncodeError(f"the folder for {output.name} does not exist; make it first") from exc
    except OSError as exc:
        raise EncodeError(
            f"the folder of the output {output.name} cannot be written ({exc.strerror}); "
            "choose another"
        ) from exc
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(descriptor)


def _hold(lock: Path) -> int:
    """Make and lock a file; again, where its holder removed it meanwhile."""
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if lock.exists() and os.path.samestat(lock.stat(), os.fstat(descriptor)):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
