"""Folders that another user of the machine can change: root writes nothing there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

__all__ = ["foreign_part"]


def foreign_part(folder: Path) -> Path | None:
    """Return the part of a path that a user other than the server's can change or exchange.

    Parameters
    ----------
    folder : Path
        There, without a link in it.

    Returns
    -------
    Path or None
        The folder or one above it; None where the server's user and root alone can.
    """
    for part in (folder, *folder.parents):
        info = part.lstat()
        # in one that is sticky nobody moves what is another's
        is_kept = part != folder and info.st_mode & stat.S_ISVTX
        if info.st_uid not in (0, os.geteuid()) or (_others_write(info) and not is_kept):
            return part
    return None


def _others_write(info: os.stat_result) -> bool:
    is_group_ours = info.st_gid in (0, os.getegid())
    return bool(info.st_mode & stat.S_IWOTH or (info.st_mode & stat.S_IWGRP and not is_group_ours))
