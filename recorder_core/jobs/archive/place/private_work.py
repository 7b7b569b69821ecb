"""A folder of one user alone, in which a copy lies in clear until it is sealed."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from recorder_core.errors import EncodeError, WrongState

__all__ = ["event_work_folder", "kept_work_folder", "private_folder"]

_OWNER_ONLY: Final = 0o700


def event_work_folder(work: Path, event_id: str) -> Path:
    """Return where an event is worked on in a work folder."""
    return work / f"workbench-{event_id}"


def kept_work_folder(work: Path, event_id: str) -> Path | None:
    """Return the folder in which a run left what can be resumed.

    None if there is none, or if another run works in it now.
    """
    from recorder_core.media import output_lock  # as below

    folder = event_work_folder(work, event_id)
    with suppress(EncodeError), output_lock(folder):
        return folder if folder.exists() else None
    return None


@contextmanager
def private_folder(work: Path, event_id: str, *, resume: bool = False) -> Iterator[Path]:
    """Yield a folder of this user alone; what can be resumed stays in it after an error.

    Parameters
    ----------
    work : Path
        The folder is made in it.
    event_id : str
        Which event is worked on; one process at a time does.
    resume : bool, default False
        Keep what an interrupted run left in it.

    Yields
    ------
    Path
        A folder that only its owner may open.

    Raises
    ------
    EncodeError
        If it cannot be made, or is another's.
    WrongState
        If another process works on the event in the same folder.
    """
    from recorder_core.media import output_lock  # its libraries are not needed to list events

    folder = event_work_folder(work, event_id)
    with ExitStack() as held:
        try:
            held.enter_context(output_lock(folder))
        except EncodeError as error:
            if isinstance(error.__cause__, BlockingIOError):
                raise WrongState(
                    f"a copy of event {event_id} is being made by another command at this moment; "
                    "wait until that has ended"
                ) from error
            raise
        try:
            _make_private(folder, resume=resume)
        except OSError as error:
            raise EncodeError(
                f"the work folder {work} cannot be used ({error.strerror}); choose another"
            ) from error
        try:
            yield folder
        finally:
            with suppress(OSError):  # gone already, or something in it can be resumed
                folder.rmdir()


def _make_private(folder: Path, *, resume: bool) -> None:
    if not resume and folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)
    folder.mkdir(mode=_OWNER_ONLY, exist_ok=resume)
    found = folder.lstat()
    is_private = found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o077
    if not (stat.S_ISDIR(found.st_mode) and is_private):
        raise EncodeError(
            f"{folder} is not a folder of yours alone; remove it, or work in another folder"
        )
