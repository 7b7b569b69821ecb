"""The files in which Linux tells about its devices; tests have a tree of their own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

__all__ = ["MachineFiles"]


class MachineFiles:
    """Reads below a root.

    Parameters
    ----------
    root : Path
        ``/``, or where a test has its tree.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, address: str) -> Path:
        """Return where a file of the machine is."""
        return self._root / address.lstrip("/")

    def text(self, address: str) -> str:
        """Return what a file says; empty where there is none, or it may not be read."""
        try:
            return self.path(address).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""

    def names(self, folder: str, pattern: str) -> Iterator[str]:
        """Yield the names in a folder that are a word and a number, by their numbers."""
        try:
            names = [each.name for each in self.path(folder).iterdir()]
        except OSError:
            return
        found = [name for name in names if re.fullmatch(pattern, name)]
        yield from sorted(found, key=lambda name: (int(re.sub(r"\D", "", name) or 0), name))

    def has_folder(self, folder: str) -> bool:
        """Return whether there is a folder."""
        return self.path(folder).is_dir()

    def can_open(self, address: str) -> bool:
        """Return whether this user may read and write a device."""
        return os.access(self.path(address), os.R_OK | os.W_OK)

    def steady_address(self, address: str, folder: str) -> str:
        """Return the first link in a folder that leads to a device; empty where none does."""
        device = self.path(address).resolve()
        try:
            links = sorted(self.path(folder).iterdir())
        except OSError:
            return ""
        return next((f"{folder}/{link.name}" for link in links if link.resolve() == device), "")
