"""What the dashboards' pages load of Voila and its extensions, under addresses that say what it is.

A browser keeps it without asking again: another version has another address.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Final

from jupyter_server.base.handlers import FileFindHandler
from voila.paths import collect_static_paths
from voila.utils import get_voila_labextensions_path

__all__ = ["asset_handlers", "asset_paths"]

#: under which the rules of access have such files
_STATIC: Final = "/voila/static/"
_EXTENSIONS: Final = "/voila/labextensions/"
_FOREVER: Final = "private, max-age=31536000, immutable"
_DIGITS: Final = 16


class _Asset(FileFindHandler):
    #: not those of JupyterLab's files, which may have the same names
    _static_paths: ClassVar[dict[str, str]] = {}  # type: ignore[misc]

    def set_headers(self) -> None:
        """Allow a browser to keep it: its address changes with it."""
        super().set_headers()
        self.set_header("Cache-Control", _FOREVER)


def asset_paths(template: str) -> dict[str, str]:
    """Return where a page finds them, as JupyterLab's page config names that.

    Parameters
    ----------
    template : str
        Of Voila.
    """
    static, extensions = _folders(template)
    return {
        "fullStaticUrl": _STATIC + _version(static),
        "fullLabextensionsUrl": _EXTENSIONS + _version(extensions),
    }


def asset_handlers(template: str) -> list[tuple[Any, ...]]:
    """Return what sends them, as Tornado takes it."""
    return [
        (rf"{address}/(.*)", _Asset, {"path": list(folders)})
        for address, folders in zip(asset_paths(template).values(), _folders(template), strict=True)
    ]


def _folders(template: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    static = collect_static_paths(["voila", "nbconvert"], template)
    return tuple(static), tuple(get_voila_labextensions_path())


@cache
def _version(folders: tuple[str, ...]) -> str:
    """Return what differs when a file does."""
    digest = hashlib.sha256()
    for folder in map(Path, folders):
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            digest.update(f"{path.relative_to(folder)}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:_DIGITS]
