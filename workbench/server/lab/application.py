"""JupyterLab as one of this server's pages: what of it is offered, and kept for whom.

It installs nothing, asks no other server for news, updates or scripts, and has no terminals.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, Final

from jupyter_server.services.events.handlers import SubscribeWebsocket
from jupyterlab.handlers.announcements import NeverCheckForUpdate
from jupyterlab.labapp import LabApp
from jupyterlab_server.settings_handler import SettingsHandler
from jupyterlab_server.workspaces_handler import WorkspacesHandler, WorkspacesManager
from tornado.web import HTTPError
from traitlets.config import Config

from workbench.server.entrance.gate import asking
from workbench.server.kernels.channels import OwnPings
from workbench.server.lab.contents import UserContents
from workbench.server.system_users.person_folders import FOLDERS, PersonFolders
from workbench.server.web.handlers import WorkbenchHandler

__all__ = ["UserLab", "lab_config", "lab_handlers", "page_config"]

#: JupyterLab's plugin for mathematics does not start without an address, and its own is elsewhere
_NO_MATHEMATICS: Final = "/workbench/static/mathematics.js"
#: a menu with the way back, brought by the plugin that has its command: what an override adds to
#: the menus JupyterLab takes in twice, and warns
_LABEXTENSIONS: Final = Path(__file__).with_name("labextensions")
#: plugins of JupyterLab that ask for what this server does not open
_DISABLED: Final = (
    "@jupyterlab/apputils-extension:announcements",
    "@jupyterlab/debugger-extension",
    "@jupyterlab/extensionmanager-extension",
    "@jupyterlab/fileeditor-extension:language-server",
    "@jupyterlab/hub-extension",
    "@jupyterlab/lsp-extension",
    "@jupyterlab/notebook-extension:language-server",
    "@jupyterlab/pluginmanager-extension",
    "@jupyterlab/terminal-extension",
    "@jupyterlab/workspaces-extension",
    "@voila-dashboards/jupyterlab-preview",
)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Return what Jupyter's server loads."""
    return [{"module": __name__, "app": UserLab}]


class UserLab(LabApp):  # type: ignore[misc]
    """JupyterLab, whose settings and layouts are each person's own."""

    load_other_extensions = False

    def initialize_handlers(self) -> None:
        """Make the handlers, those that keep something for a person with a place for it."""
        self.handlers: list[Any]
        super().initialize_handlers()
        own = {SettingsHandler: _Settings, WorkspacesHandler: _Workspaces}
        self.handlers = [
            (pattern, own.get(handler, handler), *rest) for pattern, handler, *rest in self.handlers
        ]


class _Settings(SettingsHandler):
    def initialize(self, name: str, **options: Any) -> None:  # type: ignore[override]
        """Set where the settings of who asks are kept."""
        super().initialize(name, **options | {"settings_dir": _own_folder(self, "settings")})


class _Workspaces(WorkspacesHandler):
    def initialize(self, name: str, **options: Any) -> None:  # type: ignore[override]
        """Set where the layouts of who asks are kept."""
        manager = WorkspacesManager(_own_folder(self, "workspaces"))
        super().initialize(name, **options | {"manager": manager})


class _Download(WorkbenchHandler):
    """A file of a person's, to be kept: no browser shows it, and nothing in it runs here."""

    async def get(self, path: str) -> None:
        """Send a file."""
        contents: UserContents = self.settings["contents_manager"]
        if await contents.is_hidden(path):
            raise HTTPError(404, reason="There is no such file")
        model = await contents.get(path, type="file", format="base64")
        self.set_attachment_header(path.rsplit("/", 1)[-1])
        self.set_header("Content-Type", "application/octet-stream")
        self.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
        self.set_header("Cache-Control", "no-store")
        self.finish(base64.b64decode(model["content"]))


class _NoFormats(WorkbenchHandler):
    def get(self) -> None:
        """Return into what notebooks are converted here: nothing."""
        self.finish({})


class _NoEvents(OwnPings, SubscribeWebsocket):
    """The stream of events of JupyterLab; those of this server are other people's, too."""

    def open(self) -> None:
        """Send nothing."""

    def on_close(self) -> None:
        """Forget nothing."""


def lab_handlers() -> list[tuple[Any, ...]]:
    """Return the handlers in whose place Jupyter's would serve everybody."""
    return [
        (r"/files/(.*)", _Download),
        (r"/api/events/subscribe", _NoEvents),
        (r"/api/nbconvert", _NoFormats),
    ]


def lab_config() -> Config:
    """Return the options of JupyterLab."""
    config = Config()
    config.UserLab = Config(
        extension_manager="readonly",
        news_url=None,
        check_for_updates_class=NeverCheckForUpdate,
        user_settings_dir="",
        app_settings_dir="/nonexistent",
        extra_labextensions_path=[str(_LABEXTENSIONS)],
        workspaces_dir="/nonexistent",
        log_level="WARN",
    )
    return config


def page_config(handler: Any, config: dict[str, Any]) -> dict[str, Any]:
    """Return what JupyterLab's page is told."""
    del handler
    return config | {
        "buildAvailable": False,
        "buildCheck": False,
        "disabledExtensions": list(_DISABLED),
        "fullMathjaxUrl": _NO_MATHEMATICS,
        "serverRoot": "",
        "terminalsAvailable": False,
    }


def _own_folder(handler: Any, name: str) -> str:
    signed_in = asking(handler.request).signed_in
    folders: PersonFolders | None = handler.settings.get(FOLDERS)
    if signed_in is None or folders is None:
        return ""
    return str(folders.own_folder(signed_in.login, name))
