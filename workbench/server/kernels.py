"""Kernels of people: each has an owner, a token of its own, and nothing of the server's."""

from __future__ import annotations

import os
import pwd
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_server.base.call_context import CallContext
from jupyter_server.services.kernels.kernelmanager import (
    AsyncMappingKernelManager,
    ServerKernelManager,
)
from tornado.ioloop import IOLoop
from tornado.web import HTTPError

from recorder_core.errors import SettingsError
from recorder_core.jobs.archive.words import Action
from workbench.server.access import DASHBOARD_PATH, REVIEW_PATH
from workbench.server.gate import asking
from workbench.server.kernel_start import MEMORY_VARIABLE
from workbench.server.sessions import Sessions, SignedIn

__all__ = [
    "KernelSettings",
    "PeopleKernels",
    "PersonsKernel",
    "WorkbenchSpecs",
    "current_requester",
]

#: the only kind of kernel
KERNEL_NAME: Final = "python3"
_ADDRESS_VARIABLE: Final = "WORKBENCH_SERVER"
_TOKEN_VARIABLE: Final = "WORKBENCH_TOKEN"  # noqa: S105 - a name, not a token
#: the path of the page that a kernel works for
_PAGE_VARIABLE: Final = "WORKBENCH_PAGE"
#: how Voila names what stands after the question mark of a dashboard's address
_QUERY: Final = "QUERY_STRING"
#: what a kernel may know of the server's environment: nothing in it is a secret
_KEPT: Final = ("LANG", "LC_ALL", "LC_CTYPE", "PATH", "TZ")
_MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelSettings:
    """How kernels run.

    Attributes
    ----------
    are_allowed : bool
        Whether people may start kernels for code of their own; those of dashboards run anyhow.
    user : str or None
        System user; None: the server's own.
    idle_seconds : int
        After which a kernel with nothing to do, and no page, is ended.
    max_memory_bytes : int
        Of data, for each; 0: no limit.
    """

    are_allowed: bool = False
    user: str | None = None
    idle_seconds: int = 30 * 60
    max_memory_bytes: int = 4096 * _MIB

    def __post_init__(self) -> None:
        if self.user is None:
            if os.geteuid() == 0:
                raise SettingsError(
                    "the server runs as root, and code that people run must not: name the system "
                    "user for their kernels with --kernel-user"
                )
            return
        if os.geteuid() != 0 and self.user != pwd.getpwuid(os.geteuid()).pw_name:
            raise SettingsError(
                "only root can run kernels as another user: leave --kernel-user out"
            )
        if self.account is None or self.account.pw_uid == 0:
            raise SettingsError(
                f"there is no system user {self.user} without root's rights; make one with "
                "'useradd --system', and name it with --kernel-user"
            )

    @property
    def account(self) -> pwd.struct_passwd | None:
        """The system user's entry; None if there is none, or none was named."""
        try:
            return pwd.getpwnam(self.user) if self.user else None
        except KeyError:
            return None

    def process(self) -> dict[str, Any]:
        """Return the options that start a process as that user."""
        if self.account is None or os.geteuid() != 0:
            return {}
        account = self.account
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def own(self, folder: Path) -> None:
        """Make a folder that user's alone."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.process():
            os.chown(folder, self.process()["user"], self.process()["group"])


def current_requester() -> SignedIn | None:
    """Return for whom a handler is at work; None outside handlers."""
    handler = CallContext.get(CallContext.JUPYTER_HANDLER)
    return asking(handler.request).signed_in if handler is not None else None


def is_dashboard_requested() -> bool:
    """Return whether the handler at work is the one that shows dashboards."""
    handler = CallContext.get(CallContext.JUPYTER_HANDLER)
    return handler is not None and handler.request.path.startswith((DASHBOARD_PATH, REVIEW_PATH))


def asked_query(options: Mapping[str, Any]) -> dict[str, str]:
    """Return the query of a dashboard's address, of all that is asked for its kernel."""
    environment = options.get("env") or {}
    return (
        {_QUERY: environment[_QUERY]} if is_dashboard_requested() and _QUERY in environment else {}
    )


def _page() -> str:
    """Return the path for which a handler is at work; the table of addresses has checked it."""
    handler = CallContext.get(CallContext.JUPYTER_HANDLER)
    return str(handler.request.path) if handler is not None else ""


class WorkbenchSpecs(KernelSpecManager):
    """Knows one kind of kernel: this program's own Python."""

    def find_kernel_specs(self) -> dict[str, str]:
        """Return its name and its folder."""
        return {KERNEL_NAME: str(Path(__file__).parent)}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return how it is started.

        Raises
        ------
        NoSuchKernel
            If another one is asked for.
        """
        if kernel_name != KERNEL_NAME:
            raise NoSuchKernel(kernel_name)
        command = [sys.executable, "-m", "workbench.server.kernel_start", "-f", "{connection_file}"]
        return KernelSpec(argv=command, display_name="Python", language="python")

    def _get_kernel_spec_by_name(self, kernel_name: str, resource_dir: str) -> KernelSpec:
        del resource_dir
        return self.get_kernel_spec(kernel_name)


class PersonsKernel(ServerKernelManager):
    """One kernel, and the file that it reads at its start and removes."""

    def write_connection_file(self, **options: Any) -> None:
        """Write the file, readable for the kernel's user alone."""
        super().write_connection_file(**options)
        user = cast("PeopleKernels", self.parent).people_settings.process()
        if user:
            os.chown(self.connection_file, user["user"], user["group"])


