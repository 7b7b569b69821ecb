"""One server for an archive: Jupyter's, with our gate, our people and our pages."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import JupyterServerAuthWarning
from tornado.ioloop import PeriodicCallback
from tornado.web import Application
from traitlets.config import Config

from recorder_core.errors import SettingsError
from recorder_core.jobs.archive import JobPlace, find_archive
from workbench.server.api import ROOMS, api_handlers
from workbench.server.entrance.access import DASHBOARDS, RECORD_PATH
from workbench.server.entrance.gate import guard
from workbench.server.entrance.identity import ArchiveAuthorizer, ArchiveIdentity
from workbench.server.entrance.sessions import SessionLimits, Sessions
from workbench.server.kernels.channels import CHANNEL_HANDLERS, FilteredChannels
from workbench.server.kernels.kernel_launch import UserKernel, WorkbenchSpecs
from workbench.server.kernels.kernel_settings import KernelSettings
from workbench.server.kernels.kernels import KernelPlace, UserKernels
from workbench.server.lab.application import UserLab, lab_config, lab_handlers, page_config
from workbench.server.lab.contents import UserContents
from workbench.server.lab.files import POOL, UserFiles
from workbench.server.lab.pages import LAB_PAGES
from workbench.server.lab.sessions import PeopleSessions
from workbench.server.pages.dashboards import dashboard_config, dashboard_handlers, template_folder
from workbench.server.pages.errors import Refusal, show_error_pages
from workbench.server.pages.event import EVENT_PAGES
from workbench.server.pages.library import LIBRARY_PAGES
from workbench.server.pages.sign_in import SIGN_IN_PAGES
from workbench.server.pages.work import WORK_PAGES
from workbench.server.system_users.kernel_users import KernelUsers, can_user_reach
from workbench.server.system_users.person_folders import FOLDERS, PersonFolders
from workbench.server.system_users.uid_range import UidRange
from workbench.server.web.handlers import INBOX, SESSIONS
from workbench.server.web.web_server import LimitedServer, raise_open_files

__all__ = ["ServeSettings", "WorkbenchServer", "serve"]

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
#: for what Jupyter shows: nothing from elsewhere; its pages have scripts and styles inline
_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
#: until the gate knows the address, and says how much of it is read
_MAX_BODY_BYTES: Final = 64 << 10
_CHECK_MILLISECONDS: Final = 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """Where and how a server listens.

    Attributes
    ----------
    archive : Path
        Its folder.
    address : str
        Of the network interface; another than this machine's own needs TLS.
    port : int
        0: any that is free.
    certificate : Path or None
        For TLS, in PEM.
    key : Path or None
        Of the certificate, in PEM.
    host_names : tuple of str
        Under which browsers may ask for it, besides this machine's own.
    limits : SessionLimits
        When sessions end by themselves.
    kernels : KernelSettings
        How the kernels of people run.
    jobs : JobPlace
        Where jobs work that are started from the server, and how many at once.
    dashboards : Path or None
        Folder of further dashboards, Jupyter notebooks that Voila shows beside the program's own;
        None: there are no others.
    notebooks : Path or None
        Folder in which people's notebooks stay; None: there is no JupyterLab.
    rooms : Path or None
        Folder of the files of rooms in which operators record; None: there are none.
    inbox : Path or None
        Folder from which people import videos on a page; None: there is none.
    """

    archive: Path
    address: str = "127.0.0.1"
    port: int = 8420
    certificate: Path | None = None
    key: Path | None = None
    host_names: tuple[str, ...] = ()
    limits: SessionLimits = field(default_factory=SessionLimits)
    kernels: KernelSettings = field(default_factory=KernelSettings)
    jobs: JobPlace = field(default_factory=JobPlace)
    dashboards: Path | None = None
    notebooks: Path | None = None
    rooms: Path | None = None
    inbox: Path | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise SettingsError("TLS needs both: give --certificate and --key")
        if self.address not in _LOOPBACK and self.certificate is None:
            raise SettingsError(
                f"passwords and video would cross the network in clear at {self.address}: give "
                "--certificate and --key, or leave --address out to serve this machine alone"
            )


class WorkbenchServer(ServerApp):
    """Jupyter's server, with the gate before every address.

    Attributes
    ----------
    sessions : Sessions
        Who is signed in.
    kernel_uids : UidRange or None
        System users of kernels.
    folders : PersonFolders or None
        Where people's notebooks stay.
    files : UserFiles or None
        What opens them.
    """

    sessions: Sessions
    kernel_uids: UidRange | None = None
    folders: PersonFolders | None = None
    files: UserFiles | None = None

    def init_webapp(self) -> None:
        """Make the web application, and put the gate before it."""
        self.user_kernels.sessions = self.sessions
        super().init_webapp()
        self.web_app.settings[SESSIONS] = self.sessions
        self._open_folders()
        # Jupyter's own way warns of handlers that do not ask who it is: the gate does
        Application.add_handlers(self.web_app, r".*$", _handlers(self))
        show_error_pages(self.web_app)
        is_own = self.user_kernels.is_own
        guard(self.web_app, self.sessions, is_own, self.kernel_uids, Refusal)

    def _open_folders(self) -> None:
        contents = cast(UserContents, self.contents_manager)
        contents.kernels, contents.files = self.user_kernels, self.files
        contents.dashboards = self.root_dir
        if self.folders is not None and (files := self.files) is not None:
            self.web_app.settings[FOLDERS] = self.folders
            self.sessions.when_ended(lambda ended: POOL.submit(files.end, ended.login))

    @property
    def user_kernels(self) -> UserKernels:
        """The kernels, and whose they are."""
        return cast(UserKernels, self.kernel_manager)

    def init_httpserver(self) -> None:
        """Make the web server, one that its clients cannot hold up."""
        raise_open_files()
        self._http_server = LimitedServer(
            self.web_app, ssl_options=self.ssl_options, max_body_size=_MAX_BODY_BYTES
        )
        self._find_http_port()
        self.io_loop.add_callback(self._bind_http_server)

    def load_config_file(self, *_: Any, **__: Any) -> None:
        """Read no settings from anybody's home: they could open what is closed here."""

    def load_server_extensions(self) -> None:
        """Load Voila, whose files ask nobody who it is: the gate does, before every address."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", JupyterServerAuthWarning)
            super().load_server_extensions()

    def start_ioloop(self) -> None:
        """Run until somebody stops the server; end the sessions whose time is over."""
        ending = PeriodicCallback(self._end_unused, _CHECK_MILLISECONDS)
        ending.start()
        super().start_ioloop()

    async def _post_start(self) -> None:
        """Print the address, once it answers."""
        await super()._post_start()
        print(f"workbench: {self.web_address}", flush=True)

    def _end_unused(self) -> None:
        self.sessions.end_unused()

    @property
    def web_address(self) -> str:
        """What a person types into a browser."""
        scheme = "https" if self.certfile else "http"
        host = f"[{self.ip}]" if ":" in self.ip else self.ip
        return f"{scheme}://{host}:{self.port}/"


def serve(settings: ServeSettings) -> None:
    """Serve an archive until the process is told to stop.

    Raises
    ------
    ArchiveError
        If there is no archive.
    SettingsError
        If it cannot listen at the address.
    """
    find_archive(settings.archive)
    sessions = Sessions(settings.archive.resolve(), limits=settings.limits, job_place=settings.jobs)
    with ExitStack() as stack:
        stack.callback(sessions.close)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="workbench-")))
        folder.chmod(0o711)  # kernels reach what is theirs in it, and see nothing else
        folders = _folders(settings, stack)
        users = KernelUsers(settings.kernels.uids, folder / "homes", folders)
        stack.callback(users.close)
        os.environ.update(_environment(folder))
        # Voila reads a voila.py of the folder that the process is in
        os.chdir(folder)
        server = WorkbenchServer(config=_config(settings, folder))
        server.sessions, server.kernel_uids = sessions, settings.kernels.uids
        if folders is not None:
            server.folders, server.files = folders, UserFiles(users)
            stack.callback(server.files.close)
        try:
            server.initialize(argv=[], find_extensions=False)
        except SystemExit:
            raise SettingsError(
                f"the server cannot listen at {settings.address}, port {settings.port}: another "
                "program does, perhaps; give another --port"
            ) from None
        server.user_kernels.begin(
            settings.kernels, _kernel_place(settings, server.port, users, folder / "sockets")
        )
        server.start()


def _handlers(server: WorkbenchServer) -> list[tuple[Any, ...]]:
    """Return the handlers of everything that is not Jupyter's."""
    pages = [*SIGN_IN_PAGES, *LIBRARY_PAGES, *EVENT_PAGES, *WORK_PAGES, *LAB_PAGES]
    pages += CHANNEL_HANDLERS
    return [*pages, *api_handlers(), *dashboard_handlers(server), *lab_handlers()]


