"""Signing in: attempts are counted before they are made, and failed ones slow the next down."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from recorder_core.archive.disk.durable import locked, replace_file
from recorder_core.archive.secrets.passwords import (
    DEFAULT_COST,
    Argon2Settings,
    WrappedKey,
    spend_password_time,
    unwrap_private_key,
)
from recorder_core.archive.secrets.secret import Password
from recorder_core.archive.secrets.wrapping import PrivateKey
from recorder_core.errors import ArchiveError, NoKeyMatches, SignInDelayed
from recorder_core.model.files.inner_files import open_inner, read_inner
from recorder_core.model.values.json_text import parse_json
from recorder_core.model.values.phrase import phrase

__all__ = ["AttemptFile", "AttemptStore", "Attempts", "DelaySettings", "sign_in"]


#: users by source that are kept, the newest: who guesses from ever new addresses fills no disk
_MAX_ELSEWHERE: Final = 10_000
#: failed attempts of everybody when the record was damaged, by a failing disk as a rule: the next
#: one waits for some seconds, and guesses after it for longer
_DAMAGED_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class DelaySettings:
    """How failed attempts slow the next one down.

    Attributes
    ----------
    free_attempts : int
        Failed attempts before the first delay.
    first_delay_seconds : float
        Delay after one more; it doubles with each failure.
    max_delay_seconds : float
        It grows no further: nobody is locked out for ever.
    """

    free_attempts: int = 3
    first_delay_seconds: float = 2.0
    max_delay_seconds: float = 900.0

    def delay_seconds(self, failed: int) -> float:
        """Return how long to wait after this many failed attempts."""
        if failed < self.free_attempts:
            return 0.0
        doublings = min(failed - self.free_attempts, 32)
        return min(self.max_delay_seconds, self.first_delay_seconds * 2.0**doublings)


class _RecordDamaged(Exception):
    """The record holds something else than attempts."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """Failed attempts of one user since the last success.

    Attributes
    ----------
    failed : int
        How many.
    last_unix_seconds : float
        When the last one was made.
    """

    failed: int = 0
    last_unix_seconds: float = 0.0


class AttemptStore(Protocol):
    """Where attempts are kept; must outlive the process and serve several at once."""

    def locked(self, user_id: str) -> AbstractContextManager[None]:
        """Keep others from trying for the same user meanwhile."""

    def load(self, user_id: str) -> Attempts:
        """Return a user's failed attempts."""

    def save(self, user_id: str, attempts: Attempts) -> None:
        """Replace a user's failed attempts, durably."""


class AttemptFile:
    """Attempts in a small JSON file beside which a lock file lies.

    Parameters
    ----------
    path : Path
        The file; its folder must exist. A damaged file is an error, never a fresh start.
    beside : str, optional
        Name of a file without which the folder is not the right one; see `open_inner`.
    """

    def __init__(self, path: Path, *, beside: str | None = None) -> None:
        self._path = path
        self._beside = beside

    @contextmanager
    def locked(self, user_id: str) -> Iterator[None]:  # noqa: ARG002  (one lock for all users)
        """Hold the lock file; a second process waits."""
        lock = self._path.with_name(self._path.name + ".lock")
        try:
            os.close(open_inner(lock, os.O_RDONLY | os.O_CREAT, beside=self._beside))
        except OSError as exc:
            raise self._cannot_count(exc) from exc
        with locked(lock):
            yield

    def load(self, user_id: str) -> Attempts:
        """Return a user's failed attempts; as many as delay the next where that is damaged."""
        try:
            failed, last = self._read().get(user_id, (0, 0.0))
        except _RecordDamaged:
            return Attempts(_DAMAGED_ATTEMPTS, self._path.stat().st_mtime)
        return Attempts(failed, last)

    def save(self, user_id: str, attempts: Attempts) -> None:
        """Replace a user's failed attempts, durably."""
        try:
            users = self._read()
        except _RecordDamaged:
            users = {}  # it was counted against who signs in now, and is written anew
        users[user_id] = (attempts.failed, attempts.last_unix_seconds)
        if not attempts.failed:
            del users[user_id]
        elsewhere = sorted((last, name) for name, (_, last) in users.items() if "@" in name)
        for _, name in elsewhere[:-_MAX_ELSEWHERE]:
            del users[name]
        try:
            content = json.dumps(users, sort_keys=True).encode("ascii")
            replace_file(self._path, content, beside=self._beside)
        except OSError as exc:
            raise self._cannot_count(exc) from exc

    def forget(self, user_id: str) -> None:
        """Forget a user's failed attempts, from wherever they came."""
        try:
            users = self._read()
        except _RecordDamaged:
            users = {}
            self.save(user_id, Attempts())
        for each in users:
            if each == user_id or each.startswith(f"{user_id}@"):
                self.save(each, Attempts())

    def _read(self) -> dict[str, tuple[int, float]]:
        try:
            users = parse_json(read_inner(self._path))
            return {user: (int(failed), float(last)) for user, (failed, last) in users.items()}
        except FileNotFoundError:
            return {}
        except OSError as exc:
            raise ArchiveError(
                f"the record of sign-in attempts {self._path.name} is unreadable: "
                "an administrator must look at it and remove it"
            ) from exc
        except (ValueError, TypeError, AttributeError, OverflowError) as exc:
            raise _RecordDamaged from exc

    def _cannot_count(self, error: OSError) -> ArchiveError:
        return ArchiveError(
            f"attempts to sign in cannot be counted in {self._path.name} ({error.strerror}): "
            "nobody can sign in until that is put right"
        )


