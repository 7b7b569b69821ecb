"""Names of a package that are imported when they are asked for: nobody loads what others use."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

__all__ = ["lazy_names"]


def lazy_names(package: str, modules: Mapping[str, Iterable[str]]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    modules : mapping of iterable of str
        Module, relative to the package where it begins with a dot -> the names that are from it.

    Returns
    -------
    callable
        Given a name, returns what it names, and imports its module at the first time; raises
        AttributeError for others.
    """
    found = {name: module for module, names in modules.items() for name in names}

    def find(name: str) -> Any:
        if name not in found:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(found[name], package), name)

    return find
