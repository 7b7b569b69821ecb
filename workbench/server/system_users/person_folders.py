"""The folders in which people's notebooks stay, and the system user that each belongs to.

A number that has a folder is its person's for good: it stands in `people.json` beside the folders,
and as a claim where every server of this machine looks before it gives a number to somebody.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from recorder_core.errors import SettingsError

__all__ = ["FOLDERS", "PersonFolder", "PersonFolders", "claimed_by_somebody"]

#: where the server's settings hold the :class:`PersonFolders`, if it keeps notebooks
FOLDERS: Final = "workbench_person_folders"
#: of this machine: a file for each number that files of a person belong to
_CLAIMS: Final = Path("/var/lib/workbench-kernel-uids")
_PEOPLE: Final = "people.json"
_OTHERS_WRITE: Final = 0o022


@dataclass(frozen=True, slots=True)
class PersonFolder:
    """Where the files of one person lie.

    Attributes
    ----------
    name : str
        Of the folder; it says nothing of whose it is.
    uid : int or None
        Of the system user that it belongs to; None: the server's own.
    """

    name: str
    uid: int | None


def claimed_by_somebody(uid: int) -> bool:
    """Return whether files of a person of some server belong to a number."""
    return (_CLAIMS / str(uid)).exists()


class PersonFolders:
    """The folders of people, in one that is a server's alone.

    Parameters
    ----------
    place : Path
        Folder to make, or one that an earlier server made.
    are_apart : bool
        Whether each person's belongs to a system user of their own.

    Raises
    ------
    SettingsError
        If it cannot be used.
    """

    def __init__(self, place: Path, *, are_apart: bool) -> None:
        self._place = place.resolve()
        self._are_apart = are_apart
        self._lock = threading.Lock()
        self._handle = self._open()
        self._people = self._read()
        for login, known in self._people.items():
            self._claim(login, known.uid)

    def known_uid(self, login: str) -> int | None:
        """Return the number to which a person's files belong; None if there are none yet."""
        with self._lock:
            known = self._people.get(login)
        return known.uid if known else None

    def uids(self) -> set[int]:
        """Return the numbers to which files belong."""
        with self._lock:
            return {each.uid for each in self._people.values() if each.uid is not None}

    def enter(self, login: str, uid: int | None) -> Path:
        """Return the folder of a person, made if it is the first time.

        Parameters
        ----------
        login : str
            Of the person.
        uid : int or None
            As which the person's kernels run.
        """
        with self._lock:
            known = self._people.get(login)
            if known is None:
                known = PersonFolder(secrets.token_hex(16), uid)
                self._claim(login, uid)
                self._make(known)
                self._people[login] = known
                self._write()
        return self._place / known.name

    def own_folder(self, login: str, name: str) -> Path:
        """Return a folder in which the server keeps something for a person, out of their reach."""
        digest = hashlib.sha256(login.encode()).hexdigest()
        place = self._place / "server" / digest[:32] / name
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        return place

    def close(self) -> None:
        """Release the folders to another server."""
        os.close(self._handle)

    def _open(self) -> int:
        mode = 0o711 if self._are_apart else 0o700
        self._place.mkdir(mode=mode, exist_ok=True)
        handle = os.open(self._place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        info, content = os.fstat(handle), {each.name for each in self._place.iterdir()}
        if info.st_uid != os.geteuid() or info.st_mode & _OTHERS_WRITE:
            raise SettingsError(
                f"{self._place} must be the server's own, and nobody else's to write"
            )
        if content and _PEOPLE not in content:
            raise SettingsError(f"{self._place} is no folder of notebooks; give an empty one")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SettingsError(f"another server has the notebooks in {self._place}") from None
        os.fchmod(handle, mode)
        (self._place / "server").mkdir(mode=0o700, exist_ok=True)
        return handle

    def _read(self) -> dict[str, PersonFolder]:
        path = self._place / _PEOPLE
        if not path.exists():
            self._people = {}
            self._write()
            return {}
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            return {login: PersonFolder(**each) for login, each in stored.items()}
        except (ValueError, TypeError, AttributeError):
            raise SettingsError(f"{path} cannot be read; restore it from a backup") from None

    def _write(self) -> None:
        new = self._place / f"{_PEOPLE}.new"
        new.touch(mode=0o600)
        with new.open("w", encoding="utf-8") as file:
            json.dump({login: asdict(each) for login, each in self._people.items()}, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._place / _PEOPLE)

    def _make(self, new: PersonFolder) -> None:
        os.mkdir(new.name, 0o700, dir_fd=self._handle)
        if new.uid is None:
            return
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
        made = os.open(new.name, flags, dir_fd=self._handle)
        try:
            os.fchown(made, new.uid, new.uid)
            # what kernels of the person's sign-ins make in it is of the person's group
            os.fchmod(made, 0o2770)
        finally:
            os.close(made)

    def _claim(self, login: str, uid: int | None) -> None:
        if uid is None:
            return
        _CLAIMS.mkdir(mode=0o700, exist_ok=True)
        ours, claim = f"{self._place}\n{login}\n", _CLAIMS / str(uid)
        try:
            with claim.open("x", encoding="utf-8") as file:
                file.write(ours)
        except FileExistsError:
            if claim.read_text(encoding="utf-8") != ours:
                raise SettingsError(
                    f"the system user {uid} has files elsewhere, says {claim}: remove that file if "
                    "they are gone, or were moved here"
                ) from None
