"""Kernels run as users who read neither root's home nor a checkout in it; tests give them both."""

from __future__ import annotations

import os
import shlex
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


@cache
def reachable_to_all() -> tuple[str, ...]:
    """Return the words before a command that let every user read the checkout and Python.

    The command sees an empty folder in the place of the closed one, in which the two lie where
    they lay; nothing of the machine changes. No words where nothing is closed, or nobody could
    be another user.
    """
    needed = {ROOT, Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve()}
    closed = {each for path in needed for each in _closed(path)}
    if os.geteuid() != 0 or not closed:
        return ()
    top = [each for each in closed if not closed & set(each.parents)]
    inside = [path for path in needed if not needed & set(path.parents)]
    lines = ["set -e", "stash=$(mktemp -d)"]
    for number, path in enumerate(inside):
        lines += [
            f"mkdir $stash/{number}",
            f"mount --bind {shlex.quote(str(path))} $stash/{number}",
        ]
    lines += [f"mount -t tmpfs -o mode=755 none {shlex.quote(str(each))}" for each in top]
    for number, path in enumerate(inside):
        quoted = shlex.quote(str(path))
        lines += [f"(umask 022; mkdir -p {quoted})", f"mount --bind $stash/{number} {quoted}"]
        lines += [f"umount $stash/{number}", f"rmdir $stash/{number}"]
    lines += ["rmdir $stash"]
    return ("unshare", "--mount", "sh", "-c", "; ".join([*lines, 'exec "$@"']), "sh")


def _closed(path: Path) -> list[Path]:
    return [each for each in (path, *path.parents) if not each.stat().st_mode & 0o001]
