"""Who is signed in: archives that are open for people, in the memory of the server alone.

A browser and a kernel each hold a random token; the server keeps its hash only. Nothing here
outlives the process.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from recorder_core.errors import NotAllowed, RecorderError
from recorder_core.jobs.archive import Archive, Credentials, JobPlace, open_archive
from recorder_core.jobs.archive.words import DelaySettings, Password, Profile

__all__ = ["SessionLimits", "Sessions", "SignedIn"]

_TOKEN_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """When a session ends by itself.

    Attributes
    ----------
    idle_seconds : float
        After the last use.
    max_seconds : float
        After signing in, used or not.
    check_seconds : float
        How often the log is asked whether the person is still allowed in.
    """

    idle_seconds: float = 30 * 60.0
    max_seconds: float = 12 * 3600.0
    check_seconds: float = 2.0


@dataclass(slots=True, eq=False)
class SignedIn:
    """A person who signed in, with the archive that is open for that person.

    Attributes
    ----------
    archive : Archive
        Unlocked with the person's keys.
    token : str
        What the person's browser holds.
    created : float
        On the monotonic clock, in seconds.
    last_used : float
        As `created`.
    lock : RLock
        For steps on the archive that must not be taken by two threads at once.
    """

    archive: Archive
    token: str = field(repr=False)
    created: float
    last_used: float
    #: network address that the person signed in from
    address: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    checked: float = 0.0

    @property
    def login(self) -> str:
        """The person's login."""
        return self.archive.login

    @property
    def profile(self) -> Profile:
        """What the person is in this program."""
        return self.archive.profile

    @property
    def form_token(self) -> str:
        """What a form of this session's pages must carry; it tells nothing of the token."""
        return hmac.digest(self.token.encode(), b"form", "sha256")[:16].hex()


class Sessions:
    """The people who are signed in to one archive.

    Parameters
    ----------
    path : Path
        Of the archive.
    limits : SessionLimits, optional
        When sessions end by themselves.
    delays : DelaySettings, optional
        How failed attempts slow the next one down.
    job_place : JobPlace, optional
        Where jobs work that people start.
    clock : callable, optional
        Monotonic, in seconds; for tests.
    """

    def __init__(
        self,
        path: Path,
        *,
        limits: SessionLimits | None = None,
        delays: DelaySettings | None = None,
        job_place: JobPlace | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = path
        self._limits = limits or SessionLimits()
        self._delays = delays or DelaySettings()
        self._job_place = job_place or JobPlace()
        self._clock = clock
        self._lock = threading.RLock()
        self._by_browser: dict[str, SignedIn] = {}
        self._by_kernel: dict[str, tuple[str, SignedIn]] = {}
        self._when_ended: list[Callable[[SignedIn], object]] = []

    def when_ended(self, call: Callable[[SignedIn], object]) -> None:
        """Call a function, in any thread, for each session that ends."""
        self._when_ended.append(call)

    def sign_in(self, login: str, password: Password, *, address: str = "") -> SignedIn:
        """Open the archive for a person.

        Parameters
        ----------
        login : str
            As it was typed.
        password : Password
            As it was typed; wiped here.
        address : str, optional
            Of the browser, for the log.

        Raises
        ------
        NoKeyMatches
            If the login or the password is wrong.
        SignInDelayed
            If the last failures are too recent.
        NotAllowed
            If the user is disabled.
        """
        try:
            archive = open_archive(
                self.path,
                Credentials(login, password),
                origin=f"web:{address}" if address else "web",
                delays=self._delays,
            )
        finally:
            password.wipe()
        archive.job_place = self._job_place
        now = self._clock()
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        signed_in = SignedIn(archive, token, now, now, address, checked=now)
        with self._lock:
            self._by_browser[_hash(signed_in.token)] = signed_in
        return signed_in

    def find(self, token: str, *, is_use: bool = True) -> SignedIn | None:
        """Return who holds a browser's token; None if nobody does any more.

        Parameters
        ----------
        token : str
            From the browser.
        is_use : bool, default True
            Whether the session goes on because of this; not for what a page asks by itself.
        """
        with self._lock:
            signed_in = self._by_browser.get(_hash(token))
        if signed_in is None or not self._is_valid(signed_in):
            return None
        if is_use:
            signed_in.last_used = self._clock()
        return signed_in

    def is_open(self, signed_in: SignedIn) -> bool:
        """Return whether a session goes on; it is no use of it."""
        return self.find(signed_in.token, is_use=False) is signed_in

    def find_kernel(self, token: str) -> SignedIn | None:
        """Return for whom the kernel that holds a token runs; None if it has ended."""
        with self._lock:
            _, signed_in = self._by_kernel.get(_hash(token), ("", None))
        return signed_in if signed_in is not None and self._is_valid(signed_in) else None

    def kernel_id(self, token: str) -> str | None:
        """Return which kernel holds a token; None if none does."""
        with self._lock:
            kernel_id, _ = self._by_kernel.get(_hash(token), (None, None))
        return kernel_id

    def kernel_token(self, signed_in: SignedIn, kernel_id: str) -> str:
        """Return a new token for a kernel of a person; it ends with the kernel or the session."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        with self._lock:
            self._by_kernel[_hash(token)] = (kernel_id, signed_in)
        return token

    def end_kernel(self, kernel_id: str) -> None:
        """Forget the tokens of a kernel that has ended."""
        with self._lock:
            self._by_kernel = {
                key: value for key, value in self._by_kernel.items() if value[0] != kernel_id
            }

    def sign_out(self, token: str) -> None:
        """Close the archive of who holds a browser's token; its kernels' tokens end too."""
        with self._lock:
            signed_in = self._by_browser.pop(_hash(token), None)
            if signed_in is None:
                return
            self._by_kernel = {
                key: value for key, value in self._by_kernel.items() if value[1] is not signed_in
            }
        for call in self._when_ended:
            call(signed_in)
        with signed_in.lock, contextlib.suppress(RecorderError):
            # what the other folder's catalog lacks is named and mended at the next opening
            signed_in.archive.close()

    def end_unused(self) -> list[SignedIn]:
        """Close the sessions whose time is over, and return them."""
        ended = [each for each in self.all() if not self._is_valid(each)]
        for each in ended:
            self.sign_out(each.token)
        return ended

    def all(self) -> list[SignedIn]:
        """Return everybody who is signed in."""
        with self._lock:
            return list(self._by_browser.values())

    def close(self) -> None:
        """Sign everybody out."""
        for each in self.all():
            self.sign_out(each.token)

    def __iter__(self) -> Iterator[SignedIn]:
        return iter(self.all())

    def _is_valid(self, signed_in: SignedIn) -> bool:
        now, limits = self._clock(), self._limits
        if now - signed_in.last_used >= limits.idle_seconds:
            return False
        if now - signed_in.created >= limits.max_seconds:
            return False
        if now - signed_in.checked >= limits.check_seconds:
            try:
                signed_in.archive.check_person()
            except NotAllowed:
                self.sign_out(signed_in.token)
                return False
            signed_in.checked = now
        return True


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
