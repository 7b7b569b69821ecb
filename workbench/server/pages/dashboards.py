"""Pages that are notebooks of this program: the server starts a kernel that runs one, and no more.

A dashboard reads the archive as its person, through the interface. Which page it is, it learns from
the path that was asked for. Whatever its kernel does, the page ends: with what the notebook shows,
or with a sentence.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from jupyter_server.serverapp import ServerApp
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from nbclient.exceptions import DeadKernelError
from tornado.ioloop import IOLoop
from tornado.web import HTTPError, authenticated
from voila.configuration import VoilaConfiguration
from voila.notebook_renderer import NotebookRenderer
from voila.paths import collect_template_paths
from voila.tornado.handler import TornadoVoilaHandler
from voila.utils import get_page_config

import workbench
from workbench.server.entrance.access import DASHBOARD_PATH, DASHBOARDS
from workbench.server.pages.assets import asset_handlers, asset_paths

__all__ = ["TEMPLATE", "dashboard_config", "dashboard_handlers", "template_folder"]

TEMPLATE: Final = "workbench"
#: of a page: a kernel starts, and its notebook runs
MAX_PAGE_SECONDS: Final = 120.0
#: beside the package, in a clone as where it is installed
_NOTEBOOKS: Final = Path(workbench.__file__).parents[1] / "dashboards"
#: JupyterLab's plugin for mathematics does not start without an address, and its own is elsewhere
_NO_MATHEMATICS: Final = "/workbench/static/mathematics.js"
#: where a notebook finds the path of its page, and what stands after the question mark
_PATH_VARIABLE: Final = "WORKBENCH_PAGE"
_QUERY_VARIABLE: Final = "QUERY_STRING"
#: what ends a page whose notebook did not come to its end
_FAILED: Final = """
</div></div>
<section class="card narrow" role="alert">
  <h1 data-say="wait_failed">The page did not open</h1>
  <p data-say="wait_noAnswer">Its program did not answer. Reload the page; if that does not help,
  tell the administrator.</p>
  <p><a href="/library" data-say="back">Back to the library</a></p>
</section>
<script>dashboard.fail()</script>
</body></html>
"""


def template_folder() -> Path:
    """Return the folder in which Voila finds the template of the pages."""
    return Path(__file__).parents[1] / "jupyter"


def dashboard_config() -> dict[str, Any]:
    """Return the options of Voila that make the pages ours."""
    return {"template": TEMPLATE}


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
    # before Voila's own, whose pages may wait for ever
    folder = (rf"{DASHBOARD_PATH}(.*)", _FolderHandler, options)
    return [
        *(
            (each.pattern, _DashboardHandler, {**options, "notebook_path": each.notebook})
            for each in DASHBOARDS
        ),
        folder,
        *asset_handlers(TEMPLATE),
    ]


class _Renderer(NotebookRenderer):  # type: ignore[misc]
    """Runs the notebook of a page, in a kernel that was started for any."""

    def __init__(self, *, told: Mapping[str, str], **options: Any) -> None:
        super().__init__(**options)
        self._told = dict(told)
        #: what Voila writes into the page as if the notebook had said it: its kernel has ended
        self.fault: DeadKernelError | None = None

    async def _jinja_kernel_start(self, nb: Any, kernel_id: str, kernel_future: Any) -> str:
        started: str = await super()._jinja_kernel_start(nb, kernel_id, kernel_future)
        execute = self.executor.execute_cell

        async def noted(*arguments: Any, **options: Any) -> Any:
            try:
                return await execute(*arguments, **options)
            except DeadKernelError as error:
                self.fault = error
                raise

        self.executor.execute_cell = noted
        # on the same way as the notebook's cells, so that it comes before them
        code = f"import os; os.environ.update({self._told!r})"
        self.executor.kc.execute(code, silent=True, store_history=False)
        return started


class _FolderHandler(TornadoVoilaHandler):  # type: ignore[misc]
    """Shows a notebook of the folder that the server has been given."""

    #: that runs for the page
    _kernel_id: str | None = None
    #: by the kind of page: a new one would read and compile all templates again
    _exporters: ClassVar[dict[type, Any]] = {}

    @authenticated
    async def get(self, path: str | None = None) -> None:
        """Write the page as it is made; it ends within two minutes, whatever its kernel does."""
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        making = asyncio.ensure_future(self._make(str(self.notebook_path or path)))
        # what runs a notebook goes on where it is cancelled: it is not waited for
        await asyncio.wait({making}, timeout=MAX_PAGE_SECONDS)
        if not making.done():
            making.cancel()
            self._give_up(TimeoutError())
            return
        try:
            making.result()
        except RuntimeError as error:  # the kernel has ended, or never answered
            self._give_up(error)

    async def _make(self, notebook: str) -> None:
        async for piece in self._pieces(notebook):
            if self._finished:
                return
            self.write(piece)
            self.flush()

    async def _pieces(self, notebook: str) -> AsyncIterator[str]:
        """Yield the page; what comes before the kernel answers does not wait for it."""
        renderer = self._renderer(notebook)
        await renderer.initialize()
        renderer.exporter = self._exporters.setdefault(type(self), renderer.exporter)
        self._kernel_id = await self.kernel_manager.start_kernel()
        kernel = self.kernel_manager.get_kernel(self._kernel_id)
        async for piece, _ in renderer.generate_content_generator(self._kernel_id, kernel):
            if renderer.fault is not None:
                raise renderer.fault
            yield piece

    def _renderer(self, notebook: str) -> _Renderer:
        shared = {"base_url": self.base_url, "voila_configuration": self.voila_configuration}
        config = get_page_config(**shared, settings=self.settings, log=self.log)
        return _Renderer(
            **shared,
            told={_PATH_VARIABLE: self.request.path, _QUERY_VARIABLE: str(self.request.query)},
            request_handler=self,
            traitlet_config=self.traitlet_config,
            notebook_path=notebook,
            template_paths=self.template_paths,
            config_manager=self.config_manager,
            contents_manager=self.contents_manager,
            kernel_spec_manager=self.kernel_spec_manager,
            prelaunch_hook=None,
            page_config=_page_config(config),
            mathjax_config="none",
            mathjax_url=_NO_MATHEMATICS,
        )

    def _give_up(self, error: Exception) -> None:
        """End the page with a sentence, and its kernel, which nobody would find again."""
        self.log.error("the page %s did not open: %r", self.request.path, error)
        if self._kernel_id in self.kernel_manager:
            IOLoop.current().add_callback(
                self.kernel_manager.shutdown_kernel, self._kernel_id, now=True
            )
        if not self._headers_written:
            raise HTTPError(504, reason="The program of this page did not answer") from error
        self.finish(_FAILED)


class _DashboardHandler(_FolderHandler):
    """Shows one notebook of this program, whatever folder the server has been given."""

    @property
    def contents_manager(self) -> AsyncLargeFileManager:
        """What reads the notebooks of this program."""
        return AsyncLargeFileManager(root_dir=str(_NOTEBOOKS))


def _page_config(page_config: dict[str, Any]) -> dict[str, Any]:
    """Return what JupyterLab is told about the page: nothing is loaded from elsewhere."""
    own = {"fullMathjaxUrl": _NO_MATHEMATICS, "mathjaxConfig": "none"}
    return page_config | own | asset_paths(TEMPLATE)
