"""How much space is left for a recording, and when there is none for more of it."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from recorder_core.errors import ArchiveError

__all__ = ["SpaceGuard", "SpaceLeft", "SpaceLimits"]

_GIB: Final = 1 << 30
#: the byte rate is measured over what was written so far, once it was so long
_MEASURED_SECONDS: Final = 5.0
_MINUTE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class SpaceLimits:
    """How much space a recording leaves, and needs to begin.

    Attributes
    ----------
    keep_free_bytes : int
        It is stopped before a disk has less.
    min_seconds : float
        It does not begin where less than this has space.
    """

    keep_free_bytes: int = 2 * _GIB
    min_seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class SpaceLeft:
    """How much space is left.

    Attributes
    ----------
    free_bytes : int
        Of the disk that is full first.
    seconds : float
        For how long it lasts.
    """

    free_bytes: int
    seconds: float

    @property
    def is_used_up(self) -> bool:
        """Whether the recording is to stop."""
        return self.seconds <= 0


class SpaceGuard:
    """Checks the space on the disks of an archive.

    Parameters
    ----------
    limits : SpaceLimits
        What is left free.
    expected_bps : int
        Bits per second of a recording, before anything is measured.
    free_bytes : callable, optional
        Returns how many bytes are free on the disk of a folder.
    """

    def __init__(
        self,
        limits: SpaceLimits,
        expected_bps: int,
        free_bytes: Callable[[Path], int] = lambda root: shutil.disk_usage(root).free,
    ) -> None:
        self._limits, self._free_bytes = limits, free_bytes
        self._expected_bytes_a_second = expected_bps / 8

    def check_start(self, roots: Sequence[Path]) -> SpaceLeft:
        """Return how much space there is.

        Parameters
        ----------
        roots : sequence of Path
            Folders to which the recording is written.

        Raises
        ------
        ArchiveError
            If there is not enough to begin.
        """
        left = self._left(roots, self._expected_bytes_a_second)
        if left.seconds < self._limits.min_seconds:
            minutes, free_gib = left.seconds / _MINUTE_SECONDS, max(0.0, left.free_bytes / _GIB)
            wanted = f"{self._limits.min_seconds / _MINUTE_SECONDS:.0f} are needed to begin"
            there = f"space for {minutes:.0f} minutes of recording, and {wanted}"
            raise ArchiveError(
                f"there is {there if left.seconds > 0 else 'no space for a recording'}: "
                f"{free_gib:.1f} GiB are free on the fullest disk of the archive, of "
                f"which {self._limits.keep_free_bytes / _GIB:.1f} stay free; delete events, or "
                "lower keep_free_gib or min_minutes in [space] of the room's file"
            )
        return left

    def measure(self, roots: Sequence[Path], written_bytes: int, seconds: float) -> SpaceLeft:
        """Return how much space is left.

        Parameters
        ----------
        roots : sequence of Path
            Folders to which the recording is written.
        written_bytes : int
            Of the recording so far, on each.
        seconds : float
            How long it is.
        """
        if seconds < _MEASURED_SECONDS or not written_bytes:
            return self._left(roots, self._expected_bytes_a_second)
        return self._left(roots, written_bytes / seconds)

    def _left(self, roots: Sequence[Path], bytes_a_second: float) -> SpaceLeft:
        """Return what is left on the disk that is full first; one that is gone does not count."""
        found = []
        for root, copies in _by_disk(roots).items():
            with suppress(OSError):
                free = self._free_bytes(root)
                usable = free - self._limits.keep_free_bytes
                found.append(SpaceLeft(free, usable / max(1.0, copies * bytes_a_second)))
        return min(found, key=lambda each: each.seconds, default=SpaceLeft(0, math.inf))


def _by_disk(roots: Sequence[Path]) -> Mapping[Path, int]:
    """Return one folder of each disk, and how many of the folders lie on it."""
    disks: dict[int, tuple[Path, int]] = {}
    for root in roots:
        with suppress(OSError):
            number = root.stat().st_dev
            first, count = disks.get(number, (root, 0))
            disks[number] = (first, count + 1)
    return dict(disks.values())
