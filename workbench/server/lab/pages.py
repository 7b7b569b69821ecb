"""The page *Notebooks*: the way into JupyterLab, and worked notebooks to take along."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote

from tornado.web import HTTPError

import workbench
from workbench.server.kernels.kernel_launch import KERNEL_NAME
from workbench.server.lab.contents import UserContents
from workbench.server.pages.page import PageHandler

__all__ = ["LAB_PAGES"]

#: beside the package, in a clone as where it is installed
_NOTEBOOKS: Final = Path(workbench.__file__).parents[1] / "notebooks"
#: so that JupyterLab does not ask which
_KERNEL: Final = {"name": KERNEL_NAME, "display_name": "Python", "language": "python"}


class _Notebooks(PageHandler):
    async def get(self) -> None:
        """Show what there is, where notebooks are kept."""
        self._contents.files_for(self.signed_in)
        self.show("notebooks.html", notebooks=_worked())

    async def post(self) -> None:
        """Copy a worked notebook into a person's folder, under a free name, and open it."""
        name = self.get_body_argument("name", "")
        if name not in {each["name"] for each in _worked()}:
            raise HTTPError(404, reason="There is no such notebook")
        content = json.loads((_NOTEBOOKS / name).read_text(encoding="utf-8"))
        content["metadata"]["kernelspec"] = _KERNEL
        free = await self._contents.increment_filename(name, "", insert="-copy")
        await self._contents.save({"type": "notebook", "format": "json", "content": content}, free)
        self.redirect(f"/lab/tree/{quote(free)}")

    @property
    def _contents(self) -> UserContents:
        return cast(UserContents, self.settings["contents_manager"])


@cache
def _worked() -> list[dict[str, str]]:
    """Return the name, the title and the first sentences of each worked notebook.

    `said` is by which a page knows its title in other languages.
    """
    found = []
    for path in sorted(_NOTEBOOKS.glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        title, _, text = "".join(cells[0]["source"]).partition("\n")
        about = text.strip().partition("\n")[0].replace("*", "").replace("`", "")
        told = {"title": title.lstrip("# "), "about": about, "said": f"nb_{path.stem}"}
        found.append({"name": path.name} | told)
    return found


#: pattern and handler, as Tornado takes them
LAB_PAGES: Final[list[tuple[Any, ...]]] = [(r"/notebooks", _Notebooks)]
