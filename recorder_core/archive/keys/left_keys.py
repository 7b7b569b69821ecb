"""Key files that a cut-off change left beside the real one: they may hold a revoked key."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from recorder_core.archive.disk.durable import SealedPaths, destroy_file, locked
from recorder_core.archive.identity import check_event_id
from recorder_core.model.files.inner_files import EVENT_FOLDERS, inner_exists

__all__ = ["destroy_left_keys"]


def destroy_left_keys(root: Path, event_id: str | None = None) -> None:
    """Destroy what cut-off changes of key files left on a root.

    One that is being changed at this moment is waited for. Where there is no stream, another
    process may be making the file; such a key opens nothing.

    Parameters
    ----------
    root : Path
        Folder of an archive or of its mirror.
    event_id : str, optional
        Only of this event.

    Raises
    ------
    SettingsError
        If it is no event's id.
    OSError
        If the root cannot be read, or what is left cannot be destroyed.
    """
    if event_id is not None:
        check_event_id(event_id)
    events = root / "events"
    if events.is_symlink() or not events.is_dir():
        return
    for name in [event_id] if event_id else sorted(_folders(events)):
        for left in _left_in(events / name):
            stream = SealedPaths.of(left.with_name(left.name.partition(".key.")[0])).stream
            if inner_exists(stream, folders=EVENT_FOLDERS):
                with locked(stream, folders=EVENT_FOLDERS):
                    destroy_file(left)


def _folders(events: Path) -> Iterator[str]:
    with os.scandir(events) as entries:
        yield from (entry.name for entry in entries if entry.is_dir(follow_symlinks=False))


def _left_in(folder: Path) -> list[Path]:
    if folder.is_symlink() or not folder.is_dir():
        return []
    names = sorted(os.listdir(folder))  # noqa: PTH208 - of thousands of folders, at every sign-in
    return [folder / name for name in names if ".key." in name and name.endswith(".new")]
