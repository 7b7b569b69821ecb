"""Numbers of system users that nobody has: those which kernels run as."""

from __future__ import annotations

import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from recorder_core.errors import SettingsError

__all__ = ["DEFAULT_UIDS", "UidRange"]

_SUBORDINATE: Final = Path("/etc/subuid")
#: numbers below are those of the machine's own users, by Debian's and Red Hat's policy
_MIN_UID: Final = 1000
#: the last number that is none of a user, by policy, is 2**32 - 1; 65534 is nobody's
_MAX_UID: Final = 2**31 - 2
#: for a server running as root, unless others are named
DEFAULT_UIDS: Final = (200_000, 209_999)


@dataclass(frozen=True, slots=True)
class UidRange:
    """Unused UIDs; both ends belong to it.

    Raises
    ------
    SettingsError
        If it is empty, or somebody has one of them.
    """

    first: int
    last: int

    def __post_init__(self) -> None:
        if not _MIN_UID <= self.first <= self.last <= _MAX_UID:
            raise SettingsError(
                f"--kernel-uids must be two numbers between {_MIN_UID} and {_MAX_UID}, the smaller "
                "one first: such as 200000-209999"
            )
        for whose, first, last in _taken():
            if first <= self.last and self.first <= last:
                raise SettingsError(
                    f"the system's {whose} has numbers of {self.first}-{self.last}: name unused "
                    "ones with --kernel-uids FIRST-LAST"
                )

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.first, self.last + 1))

    def __contains__(self, uid: object) -> bool:
        return isinstance(uid, int) and self.first <= uid <= self.last

    def __len__(self) -> int:
        return self.last + 1 - self.first


def _taken() -> Iterator[tuple[str, int, int]]:
    """Yield who has which numbers on this machine: users, and what users may become."""
    for entry in pwd.getpwall():
        yield f"user {entry.pw_name}", entry.pw_uid, entry.pw_uid
    try:
        lines = _SUBORDINATE.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        name, _, numbers = line.partition(":")
        first, _, count = numbers.partition(":")
        if first.isdecimal() and count.isdecimal():
            yield f"user {name}", int(first), int(first) + int(count) - 1
