"""Names of a package that are imported when they are asked for: nobody loads what others use."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

__all__ = ["lazy_names"]

#: of the block that only tools which check types read
_BLOCK: Final = "TYPE_CHECKING"


def lazy_names(package: str, source: str) -> tuple[Callable[[str], Any], list[str]]:
    """Return the ``__getattr__`` and the ``__all__`` of a package.

    Where each name is from stands once, in the package's own ``if TYPE_CHECKING:``: it offers what
    is imported there under its own name, ``from package.module import name as name``.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    source : str
        Its ``__file__``.

    Returns
    -------
    find : callable
        Given a name, returns what it names, and imports its module at the first time; raises
        AttributeError for others.
    names : list of str
        What is offered, sorted.
    """
    found = dict(_offered(Path(source)))

    def find(name: str) -> Any:
        if name not in found:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(found[name]), name)

    return find, sorted(found)


def _offered(source: Path) -> Iterator[tuple[str, str]]:
    """Yield each name that a source offers, and the module that it is from."""
    for block in ast.parse(source.read_text(encoding="utf-8")).body:
        if not (isinstance(block, ast.If) and getattr(block.test, "id", None) == _BLOCK):
            continue
        for statement in block.body:
            if isinstance(statement, ast.ImportFrom) and statement.module is not None:
                for each in statement.names:
                    if each.asname == each.name:
                        yield each.name, statement.module
