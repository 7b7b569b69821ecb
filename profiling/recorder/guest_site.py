"""An archive whose two folders are disks of a guest."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from guest import Disk
from guest_disks import make_disk, mounted
from recording_site import RecordingSite, make_site

__all__ = ["FOLDERS", "GuestSite", "make_guest_site"]

#: of an archive, its own and its mirror
FOLDERS: Final = ("archive", "mirror")


@dataclass(frozen=True, slots=True)
class GuestSite:
    """An archive on two disks.

    Attributes
    ----------
    folder : Path
        In which everything lies. Guest and this machine mount the disks at the same folders, and
        not at once.
    """

    folder: Path

    @property
    def site(self) -> RecordingSite:
        """The archive, where its disks are mounted."""
        return RecordingSite(*(self.folder / name for name in FOLDERS))

    @property
    def shared(self) -> Path:
        """A folder that the guest may write."""
        return self.folder / "shared"

    def image(self, name: str) -> Path:
        """Return the file that is one of the two disks."""
        return self.folder / f"{name}.img"

    def disks(self, logs: Mapping[str, Path] | None = None) -> list[Disk]:
        """Return both disks, with what logs them."""
        return [
            Disk(self.image(name), self.folder / name, (logs or {}).get(name)) for name in FOLDERS
        ]

    @contextmanager
    def mounted(self, *names: str) -> Iterator[RecordingSite]:
        """Mount both disks for as long as the block runs, or those that are named."""
        with ExitStack() as stack:
            for name in names or FOLDERS:
                stack.enter_context(mounted(self.image(name), self.folder / name))
            yield self.site


def make_guest_site(folder: Path) -> GuestSite:
    """Make an archive with its people on two disks."""
    made = GuestSite(folder)
    made.shared.mkdir()
    make_site(folder)
    for name in FOLDERS:
        make_disk(made.image(name), folder / name)
        shutil.rmtree(folder / name)
        (folder / name).mkdir()
    return made
