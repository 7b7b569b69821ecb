"""How a file is named by who calls the program from Python."""

from __future__ import annotations

from os import PathLike
from typing import TypeAlias

__all__ = ["StrPath"]

#: text or a path, as the functions of the standard library take it
StrPath: TypeAlias = str | PathLike[str]