class PeopleKernels(AsyncMappingKernelManager):
    """Starts, lists and ends the kernels of people; nobody sees another's.

    Attributes
    ----------
    sessions : Sessions
        Who is signed in.
    people_settings : KernelSettings
        How kernels run.
    server_address : str
        Where a kernel reads the archive.
    """

    sessions: Sessions
    people_settings: KernelSettings
    server_address: str = ""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._owners: dict[str, SignedIn] = {}
        self._of_dashboards: set[str] = set()

    def begin(self, settings: KernelSettings, folder: Path, address: str) -> None:
        """Set what the server knows only once it is made.

        Parameters
        ----------
        settings : KernelSettings
            How kernels run.
        folder : Path
            For what is theirs; nothing of the server may lie in it.
        address : str
            Where a kernel reads the archive.
        """
        settings.own(folder)
        self.people_settings, self.server_address = settings, address
        self.connection_dir = str(folder)
        loop = IOLoop.current()
        self.sessions.when_ended(lambda ended: loop.add_callback(self._end_all_of, ended))

    def owner(self, kernel_id: str) -> SignedIn | None:
        """Return whose kernel it is; None if there is none such."""
        return self._owners.get(kernel_id)

    def runs_code_of(self, signed_in: SignedIn, kernel_id: str) -> bool:
        """Return whether a person may send a kernel code; a dashboard's takes none."""
        return kernel_id not in self._of_dashboards and signed_in.archive.may(Action.RUN_CODE)

    def is_own(self, kernel_id: str, signed_in: SignedIn | None) -> bool:
        """Return whether a kernel is a person's."""
        owner = self.owner(kernel_id)
        return owner is not None and signed_in is not None and owner.login == signed_in.login

    async def start_kernel(  # type: ignore[override]
        self, *, kernel_id: str | None = None, **options: Any
    ) -> str:
        """Start a kernel for who asks, and log it; nothing else of what is asked counts."""
        signed_in, is_dashboard = current_requester(), is_dashboard_requested()
        if signed_in is None:
            raise HTTPError(403, reason="Sign in first")
        if not is_dashboard and not self.people_settings.are_allowed:
            raise HTTPError(
                403, reason="This server runs no code: it was started without --kernels"
            )
        if kernel_id is not None and kernel_id in self:
            if not self.is_own(kernel_id, signed_in):
                raise HTTPError(404, reason="There is no such kernel")
            return kernel_id
        kernel_id = str(uuid.uuid4())
        if not is_dashboard:
            signed_in.archive.log_use(Action.RUN_CODE, detail=f"kernel:{kernel_id}")
        home = Path(self.connection_dir) / f"home-{signed_in.login}"
        self.people_settings.own(home)
        started = {
            "kernel_name": KERNEL_NAME,
            "env": self._environment(signed_in, kernel_id, home) | asked_query(options),
            "cwd": str(home),
            **self.people_settings.process(),
        }
        self._owners[kernel_id] = signed_in
        if is_dashboard:
            self._of_dashboards.add(kernel_id)
        try:
            return str(await super().start_kernel(kernel_id=kernel_id, **started))
        except BaseException:
            self._forget(kernel_id)
            raise

    async def shutdown_kernel(  # type: ignore[override]
        self, kernel_id: str, *arguments: Any, **options: Any
    ) -> None:
        """End a kernel, and its token."""
        self._forget(kernel_id)
        await super().shutdown_kernel(kernel_id, *arguments, **options)

    def list_kernels(self) -> list[dict[str, Any]]:
        """Return the kernels of who asks."""
        return [
            each for each in super().list_kernels() if self.is_own(each["id"], current_requester())
        ]

    def cwd_for_path(self, path: str, **options: Any) -> str:
        """Return the folder of every kernel: its person's."""
        del path, options
        return str(self.connection_dir)

    def _environment(self, signed_in: SignedIn, kernel_id: str, home: Path) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return kept | {
            "HOME": str(home),
            "IPYTHONDIR": str(home / "ipython"),
            "MPLCONFIGDIR": str(home / "matplotlib"),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            MEMORY_VARIABLE: str(self.people_settings.max_memory_bytes),
            _ADDRESS_VARIABLE: self.server_address,
            _PAGE_VARIABLE: _page(),
            _TOKEN_VARIABLE: self.sessions.kernel_token(signed_in, kernel_id),
        }

    def _forget(self, kernel_id: str) -> None:
        self._owners.pop(kernel_id, None)
        self._of_dashboards.discard(kernel_id)
        self.sessions.end_kernel(kernel_id)

    async def _end_all_of(self, ended: SignedIn) -> None:
        for kernel_id in [each for each, owner in self._owners.items() if owner is ended]:
            if kernel_id in self:
                await self.shutdown_kernel(kernel_id, now=True)