def sign_in(
    store: AttemptStore,
    user_id: str,
    wrapped: WrappedKey | None,
    password: Password,
    *,
    delays: DelaySettings = DelaySettings(),
    cost: Argon2Settings = DEFAULT_COST,
    clock: Callable[[], float] = time.time,
) -> PrivateKey:
    """Open a user's private key with a password.

    The attempt is counted as failed before it is made, so that ending the process does not
    hide it, and one attempt runs at a time. A user who does not exist costs the same time
    and gives the same answer as a wrong password.

    Parameters
    ----------
    store : AttemptStore
        Where attempts are kept.
    user_id : str
        Who signs in; an id, not a name. Attempts from elsewhere are counted apart, as
        ``ID@SOURCE``, so that who guesses there does not delay the user here.
    wrapped : WrappedKey or None
        The user's key, or None if there is no such user.
    password : Password
        What was typed.
    delays : DelaySettings
        How failures slow the next attempt down.
    cost : Argon2Settings
        With which keys are wrapped here, so that a user who does not exist takes as long.
    clock : callable
        Returns the wall time in Unix seconds. A clock that is set back does not shorten a
        delay below what it was.

    Raises
    ------
    SignInDelayed
        If the last failures are too recent; nothing was tried.
    NoKeyMatches
        If the password is wrong or the user does not exist.
    """
    with store.locked(user_id):
        attempts, now = store.load(user_id), clock()
        if attempts.last_unix_seconds > now:
            # the clock was ahead, or is set back: the whole delay begins now, and ends
            attempts = Attempts(attempts.failed, now)
            store.save(user_id, attempts)
        _check_delay(attempts, now, delays)
        store.save(user_id, Attempts(attempts.failed + 1, now))
        try:
            private_key = _try(wrapped, password, cost)
        except MemoryError:
            store.save(user_id, attempts)  # nothing was tried
            raise
        store.save(user_id, Attempts())
    return private_key


def _check_delay(attempts: Attempts, now: float, delays: DelaySettings) -> None:
    left = delays.delay_seconds(attempts.failed) - (now - attempts.last_unix_seconds)
    if left > 0:
        raise SignInDelayed(
            f"{attempts.failed} attempts to sign in have failed: wait {math.ceil(left)} s", left
        )


def _try(wrapped: WrappedKey | None, password: Password, cost: Argon2Settings) -> PrivateKey:
    refusal = NoKeyMatches(phrase("password_wrong", "the user or the password is wrong"))
    if wrapped is None:
        spend_password_time(password, cost)
        raise refusal
    try:
        return unwrap_private_key(wrapped, password)
    except NoKeyMatches:
        raise refusal from None