def _folders(settings: ServeSettings, stack: ExitStack) -> PersonFolders | None:
    """Return the folders of people's notebooks, until the server ends."""
    if settings.notebooks is None:
        return None
    if not settings.kernels.are_allowed:
        raise SettingsError("--notebooks needs --kernels: notebooks are there to run code")
    uids = settings.kernels.uids
    folders = PersonFolders(settings.notebooks, are_apart=uids is not None)
    stack.callback(folders.close)
    if uids is not None and not can_user_reach(uids.first, settings.notebooks):
        raise SettingsError(
            f"the system users of kernels cannot reach {settings.notebooks}: give --notebooks a "
            "folder that everybody may pass through, such as one in /srv"
        )
    if uids is not None and not all(uid in uids for uid in folders.uids()):
        raise SettingsError(
            f"notebooks in {settings.notebooks} belong to the system users "
            f"{sorted(folders.uids())}: give --kernel-uids that have them all"
        )
    return folders


def _kernel_place(
    settings: ServeSettings, port: int, users: KernelUsers, sockets: Path
) -> KernelPlace:
    scheme = "http" if settings.certificate is None else "https"
    # what listens at all addresses of this machine is asked at its own
    own = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - asked, not bound
    host = own.get(settings.address, settings.address)
    host = f"[{host}]" if ":" in host else host
    certificate = settings.certificate.read_text() if settings.certificate else None
    dashboards = tuple(
        each for each in DASHBOARDS if each.path != RECORD_PATH or settings.rooms is not None
    )
    return KernelPlace(users, sockets, f"{scheme}://{host}:{port}", certificate, dashboards)


