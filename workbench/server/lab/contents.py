"""Jupyter's contents, as JupyterLab asks for them: each person's own files, and nobody else's."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from jupyter_server.services.contents.manager import AsyncContentsManager
from tornado.web import HTTPError

from recorder_core.model.values.phrase import phrase
from workbench.server.entrance.sessions import SignedIn
from workbench.server.kernels.kernels import (
    UserKernels,
    current_requester,
    is_dashboard_requested,
)
from workbench.server.lab.files import POOL, UserFiles
from workbench.server.web.turns import Turns

__all__ = ["UserContents"]

_TURNS: Final = Turns(at_once=1, waiting=62)


class UserContents(AsyncContentsManager):
    """Asks the process of who asks; the dashboards of a folder are everybody's to see.

    Attributes
    ----------
    files : UserFiles or None
        None: the server keeps no notebooks.
    kernels : UserKernels
        Who know whether code of a person's runs here.
    dashboards : str
        Folder of the dashboards.
    """

    files: UserFiles | None = None
    kernels: UserKernels
    dashboards: str

    def files_for(self, signed_in: SignedIn) -> UserFiles:
        """Return what is asked about a person's files; raise, with what to do, if none are kept."""
        self.kernels.check_allowed(signed_in)
        if self.files is None:
            raise HTTPError(
                501,
                reason=phrase(
                    "no_notebooks",
                    "this server keeps no notebooks: start it with --notebooks FOLDER",
                ),
            )
        return self.files

    async def get(  # type: ignore[override]
        self, path: str, content: bool = True, **options: Any
    ) -> Any:
        """Return a file or folder; Voila asks for dashboards."""
        if is_dashboard_requested():
            folder = AsyncLargeFileManager(root_dir=self.dashboards)
            return await folder.get(path, content=content, **options)
        return await self._ask("get", path, content=content, **options)

    async def save(self, model: dict[str, Any], path: str) -> Any:
        """Save a file."""
        return await self._ask("save", model, path)

    async def new(self, model: dict[str, Any] | None = None, path: str = "") -> Any:
        """Make a file."""
        return await self._ask("new", model, path)

    async def new_untitled(self, path: str = "", type: str = "", ext: str = "") -> Any:
        """Make a file with a name that is free."""
        return await self._ask("new_untitled", path, type=type, ext=ext)

    async def copy(self, from_path: str, to_path: str | None = None) -> Any:
        """Copy a file."""
        return await self._ask("copy", from_path, to_path)

    async def update(self, model: dict[str, Any], path: str) -> Any:
        """Rename a file."""
        return await self._ask("update", model, path)

    async def rename(self, old_path: str, new_path: str) -> Any:
        """Rename a file."""
        return await self._ask("rename", old_path, new_path)

    async def delete(self, path: str) -> Any:
        """Delete a file."""
        return await self._ask("delete", path)

    async def dir_exists(self, path: str) -> Any:
        """Return whether there is a folder."""
        return await self._ask("dir_exists", path)

    async def file_exists(self, path: str = "") -> Any:
        """Return whether there is a file."""
        return await self._ask("file_exists", path)

    async def is_hidden(self, path: str) -> Any:
        """Return whether something is hidden, and so not shown."""
        return await self._ask("is_hidden", path)

    async def create_checkpoint(self, path: str) -> Any:
        """Keep a file as it is now."""
        return await self._ask("create_checkpoint", path)

    async def list_checkpoints(self, path: str) -> Any:
        """Return what was kept of a file."""
        return await self._ask("list_checkpoints", path)

    async def restore_checkpoint(self, checkpoint_id: str, path: str) -> Any:
        """Make a file as it was."""
        return await self._ask("restore_checkpoint", checkpoint_id, path)

    async def delete_checkpoint(self, checkpoint_id: str, path: str) -> Any:
        """Forget what was kept of a file."""
        return await self._ask("delete_checkpoint", checkpoint_id, path)

    async def trust_notebook(self, path: str) -> None:
        """Refuse: what a notebook shows is shown as text until its code runs again."""
        del path
        raise HTTPError(403, reason="Run the notebook instead: its own outputs are trusted then")

    async def get_kernel_path(self, path: str, model: dict[str, Any] | None = None) -> str:
        """Return the folder of a notebook, below its person's."""
        del model
        return Path(path).parent.as_posix()

    def info_string(self) -> str:
        """Return where files lie: in each person's folder."""
        return "Serving each person's own folder"

    async def _ask(self, method: str, *arguments: Any, **options: Any) -> Any:
        signed_in = current_requester()
        if signed_in is None:
            raise HTTPError(403, reason="Sign in first")
        files, login = self.files_for(signed_in), signed_in.login
        async with _TURNS.turn(login):
            return await asyncio.get_running_loop().run_in_executor(
                POOL, lambda: files.ask(login, method, *arguments, **options)
            )
