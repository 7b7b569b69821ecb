"""The system users that kernels run as: one for each person, and never one for two.

They are numbers without an entry anywhere. A number is a person's until the server ends; other
servers of this machine are kept from it by a lock on its byte of a file. What is left over from
before, a process or a file where everybody may write, makes it nobody's.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from recorder_core.errors import ArchiveError
from workbench.server.system_users.person_folders import PersonFolders, claimed_by_somebody
from workbench.server.system_users.uid_range import UidRange

__all__ = ["KernelUsers", "can_user_reach", "can_user_read"]

_LOCKS: Final = Path("/run/workbench-kernel-uids")
#: where everybody may leave files
_SHARED: Final = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))  # noqa: S108 - looked at only
#: of a process that starts others as fast as they are ended
_MAX_KILLS: Final = 50


class KernelUsers:
    """Who runs whose kernels, and where.

    Parameters
    ----------
    uids : UidRange or None
        To take users from; None: all kernels run as the server's own user.
    homes : Path
        Folder to make, in which the kernels' own folders lie. It stays the server's: no kernel
        can put anything in the place of its folder.
    folders : PersonFolders or None
        Of people's notebooks, which belong to the same users.
    """

    def __init__(
        self, uids: UidRange | None, homes: Path, folders: PersonFolders | None = None
    ) -> None:
        self._uids = uids
        self._folders = folders
        self._homes = homes
        self._lock = threading.Lock()
        self._by_login: dict[str, int] = {}
        self._made: dict[Path, str] = {}
        self._locks: int | None = None
        homes.mkdir(mode=0o711)
        homes.chmod(0o711)
        if uids is not None:
            self._locks = os.open(
                _LOCKS, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
            )

    @property
    def are_apart(self) -> bool:
        """Whether each person has a user of their own."""
        return self._uids is not None

    def process_options(self, login: str, whose: str | None = None) -> dict[str, Any]:
        """Return what starts a process as a user.

        Parameters
        ----------
        login : str
            What names the user.
        whose : str or None
            Login of the person whose notebooks it may open, as one of their group.

        Raises
        ------
        ArchiveError
            If there is no number left.
        """
        uid = self._uid(login)
        group = self._uid(whose) if whose is not None and self._folders else uid
        return {} if uid is None else {"user": uid, "group": group, "extra_groups": []}

    def can_read(self, path: Path) -> bool:
        """Return whether such a user can run this Python and read a file of the program."""
        if self._uids is None:
            return True
        return can_user_read(self._uids.first, path)

    def make_home(self, login: str) -> Path:
        """Make a folder that nobody has had, and that is a person's user's alone."""
        uid, home = self._uid(login), self._homes / secrets.token_hex(16)
        home.mkdir(mode=0o700)
        if uid is not None:
            handle = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                os.fchown(handle, uid, uid)
            finally:
                os.close(handle)
        self._made[home] = login
        return home

    def remove_home(self, home: Path) -> None:
        """Remove a folder with all that is in it, with no more rights than its user has."""
        login = self._made.pop(home)
        if self._uids is None:
            shutil.rmtree(home, ignore_errors=True)
            return
        self._run(self._uid(login), 'chmod -R u+rwX -- "$1"; rm -rf -- "$1"', home)
        # the folder itself is the server's to remove; links in it are not followed
        shutil.rmtree(home, ignore_errors=True)

    def end_processes(self, login: str) -> bool:
        """End everything that runs as a person's user; return whether nothing is left.

        Nothing is ended where kernels run as the server's own user.
        """
        uid = self._by_login.get(login)
        if uid is None:
            return not self.are_apart
        for _ in range(_MAX_KILLS):
            if not any(_processes(uid)):
                return True
            # all at once, so that none of them can start another between two
            self._run(uid, "kill -KILL -1")
        return not any(_processes(uid))

    def close(self) -> None:
        """End everything that runs as a user of this server, and give the numbers back."""
        for login in list(self._by_login):
            self.end_processes(login)
        for home in list(self._made):
            self.remove_home(home)
        if self._locks is not None:
            os.close(self._locks)
            self._locks = None

    def _uid(self, login: str) -> int | None:
        if self._uids is None:
            return None
        with self._lock:
            if login not in self._by_login:
                known = self._folders.known_uid(login) if self._folders else None
                self._by_login[login] = known if known else self._take(self._uids)
                if known is not None and not self._lock_number(known):
                    del self._by_login[login]
                    raise ArchiveError(f"the system user {known} works for another server")
            return self._by_login[login]

    def open_folder(self, login: str) -> Path | None:
        """Return the folder of a person's notebooks, made if need be; None: none are kept."""
        return self._folders.enter(login, self._uid(login)) if self._folders else None

    def _take(self, uids: UidRange) -> int:
        """Return a number that nobody has; a random one, so that few are met that have rest."""
        start, taken = secrets.randbelow(len(uids)), set(self._by_login.values())
        for place in range(len(uids)):
            uid = uids.first + (start + place) % len(uids)
            if uid in taken or claimed_by_somebody(uid):
                continue
            if self._lock_number(uid) and not _is_used(uid):
                return uid
        raise ArchiveError(
            "no system user is left for another person's kernels: sign people out, or start the "
            "server with a longer range of --kernel-uids"
        )

    def _lock_number(self, uid: int) -> bool:
        assert self._locks is not None
        try:
            fcntl.lockf(self._locks, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, uid)
        except OSError:
            return False
        return True

    def _run(self, uid: int | None, script: str, *arguments: Path) -> None:
        if not uid:
            raise ArchiveError("nothing may run as root here")
        command = ["/bin/sh", "-c", script, "sh", *map(str, arguments)]
        subprocess.run(command, **_as_user(uid), check=False)  # noqa: S603


def can_user_read(uid: int, path: Path) -> bool:
    """Return whether a system user can run this Python and read a file; root alone can ask."""
    command = [sys.executable, "-I", "-c", "import sys; open(sys.argv[1])", str(path)]
    try:
        done = subprocess.run(command, **_as_user(uid), check=False)  # noqa: S603
    except OSError:
        return False
    return done.returncode == 0


def can_user_reach(uid: int, folder: Path) -> bool:
    """Return whether a system user may pass through a folder; root alone can ask."""
    command = ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder.resolve())]
    return subprocess.run(command, **_as_user(uid), check=False).returncode == 0  # noqa: S603


def _as_user(uid: int) -> dict[str, Any]:
    nowhere = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    user = {"user": uid, "group": uid, "extra_groups": []}
    return {**nowhere, **user, "cwd": "/", "env": {"PATH": "/usr/bin:/bin"}}


def _processes(uid: int) -> Iterator[int]:
    """Yield what runs as a user; the owner of its folder says nothing where memory is closed."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            text = (folder / "status").read_text(errors="replace")
        except OSError:
            continue
        fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        if str(uid) in fields.get("Uid", "").split() and not fields["State"].strip().startswith(
            "Z"
        ):
            yield int(folder.name)


def _is_used(uid: int) -> bool:
    """Return whether something is left of who had a number before."""
    if any(_processes(uid)):
        return True
    return any(_owner(path) == uid for folder in _SHARED for path in _content(folder))


def _content(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _owner(path: Path) -> int | None:
    try:
        return path.lstat().st_uid
    except OSError:
        return None