def _environment(folder: Path) -> Mapping[str, str]:
    """Return where Jupyter finds and writes what is its own: nothing of anybody's home."""
    names = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_RUNTIME_DIR": "runtime"}
    places = {variable: folder / name for variable, name in names.items()}
    for place in (*places.values(), folder / "notebooks"):
        place.mkdir()
    return {name: str(place) for name, place in places.items()} | {
        "JUPYTER_NO_CONFIG": "1",
        "JUPYTER_PATH": str(template_folder()),
    }


def _config(settings: ServeSettings, folder: Path) -> Config:
    config = Config()
    config.ServerApp = Config(
        ip=settings.address,
        port=settings.port,
        port_retries=0,
        certfile=str(settings.certificate or ""),
        keyfile=str(settings.key or ""),
        root_dir=str((settings.dashboards or folder / "notebooks").resolve()),
        kernel_manager_class=UserKernels,
        kernel_spec_manager_class=WorkbenchSpecs,
        contents_manager_class=UserContents,
        session_manager_class=PeopleSessions,
        kernel_websocket_connection_class=FilteredChannels,
        identity_provider_class=ArchiveIdentity,
        authorizer_class=ArchiveAuthorizer,
        allow_unauthenticated_access=False,
        allow_remote_access=False,
        local_hostnames=["localhost", settings.address, *settings.host_names],
        allow_root=True,
        answer_yes=True,
        open_browser=False,
        quit_button=False,
        terminals_enabled=False,
        jpserver_extensions={"voila": True, UserLab.__module__: settings.notebooks is not None},
        log_level="WARN",
        tornado_settings=_web_settings() | {ROOMS: settings.rooms, INBOX: settings.inbox},
    )
    config.update(_kernel_config(settings.kernels))
    config.update(lab_config())
    return config


def _kernel_config(settings: KernelSettings) -> Config:
    config = Config()
    config.UserKernels = Config(
        kernel_manager_class=f"{UserKernel.__module__}.{UserKernel.__name__}",
        cull_idle_timeout=settings.idle_seconds,
        cull_interval=max(1, settings.idle_seconds // 10),
        # what a kernel sends while no page listens would fill the server's memory
        buffer_offline_messages=False,
    )
    config.UserKernel = Config(transport="ipc", shutdown_wait_time=1.0)
    config.VoilaConfiguration = Config(
        file_allowlist=[],
        file_denylist=[".*"],
        strip_sources=True,
        show_tracebacks=False,
        allow_template_override="NO",
        allow_theme_override="NO",
        http_header_envs=[],
        **dashboard_config(),
    )
    return config


def _web_settings() -> dict[str, Any]:
    headers = {
        "Content-Security-Policy": _POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return {
        "headers": headers,
        "page_config_hook": page_config,
        "xsrf_cookies": True,
        "xsrf_cookie_kwargs": {"samesite": "Strict", "path": "/"},
    }
