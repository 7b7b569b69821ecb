"""How kernels run, and for whom."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from recorder_core.errors import SettingsError
from recorder_core.model.values.phrase import phrase
from workbench.server.system_users.uid_range import UidRange

__all__ = ["KernelSettings"]

_MIB: Final = 1 << 20
#: what a person reads who would run code where nobody's runs
_NO_CODE: Final = phrase(
    "no_code",
    "this server runs no code for people: start it with --kernels and --notebooks FOLDER; as root, "
    "first install the program where everybody can read it, such as /opt",
)
#: the same in a demo, whose dashboards run as root then
_NO_CODE_IN_DEMO: Final = phrase(
    "no_code_in_demo",
    "this demo runs no code for people: the system users of kernels cannot read the program, or "
    "cannot reach the demo's folder; put both where everybody can, such as /opt, and start it "
    "again",
)


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
    are_ahead : bool
        Whether a kernel is started for the next dashboard of who is signed in, before it is asked
        for; it counts as one of that person's.
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
    are_ahead: bool = True
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

    @property
    def why_no_code(self) -> str | None:
        """Why nobody's code runs, and what to do; None: it runs."""
        if self.are_allowed:
            return None
        return _NO_CODE_IN_DEMO if self.is_demo else _NO_CODE
