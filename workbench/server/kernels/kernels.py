"""Kernels of people: each has an owner, a token of its own, and nothing of the server's."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from jupyter_server.base.call_context import CallContext
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.ioloop import IOLoop
from tornado.web import HTTPError

from recorder_core.errors import ArchiveError, SettingsError
from recorder_core.jobs.archive.words import Action, Profile
from workbench.server.entrance.access import DASHBOARDS, Dashboard, shows_dashboard
from workbench.server.entrance.gate import asking
from workbench.server.entrance.sessions import Sessions, SignedIn
from workbench.server.kernels.ahead import KernelsAhead
from workbench.server.kernels.kernel_launch import KERNEL_NAME, START
from workbench.server.kernels.kernel_settings import KernelSettings
from workbench.server.system_users.kernel_users import KernelUsers

__all__ = ["KernelPlace", "UserKernels", "current_requester"]

_Result = TypeVar("_Result")
#: what a kernel may know of the server's environment: nothing in it is a secret
_KEPT: Final = ("LANG", "LC_ALL", "LC_CTYPE", "PATH", "TZ")
#: what a server running as root says where everybody else is kept from its program
_UNREADABLE: Final = (
    "the system users of kernels cannot read this program; install it where everybody can, such as "
    "/opt"
)
#: processes and threads of a person whose system user is theirs alone
_MAX_PROCESSES: Final = 2048
_NICENESS: Final = 5
#: after a kernel was taken: the page that took it comes first
_NEXT_AHEAD_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class KernelPlace:
    """Where kernels run, and where they read the archive.

    Attributes
    ----------
    users : KernelUsers
        As whom they run.
    sockets : Path
        Folder to make for their sockets, the server's alone.
    address : str
        Of the server.
    certificate : str or None
        Of the server, in PEM.
    dashboards : tuple of Dashboard
        That this server has something to show on.
    """

    users: KernelUsers
    sockets: Path
    address: str
    certificate: str | None = None
    dashboards: tuple[Dashboard, ...] = DASHBOARDS

    def modules_for(self, profile: Profile) -> tuple[str, ...]:
        """Return what the dashboards import that a profile may open."""
        return tuple(each.module for each in self.dashboards if profile in each.profiles)


@dataclass(slots=True)
class _Owned:
    """A kernel of a person."""

    signed_in: SignedIn
    is_dashboard: bool
    home: Path
    #: folder of its notebook, below its person's; None for a dashboard
    where: str | None = None
    #: what it imports before its page is asked for
    modules: tuple[str, ...] = ()


def current_requester() -> SignedIn | None:
    """Return for whom a handler is at work; None outside handlers."""
    handler = CallContext.get(CallContext.JUPYTER_HANDLER)
    return asking(handler.request).signed_in if handler is not None else None


def current_path() -> str:
    """Return the path for which a handler is at work; the gate has checked it."""
    handler = CallContext.get(CallContext.JUPYTER_HANDLER)
    return str(handler.request.path) if handler is not None else ""


def is_dashboard_requested() -> bool:
    """Return whether the handler at work is one that shows dashboards."""
    return shows_dashboard(current_path())


class UserKernels(AsyncMappingKernelManager):
    """Starts, lists and ends the kernels of people; nobody sees another's.

    Attributes
    ----------
    sessions : Sessions
        Who is signed in.
    people_settings : KernelSettings
        How kernels run.
    place : KernelPlace
        Where.
    can_start : bool
        Whether those that run them can read this program.
    """

    can_start: bool
    sessions: Sessions
    people_settings: KernelSettings
    place: KernelPlace

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._owned: dict[str, _Owned] = {}
        # sign-in -> its system user: of two sign-ins of one person, either can end alone
        self._users: dict[SignedIn, str] = {}
        # of a person: what starts waits until what ended is gone
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        # of a person: of what is asked for at once, each finds its own place
        self._rooms: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        # what has a place, and no process yet
        self._starting: dict[str, SignedIn] = {}
        self._ahead = KernelsAhead(self._start_ahead)

    def begin(self, settings: KernelSettings, place: KernelPlace) -> None:
        """Set what the server knows only once it is made."""
        place.sockets.mkdir(mode=0o700)
        self.people_settings, self.place = settings, place
        self.connection_dir = str(place.sockets)
        self.can_start = place.users.can_read(START)
        if not self.can_start and settings.are_allowed:
            raise SettingsError(f"{_UNREADABLE}, or leave --kernels out")
        if not self.can_start:
            print(f"workbench: dashboards will not open: {_UNREADABLE}", file=sys.stderr)
        loop = IOLoop.current()
        self.sessions.when_ended(lambda ended: loop.add_callback(self._end_all_of, ended))

    def owner(self, kernel_id: str) -> SignedIn | None:
        """Return whose kernel it is; None if there is none such."""
        owned = self._owned.get(kernel_id)
        return owned.signed_in if owned else None

    def runs_code_of(self, signed_in: SignedIn, kernel_id: str) -> bool:
        """Return whether a person may send a kernel code; a dashboard's takes none."""
        owned = self._owned.get(kernel_id)
        return (
            owned is not None and not owned.is_dashboard and signed_in.archive.may(Action.RUN_CODE)
        )

    def is_own(self, kernel_id: str, signed_in: SignedIn | None) -> bool:
        """Return whether a kernel is a person's."""
        owner = self.owner(kernel_id)
        return owner is not None and signed_in is not None and owner.login == signed_in.login

    def told(self, kernel_id: str) -> dict[str, Any]:
        """Return what a kernel is told when it starts; its token before ends."""
        owned, settings = self._owned[kernel_id], self.people_settings
        self.sessions.end_kernel(kernel_id)
        return {
            "address": self.place.address,
            "certificate": self.place.certificate,
            "where": owned.where,
            "modules": owned.modules,
            "token": self.sessions.kernel_token(owned.signed_in, kernel_id),
            "limits": {
                "memory_bytes": settings.max_memory_bytes,
                # code of a person's waits for the server and for dashboards
                "niceness": 0 if owned.is_dashboard else _NICENESS,
                "cpu_seconds": 0 if owned.is_dashboard else settings.max_cpu_seconds,
                "processes": _MAX_PROCESSES if self.place.users.are_apart else 0,
            },
        }

    async def start_kernel(  # type: ignore[override]
        self, *, kernel_id: str | None = None, **options: Any
    ) -> str:
        """Start a kernel for who asks, and log it; nothing else of what is asked counts."""
        signed_in, is_dashboard = current_requester(), is_dashboard_requested()
        if signed_in is None:
            raise HTTPError(403, reason="Sign in first")
        if kernel_id is not None and kernel_id in self:
            if not self.is_own(kernel_id, signed_in):
                raise HTTPError(404, reason="There is no such kernel")
            return kernel_id
        if not self.can_start:
            raise HTTPError(503, reason=f"No dashboard opens here: {_UNREADABLE}")
        if not is_dashboard:
            self.check_allowed(signed_in)
        taken = await self._take_ahead(signed_in) if is_dashboard else None
        kernel_id = taken or str(uuid.uuid4())
        action = Action.LIST_EVENTS if is_dashboard else Action.RUN_CODE
        await _in_thread(_log_start, signed_in, action, kernel_id)
        if taken is None:
            await self._make_room(signed_in, kernel_id)
            # a folder, an environment: those of the kernel's owner are used
            where = None if is_dashboard else str(options.get("path") or "")
            await self._start(kernel_id, signed_in, where)
        return kernel_id

    def prepare(self, signed_in: SignedIn) -> None:
        """Start a kernel for the next dashboard of a person, where one may be and none waits."""
        modules = self.place.modules_for(signed_in.profile)
        is_wanted = self.people_settings.are_ahead and bool(modules)
        has_room = self._has_room(signed_in)
        if is_wanted and has_room and self.can_start and self.sessions.is_open(signed_in):
            self._ahead.begin(signed_in)

    async def _start_ahead(self, signed_in: SignedIn) -> str | None:
        if not self._has_room(signed_in):
            return None
        kernel_id = str(uuid.uuid4())
        self._starting[kernel_id] = signed_in
        try:
            modules = self.place.modules_for(signed_in.profile)
            await self._start(kernel_id, signed_in, None, modules)
        except (HTTPError, OSError) as error:
            self.log.warning("no kernel is started ahead: %s", error)
            return None
        if self.sessions.is_open(signed_in):
            return kernel_id
        await self.shutdown_kernel(kernel_id, now=True)
        return None

    async def _take_ahead(self, signed_in: SignedIn) -> str | None:
        kernel_id = await self._ahead.take(signed_in)
        IOLoop.current().call_later(_NEXT_AHEAD_SECONDS, self.prepare, signed_in)
        return kernel_id if kernel_id is not None and kernel_id in self else None

    async def shutdown_kernel(  # type: ignore[override]
        self, kernel_id: str, *arguments: Any, **options: Any
    ) -> None:
        """End a kernel, its token, and what it has started."""
        self.sessions.end_kernel(kernel_id)
        try:
            await super().shutdown_kernel(kernel_id, *arguments, **options)
        finally:
            await self._forget(kernel_id)

    def list_kernels(self) -> list[dict[str, Any]]:
        """Return the kernels of who asks."""
        return [
            each for each in super().list_kernels() if self.is_own(each["id"], current_requester())
        ]

    def cwd_for_path(self, path: str, **options: Any) -> str:
        """Return the folder of every kernel: its person's."""
        del path, options
        return str(self.connection_dir)

    def _handle_kernel_died(self, kernel_id: str) -> None:
        super()._handle_kernel_died(kernel_id)
        IOLoop.current().add_callback(self._forget, kernel_id)

    def check_allowed(self, signed_in: SignedIn) -> None:
        """Raise, with why, unless this server runs code of a person's."""
        settings = self.people_settings
        if settings.why_no_code is not None:
            raise HTTPError(501, reason=settings.why_no_code)
        if settings.only_for not in (None, signed_in.login):
            raise HTTPError(403, reason="This server runs the code of one other person only")

    def _all_of(self, signed_in: SignedIn) -> set[str]:
        """Return the kernels of a person, with those that are about to start."""
        starting = {key for key, each in self._starting.items() if each.login == signed_in.login}
        return starting | {each for each in self._owned if self.is_own(each, signed_in)}

    def _has_room(self, signed_in: SignedIn) -> bool:
        return len(self._all_of(signed_in)) < self.people_settings.max_per_person

    async def _make_room(self, signed_in: SignedIn, kernel_id: str) -> None:
        """Keep a place for a kernel; where a person has as many as may be, a dashboard ends for it.

        It is one that no page shows any more.
        """
        async with self._rooms[signed_in.login]:
            while not self._has_room(signed_in):
                await self.shutdown_kernel(self._least_needed(signed_in), now=True)
            self._starting[kernel_id] = signed_in

    def _least_needed(self, signed_in: SignedIn) -> str:
        """Return the dashboard of a person that was used longest ago, and that no page shows."""
        own = self._all_of(signed_in) & self._owned.keys()
        unseen = [each for each in own if self._owned[each].is_dashboard and self._is_unseen(each)]
        if not unseen:
            raise HTTPError(429, reason="You have as many kernels as may be: close one first")
        return min(unseen, key=lambda each: (each not in self._ahead, self._last_activity(each)))

    def is_seen(self, kernel_id: str) -> bool:
        """Return whether a page shows a kernel just now."""
        return kernel_id in self and bool(self._kernel_connections.get(kernel_id))

    def _is_unseen(self, kernel_id: str) -> bool:
        return kernel_id in self and not self.is_seen(kernel_id)

    def _last_activity(self, kernel_id: str) -> datetime:
        found: datetime = self.get_kernel(kernel_id).last_activity  # type: ignore[attr-defined]
        return found

    async def _start(
        self,
        kernel_id: str,
        signed_in: SignedIn,
        where: str | None,
        modules: tuple[str, ...] = (),
    ) -> None:
        """Start a kernel for a sign-in: a dashboard's, unless it has a folder of a notebook's."""
        try:
            await self._start_in_turn(kernel_id, signed_in, where, modules)
        finally:
            self._starting.pop(kernel_id, None)

    async def _start_in_turn(
        self, kernel_id: str, signed_in: SignedIn, where: str | None, modules: tuple[str, ...]
    ) -> None:
        users, whose = self.place.users, None if where is None else signed_in.login
        async with self._turns[signed_in.login]:
            try:
                user = self._user(signed_in)
                process = await _in_thread(users.process_options, user, whose)
                home = await _in_thread(users.make_home, user)
                folder = await _in_thread(users.open_folder, whose) if whose else None
            except ArchiveError as error:
                reason = "No system user is left for another person"
                raise HTTPError(503, reason=reason) from error
            self._owned[kernel_id] = _Owned(signed_in, where is None, home, where, modules)
            process |= {"env": _environment(home), "cwd": str(folder or home)}
            try:
                await super().start_kernel(kernel_id=kernel_id, kernel_name=KERNEL_NAME, **process)
            except BaseException:
                IOLoop.current().add_callback(self._forget, kernel_id)
                raise

    async def _forget(self, kernel_id: str) -> None:
        """Forget a kernel that has ended; with a sign-in's last one, all its processes end."""
        owned = self._owned.pop(kernel_id, None)
        self.sessions.end_kernel(kernel_id)
        self._ahead.forget(kernel_id)
        if owned is None:
            return
        signed_in, users = owned.signed_in, self.place.users
        async with self._turns[signed_in.login]:
            is_last = all(each.signed_in is not signed_in for each in self._owned.values())
            if is_last and await _in_thread(users.end_processes, self._user(signed_in)):
                del self._users[signed_in]
            elif is_last:
                self.log.error("processes of a person's ended kernels cannot be ended")
            await _in_thread(users.remove_home, owned.home)

    def _user(self, signed_in: SignedIn) -> str:
        """Return what names the system user of a sign-in; the person's next may have it again."""
        if signed_in not in self._users:
            names = (f"{signed_in.login} {number}" for number in itertools.count())
            taken = set(self._users.values())
            self._users[signed_in] = next(each for each in names if each not in taken)
        return self._users[signed_in]

    async def _end_all_of(self, ended: SignedIn) -> None:
        for kernel_id in [k for k, owned in self._owned.items() if owned.signed_in is ended]:
            if kernel_id in self:
                await self.shutdown_kernel(kernel_id, now=True)


async def _in_thread(work: Callable[..., _Result], *arguments: Any) -> _Result:
    return await asyncio.get_running_loop().run_in_executor(None, work, *arguments)


def _environment(home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "MPLCONFIGDIR": str(home / "matplotlib"),
        "TMPDIR": str(home),
    }


def _log_start(signed_in: SignedIn, action: Action, kernel_id: str) -> None:
    kind = "kernel" if action is Action.RUN_CODE else "dashboard"
    with signed_in.lock:
        signed_in.archive.log_use(action, detail=f"{kind}:{kernel_id}")
