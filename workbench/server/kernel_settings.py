"""How kernels run, and for whom."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from recorder_core.errors import SettingsError

__all__ = ["DEFAULT_UIDS", "KernelSettings", "UidRange"]

_SUBORDINATE: Final = Path("/etc/subuid")
#: numbers below are those of the machine's own users, by Debian's and Red Hat's policy
_MIN_UID: Final = 1000
#: the last number that is none of a user, by policy, is 2**32 - 1; 65534 is nobody's
_MAX_UID: Final = 2**31 - 2
_MIB: Final = 1 << 20


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


#: for a server running as root, unless others are named
DEFAULT_UIDS: Final = (200_000, 209_999)


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelSettings:
    """How kernels run.

    Attributes
    ----------
    are_allowed : bool
        Whether people may start kernels for code of their own; those of dashboards run anyhow.
    only_for : str or None
        Login of the one person who may; None: all whose profile may.
    uids : UidRange or None
        Of the system users that kernels run as, one for each person; None: the server's own,
        which is none of root's but in a demo.
    idle_seconds : int
        After which a kernel with nothing to do, and no page, is ended.
    max_memory_bytes : int
        That each process may take beside what it starts with; 0: no limit.
    max_cpu_seconds : int
        Of computing, after which a process is ended; 0: no limit.
    max_per_person : int
        Kernels that a person may have at a time.
    is_demo : bool
        Whether nothing but a demo's archive is served, so that dashboards, which take no code,
        may run as root.
    """

    are_allowed: bool = False
    only_for: str | None = None
    uids: UidRange | None = None
    idle_seconds: int = 30 * 60
    max_memory_bytes: int = 4096 * _MIB
    max_cpu_seconds: int = 0
    max_per_person: int = 8
    is_demo: bool = False

    def __post_init__(self) -> None:
        is_root = os.geteuid() == 0
        if is_root and self.uids is None and (self.are_allowed or not self.is_demo):
            raise SettingsError("the server runs as root: name users for kernels, --kernel-uids")
        if not is_root and self.uids is not None:
            raise SettingsError("only root can run kernels as other users: leave --kernel-uids out")
        if self.only_for is not None and not self.are_allowed:
            raise SettingsError("--kernels-for LOGIN needs --kernels")
        if self.are_allowed and not is_root and self.only_for is None:
            raise SettingsError(
                "the server is not root's, so everybody's code would run as one system user, and "
                "could read what others may: name one person with --kernels-for LOGIN, or start "
                "the server as root"
            )


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
