"""Pages that are notebooks of this program: the server starts a kernel that runs one, and no more.

A dashboard reads the archive as its person, through the interface. Which page it is, it learns from
the path that was asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jupyter_server.serverapp import ServerApp
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from voila.configuration import VoilaConfiguration
from voila.paths import collect_template_paths
from voila.tornado.handler import TornadoVoilaHandler

import workbench
from workbench.server.entrance.access import DASHBOARDS

__all__ = ["TEMPLATE", "dashboard_config", "dashboard_handlers", "template_folder"]

TEMPLATE: Final = "workbench"
#: beside the package, in a clone as where it is installed
_NOTEBOOKS: Final = Path(workbench.__file__).parents[1] / "dashboards"
#: JupyterLab's plugin for mathematics does not start without an address, and its own is elsewhere
_NO_MATHEMATICS: Final = "/workbench/static/mathematics.js"


def template_folder() -> Path:
    """Return the folder in which Voila finds the template of the pages."""
    return Path(__file__).parents[1] / "jupyter"


def dashboard_config() -> dict[str, Any]:
    """Return the options of Voila that make the pages ours."""
    return {"template": TEMPLATE, "page_config_hook": _page_config}


def dashboard_handlers(server: ServerApp) -> list[tuple[Any, ...]]:
    """Return the handlers of the pages, as Tornado takes them.

    Parameters
    ----------
    server : ServerApp
        Whose settings Voila reads.
    """
    options = {
        "config": server.config,
        "template_paths": collect_template_paths(["voila", "nbconvert"], TEMPLATE),
        "voila_configuration": VoilaConfiguration(parent=server),
    }
    return [
        (each.pattern, _DashboardHandler, {**options, "notebook_path": each.notebook})
        for each in DASHBOARDS
    ]


class _DashboardHandler(TornadoVoilaHandler):  # type: ignore[misc]
    """Shows one notebook of this program, whatever folder the server has been given."""

    @property
    def contents_manager(self) -> AsyncLargeFileManager:
        """What reads the notebooks of this program."""
        return AsyncLargeFileManager(root_dir=str(_NOTEBOOKS))


def _page_config(page_config: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Return what JupyterLab is told about the page: nothing is loaded from elsewhere."""
    return page_config | {"fullMathjaxUrl": _NO_MATHEMATICS, "mathjaxConfig": "none"}
